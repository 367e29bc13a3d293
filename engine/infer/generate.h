// engine/infer/generate.h -- greedy and sampled continuation with a cache of one slot per producer.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "engine/nn/cache_factory.h"
#include "engine/nn/decoder.h"

namespace weft::infer {

struct GenerateOptions {
  std::int64_t tokens = 64;
  double temperature = 0;  // 0: the most probable token
  std::int64_t topK = 0;   // 0: all
  std::uint64_t seed = 1;
  std::vector<std::int64_t> stopTokens;  // any of them ends the text
};
struct Generated {
  std::vector<std::int64_t> ids;  // the prompt is not repeated
  std::int64_t kvBytes = 0;       // unique storage of the cache
};
// One sequence. `onToken` is called for each new token (may be empty). Throws for an empty prompt, an id outside the
// vocabulary, and a model whose logits are NaN.
Generated generate(nn::Decoder& decoder, const nn::CacheFactory& caches, const std::vector<std::int64_t>& prompt,
                   const GenerateOptions& options, const std::function<void(std::int64_t)>& onToken = {});

}  // namespace weft::infer
