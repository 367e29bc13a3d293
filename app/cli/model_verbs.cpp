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

Result<service::FinishedEvent> runJob(const std::string& kind, const ModelArguments& arguments, const Context& context,
                                      Json job) {
  WEFT_ASSIGN(const ChosenModel model, findModel(arguments.choice, context));
  addToJob(job, arguments.choice, model);
  return runDirectJob(kind, std::move(job), model.project);
}

Result<void> generate(const ModelArguments& arguments, const Context& context) {
  if (arguments.prompt.empty() == arguments.ids.empty())
    return fail(ErrorCode::InvalidInput, "generate needs --prompt TEXT or --ids 1,2,3, and not both.");
  if (arguments.tokens < 1) return fail(ErrorCode::InvalidInput, "--tokens must be at least 1.");
  WEFT_TRY(service::checkSampling(arguments.temperature, arguments.topK));
  Json job{{"tokens", arguments.tokens},
           {"temperature", arguments.temperature},
           {"top_k", arguments.topK},
           {"seed", arguments.seed}};
  if (arguments.ids.empty()) {
    WEFT_ASSIGN(job["prompt"], arguments.prompt == "-" ? readFile("-") : Result<std::string>(arguments.prompt));
  } else {
    WEFT_ASSIGN(job["ids"], parseIds(arguments.ids, "--ids"));
  }
  const Result<service::FinishedEvent> finished = runJob("generate", arguments, context, std::move(job));
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
  const Json job{{"ids", ids}, {"out", absolutePath(arguments.out)}};
  return printAnswer(runJob("logits", arguments, context, job), context);
}

}  // namespace

void addModelVerbs(Program& program) {
  auto arguments = std::make_shared<ModelArguments>();
  CLI::App* verb = program.addVerb(kModelsGroup, "generate", "Continue a text",
                                   [arguments](const Context& context) { return generate(*arguments, context); });
  arguments->choice.addModel(*verb);
  verb->add_option("--prompt", arguments->prompt, "The text to continue; '-': standard input")->type_name("TEXT");
  verb->add_option("--ids", arguments->ids, "Token ids instead of a text")->type_name("1,2,3");
  verb->add_option("--tokens", arguments->tokens, "How many to generate [64]")->type_name("N");
  verb->add_option("--temperature", arguments->temperature, "0: always the likeliest token [0]")->type_name("T");
  verb->add_option("--top-k", arguments->topK, "Sample among the K likeliest only; 0: all [0]")->type_name("K");
  verb->add_option("--seed", arguments->seed, "Of the sampling [1]")->type_name("N");
  arguments->choice.addCache(*verb);
  verb->footer("Example:\n  weft generate MQA-CLA2 --prompt 'The ' --tokens 100 --temperature 0.8");

  arguments = std::make_shared<ModelArguments>();
  verb = program.addVerb(kModelsGroup, "logits", "Write the logits of given tokens to a safetensors file",
                         [arguments](const Context& context) { return logits(*arguments, context); });
  arguments->choice.addModel(*verb);
  verb->add_option("--ids", arguments->ids, "Token ids")->type_name("1,2,3")->required();
  verb->add_option("--out", arguments->out, "The file; holds one tensor, logits")
      ->type_name("F.safetensors")
      ->required();
  arguments->choice.addType(*verb, "float32");
}

}  // namespace weft::cli
