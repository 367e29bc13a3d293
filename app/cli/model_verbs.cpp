// generate, logits, eval: start a worker on one model, show its progress, print its answer.
#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/cli/arguments.h"
#include "app/cli/direct_job.h"
#include "app/cli/output.h"
#include "app/cli/program.h"
#include "engine/base/files.h"
#include "engine/base/text.h"
#include "engine/config/run_config.h"
#include "engine/service/client.h"

namespace weft::cli {

namespace {

namespace fs = std::filesystem;

struct ModelArguments {
  std::string model, prompt, ids, out, text, task, dtype, cache, device;
  std::int64_t tokens = 0, window = 0, stride = 0, topK = 0, seed = 1;
  double temperature = 0;
};

// `job` gets the model's folder, and what all of these verbs may choose.
Result<service::FinishedEvent> runJob(const std::string& kind, const ModelArguments& arguments, const Context& context, Json job) {
  std::optional<store::Project> project = projectIfAny(context);
  if (!context.projectFolder.empty() && !project) WEFT_TRY(context.project());
  WEFT_ASSIGN(const fs::path model, service::resolveModel(arguments.model, project));
  job["model"] = absolutePath(model.string());
  if (!arguments.device.empty()) job["device"] = arguments.device == "auto" ? "" : arguments.device;
  if (!arguments.dtype.empty()) job["dtype"] = arguments.dtype;
  // Without a word the job takes the cache that the model's own run used.
  if (!arguments.cache.empty()) job["cache"] = arguments.cache == "dense" ? "" : arguments.cache;
  return runDirectJob(kind, std::move(job), project);
}

Result<void> generate(const ModelArguments& arguments, const Context& context) {
  if (arguments.prompt.empty() == arguments.ids.empty())
    return fail(ErrorCode::InvalidInput, "generate needs --prompt TEXT or --ids 1,2,3, and not both.");
  if (arguments.tokens < 1) return fail(ErrorCode::InvalidInput, "--tokens must be at least 1.");
  if (!(arguments.temperature >= 0)) return fail(ErrorCode::InvalidInput, "--temperature must be 0 (greedy) or more.");
  Json job{{"tokens", arguments.tokens}, {"temperature", arguments.temperature}, {"top_k", arguments.topK}, {"seed", arguments.seed}};
  if (arguments.ids.empty()) {
    WEFT_ASSIGN(job["prompt"], arguments.prompt == "-" ? readFile("-") : Result<std::string>(arguments.prompt));
  } else {
    WEFT_ASSIGN(job["ids"], parseIds(arguments.ids, "--ids"));
  }
  const Result<service::FinishedEvent> finished = runJob("generate", arguments, context, std::move(job));
  if (!finished || context.json) return printAnswer(finished, context);
  const auto text = finished->texts.find("text");
  const auto ids = finished->texts.find("ids");
  print(text != finished->texts.end() && !text->second.empty() ? text->second : ids != finished->texts.end() ? ids->second : "");
  if (const auto bytes = finished->summary.find("kv_bytes"); bytes != finished->summary.end()) inform("KV cache: " + formatBytes(bytes->second));
  return {};
}

Result<void> logits(const ModelArguments& arguments, const Context& context) {
  WEFT_ASSIGN(const std::vector<std::int64_t> ids, parseIds(arguments.ids, "--ids"));
  const Json job{{"ids", ids}, {"out", absolutePath(arguments.out)}};
  return printAnswer(runJob("logits", arguments, context, job), context);
}

Result<void> evaluate(const ModelArguments& arguments, const Context& context) {
  if (!arguments.task.empty() && arguments.task != "wikitext") {
    return fail(ErrorCode::InvalidInput, "There is no task '" + arguments.task + "'; the tasks are wikitext.");
  }
  if (arguments.window < 0 || arguments.stride < 0) return fail(ErrorCode::InvalidInput, "--window and --stride must be 0 or more.");
  Json job{{"files", Json::array()}, {"window", arguments.window}, {"stride", arguments.stride}, {"tokens", arguments.tokens}};
  std::optional<TemporaryFolder> piped;
  if (arguments.text == "-") {
    WEFT_ASSIGN(piped, TemporaryFolder::create("weft-text"));
    WEFT_ASSIGN(const std::string text, readFile("-"));
    WEFT_TRY(writeFileAtomically(piped->path() / "standard-input.txt", text));
    job["files"].push_back((piped->path() / "standard-input.txt").string());
  } else if (!arguments.text.empty()) {
    std::error_code error;
    if (!fs::is_regular_file(arguments.text, error)) return fail(ErrorCode::NotFound, "There is no file " + arguments.text + ".");
    job["files"].push_back(absolutePath(arguments.text));
  }
  if (!arguments.task.empty()) job["task"] = arguments.task;
  return printAnswer(runJob("evaluate", arguments, context, std::move(job)), context);
}

using Verb = Result<void> (*)(const ModelArguments&, const Context&);

CLI::App* addModelVerb(Program& program, const char* name, const char* description, const std::shared_ptr<ModelArguments>& arguments, Verb run) {
  CLI::App* verb = program.addVerb(kModelsGroup, name, description, [arguments, run](const Context& context) { return run(*arguments, context); });
  verb->add_option("MODEL", arguments->model, "A checkpoint folder, RUN, RUN@step-N or RUN@best")->required();
  verb->add_option("--device", arguments->device, "auto, cpu, cuda or cuda:N [auto]")->type_name("DEVICE");
  return verb;
}

void addCacheAndType(CLI::App& verb, ModelArguments& arguments) {
  verb.add_option("--cache", arguments.cache, "dense, or a KV cache plugin like int8_cache [the run's]")->type_name("PLUGIN");
  verb.add_option("--dtype", arguments.dtype, "float32, bfloat16 or float64 [float32 on a CPU, bfloat16 on a GPU]")->type_name("TYPE");
}

}  // namespace

void addModelVerbs(Program& program) {
  auto arguments = std::make_shared<ModelArguments>();
  arguments->tokens = 64;
  CLI::App* verb = addModelVerb(program, "generate", "Continue a text", arguments, generate);
  verb->add_option("--prompt", arguments->prompt, "The text to continue; '-': standard input")->type_name("TEXT");
  verb->add_option("--ids", arguments->ids, "Token ids instead of a text")->type_name("1,2,3");
  verb->add_option("--tokens", arguments->tokens, "How many to generate [64]")->type_name("N");
  verb->add_option("--temperature", arguments->temperature, "0: always the likeliest token [0]")->type_name("T");
  verb->add_option("--top-k", arguments->topK, "Sample among the K likeliest only; 0: all [0]")->type_name("K");
  verb->add_option("--seed", arguments->seed, "Of the sampling [1]")->type_name("N");
  verb->add_option("--cache", arguments->cache, "dense, or a KV cache plugin like int8_cache [the run's]")->type_name("PLUGIN");
  verb->footer("Example:\n  weft generate MQA-CLA2 --prompt 'The ' --tokens 100 --temperature 0.8");

  arguments = std::make_shared<ModelArguments>();
  verb = addModelVerb(program, "logits", "Write the logits of given tokens to a safetensors file", arguments, logits);
  verb->add_option("--ids", arguments->ids, "Token ids")->type_name("1,2,3")->required();
  verb->add_option("--out", arguments->out, "The file; holds one tensor, logits")->type_name("F.safetensors")->required();
  verb->add_option("--dtype", arguments->dtype, "float32, bfloat16 or float64 [float32]")->type_name("TYPE");

  arguments = std::make_shared<ModelArguments>();
  verb = addModelVerb(program, "eval", "Perplexity on a text, or on the model's own held-out split", arguments, evaluate);
  verb->add_option("--text", arguments->text, ".txt, .jsonl or .jsonl.zst; '-': standard input [the held-out split]")->type_name("FILE");
  verb->add_option("--task", arguments->task, "wikitext")->type_name("TASK");
  verb->add_option("--window", arguments->window, "Tokens that the model sees at once; 0: its training length [0]")->type_name("N");
  verb->add_option("--stride", arguments->stride, "Tokens between windows; 0: the window [0]")->type_name("N");
  verb->add_option("--tokens", arguments->tokens, "At most so many; 0: all [0]")->type_name("N");
  addCacheAndType(*verb, *arguments);
}

}  // namespace weft::cli
