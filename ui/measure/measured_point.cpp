#include "ui/measure/measured_point.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "engine/store/measurements.h"

namespace weft::ui {
namespace {

QString label(const store::Measurement& one, const char* name) {
  return QString::fromStdString(store::labelOf(one, name));
}

QString settingOf(const store::Measurement& one) {
  return QStringLiteral("%1, %2, %3 cache, %4")
      .arg(label(one, "device_name"), label(one, "compute_dtype"), label(one, "cache"), label(one, "date"));
}

MeasuredPoint pointOf(const RunMeasurements& run, const store::Measurement& one) {
  MeasuredPoint point{.run = run.run, .name = QString::fromStdString(run.name), .setting = settingOf(one)};
  point.batch = static_cast<std::int64_t>(store::valueOf(one, "batch").value_or(0));
  point.context = static_cast<std::int64_t>(store::valueOf(one, "context").value_or(0));
  point.fits = store::valueOf(one, "fits").value_or(1) != 0;
  point.prefill = store::valueOf(one, "prefill_tokens_per_second");
  point.prefillLow = store::valueOf(one, "prefill_tokens_per_second_low");
  point.prefillHigh = store::valueOf(one, "prefill_tokens_per_second_high");
  point.decode = store::valueOf(one, "decode_tokens_per_second");
  point.decodeLow = store::valueOf(one, "decode_tokens_per_second_low");
  point.decodeHigh = store::valueOf(one, "decode_tokens_per_second_high");
  point.step_ms = store::valueOf(one, "decode_step_ms");
  point.analytic = store::valueOf(one, "analytic");
  point.storage = store::valueOf(one, "storage");
  point.allocator = store::valueOf(one, "allocated");
  point.device = store::valueOf(one, "device");
  return point;
}

}  // namespace

std::vector<MeasuredPoint> measuredPoints(const std::vector<RunMeasurements>& runs) {
  std::vector<MeasuredPoint> points;
  for (const RunMeasurements& run : runs) {
    // Stored in the order of time: a later one takes the place of an earlier one.
    std::map<std::pair<std::int64_t, std::int64_t>, MeasuredPoint> grid;  // by context and batch
    std::map<std::int64_t, const store::Measurement*> largest;            // by context
    for (const store::Measurement& one : run.measurements) {
      if (one.name == store::kInferenceMeasurement) {
        MeasuredPoint point = pointOf(run, one);
        grid[{point.context, *point.batch}] = std::move(point);
      } else if (one.name == store::kLargestBatchMeasurement) {
        largest[static_cast<std::int64_t>(store::valueOf(one, "context").value_or(0))] = &one;
      }
    }
    for (const auto& [context, one] : largest) {
      const auto found = store::valueOf(*one, "largest_batch"), predicted = store::valueOf(*one, "predicted_batch");
      bool isShown = false;
      for (auto& [key, point] : grid) {
        if (key.first != context) continue;
        point.largest = found;
        point.predicted = predicted;
        isShown = true;
      }
      if (!isShown)
        points.push_back({.run = run.run,
                          .name = QString::fromStdString(run.name),
                          .batch = std::nullopt,
                          .context = context,
                          .largest = found,
                          .predicted = predicted,
                          .setting = settingOf(*one)});
    }
    for (auto& [key, point] : grid) points.push_back(std::move(point));
  }
  std::stable_sort(points.begin(), points.end(), [](const MeasuredPoint& a, const MeasuredPoint& b) {
    return std::tuple(a.name, a.run, a.context, a.batch.value_or(0)) <
           std::tuple(b.name, b.run, b.context, b.batch.value_or(0));
  });
  return points;
}

QString titleOf(MeasureX x) {
  return x == MeasureX::Context ? QStringLiteral("Context, tokens") : QStringLiteral("Batch, sequences");
}

QString titleOf(MeasureY y) {
  switch (y) {
    case MeasureY::Decode:
      return QStringLiteral("Decode, tokens/s");
    case MeasureY::Prefill:
      return QStringLiteral("Prefill, tokens/s");
    case MeasureY::KvBytes:
      return QStringLiteral("KV memory, bytes");
    case MeasureY::Largest:
      return QStringLiteral("Largest batch, sequences");
  }
  return {};
}

std::optional<double> valueOf(const MeasuredPoint& point, MeasureY y) {
  switch (y) {
    case MeasureY::Decode:
      return point.decode;
    case MeasureY::Prefill:
      return point.prefill;
    case MeasureY::KvBytes:
      return point.storage;
    case MeasureY::Largest:
      return point.largest;
  }
  return std::nullopt;
}

}  // namespace weft::ui
