// app/cli/measurements.h -- measurements of inference ("inference", "largest_batch") as JSON and as tables, the same
// for measure and compare.
#pragma once

#include <vector>

#include "app/cli/output.h"
#include "engine/store/run_store.h"

namespace weft::cli {

struct MeasuredRun {
  std::string name;  // "" where there is only one
  std::vector<store::Measurement> measurements;
};

// batch, context, fits, kv_bytes {analytic, storage, allocator, reserved, device}, prefill_tokens_per_second,
// decode_tokens_per_second, ...
Json pointJson(const store::Measurement& measurement);
// context, largest_batch, predicted_batch, limit_bytes, ...
Json largestJson(const store::Measurement& measurement);
bool isPoint(const store::Measurement& measurement);
bool isLargestBatch(const store::Measurement& measurement);

// Of those that differ in nothing but their time, the newest; by context, then batch.
std::vector<store::Measurement> newestMeasurements(const std::vector<store::Measurement>& measurements);
// "" where there is nothing of the kind.
std::string pointTable(const std::vector<MeasuredRun>& runs);
std::string largestTable(const std::vector<MeasuredRun>& runs);

}  // namespace weft::cli
