// engine/store/measurements.h -- what measurements are called, and lookups in what a run recorded.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/store/run_store.h"

namespace weft::store {

// Speed and KV memory at one batch and context; the largest batch at one context.
inline constexpr std::string_view kInferenceMeasurement = "inference";
inline constexpr std::string_view kLargestBatchMeasurement = "largest_batch";

// `recorded`: a Measurement or an Evaluation.
template <class Recorded>
std::optional<double> valueOf(const Recorded& recorded, const std::string& name) {
  const auto found = recorded.values.find(name);
  return found == recorded.values.end() ? std::nullopt : std::optional(found->second);
}

// "" where there is none.
inline std::string labelOf(const Measurement& measurement, const std::string& name) {
  const auto found = measurement.labels.find(name);
  return found == measurement.labels.end() ? std::string() : found->second;
}

}  // namespace weft::store
