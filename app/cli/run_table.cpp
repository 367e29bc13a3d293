#include "app/cli/run_table.h"

#include <fmt/format.h>

#include <cmath>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "engine/store/run_fields.h"
#include "engine/store/run_labels.h"

namespace weft::cli {

namespace {

std::string bytes(double value) { return groupDigits(std::llround(value)); }
std::string rate(double value) { return groupDigits(std::llround(value)); }

}  // namespace

Json runJson(const store::RunSummary& run) { return store::runToJson(run); }

Json runsJson(const std::vector<store::RunSummary>& runs) {
  Json list = Json::array();
  for (const store::RunSummary& run : runs) list.push_back(runJson(run));
  return list;
}

std::string mapName(const store::RunSummary& run) {
  constexpr std::size_t kWidest = 28;
  if (!run.generator.empty()) return run.generator;
  if (run.map.size() <= kWidest) return run.map;
  return run.map.substr(0, kWidest - 10) + "…" + run.map.substr(run.map.size() - 9);
}

std::string stateName(const store::RunSummary& run) {
  const std::string name = store::toString(run.state);
  return store::isActive(run.state) ? fmt::format("{} {:.0f}%", name, 100 * run.progress) : name;
}

std::string runTable(const std::vector<store::RunSummary>& runs) {
  Table table;
  table.column("id");
  table.column("name", Table::Align::Left);
  table.column("state", Table::Align::Left);
  table.column("map", Table::Align::Left);
  table.column("parameters");
  table.column("KV B/token");
  table.column("in", Table::Align::Left);
  table.column("perplexity");
  table.column("tokens/s");
  table.column("step");
  const std::vector<std::string> labels = store::runLabels(runs);
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const store::RunSummary& run = runs[i];
    table.row({std::to_string(run.id.value), labels[i], stateName(run), mapName(run),
               formatCount(static_cast<double>(run.parameters)), bytes(run.kvBytesPerToken), run.kvType,
               orDash(run.perplexity, formatPerplexity), orDash(run.tokensPerSecond, rate),
               fmt::format("{}/{}", run.step, run.steps)});
  }
  return table.toText();
}

std::string resultTable(const std::vector<store::RunSummary>& runs) {
  Table table;
  table.column("run", Table::Align::Left);
  table.column("map", Table::Align::Left);
  table.column("cache", Table::Align::Left);
  table.column("perplexity");
  table.column("KV B/token");
  table.column("measured");
  table.column("in", Table::Align::Left);
  table.column("parameters");
  table.column("tokens/s");
  const std::vector<std::string> labels = store::runLabels(runs);
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const store::RunSummary& run = runs[i];
    table.row({labels[i], mapName(run), run.cache.empty() ? "dense" : run.cache,
               orDash(run.perplexity, formatPerplexity), bytes(run.kvBytesPerToken),
               orDash(run.kvBytesPerTokenMeasured, bytes), run.kvType, groupDigits(run.parameters),
               orDash(run.tokensPerSecond, rate)});
  }
  return table.toText();
}

}  // namespace weft::cli
