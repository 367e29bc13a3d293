// demo: four sharing patterns and an int8 cache on the same tokens, with paired seeds, from nothing to a table, what it
// says, and a figure.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/cli/comparisons.h"
#include "app/cli/figures.h"
#include "app/cli/output.h"
#include "app/cli/program.h"
#include "app/cli/run_table.h"
#include "app/cli/watch.h"
#include "engine/base/files.h"
#include "engine/base/text.h"
#include "engine/config/demo.h"
#include "engine/data/tokenizer.h"
#include "engine/service/client.h"
#include "engine/service/demo.h"
#include "engine/service/process.h"
#include "engine/service/run_estimate.h"

namespace weft::cli {

namespace {

namespace fs = std::filesystem;
using store::RunId;
using store::RunSummary;

struct DemoArguments {
  config::DemoOptions options;
  std::string textFile, seeds;
  bool startsAgain = false, returnsAtOnce = false;
};

bool hasGpu() {
  std::error_code error;
  const char* visible = std::getenv("CUDA_VISIBLE_DEVICES");
  return fs::exists("/dev/nvidia0", error) && (visible == nullptr || *visible != '\0');
}

// "1,2,3"; nothing = the demo's own.
Result<std::vector<std::int64_t>> parseSeeds(const std::string& text) {
  std::vector<std::int64_t> seeds;
  if (text.empty()) return seeds;
  for (const std::string& part : split(text, ',')) {
    std::int64_t seed = 0;
    if (!parseInteger(trim(part), seed) || seed < 0 || std::find(seeds.begin(), seeds.end(), seed) != seeds.end()) {
      return fail(
          ErrorCode::InvalidInput,
          "--seeds takes different whole numbers, separated by commas, like 4,5,6; this is '" + shortened(text) + "'.");
    }
    seeds.push_back(seed);
  }
  constexpr std::size_t kMost = 32;
  if (seeds.size() > kMost)
    return fail(ErrorCode::InvalidInput,
                fmt::format("--seeds takes at most {} seeds; these are {}.", kMost, seeds.size()));
  return seeds;
}

// A run of an earlier demo with the same settings that has not failed: the demo can be repeated at no cost.
Result<std::optional<RunId>> earlierRun(store::RunStore& store, const config::RunConfig& wanted) {
  WEFT_ASSIGN(const std::vector<RunSummary> runs, store.runs());
  for (auto run = runs.rbegin(); run != runs.rend(); ++run) {
    const bool isUsable =
        store::isActive(run->state) || run->state == store::RunState::Queued || run->state == store::RunState::Finished;
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

  // How long what is not there yet will take on this machine, said before it starts; "" if nothing is to be done.
  Result<std::string> forecast() {
    double seconds = 0;
    int trainings = 0;
    std::optional<service::MeasuredSpeed> speed;
    for (const config::RunConfig& config : config::demoRuns(m_arguments.options)) {
      // The int8 runs read weights that are not there yet; each is about a start and one evaluation.
      if (!config::demoOriginal(config).empty()) continue;
      if (!m_arguments.startsAgain) {
        WEFT_ASSIGN(const std::optional<RunId> earlier, earlierRun(m_open.store, config));
        if (earlier) continue;
      }
      WEFT_ASSIGN(const service::ResolvedRun run, service::resolveRun(config));
      if (!speed) {
        WEFT_ASSIGN(speed, service::speedOfEarlierRuns(m_open.store, run));
      }
      if (!speed) {
        WEFT_ASSIGN(speed, service::tryOutSpeed(run));
      }
      seconds += service::estimateRun(run, *speed).seconds;
      ++trainings;
    }
    if (trainings == 0) return std::string();
    return fmt::format("{} trainings take about {} on this machine, by the speed of {}.", trainings,
                       service::aboutDuration(seconds), speed->source);
  }

  // Queues what is not there yet. The int8 run follows when the weights that it reads are there.
  Result<void> submitTraining() {
    for (const config::RunConfig& config : config::demoRuns(m_arguments.options)) {
      if (!config::demoOriginal(config).empty()) {
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
      const std::string original = config::demoOriginal(config);
      const auto trained = std::find_if(m_runs.begin(), m_runs.end(), [&](const RunSummary& run) {
        return run.name == original && run.seed == config.train.seed;
      });
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

// What the runs say: their configurations over the seeds, and what is held against what.
struct Findings {
  std::vector<service::RunGroup> groups;
  std::vector<statistics::Comparison> comparisons;  // none of one seed
};

Findings findingsOf(const std::vector<RunSummary>& runs) {
  Findings findings{.groups = service::groupRuns(runs), .comparisons = {}};
  const auto group = [&](const std::string& name) {
    return std::find_if(findings.groups.begin(), findings.groups.end(),
                        [&](const service::RunGroup& one) { return one.name == name; });
  };
  for (const auto& [subject, reference] : config::demoComparisons()) {
    const auto of = group(subject), against = group(reference);
    if (of == findings.groups.end() || against == findings.groups.end() || of->members.size() < 2) continue;
    findings.comparisons.push_back(service::compareGroups(*against, *of));
  }
  statistics::adjust(findings.comparisons);
  return findings;
}

void printSummary(const OpenProject& open, const std::vector<RunSummary>& runs, const Findings& findings,
                  const std::vector<std::string>& figures, const Context& context) {
  const std::optional<double> unigram = firstOf(runs, &RunSummary::unigramPerplexity);
  const std::optional<double> floor = firstOf(runs, &RunSummary::entropyFloor_nats);
  if (context.json) {
    printJson({{"project", open.project.folder().string()},
               {"unigram_perplexity", unigram ? Json(*unigram) : Json()},
               {"entropy_floor_perplexity", floor ? Json(std::exp(*floor)) : Json()},
               {"runs", runsJson(runs)},
               {"groups", groupsJson(findings.groups)},
               {"comparisons", comparisonsJson(findings.comparisons)},
               {"figures", figures}});
    return;
  }
  if (unigram)
    print("Unigram perplexity of the held-out text: " + formatPerplexity(*unigram) +
          " (what token frequencies alone reach)");
  if (floor)
    print("Entropy floor of the synthetic corpus:   " + formatPerplexity(std::exp(*floor)) +
          " (no model can do better)");
  print(groupTable(findings.groups));
  if (findings.comparisons.empty()) {
    print(
        "One seed each: this shows the way and compares nothing. `weft demo` without --quick trains three seeds of "
        "each.\n");
  } else {
    print(
        "Perplexity: the mean over the seeds ± half of its 95% interval. Differences are paired by seed; a verdict is "
        "adjusted (Holm) for all of "
        "them.\n" +
        comparisonLines(findings.comparisons) + "\n");
  }
  for (const std::string& figure : figures) print(figure);
  print("The project is " + open.project.folder().string() + "; weft-studio opens it.");
}

// Another `weft demo` that waits in our place: it finds the queued runs and does what comes after them.
Result<void> finishInBackground(const store::Project& project, const DemoArguments& arguments) {
  std::vector<std::string> words{"-C", project.folder().string(), "demo", "--tokenizer", arguments.options.tokenizer};
  if (arguments.options.quick) words.push_back("--quick");
  if (!arguments.textFile.empty()) words.insert(words.end(), {"--text", arguments.textFile});
  if (!arguments.seeds.empty()) words.insert(words.end(), {"--seeds", arguments.seeds});
  WEFT_TRY(service::startInBackground(
      {.program = executableFolder() / "weft", .arguments = words, .output = project.folder() / "demo.log"}));
  return {};
}

Result<void> demo(DemoArguments arguments, const Context& context) {
  WEFT_TRY(data::openTokenizer(arguments.options.tokenizer));
  WEFT_ASSIGN(arguments.options.seeds, parseSeeds(arguments.seeds));
  WEFT_ASSIGN(store::Project project,
              store::Project::create(context.projectFolder.empty() ? "weft-demo" : context.projectFolder));
  WEFT_ASSIGN(store::RunStore store, store::RunStore::open(project.database()));
  OpenProject open{std::move(project), std::move(store)};
  WEFT_ASSIGN(const service::DemoText text, service::demoText(open.project, arguments.textFile));
  arguments.options.files = text.files;
  arguments.options.validFiles = text.validFiles;
  inform("weft: " + text.sentence);
  Demo demo(open, arguments);
  WEFT_ASSIGN(const std::string forecast, demo.forecast());
  if (!forecast.empty()) inform("weft: " + forecast);
  WEFT_TRY(demo.submitTraining());
  if (arguments.returnsAtOnce) {
    WEFT_TRY(finishInBackground(open.project, arguments));
    inform(fmt::format("weft: {} runs are queued in {}; the int8 run and the figure follow by themselves.",
                       demo.ids().size(), open.project.folder().string()));
    return {};
  }
  inform("weft: the demo trains in " + open.project.folder().string() + "; Ctrl-C only stops looking.");
  WEFT_TRY(demo.watch());
  WEFT_TRY(demo.submitAfterwards());
  WEFT_TRY(demo.watch());
  WEFT_ASSIGN(const std::vector<std::string> figures, writeFigures(open, demo.runs()));
  const Findings findings = findingsOf(demo.runs());
  printSummary(open, demo.runs(), findings, figures, context);
  return {};
}

}  // namespace

void addDemoVerb(Program& program) {
  const auto arguments = std::make_shared<DemoArguments>();
  CLI::App* verb = program.addVerb(
      {.group = kRunsGroup,
       .name = "demo",
       .description = "Train four sharing patterns with paired seeds on the same tokens, and say what they show",
       .examples = {"weft demo --quick", "weft demo --text book.txt --tokenizer tokenizer.json",
                    "weft demo --seeds 4,5,6 --no-wait"},
       .remark = "The project is ./weft-demo, or what -C names; it is made if it does not exist."},
      [arguments](const Context& context) {
        arguments->options.cuda = hasGpu();
        return demo(*arguments, context);
      });
  verb->add_flag(
      "--quick", arguments->options.quick,
      "One seed and fewer tokens: a minute on two cores instead of fifteen; it shows the way and compares nothing");
  verb->add_option("--text", arguments->textFile,
                   "Train on this .txt, .jsonl or .jsonl.zst [LibTorch's own C++ headers]")
      ->type_name("FILE");
  verb->add_option("--tokenizer", arguments->options.tokenizer, "byte, or a BPE tokenizer.json [byte]")
      ->type_name("FILE");
  verb->add_option("--seeds", arguments->seeds, "The seeds, the same for every pattern [21,22,23; with --quick 21]")
      ->type_name("N,N,...");
  verb->add_flag("--fresh", arguments->startsAgain, "Train again, even if the project has these runs already");
  verb->add_flag("--no-wait", arguments->returnsAtOnce, "Queue the runs and return");
}

}  // namespace weft::cli
