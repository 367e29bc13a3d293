#include "app/cli/comparisons.h"

#include <fmt/format.h>

#include <cmath>

#include "app/cli/run_table.h"
#include "engine/base/text.h"
#include "engine/service/resolved_run.h"

namespace weft::cli {

namespace {

using service::RunGroup;

Json number(const std::optional<double>& value) { return value && std::isfinite(*value) ? Json(*value) : Json(); }

std::optional<double> meanSpeed(const RunGroup& group) {
  std::vector<double> speeds;
  for (const store::RunSummary& run : group.members) {
    if (run.tokensPerSecond) speeds.push_back(*run.tokensPerSecond);
  }
  if (speeds.empty()) return std::nullopt;
  return statistics::summarize(speeds).mean;
}

std::string whole(double value) { return groupDigits(std::llround(value)); }

}  // namespace

std::string groupTable(const std::vector<RunGroup>& groups) {
  Table table;
  for (const char* title : {"configuration", "map", "cache"}) table.column(title, Table::Align::Left);
  for (const char* title : {"perplexity", "KV B/token", "measured"}) table.column(title);
  table.column("in", Table::Align::Left);
  for (const char* title : {"parameters", "tokens/s"}) table.column(title);
  for (const RunGroup& group : groups) {
    if (group.members.empty()) continue;
    const store::RunSummary& first = group.members.front();
    table.row({group.name, mapName(first), first.cache.empty() ? "dense" : first.cache,
               statistics::summaryText(service::perplexitySummary(group), formatPerplexity),
               whole(first.kvBytesPerToken), orDash(first.kvBytesPerTokenMeasured, whole), first.kvType,
               groupDigits(first.parameters), orDash(meanSpeed(group), whole)});
  }
  return table.toText();
}

std::string comparisonLines(const std::vector<statistics::Comparison>& comparisons) {
  std::string lines;
  for (const statistics::Comparison& comparison : comparisons) {
    lines += fmt::format("{}{} against {}: {}.", lines.empty() ? "" : "\n", comparison.subject.name,
                         comparison.reference.name, statistics::sentence(comparison));
  }
  return lines;
}

Json groupsJson(const std::vector<RunGroup>& groups) {
  Json list = Json::array();
  for (const RunGroup& group : groups) {
    if (group.members.empty()) continue;
    const statistics::Summary summary = service::perplexitySummary(group);
    Json seeds = Json::array(), runs = Json::array();
    for (const store::RunSummary& run : group.members) {
      seeds.push_back(run.seed);
      runs.push_back(run.id.value);
    }
    const store::RunSummary& first = group.members.front();
    list.push_back({{"name", group.name},
                    {"map", first.map},
                    {"cache", first.cache},
                    {"n", summary.n},
                    {"seeds", std::move(seeds)},
                    {"perplexity",
                     {{"mean", number(summary.mean)},
                      {"standard_deviation", number(summary.standardDeviation)},
                      {"low", summary.interval ? number(summary.interval->low) : Json()},
                      {"high", summary.interval ? number(summary.interval->high) : Json()}}},
                    {"runs", std::move(runs)}});
  }
  return list;
}

Json comparisonsJson(const std::vector<statistics::Comparison>& comparisons) {
  Json list = Json::array();
  for (const statistics::Comparison& comparison : comparisons) {
    const statistics::PairedDifference& difference = comparison.logPerplexity;
    const bool isMade = comparison.obstacle == statistics::Obstacle::None;
    // One run each: its numbers stand with the runs; a difference would be read as one.
    const bool isCompared = isMade && difference.interval;
    list.push_back({{"subject", comparison.subject.name},
                    {"reference", comparison.reference.name},
                    {"unit", difference.unit == statistics::Unit::Seeds ? "seeds" : "documents"},
                    {"n", isMade ? Json(difference.n) : Json(0)},
                    {"difference", isCompared ? number(std::expm1(difference.mean)) : Json()},
                    {"low", isCompared ? number(std::expm1(difference.interval->low)) : Json()},
                    {"high", isCompared ? number(std::expm1(difference.interval->high)) : Json()},
                    {"p", number(difference.pValue)},
                    {"p_adjusted", number(comparison.adjustedP)},
                    {"comparisons", comparison.comparisons},
                    {"is_difference", comparison.isDifference()},
                    {"sentence", statistics::sentence(comparison)}});
  }
  return list;
}

}  // namespace weft::cli
