// generate, logits: start a worker on one model, show its progress, print its answer.
#include <fmt/format.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "app/cli/arguments.h"
#include "app/cli/direct_job.h"
#include "app/cli/model_choice.h"
#include "app/cli/output.h"
#include "app/cli/program.h"
#include "engine/base/files.h"
#include "engine/base/text.h"
#include "engine/service/client.h"
#include "engine/service/sampling.h"

namespace weft::cli {

namespace {

struct ModelArguments {
  ModelChoice choice;
  std::string prompt, ids, out;
  std::int64_t tokens = 64, topK = 0, seed = 1;
  double temperature = 0;
};

Result<void> generate(const ModelArguments& arguments, const Context& context) {
  if (arguments.prompt.empty() == arguments.ids.empty())
    return fail(ErrorCode::InvalidInput, "generate needs --prompt TEXT or --ids 1,2,3, and not both.");
  if (arguments.tokens < 1) return fail(ErrorCode::InvalidInput, "--tokens must be at least 1.");
  WEFT_TRY(service::checkSampling(arguments.temperature, arguments.topK));
  WEFT_ASSIGN(const ChosenModel model, findModel(arguments.choice, context));
  protocol::GenerateJob job{.model = model.folder.string(),
                            .tokens = arguments.tokens,
                            .temperature = arguments.temperature,
                            .topK = arguments.topK,
                            .seed = arguments.seed,
                            .cache = chosenCache(arguments.choice)};
  if (arguments.ids.empty()) {
    WEFT_ASSIGN(job.prompt, arguments.prompt == "-" ? readFile("-") : Result<std::string>(arguments.prompt));
  } else {
    WEFT_ASSIGN(job.ids, parseIds(arguments.ids, "--ids"));
  }
  const Result<protocol::FinishedEvent> finished =
      runDirectJob({.body = std::move(job), .device = chosenDevice(arguments.choice)}, model.project);
  if (!finished || context.json) return printAnswer(finished, context);
  const auto text = finished->texts.find("text");
  const auto ids = finished->texts.find("ids");
  print(text != finished->texts.end() && !text->second.empty() ? text->second
        : ids != finished->texts.end()                         ? ids->second
                                                               : "");
  if (const auto bytes = finished->summary.find("kv_bytes"); bytes != finished->summary.end())
    inform("KV cache: " + formatBytes(bytes->second));
  return {};
}

Result<void> logits(const ModelArguments& arguments, const Context& context) {
  WEFT_ASSIGN(const std::vector<std::int64_t> ids, parseIds(arguments.ids, "--ids"));
  WEFT_ASSIGN(const ChosenModel model, findModel(arguments.choice, context));
  const protocol::LogitsJob job{.model = model.folder.string(),
                                .ids = ids,
                                .out = absolutePath(arguments.out),
                                .dtype = arguments.choice.dtype,
                                .cache = chosenCache(arguments.choice)};
  return printAnswer(runDirectJob({.body = job, .device = chosenDevice(arguments.choice)}, model.project), context);
}

}  // namespace

void addModelVerbs(Program& program) {
  auto arguments = std::make_shared<ModelArguments>();
  CLI::App* verb =
      program.addVerb({.group = kModelsGroup,
                       .name = "generate",
                       .description = "Continue a text",
                       .examples = {"weft generate MQA-CLA2:s1 --prompt 'The ' --tokens 100",
                                    "weft generate MQA-CLA2:s1@best --prompt - --temperature 0.8 --top-k 40"}},
                      [arguments](const Context& context) { return generate(*arguments, context); });
  arguments->choice.addModel(*verb);
  verb->add_option("--prompt", arguments->prompt, "The text to continue; '-': standard input")->type_name("TEXT");
  verb->add_option("--ids", arguments->ids, "Token ids instead of a text")->type_name("1,2,3");
  verb->add_option("--tokens", arguments->tokens, "How many to generate [64]")->type_name("N");
  verb->add_option("--temperature", arguments->temperature, "0: always the likeliest token [0]")->type_name("T");
  verb->add_option("--top-k", arguments->topK, "Sample among the K likeliest only; 0: all [0]")->type_name("K");
  verb->add_option("--seed", arguments->seed, "Of the sampling [1]")->type_name("N");
  arguments->choice.addCache(*verb);

  arguments = std::make_shared<ModelArguments>();
  verb = program.addVerb({.group = kModelsGroup,
                          .name = "logits",
                          .description = "Write the logits of given tokens to a safetensors file",
                          .examples = {"weft logits MQA-CLA2:s1 --ids 84,104,101 --out logits.safetensors"}},
                         [arguments](const Context& context) { return logits(*arguments, context); });
  arguments->choice.addModel(*verb);
  verb->add_option("--ids", arguments->ids, "Token ids")->type_name("1,2,3")->required();
  verb->add_option("--out", arguments->out, "The file; holds one tensor, logits")
      ->type_name("F.safetensors")
      ->required();
  arguments->choice.addType(*verb, "float32");
}

}  // namespace weft::cli
