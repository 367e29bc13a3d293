// compare: runs side by side, the differences to the first, and the settings in which they differ.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "app/cli/arguments.h"
#include "app/cli/evaluations.h"
#include "app/cli/measurements.h"
#include "app/cli/output.h"
#include "app/cli/program.h"
#include "app/cli/run_table.h"
#include "engine/base/text.h"
#include "engine/config/run_config.h"
#include "engine/store/evaluations.h"

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
    WEFT_ASSIGN(const config::RunConfig config, config::parseRunConfig(toml, fmt::format("the configuration of run {}", run.id.value)));
    Fields fields;
    for (auto& [key, value] : config::flatten(config)) {
      if (differences.values.empty()) order.push_back(key);
      fields.emplace(key, value);
    }
    differences.values.push_back(std::move(fields));
  }
  for (const std::string& key : order) {
    const auto differs = [&](const Fields& fields) { return fields.at(key) != differences.values.front().at(key); };
    if (key != "name" && std::any_of(differences.values.begin(), differences.values.end(), differs)) differences.keys.push_back(key);
  }
  return differences;
}

std::string comparison(const std::vector<RunSummary>& runs) {
  const RunSummary& first = runs.front();
  Table table;
  table.column("id");
  table.column("run", Table::Align::Left);
  table.column("map", Table::Align::Left);
  for (const char* title : {"perplexity", "Δ", "KV B/token", "Δ", "parameters", "Δ", "tokens/s", "Δ"}) table.column(title);
  const auto whole = [](double value) { return groupDigits(std::llround(value)); };
  for (const RunSummary& run : runs) {
    const auto parameters = static_cast<double>(run.parameters);
    table.row({std::to_string(run.id.value), run.name, mapName(run), orDash(run.perplexity, formatPerplexity),
               percent(run.perplexity, first.perplexity), whole(run.kvBytesPerToken), percent(run.kvBytesPerToken, first.kvBytesPerToken),
               formatCount(parameters), percent(parameters, static_cast<double>(first.parameters)),
               run.tokensPerSecond ? whole(*run.tokensPerSecond) : "-", percent(run.tokensPerSecond, first.tokensPerSecond)});
  }
  return table.toText();
}

std::string settingsTable(const std::vector<RunSummary>& runs, const Differences& differences) {
  Table table;
  table.column("setting", Table::Align::Left);
  for (const RunSummary& run : runs) table.column(run.name, Table::Align::Left);
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

Result<void> compare(const std::vector<std::string>& names, const Context& context) {
  if (names.size() < 2) return fail(ErrorCode::InvalidInput, "compare needs at least two runs; `weft runs` lists them.");
  WEFT_ASSIGN(OpenProject open, openProject(context));
  WEFT_ASSIGN(const std::vector<RunSummary> runs, findRuns(open.store, names));
  WEFT_ASSIGN(const Differences differences, readDifferences(open.store, runs));
  if (context.json) {
    Json list = Json::array();
    for (std::size_t i = 0; i < runs.size(); ++i) {
      Json value = runJson(runs[i]);
      value["relative"] = {{"perplexity", ratio(runs[i].perplexity, runs[0].perplexity)},
                           {"kv_bytes_per_token", ratio(runs[i].kvBytesPerToken, runs[0].kvBytesPerToken)},
                           {"parameters", ratio(static_cast<double>(runs[i].parameters), static_cast<double>(runs[0].parameters))},
                           {"tokens_per_second", ratio(runs[i].tokensPerSecond, runs[0].tokensPerSecond)}};
      Json settings = Json::object();
      for (const std::string& key : differences.keys) settings[key] = differences.values[i].at(key);
      value["differences"] = std::move(settings);
      list.push_back(std::move(value));
    }
    printJson(list);
    return {};
  }
  print(comparison(runs));
  print(differences.keys.empty() ? "\nTheir settings are the same." : "\n" + settingsTable(runs, differences));
  return {};
}

// What was measured of their inference, the newest of each kind.
Result<void> compareMeasurements(const std::vector<std::string>& names, const Context& context) {
  WEFT_ASSIGN(OpenProject open, openProject(context));
  WEFT_ASSIGN(const std::vector<RunSummary> runs, findRuns(open.store, names));
  std::vector<MeasuredRun> measured;
  Json list = Json::array();
  for (const RunSummary& run : runs) {
    WEFT_ASSIGN(const std::vector<store::Measurement> all, open.store.measurements(run.id));
    measured.push_back({.name = run.name, .measurements = newestMeasurements(all)});
    Json value{{"id", run.id.value}, {"name", run.name}, {"map", run.map}, {"points", Json::array()}, {"largest_batches", Json::array()}};
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
  WEFT_ASSIGN(OpenProject open, openProject(context));
  WEFT_ASSIGN(const std::vector<RunSummary> runs, findRuns(open.store, names));
  std::vector<EvaluatedRun> evaluated;
  Json list = Json::array();
  for (const RunSummary& run : runs) {
    WEFT_ASSIGN(const std::vector<store::Evaluation> all, open.store.evaluations(run.id));
    evaluated.push_back({.name = run.name, .evaluations = store::newestOnDemand(all)});
    Json value{{"id", run.id.value}, {"name", run.name}, {"map", run.map}, {"evaluations", Json::array()}};
    for (const store::Evaluation& one : evaluated.back().evaluations) value["evaluations"].push_back(evaluationJson(one));
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
  CLI::App* verb = program.addVerb(kResultsGroup, "compare", "Runs side by side, relative to the first, with the settings in which they differ",
                                   [arguments](const Context& context) {
                                     if (arguments->ofMeasurements) return compareMeasurements(arguments->runs, context);
                                     if (arguments->ofEvaluations) return compareEvaluations(arguments->runs, context);
                                     return compare(arguments->runs, context);
                                   });
  verb->add_option("RUN", arguments->runs, "Numbers or names");
  CLI::Option* measurements =
      verb->add_flag("--measurements", arguments->ofMeasurements, "Instead: speed, KV memory and largest batch, as `weft measure` found them");
  verb->add_flag("--evaluations", arguments->ofEvaluations, "Instead: texts, WikiText and tasks, as `weft eval` found them")->excludes(measurements);
  verb->footer(
      "Examples:\n  weft compare MQA MQA-CLA2 H16-MQA\n  weft compare --measurements MQA MQA-CLA2\n  weft compare --evaluations MQA MQA-CLA2");
}

}  // namespace weft::cli
