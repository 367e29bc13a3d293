// demo: four sharing patterns and an int8 cache on the same tokens, from nothing to a table and a figure.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/cli/figures.h"
#include "app/cli/output.h"
#include "app/cli/program.h"
#include "app/cli/run_table.h"
#include "app/cli/watch.h"
#include "engine/base/files.h"
#include "engine/base/text.h"
#include "engine/config/presets.h"
#include "engine/data/tokenizer.h"
#include "engine/service/client.h"
#include "engine/service/process.h"

namespace weft::cli {

namespace {

namespace fs = std::filesystem;
using store::RunId;
using store::RunSummary;

constexpr const char* kInt8Tag = "int8-of:";

struct DemoArguments {
  config::DemoOptions options;
  bool startsAgain = false, returnsAtOnce = false;
};

bool hasGpu() {
  std::error_code error;
  const char* visible = std::getenv("CUDA_VISIBLE_DEVICES");
  return fs::exists("/dev/nvidia0", error) && (visible == nullptr || *visible != '\0');
}

Result<void> checkInputs(const config::DemoOptions& options) {
  std::error_code error;
  if (!options.textFile.empty() && !fs::is_regular_file(options.textFile, error)) {
    return fail(ErrorCode::NotFound, "There is no file " + options.textFile + ".");
  }
  WEFT_TRY(data::openTokenizer(options.tokenizer));
  return {};
}

// What the int8 run reads: the run that its tag names.
std::string originalOf(const config::RunConfig& config) {
  for (const std::string& tag : config.tags) {
    if (tag.rfind(kInt8Tag, 0) == 0) return tag.substr(std::string(kInt8Tag).size());
  }
  return {};
}

// A run of an earlier demo with the same settings that has not failed: the demo can be repeated at no cost.
Result<std::optional<RunId>> earlierRun(store::RunStore& store, const config::RunConfig& wanted) {
  WEFT_ASSIGN(const std::vector<RunSummary> runs, store.runs());
  for (auto run = runs.rbegin(); run != runs.rend(); ++run) {
    const bool isUsable = store::isActive(run->state) || run->state == store::RunState::Queued || run->state == store::RunState::Finished;
    if (run->name != wanted.name || !isUsable) continue;
    WEFT_ASSIGN(const std::string toml, store.configToml(run->id));
    Result<config::RunConfig> config = config::parseRunConfig(toml, "config.toml");
    if (!config) continue;
    config->model.sharing = wanted.model.sharing;  // stored in its canonical form; the name says the pattern
    config->model.vocabulary = wanted.model.vocabulary;
    if (*config == wanted) return run->id;
  }
  return std::nullopt;
}

class Demo {
 public:
  Demo(OpenProject& open, const DemoArguments& arguments) : m_open(open), m_arguments(arguments) {}

  // Queues what is not there yet. The int8 run follows when the weights that it reads are there.
  Result<void> submitTraining() {
    for (const config::RunConfig& config : config::demoRuns(m_arguments.options)) {
      if (!originalOf(config).empty()) {
        m_afterwards.push_back(config);
        continue;
      }
      WEFT_ASSIGN(const RunId id, submitOnce(config));
      m_ids.push_back(id);
    }
    return service::ensureEngine(m_open.project);
  }

  Result<void> watch() {
    WEFT_ASSIGN(m_runs, watchRuns(m_open.project, m_open.store, m_ids));
    return requireSuccess(m_runs);
  }

  Result<void> submitAfterwards() {
    for (config::RunConfig config : m_afterwards) {
      const std::string original = originalOf(config);
      const auto trained = std::find_if(m_runs.begin(), m_runs.end(), [&](const RunSummary& run) { return run.name == original; });
      if (trained == m_runs.end()) continue;
      WEFT_ASSIGN(const fs::path checkpoint, service::resolveModel(std::to_string(trained->id.value), m_open.project));
      config.train.initFrom = checkpoint.string();
      WEFT_ASSIGN(const RunId id, submitOnce(config));
      m_ids.push_back(id);
    }
    m_afterwards.clear();
    return service::ensureEngine(m_open.project);
  }

  const std::vector<RunSummary>& runs() const { return m_runs; }
  const std::vector<RunId>& ids() const { return m_ids; }

 private:
  Result<RunId> submitOnce(const config::RunConfig& config) {
    if (!m_arguments.startsAgain) {
      WEFT_ASSIGN(const std::optional<RunId> earlier, earlierRun(m_open.store, config));
      if (earlier) return *earlier;
    }
    return service::submit(m_open.project, m_open.store, config);
  }

