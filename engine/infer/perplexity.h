// engine/infer/perplexity.h -- negative log-likelihood of held-out tokens, with or without a KV cache between layers.
// B sequences, T tokens, N scored tokens.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "engine/nn/cache_factory.h"
#include "engine/nn/decoder.h"

namespace weft::infer {

struct PerplexityOptions {
  std::int64_t window = 128;  // context length T
  // A window begins every `stride` tokens and scores only the tokens that no earlier window has scored; 0 = window, so
  // that windows do not overlap.
  std::int64_t stride = 0;
  std::int64_t tokens = 0;  // scored at most; 0 = all
  std::int64_t batch = 8;
  // Given: every window goes through a fresh cache that it makes, so that K and V are read back as that cache keeps
  // them (rounded, quantised). nullptr: attention over K and V as they were produced, without a cache.
  const nn::CacheFactory* caches = nullptr;
};

struct Perplexity {
  double loss_nats = 0;     // mean over the scored tokens, float64 sum
  double perplexity = 0;    // exp(loss)
  std::int64_t tokens = 0;  // scored
};

// Counts of the same text in other units turn nats per token into the other perplexities:
//   bits per byte   = nats tokens / (bytes ln 2)
//   word perplexity = exp(nats tokens / words)
//   byte perplexity = exp(nats tokens / bytes)
struct TextMeasures {
  double bitsPerByte = 0, wordPerplexity = 0, bytePerplexity = 0;
};
TextMeasures textMeasures(double totalNats, std::int64_t bytes, std::int64_t words);

// ids [n]: token i is scored from what its window holds before it; the first token of all is not scored. Throws
// std::invalid_argument for fewer than 2 tokens or a stride above the window. `onProgress` gets 0..1; it may throw to
// cancel.
Perplexity perplexity(nn::Decoder& decoder, const std::vector<std::int64_t>& ids, const PerplexityOptions& options,
                      const std::function<void(double)>& onProgress = {});

}  // namespace weft::infer
