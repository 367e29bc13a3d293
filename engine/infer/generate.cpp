#include "engine/infer/generate.h"

#include <ATen/CPUGeneratorImpl.h>
#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <tuple>

#include "engine/nn/dense_kv_cache.h"

namespace weft::infer {

namespace {

// The next token from the logits of the last position. Drawn on the CPU from a generator of its own: a seed means the
// same text on every device.
std::int64_t pick(const torch::Tensor& logits_V, const GenerateOptions& options, const torch::Generator& generator) {
  // argmax and multinomial would take NaN for the likeliest, or say so in words of their own.
  if (logits_V.isnan().any().item<bool>())
    throw std::runtime_error("generate: the model gives NaN where the next token's logits should be");
  if (options.temperature <= 0) return logits_V.argmax().item<std::int64_t>();
  torch::Tensor scores = logits_V.to(torch::kCPU, torch::kFloat) / options.temperature, ids;
  if (options.topK > 0 && options.topK < scores.size(0)) std::tie(scores, ids) = scores.topk(options.topK);
  const std::int64_t drawn = torch::multinomial(torch::softmax(scores, 0), 1, false, generator).item<std::int64_t>();
  return ids.defined() ? ids[drawn].item<std::int64_t>() : drawn;
}

}  // namespace

Generated generate(nn::Decoder& decoder, const nn::CacheFactory& caches, const std::vector<std::int64_t>& prompt,
                   const GenerateOptions& options, const std::function<void(std::int64_t)>& onToken) {
  if (prompt.empty()) throw std::invalid_argument("generate: the prompt is empty; it must have at least one token");
  const std::int64_t vocabulary = decoder.spec().shape.vocabulary;
  for (const std::int64_t id : prompt) {
    if (id < 0 || id >= vocabulary)
      throw std::invalid_argument(
          fmt::format("generate: the prompt's id {} is outside the vocabulary of {}", id, vocabulary));
  }
  const torch::NoGradGuard noGrad;
  const torch::Generator generator = at::detail::createCPUGenerator(options.seed);
  const auto size = static_cast<std::int64_t>(prompt.size());
  // The last token is never fed back, so it needs no place.
  const std::unique_ptr<nn::KvCache> cache =
      caches.make(decoder.cacheSpec(1, size + std::max<std::int64_t>(options.tokens, 1) - 1));
  Generated result;
  torch::Tensor ids_BT = torch::tensor(prompt, torch::kLong).unsqueeze(0);
  for (std::int64_t made = 0; made < options.tokens; ++made) {
    const torch::Tensor hidden = decoder.hidden(ids_BT.to(decoder.device()), cache.get());
    const std::int64_t next = pick(decoder.project(hidden.select(1, -1)).squeeze(0), options, generator);
    result.ids.push_back(next);
    if (onToken) onToken(next);
    if (std::find(options.stopTokens.begin(), options.stopTokens.end(), next) != options.stopTokens.end()) break;
    ids_BT = torch::full({1, 1}, next, torch::kLong);
  }
  result.kvBytes = nn::uniqueStorageBytes(cache->tensors());
  return result;
}

}  // namespace weft::infer