  OpenProject& m_open;
  const DemoArguments& m_arguments;
  std::vector<config::RunConfig> m_afterwards;
  std::vector<RunId> m_ids;
  std::vector<RunSummary> m_runs;
};

// The figures that could be drawn; the data as CSV always.
Result<std::vector<std::string>> writeFigures(OpenProject& open, const std::vector<RunSummary>& runs) {
  std::vector<std::string> written;
  for (const char* ending : {"csv", "svg", "pdf"}) {
    const std::string file = (open.project.figures() / (std::string("pareto.") + ending)).string();
    const Result<void> drawn = writeFigure(open.project, open.store, {.kind = "pareto", .out = file, .runs = runs});
    if (drawn) {
      written.push_back(file);
    } else if (drawn.error().code == ErrorCode::Unsupported) {
      inform("weft: " + drawn.error().message);
      break;
    } else {
      return tl::unexpected(drawn.error());
    }
  }
  return written;
}

std::optional<double> firstOf(const std::vector<RunSummary>& runs, std::optional<double> RunSummary::*member) {
  for (const RunSummary& run : runs) {
    if (run.*member) return run.*member;
  }
  return std::nullopt;
}

void printSummary(const OpenProject& open, const std::vector<RunSummary>& runs, const std::vector<std::string>& figures, const Context& context) {
  const std::optional<double> unigram = firstOf(runs, &RunSummary::unigramPerplexity);
  const std::optional<double> floor = firstOf(runs, &RunSummary::entropyFloor_nats);
  if (context.json) {
    printJson({{"project", open.project.folder().string()},
               {"unigram_perplexity", unigram ? Json(*unigram) : Json()},
               {"entropy_floor_perplexity", floor ? Json(std::exp(*floor)) : Json()},
               {"runs", runsJson(runs)},
               {"figures", figures}});
    return;
  }
  if (unigram) print("Unigram perplexity of the held-out text: " + formatPerplexity(*unigram) + " (what token frequencies alone reach)");
  if (floor) print("Entropy floor of the built-in corpus:    " + formatPerplexity(std::exp(*floor)) + " (no model can do better)");
  print(resultTable(runs));
  for (const std::string& figure : figures) print(figure);
  print("The project is " + open.project.folder().string() + "; weft-studio opens it.");
}

// Another `weft demo` that waits in our place: it finds the queued runs and does what comes after them.
Result<void> finishInBackground(const store::Project& project, const config::DemoOptions& options) {
  std::vector<std::string> words{"-C", project.folder().string(), "demo", "--tokenizer", options.tokenizer};
  if (options.quick) words.push_back("--quick");
  if (!options.textFile.empty()) words.insert(words.end(), {"--text", options.textFile});
  WEFT_TRY(service::startInBackground({.program = executableFolder() / "weft", .arguments = words, .output = project.folder() / "demo.log"}));
  return {};
}

Result<void> demo(const DemoArguments& arguments, const Context& context) {
  WEFT_TRY(checkInputs(arguments.options));
  WEFT_ASSIGN(store::Project project, store::Project::create(context.projectFolder.empty() ? "weft-demo" : context.projectFolder));
  WEFT_ASSIGN(store::RunStore store, store::RunStore::open(project.database()));
  OpenProject open{std::move(project), std::move(store)};
  Demo demo(open, arguments);
  WEFT_TRY(demo.submitTraining());
  if (arguments.returnsAtOnce) {
    WEFT_TRY(finishInBackground(open.project, arguments.options));
    inform(fmt::format("weft: {} runs are queued in {}; the int8 run and the figure follow by themselves.", demo.ids().size(),
                       open.project.folder().string()));
    return {};
  }
  inform("weft: the demo trains in " + open.project.folder().string() + "; Ctrl-C only stops looking.");
  WEFT_TRY(demo.watch());
  WEFT_TRY(demo.submitAfterwards());
  WEFT_TRY(demo.watch());
  WEFT_ASSIGN(const std::vector<std::string> figures, writeFigures(open, demo.runs()));
  printSummary(open, demo.runs(), figures, context);
  return {};
}

}  // namespace

void addDemoVerb(Program& program) {
  const auto arguments = std::make_shared<DemoArguments>();
  CLI::App* verb = program.addVerb(kRunsGroup, "demo", "Train and compare four sharing patterns and an int8 cache on the same tokens",
                                   [arguments](const Context& context) {
                                     arguments->options.cuda = hasGpu();
                                     return demo(*arguments, context);
                                   });
  verb->add_flag("--quick", arguments->options.quick, "Smaller: at most 40 seconds on two cores instead of 5 minutes");
  verb->add_option("--text", arguments->options.textFile, "Train on this .txt, .jsonl or .jsonl.zst [a built-in corpus]")->type_name("FILE");
  verb->add_option("--tokenizer", arguments->options.tokenizer, "byte, or a byte-level BPE tokenizer.json [byte]")->type_name("FILE");
  verb->add_flag("--fresh", arguments->startsAgain, "Train again, even if the project has these runs already");
  verb->add_flag("--no-wait", arguments->returnsAtOnce, "Queue the runs and return");
  verb->footer(
      "The project is ./weft-demo, or what -C names; it is made if it does not exist.\n\nExample:\n  weft demo --text book.txt --tokenizer "
      "tokenizer.json");
}

}  // namespace weft::cli
