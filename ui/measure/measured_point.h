// ui/measure/measured_point.h -- what was measured of runs' inference, as rows: one for a run, a batch and a context,
// the newest of each; with it the largest batch that was found at that context. No widgets, no store.
#pragma once

#include <QString>
#include <optional>
#include <vector>

#include "engine/store/run_store.h"

namespace weft::ui {

struct RunMeasurements {
  store::RunId run;
  std::string name;                              // what the run is called beside the others shown
  std::vector<store::Measurement> measurements;  // as stored
};

struct MeasuredPoint {
  store::RunId run;
  QString name;
  std::optional<std::int64_t> batch;  // nothing: only the largest batch is known at this context
  std::int64_t context = 0;
  bool fits = true;
  std::optional<double> prefill, prefillLow, prefillHigh;  // tokens per second: median and quartiles
  std::optional<double> decode, decodeLow, decodeHigh;
  std::optional<double> step_ms;
  std::optional<double> analytic, storage, allocator, device;  // bytes of KV memory
  std::optional<double> largest, predicted;
  QString setting;  // device, cache and type, date: where the numbers come from
};

// By name, context, batch.
std::vector<MeasuredPoint> measuredPoints(const std::vector<RunMeasurements>& runs);

enum class MeasureX { Context, Batch };
enum class MeasureY { Decode, Prefill, KvBytes, Largest };
QString titleOf(MeasureX x);
QString titleOf(MeasureY y);
std::optional<double> valueOf(const MeasuredPoint& point, MeasureY y);

}  // namespace weft::ui
