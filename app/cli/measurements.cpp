#include "app/cli/measurements.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>

#include "engine/base/text.h"
#include "engine/store/measurements.h"

namespace weft::cli {

namespace {

using store::labelOf;
using store::Measurement;
using store::valueOf;

Json number(const std::optional<double>& value) { return value ? jsonNumber(*value) : Json(); }

Json withLabels(Json value, const Measurement& measurement) {
  for (const auto& [name, text] : measurement.labels) value[name] = text;
  return value;
}

std::string whole(const std::optional<double>& value) { return value ? groupDigits(std::llround(*value)) : "-"; }

// "12,345 ±120": half of the interquartile range.
std::string withSpread(const Measurement& measurement, const std::string& name, int decimals) {
  const std::optional<double> median = valueOf(measurement, name), low = valueOf(measurement, name + "_low"),
                              high = valueOf(measurement, name + "_high");
  if (!median) return "-";
  const auto text = [&](double value) {
    return decimals == 0 ? groupDigits(std::llround(value)) : fmt::format("{:.{}f}", value, decimals);
  };
  return low && high ? fmt::format("{} ±{}", text(*median), text((*high - *low) / 2)) : text(*median);
}

bool isAnything(const std::vector<MeasuredRun>& runs, bool (*isWanted)(const Measurement&)) {
  return std::any_of(runs.begin(), runs.end(), [&](const MeasuredRun& run) {
    return std::any_of(run.measurements.begin(), run.measurements.end(), isWanted);
  });
}

std::string setting(const Measurement& one) {
  return fmt::format("{}, {} cache, {}", labelOf(one, "device_name"), labelOf(one, "cache"),
                     labelOf(one, "compute_dtype"));
}

// Rows of the same batch and context stand together, so that runs are read side by side.
std::vector<std::pair<const MeasuredRun*, const Measurement*>> rowsOf(const std::vector<MeasuredRun>& runs,
                                                                      bool (*isWanted)(const Measurement&)) {
  std::vector<std::pair<const MeasuredRun*, const Measurement*>> rows;
  for (const MeasuredRun& run : runs)
    for (const Measurement& one : run.measurements)
      if (isWanted(one)) rows.emplace_back(&run, &one);
  std::stable_sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) {
    const auto key = [](const Measurement& one) {
      return std::pair(valueOf(one, "context").value_or(0), valueOf(one, "batch").value_or(0));
    };
    return key(*a.second) < key(*b.second);
  });
  return rows;
}

}  // namespace

bool isPoint(const Measurement& measurement) { return measurement.name == store::kInferenceMeasurement; }
bool isLargestBatch(const Measurement& measurement) { return measurement.name == store::kLargestBatchMeasurement; }

Json pointJson(const Measurement& measurement) {
  Json bytes = Json::object();
  for (const auto& [name, source] :
       {std::pair("analytic", "analytic"), std::pair("storage", "storage"), std::pair("allocator", "allocated"),
        std::pair("reserved", "reserved"), std::pair("device", "device")})
    bytes[name] = number(valueOf(measurement, source));
  Json value{{"batch", number(valueOf(measurement, "batch"))},
             {"context", number(valueOf(measurement, "context"))},
             {"fits", valueOf(measurement, "fits").value_or(1) != 0},
             {"kv_bytes", std::move(bytes)},
             {"prefill_tokens_per_second", number(valueOf(measurement, "prefill_tokens_per_second"))},
             {"decode_tokens_per_second", number(valueOf(measurement, "decode_tokens_per_second"))}};
  for (const auto& [name, one] : measurement.values)
    if (!value.contains(name) && name != "analytic" && name != "storage" && name != "allocated" && name != "reserved" &&
        name != "device")
      value[name] = number(one);
  return withLabels(std::move(value), measurement);
}

