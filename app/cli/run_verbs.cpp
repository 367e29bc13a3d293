// runs, show, log: what the project remembers.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "app/cli/evaluations.h"
#include "app/cli/output.h"
#include "app/cli/program.h"
#include "app/cli/run_details.h"
#include "app/cli/run_table.h"
#include "engine/base/files.h"
#include "engine/base/text.h"
#include "engine/store/evaluations.h"

namespace weft::cli {

namespace {

using store::RunSummary;

struct RunsArguments {
  std::string state, tag;
  bool includesArchived = false;
};

Result<void> listRuns(const RunsArguments& arguments, const Context& context) {
  if (!arguments.state.empty()) WEFT_TRY(store::parseRunState(arguments.state));
  WEFT_ASSIGN(OpenProject open, openProjectToRead(context));
  WEFT_ASSIGN(std::vector<RunSummary> runs, open.store.runs());
  const auto isLeftOut = [&](const RunSummary& run) {
    if (run.archived && !arguments.includesArchived) return true;
    if (!arguments.state.empty() && store::toString(run.state) != arguments.state) return true;
    return !arguments.tag.empty() && std::find(run.tags.begin(), run.tags.end(), arguments.tag) == run.tags.end();
  };
  runs.erase(std::remove_if(runs.begin(), runs.end(), isLeftOut), runs.end());
  if (context.json) {
    printJson(runsJson(runs));
  } else if (runs.empty()) {
    print("There are no such runs.");
  } else {
    print(runTable(runs));
  }
  return {};
}

// ---- show

void printDetails(const RunDetails& details) {
  const RunSummary& run = details.run;
  const auto line = [](const char* what, const std::string& value) {
    if (!value.empty()) print(fmt::format("{:<14}{}", what, value));
  };
  print(fmt::format("Run {}: {}", run.id.value, run.name));
  line("state", stateName(run) + (run.failure.empty() ? "" : ": " + run.failure));
  line("map", run.map + (run.generator.empty() ? "" : "   (" + run.generator + ")"));
  line("model",
       fmt::format("{} layers, hidden {}, {} query and {} KV heads of {}, {} parameters", run.layers, run.hidden,
                   run.queryHeads, run.kvHeads, run.headWidth, formatCount(static_cast<double>(run.parameters))));
  line("KV per token",
       fmt::format(
           "{} B analytic, {} B measured, {}{} cache", groupDigits(static_cast<std::int64_t>(run.kvBytesPerToken)),
           run.kvBytesPerTokenMeasured ? groupDigits(static_cast<std::int64_t>(*run.kvBytesPerTokenMeasured)) : "-",
           run.cache.empty() && !run.kvType.empty() ? run.kvType + ", " : "", run.cache.empty() ? "dense" : run.cache));
  line("steps", fmt::format("{} of {}, {} tokens", run.step, run.steps, groupDigits(run.tokens)));
  line("perplexity", run.perplexity
                         ? formatPerplexity(*run.perplexity) +
                               (run.unigramPerplexity ? ", unigram " + formatPerplexity(*run.unigramPerplexity) : "")
                         : "");
  line("device", run.device);
  line("tags", join(run.tags, ", "));
  line("note", run.note);
  for (const store::Measurement& one : details.measurements) {
    std::vector<std::string> values;
    for (const auto& [name, value] : one.values) values.push_back(fmt::format("{} {}", name, value));
    line(one.name.c_str(), join(values, ", "));
  }
  for (const store::Checkpoint& one : details.checkpoints) {
    line("checkpoint", fmt::format("{}, step {}, {}", one.path, one.step, formatBytes(static_cast<double>(one.bytes))));
  }
  if (const std::string table =
          evaluationTable({{.name = "", .evaluations = store::newestOnDemand(details.evaluations)}});
      !table.empty()) {
    print("\n" + table);
  }
  print("\n" + details.toml);
}

Result<void> show(const std::string& name, const Context& context) {
  WEFT_ASSIGN(OpenProject open, openProjectToRead(context));
  WEFT_ASSIGN(RunSummary run, open.store.findRun(name));
  WEFT_ASSIGN(const RunDetails details, readDetails(open.store, std::move(run)));
  if (context.json) {
    printJson(Json::array({detailsJson(details)}));
  } else {
    printDetails(details);
  }
  return {};
}

// ---- log

struct LogArguments {
  std::string run;
  bool follows = false, showsEvents = false;
};

// Prints what the file has beyond `offset`; a file that is not there yet has nothing.
void printFrom(const std::filesystem::path& file, std::uint64_t& offset) {
  const Result<InputFile> input = InputFile::open(file);
  if (!input || input->size() <= offset) return;
  std::string text(input->size() - offset, '\0');
  const Result<std::size_t> count = input->readAt(offset, text.data(), text.size());
  text.resize(count.value_or(0));
  offset += text.size();
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

Result<void> log(const LogArguments& arguments, const Context& context) {
  WEFT_ASSIGN(OpenProject open, openProjectToRead(context));
  WEFT_ASSIGN(RunSummary run, open.store.findRun(arguments.run));
  const std::filesystem::path file =
      open.project.runFolder(run.id) / (arguments.showsEvents ? "events.jsonl" : "log.txt");
  std::error_code error;
  if (!arguments.follows && !std::filesystem::exists(file, error)) {
    return fail(ErrorCode::NotFound,
                fmt::format("Run {} ({}) has written no {} yet.", run.id.value, run.name, file.filename().string()));
  }
  if (context.json) {
    WEFT_ASSIGN(const std::string text, readFile(file));
    printJson({{"run", run.id.value}, {"file", file.string()}, {"text", text}});
    return {};
  }
  for (std::uint64_t offset = 0;;) {
    // The state first: what a run wrote before its end is printed before we leave.
    const bool isOver = store::isTerminal(run.state);
    printFrom(file, offset);
    if (!arguments.follows || isOver) return {};
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    WEFT_ASSIGN(run, open.store.run(run.id));
  }
}

}  // namespace

void addRunVerbs(Program& program) {
  const auto filter = std::make_shared<RunsArguments>();
  CLI::App* verb = program.addVerb({.group = kResultsGroup,
                                    .name = "runs",
                                    .description = "List the runs",
                                    .examples = {"weft runs", "weft runs --state finished --tag ablation --json"}},
                                   [filter](const Context& context) { return listRuns(*filter, context); });
  verb->add_option("--state", filter->state, "Only runs in this state: queued, running, finished, failed, ...")
      ->type_name("STATE");
  verb->add_option("--tag", filter->tag, "Only runs with this tag")->type_name("TAG");
  verb->add_flag("--all", filter->includesArchived, "Archived runs too");

  const auto name = std::make_shared<std::string>();
  verb = program.addVerb({.group = kResultsGroup,
                          .name = "show",
                          .description = "Everything about one run",
                          .examples = {"weft show 3", "weft show MQA-CLA2:s1 --json"}},
                         [name](const Context& context) { return show(*name, context); });
  verb->add_option("RUN", *name, "Number, name or label, like MQA or MQA:s2")->required();

  const auto logged = std::make_shared<LogArguments>();
  verb = program.addVerb({.group = kResultsGroup,
                          .name = "log",
                          .description = "What a run's worker wrote",
                          .examples = {"weft log 3 --follow", "weft log MQA-CLA2:s1 --events"}},
                         [logged](const Context& context) { return log(*logged, context); });
  verb->add_option("RUN", logged->run, "Number, name or label, like MQA or MQA:s2")->required();
  verb->add_flag("-f,--follow", logged->follows, "Go on until the run ends");
  verb->add_flag("--events", logged->showsEvents, "The events instead of the log");
}

}  // namespace weft::cli
