// compare: runs side by side, what their configurations say against the first over the seeds that they share, and the
// settings in which they differ.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "app/cli/arguments.h"
#include "app/cli/comparisons.h"
#include "app/cli/evaluations.h"
#include "app/cli/measurements.h"
#include "app/cli/output.h"
#include "app/cli/program.h"
#include "app/cli/run_table.h"
#include "engine/base/statistics.h"
#include "engine/base/text.h"
#include "engine/config/run_config.h"
#include "engine/service/run_groups.h"
#include "engine/store/evaluations.h"
#include "engine/store/run_labels.h"

namespace weft::cli {

namespace {

using store::RunSummary;
using Fields = std::map<std::string, std::string>;

std::string percent(double value, double reference) {
  if (reference == 0) return "-";
  return fmt::format("{:+.1f}%", 100 * (value / reference - 1));
}

std::string percent(const std::optional<double>& value, const std::optional<double>& reference) {
  return value && reference ? percent(*value, *reference) : "-";
}

// Each field that is not the same in all runs, in file order.
struct Differences {
  std::vector<std::string> keys;
  std::vector<Fields> values;  // one a run
};

Result<Differences> readDifferences(store::RunStore& store, const std::vector<RunSummary>& runs) {
  Differences differences;
  std::vector<std::string> order;
  for (const RunSummary& run : runs) {
    WEFT_ASSIGN(const std::string toml, store.configToml(run.id));
    WEFT_ASSIGN(const config::RunConfig config,
                config::parseRunConfig(toml, fmt::format("the configuration of run {}", run.id.value)));
    Fields fields;
    for (auto& [key, value] : config::flatten(config)) {
      if (differences.values.empty()) order.push_back(key);
      fields.emplace(key, value);
    }
    differences.values.push_back(std::move(fields));
  }
  for (const std::string& key : order) {
    const auto differs = [&](const Fields& fields) { return fields.at(key) != differences.values.front().at(key); };
    if (key != "name" && std::any_of(differences.values.begin(), differences.values.end(), differs))
      differences.keys.push_back(key);
  }
  return differences;
}

// Perplexities without a difference: that of two runs is no result, and that of configurations has a sentence of its
// own.
std::string sideBySide(const std::vector<RunSummary>& runs, const std::vector<std::string>& labels) {
  const RunSummary& first = runs.front();
  Table table;
  table.column("id");
  table.column("run", Table::Align::Left);
  table.column("map", Table::Align::Left);
  for (const char* title : {"perplexity", "KV B/token", "Δ", "parameters", "Δ", "tokens/s", "Δ"}) table.column(title);
  const auto whole = [](double value) { return groupDigits(std::llround(value)); };
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const RunSummary& run = runs[i];
    const auto parameters = static_cast<double>(run.parameters);
    table.row({std::to_string(run.id.value), labels[i], mapName(run), orDash(run.perplexity, formatPerplexity),
               whole(run.kvBytesPerToken), percent(run.kvBytesPerToken, first.kvBytesPerToken), formatCount(parameters),
               percent(parameters, static_cast<double>(first.parameters)),
               run.tokensPerSecond ? whole(*run.tokensPerSecond) : "-",
               percent(run.tokensPerSecond, first.tokensPerSecond)});
  }
  return table.toText();
}

std::string settingsTable(const std::vector<std::string>& labels, const Differences& differences) {
  Table table;
  table.column("setting", Table::Align::Left);
  for (const std::string& label : labels) table.column(label, Table::Align::Left);
  for (const std::string& key : differences.keys) {
    std::vector<std::string> cells{key};
    for (const Fields& fields : differences.values) cells.push_back(fields.at(key));
    table.row(std::move(cells));
  }
  return table.toText();
}

Json ratio(const std::optional<double>& value, const std::optional<double>& reference) {
  return value && reference && *reference != 0 ? Json(*value / *reference) : Json();
}

// The configurations of the runs, and what may be said of them: every other one against the first; of runs of one
// configuration that they are.
struct Findings {
  std::vector<service::RunGroup> groups;
  std::vector<statistics::Comparison> comparisons;
};

Result<Findings> readFindings(const std::vector<RunSummary>& runs, const std::vector<std::string>& labels) {
  for (const RunSummary& run : runs)
    if (run.configurationKey.empty())
      return fail(ErrorCode::Corrupt,
                  fmt::format("The configuration of run {} ({}) cannot be read, so it can be compared with nothing.",
                              run.id.value, run.name));
  Findings findings{.groups = service::groupRuns(runs), .comparisons = {}};
  if (findings.groups.size() > 1) {
    findings.comparisons = service::compareWithFirst(findings.groups);
    return findings;
  }
  for (std::size_t i = 1; i < runs.size(); ++i) {
    const bool isSameSeed = runs[i].seed == runs[0].seed;
    findings.comparisons.push_back(
        {.subject = {.name = labels[i], .kvBytesPerToken = {}},
         .reference = {.name = labels[0], .kvBytesPerToken = {}},
         .obstacle = isSameSeed ? statistics::Obstacle::SameSeed : statistics::Obstacle::SameConfiguration,
         .logPerplexity = {},
         .adjustedP = {}});
  }
  return findings;
}

Json comparisonsOf(const Findings& findings, const RunSummary& run, const std::string& label) {
  std::string name = label;
  for (const service::RunGroup& group : findings.groups) {
    const auto isIt = [&](const RunSummary& member) { return member.id == run.id; };
    if (findings.groups.size() > 1 && std::any_of(group.members.begin(), group.members.end(), isIt)) name = group.name;
  }
  std::vector<statistics::Comparison> own;
  std::copy_if(findings.comparisons.begin(), findings.comparisons.end(), std::back_inserter(own),
               [&](const statistics::Comparison& comparison) { return comparison.subject.name == name; });
  return comparisonsJson(own);
}

Result<void> compare(const std::vector<std::string>& names, const Context& context) {
  WEFT_ASSIGN(OpenProject open, openProjectToRead(context));
  WEFT_ASSIGN(const std::vector<RunSummary> runs, findRunsToCompare(open.store, names));
  if (runs.size() < 2) return fail(ErrorCode::InvalidInput, "compare needs at least two runs; `weft runs` lists them.");
  const std::vector<std::string> labels = store::runLabels(runs);
  WEFT_ASSIGN(const Differences differences, readDifferences(open.store, runs));
  WEFT_ASSIGN(const Findings findings, readFindings(runs, labels));
  if (context.json) {
    Json list = Json::array();
    for (std::size_t i = 0; i < runs.size(); ++i) {
      Json value = runJson(runs[i]);
      value["label"] = labels[i];
      value["relative"] = {
          {"perplexity", ratio(runs[i].perplexity, runs[0].perplexity)},
          {"kv_bytes_per_token", ratio(runs[i].kvBytesPerToken, runs[0].kvBytesPerToken)},
          {"parameters", ratio(static_cast<double>(runs[i].parameters), static_cast<double>(runs[0].parameters))},
          {"tokens_per_second", ratio(runs[i].tokensPerSecond, runs[0].tokensPerSecond)}};
      Json settings = Json::object();
      for (const std::string& key : differences.keys) settings[key] = differences.values[i].at(key);
      value["differences"] = std::move(settings);
      value["comparisons"] = comparisonsOf(findings, runs[i], labels[i]);
      list.push_back(std::move(value));
    }
    printJson(list);
    return {};
  }
  print(sideBySide(runs, labels));
  const bool hasSeveral = std::any_of(findings.groups.begin(), findings.groups.end(),
                                      [](const service::RunGroup& group) { return group.members.size() > 1; });
  if (hasSeveral) print("\n" + groupTable(findings.groups));
  print("\n" + comparisonLines(findings.comparisons));
  print(differences.keys.empty() ? "\nTheir settings are the same." : "\n" + settingsTable(labels, differences));
  return {};
}

// What was measured of their inference, the newest of each kind.
Result<void> compareMeasurements(const std::vector<std::string>& names, const Context& context) {
  WEFT_ASSIGN(OpenProject open, openProjectToRead(context));
  WEFT_ASSIGN(const std::vector<RunSummary> runs, findRunsToCompare(open.store, names));
  const std::vector<std::string> labels = store::runLabels(runs);
  std::vector<MeasuredRun> measured;
  Json list = Json::array();
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const RunSummary& run = runs[i];
    WEFT_ASSIGN(const std::vector<store::Measurement> all, open.store.measurements(run.id));
    measured.push_back({.name = labels[i], .measurements = newestMeasurements(all)});
    Json value{{"id", run.id.value},
               {"name", run.name},
               {"map", run.map},
               {"points", Json::array()},
               {"largest_batches", Json::array()}};
    for (const store::Measurement& one : measured.back().measurements) {
      if (isPoint(one)) value["points"].push_back(pointJson(one));
      if (isLargestBatch(one)) value["largest_batches"].push_back(largestJson(one));
    }
    list.push_back(std::move(value));
  }
  if (context.json) {
    printJson(list);
    return {};
  }
  const std::string points = pointTable(measured), largest = largestTable(measured);
  if (points.empty() && largest.empty()) inform("Nothing of these runs was measured yet; `weft measure RUN` does it.");
  if (!points.empty()) print(points);
  if (!largest.empty()) print(points.empty() ? largest : "\n" + largest);
  return {};
}

