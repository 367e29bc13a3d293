// eval: perplexity of a text or of the held-out split, WikiText and multiple-choice tasks as lm-eval scores them; kept
// with the run that the model belongs to.
#include <algorithm>
#include <cmath>
#include <ctime>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/cli/direct_job.h"
#include "app/cli/evaluations.h"
#include "app/cli/model_choice.h"
#include "app/cli/program.h"
#include "engine/base/files.h"
#include "engine/base/text.h"
#include "engine/data/choice_tasks.h"
#include "engine/service/client.h"
#include "engine/store/evaluations.h"

namespace weft::cli {

namespace {

namespace fs = std::filesystem;

struct EvalArguments {
  ModelChoice choice;
  std::vector<std::string> files;
  std::string task, out;
  std::int64_t window = 0, stride = 0, tokens = 0, limit = 0;
};

Result<void> checkEval(const EvalArguments& arguments) {
  const std::string& task = arguments.task;
  if (const auto names = data::taskNames();
      !task.empty() && std::find(names.begin(), names.end(), task) == names.end()) {
    const std::string near = nearestName(task, names);
    return fail(ErrorCode::InvalidInput,
                "There is no task '" + task + "'; " +
                    (near.empty() ? "the tasks are " + join(names, ", ") : "'" + near + "' is perhaps meant") + ".");
  }
  const bool isChoice = data::findChoiceTask(task) != nullptr;
  if (!task.empty() && arguments.files.empty()) {
    return fail(ErrorCode::InvalidInput,
                "--task " + task + " needs its file: --data FILE, in the data set's own form.");
  }
  if (arguments.window < 0 || arguments.stride < 0)
    return fail(ErrorCode::InvalidInput, "--window and --stride must be 0 or more.");
  if (arguments.tokens < 0 || arguments.limit < 0)
    return fail(ErrorCode::InvalidInput, "--tokens and --limit must be 0 or more.");
  if (arguments.tokens > 0 && !task.empty())
    return fail(ErrorCode::InvalidInput, "--tokens is for texts; a task takes --limit, so many pages or items.");
  if (arguments.limit > 0 && task.empty())
    return fail(ErrorCode::InvalidInput, "--limit is for tasks; a text takes --tokens.");
  if (arguments.stride > 0 && isChoice)
    return fail(ErrorCode::InvalidInput, "--stride is for texts; the items of " + task + " stand alone.");
  if (!arguments.out.empty() && !isChoice)
    return fail(ErrorCode::InvalidInput, "--out is for the items of a multiple-choice task.");
  return {};
}

// The job's "files"; standard input goes through a file in `piped`.
Result<std::vector<std::string>> filesOf(const EvalArguments& arguments, std::optional<TemporaryFolder>& piped) {
  std::vector<std::string> files;
  for (const std::string& file : arguments.files) {
    if (file != "-" && file != "/dev/stdin") {
      WEFT_TRY(InputFile::open(file));
      files.push_back(absolutePath(file));
      continue;
    }
    if (piped) return fail(ErrorCode::InvalidInput, "Standard input ('-') can be read only once.");
    WEFT_ASSIGN(piped, TemporaryFolder::create("weft-text"));
    const fs::path path =
        piped->path() / (data::findChoiceTask(arguments.task) ? "standard-input.jsonl" : "standard-input.txt");
    WEFT_ASSIGN(const std::string text, readFile("-"));
    WEFT_TRY(writeFileAtomically(path, text));
    files.push_back(path.string());
  }
  return files;
}

std::string dataName(const EvalArguments& arguments) {
  if (arguments.files.empty()) return "valid";
  std::vector<std::string> names;
  for (const std::string& file : arguments.files)
    names.push_back(file == "-" ? "standard input" : fs::path(file).filename().string());
  return join(names, ", ");
}

store::Evaluation evaluationOf(const EvalArguments& arguments, const protocol::FinishedEvent& finished,
                               std::int64_t step) {
  const auto value = [&](const char* name) {
    const auto found = finished.summary.find(name);
    return found == finished.summary.end() ? std::nan("") : found->second;
  };
  store::Evaluation evaluation{.step = step, .attempt = 0, .split = dataName(arguments), .task = arguments.task};
  if (evaluation.task.empty()) evaluation.task = arguments.files.empty() ? store::kHeldOutAgainTask : store::kTextTask;
  evaluation.loss_nats = value("loss_nats");
  evaluation.perplexity = value("token_perplexity");
  const double tokens = value("tokens");
  evaluation.tokens = std::isfinite(tokens) ? static_cast<std::int64_t>(tokens) : 0;
  evaluation.time = static_cast<double>(std::time(nullptr));
  evaluation.values = finished.summary;
  return evaluation;
}

Result<void> evaluate(const EvalArguments& arguments, const Context& context) {
  WEFT_TRY(checkEval(arguments));
  WEFT_ASSIGN(const ChosenModel model, findModel(arguments.choice, context));
  WEFT_ASSIGN(std::optional<store::RunStore> store, storeToKeep(model));
  std::optional<TemporaryFolder> piped;
  protocol::EvaluateJob job{.model = model.folder.string(),
                            .task = arguments.task,
                            .window = arguments.window,
                            .stride = arguments.stride,
                            .tokens = arguments.tokens,
                            .limit = arguments.limit,
                            .out = arguments.out.empty() ? "" : absolutePath(arguments.out),
                            .dtype = arguments.choice.dtype,
                            .cache = chosenCache(arguments.choice)};
  WEFT_ASSIGN(job.files, filesOf(arguments, piped));
  WEFT_ASSIGN(const protocol::FinishedEvent finished,
              runDirectJob({.body = std::move(job), .device = chosenDevice(arguments.choice)}, model.project));
  const store::Evaluation evaluation = evaluationOf(arguments, finished, model.step);
  if (context.json) {
    printJson(answerJson(finished));
  } else {
    print(evaluationTable({{.name = "", .evaluations = {evaluation}}}));
  }
  return store ? store->addEvaluation(*model.run, evaluation) : Result<void>{};
}

}  // namespace

void addEvalVerb(Program& program) {
  const auto arguments = std::make_shared<EvalArguments>();
  CLI::App* verb = program.addVerb(
      {.group = kModelsGroup,
       .name = "eval",
       .description = "Perplexity of a text or of the held-out split, WikiText, multiple-choice tasks",
       .examples = {"weft eval MQA-CLA2:s1 --text book.txt",
                    "weft eval MQA-CLA2:s1 --task wikitext --data wiki.test.raw",
                    "weft eval MQA-CLA2:s1@best --task hellaswag --data hellaswag_val.jsonl --limit 1000"},
       .remark = "Tasks are scored as lm-eval 0.4 does it without examples in the prompt: the same prompts, windows, "
                 "word and byte counts; acc, acc_norm and their standard errors. Their files are read as the data sets "
                 "were published or as Hugging Face exports them (.jsonl). `weft compare --evaluations` sets runs side "
                 "by side."},
      [arguments](const Context& context) { return evaluate(*arguments, context); });
  arguments->choice.addModel(*verb, "; a run keeps what was found");
  verb->add_option(
          "--text,--data", arguments->files,
          ".txt, .jsonl, .jsonl.zst, or the task's file; '-': standard input; again for more [the held-out split]")
      ->type_name("FILE")
      ->allow_extra_args(false);
  verb->add_option("--task", arguments->task, join(data::taskNames(), ", "))->type_name("TASK");
  verb->add_option("--window", arguments->window, "Tokens that the model sees at once; 0: its training length [0]")
      ->type_name("N");
  verb->add_option("--stride", arguments->stride, "Tokens between windows; 0: the window [0]")->type_name("N");
  verb->add_option("--tokens", arguments->tokens, "Of a text at most so many; 0: all [0]")->type_name("N");
  verb->add_option("--limit", arguments->limit, "Of a task at most so many pages or items; 0: all [0]")->type_name("N");
  verb->add_option("--out", arguments->out, "Each item with its choices' log-likelihoods, a line each")
      ->type_name("F.jsonl");
  arguments->choice.addCache(*verb);
  arguments->choice.addType(*verb);
}

}  // namespace weft::cli
