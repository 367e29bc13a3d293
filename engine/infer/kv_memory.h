// engine/infer/kv_memory.h -- the four numbers of KV memory, side by side, and the speed of prefill and decode, for one
// batch and context.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "engine/nn/cache_factory.h"
#include "engine/nn/decoder.h"

namespace weft::infer {

struct KvMemory {
  std::int64_t batch = 0, context = 0;
  std::int64_t analytic = 0;  // the cache's own formula; for the dense cache it equals the cost model's bytesResident
  std::int64_t storage = 0;   // distinct tensor storages under the cache
  std::optional<std::int64_t> allocated, reserved;  // CUDA: what torch's allocator gained when the cache was made
  std::optional<std::int64_t>
      device;  // what the device (CPU: this process' resident set) gained until the cache was filled
  double prefillTokensPerSecond = 0, decodeTokensPerSecond = 0;  // the medians of the rounds
  std::int64_t prefilled = 0, decoded = 0;                       // tokens per sequence in one round
  std::vector<double> prefill_s, decode_s;  // of each timed round: the whole prefill, all decode steps together
  double bytesPerTokenAnalytic() const { return static_cast<double>(analytic) / static_cast<double>(batch * context); }
  double bytesPerTokenStorage() const { return static_cast<double>(storage) / static_cast<double>(batch * context); }
};

struct KvMemoryRequest {
  std::int64_t batch = 1, context = 128;
  std::int64_t decodeSteps = 16;           // clamped to context - 1
  std::int64_t rounds = 1;                 // timed ones, after one that warms up
  std::function<void(double)> onProgress;  // 0..1; may throw to cancel
};

// Makes a cache for batch x context tokens, fills it with random ids: all but the last `decodeSteps` positions as one
// prefill, these token by token; once to warm up and `rounds` times by the clock. Throws std::invalid_argument for
// batch, context or rounds below 1.
KvMemory measureKvMemory(nn::Decoder& decoder, const nn::CacheFactory& caches, const KvMemoryRequest& request);

}  // namespace weft::infer
