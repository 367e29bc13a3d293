#include "app/cli/evaluations.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <tuple>
#include <utility>

#include "engine/base/text.h"
#include "engine/store/measurements.h"

namespace weft::cli {

namespace {

using store::Evaluation;
using store::valueOf;

std::string whole(const std::optional<double>& value) { return value ? groupDigits(std::llround(*value)) : "-"; }

// "0.4286 ±0.0202": the standard error.
std::string accuracy(const Evaluation& evaluation, const std::string& name) {
  const std::optional<double> value = valueOf(evaluation, name), error = valueOf(evaluation, name + "_stderr");
  if (!value) return "-";
  return error ? fmt::format("{:.4f} ±{:.4f}", *value, *error) : fmt::format("{:.4f}", *value);
}

std::string bits(const Evaluation& evaluation) {
  const std::optional<double> value = valueOf(evaluation, "bits_per_byte");
  return value ? fmt::format("{:.4f}", *value) : "-";
}

std::string perplexity(const Evaluation& evaluation, const char* name) {
  return orDash(valueOf(evaluation, name), formatPerplexity);
}

// What a row may say, and how.
struct Column {
  const char* title;
  const char* value;  // shown where any row has it
  std::string (*text)(const Evaluation&);
};

const std::vector<Column>& columns() {
  static const std::vector<Column> all{
      {"acc", "acc", [](const Evaluation& one) { return accuracy(one, "acc"); }},
      {"acc_norm", "acc_norm", [](const Evaluation& one) { return accuracy(one, "acc_norm"); }},
      {"token ppl", "token_perplexity", [](const Evaluation& one) { return perplexity(one, "token_perplexity"); }},
      {"word ppl", "word_perplexity", [](const Evaluation& one) { return perplexity(one, "word_perplexity"); }},
      {"byte ppl", "byte_perplexity", [](const Evaluation& one) { return perplexity(one, "byte_perplexity"); }},
      {"bits/byte", "bits_per_byte", bits},
      {"items", "items", [](const Evaluation& one) { return whole(valueOf(one, "items")); }},
      {"pages", "pages", [](const Evaluation& one) { return whole(valueOf(one, "pages")); }},
      {"tokens", "tokens", [](const Evaluation& one) { return whole(valueOf(one, "tokens")); }},
      {"words", "words", [](const Evaluation& one) { return whole(valueOf(one, "words")); }},
      {"bytes", "bytes", [](const Evaluation& one) { return whole(valueOf(one, "bytes")); }},
      {"window", "window", [](const Evaluation& one) { return whole(valueOf(one, "window")); }},
      {"stride", "stride", [](const Evaluation& one) { return whole(valueOf(one, "stride")); }}};
  return all;
}

}  // namespace

Json evaluationJson(const Evaluation& evaluation) {
  Json value{{"task", evaluation.task}, {"data", evaluation.split}, {"step", evaluation.step}};
  for (const auto& [name, number] : evaluation.values) {
    const bool isWhole = number == std::floor(number) && std::abs(number) < 9e15;
    value[name] = isWhole ? Json(static_cast<std::int64_t>(number)) : Json(number);
  }
  return value;
}

std::string evaluationTable(const std::vector<EvaluatedRun>& runs) {
  std::vector<std::pair<const EvaluatedRun*, const Evaluation*>> rows;
  for (const EvaluatedRun& run : runs)
    for (const Evaluation& one : run.evaluations) rows.emplace_back(&run, &one);
  if (rows.empty()) return "";
  std::stable_sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) {
    return std::tie(a.second->task, a.second->split) < std::tie(b.second->task, b.second->split);
  });
  std::vector<const Column*> shown;
  for (const Column& column : columns()) {
    if (std::any_of(rows.begin(), rows.end(),
                    [&](const auto& row) { return valueOf(*row.second, column.value).has_value(); }))
      shown.push_back(&column);
  }
  Table table;
  table.column("task", Table::Align::Left);
  table.column("data", Table::Align::Left);
  const bool hasNames = !runs.front().name.empty();
  if (hasNames) table.column("run", Table::Align::Left);
  if (hasNames) table.column("step");
  for (const Column* column : shown) table.column(column->title);
  for (const auto& [run, one] : rows) {
    std::vector<std::string> cells{one->task, one->split};
    if (hasNames) cells.insert(cells.end(), {run->name, groupDigits(one->step)});
    for (const Column* column : shown) cells.push_back(column->text(*one));
    table.row(std::move(cells));
  }
  return table.toText();
}

}  // namespace weft::cli
