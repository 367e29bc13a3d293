// engine/service/measure.h -- speed and KV memory of a checkpoint over a grid of batch and context, or its largest
// batches: what `weft measure` and the studio's Measure page do. A direct job of a worker of its own; what it measures
// is kept with the run as it comes.
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/protocol/events.h"
#include "engine/store/run_store.h"

namespace weft::service {

struct MeasureRequest {
  std::filesystem::path model;            // a checkpoint's folder
  std::vector<std::int64_t> batches{1};   // sequences
  std::vector<std::int64_t> contexts{0};  // tokens per sequence; 0: the training length
  std::int64_t rounds = 5;
  bool wantsLargest = false;           // instead: the largest batch that fits each context
  double memory_GiB = 0;               // what all may take; 0: what is free
  std::string device{}, dtype{};       // "" = auto
  std::optional<std::string> cache{};  // nullopt: the one that the model's own run used; "" dense
};

// Where measurements are kept.
struct MeasuredRun {
  store::RunStore* store = nullptr;
  store::RunId run;
};

// What was measured, in order. InvalidInput before a worker starts; else as runDirectJob: Canceled when `isCanceled`
// was set by another thread. What was measured before a failure is kept. A store that cannot keep it is an error, too,
// when all is done.
[[nodiscard]] Result<std::vector<store::Measurement>> measureModel(
    const MeasureRequest& request, const std::optional<MeasuredRun>& keep,
    const std::function<void(const protocol::Event&)>& onEvent = {}, const std::atomic<bool>* isCanceled = nullptr);

}  // namespace weft::service