// What texts and tasks said of them, the newest of each kind.
Result<void> compareEvaluations(const std::vector<std::string>& names, const Context& context) {
  WEFT_ASSIGN(OpenProject open, openProjectToRead(context));
  WEFT_ASSIGN(const std::vector<RunSummary> runs, findRunsToCompare(open.store, names));
  const std::vector<std::string> labels = store::runLabels(runs);
  std::vector<EvaluatedRun> evaluated;
  Json list = Json::array();
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const RunSummary& run = runs[i];
    WEFT_ASSIGN(const std::vector<store::Evaluation> all, open.store.evaluations(run.id));
    evaluated.push_back({.name = labels[i], .evaluations = store::newestOnDemand(all)});
    Json value{{"id", run.id.value}, {"name", run.name}, {"map", run.map}, {"evaluations", Json::array()}};
    for (const store::Evaluation& one : evaluated.back().evaluations)
      value["evaluations"].push_back(evaluationJson(one));
    list.push_back(std::move(value));
  }
  if (context.json) {
    printJson(list);
    return {};
  }
  const std::string table = evaluationTable(evaluated);
  if (table.empty()) {
    inform("No text or task was asked of these runs yet; `weft eval RUN --task ...` does it.");
  } else {
    print(table);
  }
  return {};
}

