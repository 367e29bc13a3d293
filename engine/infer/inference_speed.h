// engine/infer/inference_speed.h -- a model's inference on this device: speed and KV memory over a grid of batch x
// context, and the largest batch that really fits a context. What does not fit is an answer, not a failure:
// c10::OutOfMemoryError is caught here and nowhere else below the worker, the memory is given back, and that it came
// back is checked before the next try.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/device/memory_limit.h"
#include "engine/infer/kv_memory.h"
#include "engine/infer/spread.h"

namespace weft::infer {

struct SpeedPoint {
  std::int64_t batch = 0, context = 0;
  bool fits = false;
  std::string refusal;  // what the allocator said, if it does not fit
  KvMemory memory;      // the rest: only if it fits
  Spread prefillTokensPerSecond, decodeTokensPerSecond, decodeStep_ms;
};

struct SpeedRequest {
  std::int64_t batch = 1, context = 128;
  std::int64_t rounds = 5, decodeSteps = 16;
  std::function<void(double)> onProgress;  // 0..1; may throw to cancel
};

// One cell of the grid. Throws std::invalid_argument as measureKvMemory does, std::runtime_error if memory was lost on
// the way.
SpeedPoint measureSpeed(nn::Decoder& decoder, const nn::CacheFactory& caches, const SpeedRequest& request,
                        const device::AllocationBudget& budget);

struct LargestBatch {
  std::int64_t batch = 0;  // 0: not even one sequence fits
  std::int64_t peak = 0;   // bytes beside the weights that were alive at once at that batch
  std::int64_t tries = 0;
  bool isBound = false;  // `most` fits: there is no larger one to be found
};

struct LargestBatchRequest {
  std::int64_t context = 2048;
  std::int64_t prefill = 16;  // tokens per sequence that go through the model at once, as in serving with chunks
  std::int64_t most = std::int64_t{1} << 20;
  std::function<void(std::int64_t batch, bool fits)> onTry;  // after each; may throw to cancel
};

// Doubles the batch until it does not fit, then bisects. A batch fits if its cache for `context` tokens per sequence
// can be made and every byte of it written, `prefill` tokens of each sequence go through the model, and one decode step
// at the last position reads it all. The tokens between are stored as zeros: they cost the memory that real ones cost,
// and none of the time.
LargestBatch findLargestBatch(nn::Decoder& decoder, const nn::CacheFactory& caches, const LargestBatchRequest& request,
                              device::AllocationBudget& budget);

}  // namespace weft::infer
