// runs, show, log: what the project remembers.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "app/cli/arguments.h"
#include "app/cli/evaluations.h"
#include "app/cli/output.h"
#include "app/cli/program.h"
#include "app/cli/run_table.h"
#include "engine/base/files.h"
#include "engine/base/text.h"
#include "engine/config/run_config.h"
#include "engine/service/resolved_run.h"
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

Json configJson(const std::string& toml) {
  Json fields = Json::object();
  if (const Result<config::RunConfig> config = config::parseRunConfig(toml, "config.toml")) {
    for (const auto& [key, value] : config::flatten(*config)) fields[key] = value;
  }
  return fields;
}

struct RunDetails {
  RunSummary run;
  std::string toml;
  std::vector<store::Evaluation> evaluations;
  std::vector<store::Measurement> measurements;
  std::vector<store::Checkpoint> checkpoints;
  std::vector<store::Attempt> attempts;
};

Result<RunDetails> readDetails(store::RunStore& store, const std::string& name) {
  RunDetails details;
  WEFT_ASSIGN(details.run, findRun(store, name));
  WEFT_ASSIGN(details.toml, store.configToml(details.run.id));
  WEFT_ASSIGN(details.evaluations, store.evaluations(details.run.id));
  WEFT_ASSIGN(details.measurements, store.measurements(details.run.id));
  WEFT_ASSIGN(details.checkpoints, store.checkpoints(details.run.id));
  WEFT_ASSIGN(details.attempts, store.attempts(details.run.id));
  return details;
}

Json detailsJson(const RunDetails& details) {
  Json value = runJson(details.run);
  value["config"] = configJson(details.toml);
  Json evaluations = Json::array(), measurements = Json::array(), checkpoints = Json::array(), attempts = Json::array();
  for (const store::Evaluation& one : details.evaluations) {
    evaluations.push_back({{"step", one.step},
                           {"split", one.split},
                           {"task", one.task},
                           {"loss_nats", one.loss_nats},
                           {"perplexity", one.perplexity},
                           {"tokens", one.tokens},
                           {"values", one.values}});
  }
  for (const store::Measurement& one : details.measurements)
    measurements.push_back({{"name", one.name}, {"values", one.values}, {"labels", one.labels}});
  for (const store::Checkpoint& one : details.checkpoints)
    checkpoints.push_back({{"step", one.step}, {"path", one.path}, {"bytes", one.bytes}});
  for (const store::Attempt& one : details.attempts) {
    attempts.push_back({{"number", one.number},
                        {"device", one.device},
                        {"torch", one.torch},
                        {"build", one.build},
                        {"outcome", one.outcome},
                        {"message", one.message},
                        {"started", one.started},
                        {"ended", one.ended}});
  }
  value["evaluations"] = std::move(evaluations);
  value["measurements"] = std::move(measurements);
  value["checkpoints"] = std::move(checkpoints);
  value["attempts"] = std::move(attempts);
  return value;
}

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
           run.cache.empty() && !service::kvTypeOf(run).empty() ? service::kvTypeOf(run) + ", " : "",
           run.cache.empty() ? "dense" : run.cache));
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
  WEFT_ASSIGN(const RunDetails details, readDetails(open.store, name));
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
  WEFT_ASSIGN(RunSummary run, findRun(open.store, arguments.run));
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
  CLI::App* verb = program.addVerb(kResultsGroup, "runs", "List the runs",
                                   [filter](const Context& context) { return listRuns(*filter, context); });
  verb->add_option("--state", filter->state, "Only runs in this state: queued, running, finished, failed, ...")
      ->type_name("STATE");
  verb->add_option("--tag", filter->tag, "Only runs with this tag")->type_name("TAG");
  verb->add_flag("--all", filter->includesArchived, "Archived runs too");

  const auto name = std::make_shared<std::string>();
  verb = program.addVerb(kResultsGroup, "show", "Everything about one run",
                         [name](const Context& context) { return show(*name, context); });
  verb->add_option("RUN", *name, "Number, name or label, like MQA or MQA:s2")->required();

  const auto logged = std::make_shared<LogArguments>();
  verb = program.addVerb(kResultsGroup, "log", "What a run's worker wrote",
                         [logged](const Context& context) { return log(*logged, context); });
  verb->add_option("RUN", logged->run, "Number, name or label, like MQA or MQA:s2")->required();
  verb->add_flag("-f,--follow", logged->follows, "Go on until the run ends");
  verb->add_flag("--events", logged->showsEvents, "The events instead of the log");
}

}  // namespace weft::cli