struct CompareArguments {
  std::vector<std::string> runs;
  bool ofMeasurements = false, ofEvaluations = false;
};

}  // namespace

void addCompareVerb(Program& program) {
  const auto arguments = std::make_shared<CompareArguments>();
  CLI::App* verb = program.addVerb(
      {.group = kResultsGroup,
       .name = "compare",
       .description = "Runs side by side, their configurations against the first one's over shared seeds, and the "
                      "settings in which they differ",
       .examples = {"weft compare MQA MQA-CLA2 H16-MQA", "weft compare --measurements MQA MQA-CLA2",
                    "weft compare --evaluations MQA:s1 MQA-CLA2:s1"}},
      [arguments](const Context& context) {
        if (arguments->ofMeasurements) return compareMeasurements(arguments->runs, context);
        if (arguments->ofEvaluations) return compareEvaluations(arguments->runs, context);
        return compare(arguments->runs, context);
      });
  verb->add_option("RUN", arguments->runs,
                   "Numbers, labels (MQA:s2) or names; a name stands for all its runs that are not archived");
  CLI::Option* measurements =
      verb->add_flag("--measurements", arguments->ofMeasurements,
                     "Instead: speed, KV memory and largest batch, as `weft measure` found them");
  verb->add_flag("--evaluations", arguments->ofEvaluations,
                 "Instead: texts, WikiText and tasks, as `weft eval` found them")
      ->excludes(measurements);
}

}  // namespace weft::cli