Json largestJson(const Measurement& measurement) {
  Json value{{"context", number(valueOf(measurement, "context"))},
             {"largest_batch", number(valueOf(measurement, "largest_batch"))},
             {"predicted_batch", number(valueOf(measurement, "predicted_batch"))}};
  for (const auto& [name, one] : measurement.values) value[name] = number(one);
  return withLabels(std::move(value), measurement);
}

std::vector<Measurement> newestMeasurements(const std::vector<Measurement>& measurements) {
  std::vector<Measurement> newest;
  const auto key = [](const Measurement& one) {
    return std::tuple(one.name, valueOf(one, "context").value_or(0), valueOf(one, "batch").value_or(0),
                      labelOf(one, "model"), setting(one), labelOf(one, "dtype"),
                      isLargestBatch(one) ? valueOf(one, "limit_bytes").value_or(0) : 0);
  };
  for (const Measurement& one : measurements) {
    if (!isPoint(one) && !isLargestBatch(one)) continue;
    const auto same =
        std::find_if(newest.begin(), newest.end(), [&](const Measurement& other) { return key(other) == key(one); });
    if (same == newest.end()) {
      newest.push_back(one);
    } else if (same->time <= one.time) {
      *same = one;
    }
  }
  std::stable_sort(newest.begin(), newest.end(),
                   [&](const Measurement& a, const Measurement& b) { return key(a) < key(b); });
  return newest;
}

std::string pointTable(const std::vector<MeasuredRun>& runs) {
  if (!isAnything(runs, isPoint)) return "";
  Table table;
  const bool hasNames = !runs.front().name.empty();
  if (hasNames) table.column("run", Table::Align::Left);
  for (const char* title : {"context", "batch", "prefill tokens/s", "decode tokens/s", "ms/step", "KV analytic",
                            "storage", "allocator", "device"})
    table.column(title);
  if (hasNames) table.column("measured on", Table::Align::Left);
  for (const auto& [run, one] : rowsOf(runs, isPoint)) {
    std::vector<std::string> cells;
    if (hasNames) cells.push_back(run->name);
    cells.push_back(whole(valueOf(*one, "context")));
    cells.push_back(whole(valueOf(*one, "batch")));
    if (valueOf(*one, "fits").value_or(1) != 0) {
      cells.push_back(withSpread(*one, "prefill_tokens_per_second", 0));
      cells.push_back(withSpread(*one, "decode_tokens_per_second", 0));
      cells.push_back(withSpread(*one, "decode_step_ms", 2));
    } else {
      cells.insert(cells.end(), {"out of memory", "-", "-"});
    }
    for (const char* name : {"analytic", "storage", "allocated", "device"}) cells.push_back(whole(valueOf(*one, name)));
    if (hasNames) cells.push_back(setting(*one));
    table.row(std::move(cells));
  }
  return table.toText();
}

std::string largestTable(const std::vector<MeasuredRun>& runs) {
  if (!isAnything(runs, isLargestBatch)) return "";
  Table table;
  const bool hasNames = !runs.front().name.empty();
  if (hasNames) table.column("run", Table::Align::Left);
  for (const char* title : {"context", "largest batch", "predicted", "peak", "limit"}) table.column(title);
  table.column("which is", Table::Align::Left);
  for (const auto& [run, one] : rowsOf(runs, isLargestBatch)) {
    std::vector<std::string> cells;
    if (hasNames) cells.push_back(run->name);
    cells.push_back(whole(valueOf(*one, "context")));
    cells.push_back((valueOf(*one, "is_bound").value_or(0) != 0 ? "at least " : "") +
                    whole(valueOf(*one, "largest_batch")));
    cells.push_back(whole(valueOf(*one, "predicted_batch")));
    cells.push_back(formatBytes(valueOf(*one, "peak_bytes").value_or(0)));
    cells.push_back(formatBytes(valueOf(*one, "limit_bytes").value_or(0)));
    cells.push_back(labelOf(*one, "limit"));
    table.row(std::move(cells));
  }
  return table.toText();
}

}  // namespace weft::cli
