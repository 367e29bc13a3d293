// engine/nn/decoder.h -- the decoder-only transformer with cross-layer KV sharing.
// B batch, T tokens, V vocabulary, d hidden, f feed-forward, H query heads, G KV heads, D head width.
//   x = embed(ids); per layer l:
//     producer: n = rmsNorm(x, kvNorm_l); K_l = rope(n Wk_l), V_l = n Wv_l
//       (block input, own KV norm; arXiv 2405.12981 sec. 3.1 and code)
//       and, as in Qwen2, + a bias behind Wq, Wk, Wv; as in Qwen3, an rmsNorm over each head of queries and keys in
//       front of rope
//     x += attention(rope(rmsNorm(x, queryNorm_l) Wq_l), K_source(l), V_source(l)) Wo_l
//     x += (silu(m Wgate_l) * (m Wup_l)) Wdown_l,  m = rmsNorm(x, mlpNorm_l)
//   logits = rmsNorm(x, finalNorm) head^T (the embedding if tied)
// With the identity map and the KV norm tied it is Llama, Qwen2 or Qwen3. Numerics throw; see each function.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/kernels/rope_scaling.h"
#include "engine/nn/decoder_layer.h"
#include "engine/nn/kv_cache.h"
#include "engine/sharing/cost_model.h"
#include "engine/sharing/sharing_map.h"

namespace weft::nn {

struct DecoderSpec {
  sharing::ModelShape shape;  // vocabulary resolved
  sharing::SharingMap map = sharing::SharingMap::identity(1);
  double normEpsilon = 1e-5;
  double ropeTheta = 10000;
  kernels::RopeScaling ropeScaling;
  double initStd = 0.02;
  bool scaledInit = true;
};

struct NamedParameter {
  std::string name;     // "layers.3.attention.query.weight": the checkpoint's key
  torch::Tensor value;  // leaf, requires grad; float32 (float64 in tests)
  bool decays = true;   // weight decay applies: matrices, not norms
};

class Decoder {
 public:
  // Parameters in `parameterType` on `device`, drawn from a generator of its own seeded with `seed` (the same numbers
  // on every device); without a seed the matrices are memory as it was, for a caller that fills them. InvalidInput for
  // a shape that does not fit, a map that cannot be trained yet (sharing/trainable.h), and fewer than 1 backward pass.
  [[nodiscard]] static Result<std::unique_ptr<Decoder>> create(const DecoderSpec& spec,
                                                               std::optional<std::uint64_t> seed, torch::Device device,
                                                               torch::ScalarType parameterType = torch::kFloat);

  const DecoderSpec& spec() const { return m_spec; }
  torch::Device device() const;
  // Activations' type: float32 by default; bfloat16 casts weights at use, so gradients accumulate in the parameters'
  // type.
  void setComputeType(torch::ScalarType type) { m_computeType = type; }
  torch::ScalarType computeType() const { return m_computeType; }

  // ids_BT int64. Without a cache: causal over T, positions 0..T-1. With one: the T tokens are appended at length(),
  // prefill and decode alike. Dynamic RoPE scaling beyond its original context turns by the tokens seen so far: a pass
  // without a cache by its T, one with a cache its own queries and keys by length() + T, and keys that the cache holds
  // rotated stay as they were. So it is in Hugging Face's models; there alone a prompt in one pass and in several
  // differ. (Theirs also keep the longest sequence ever seen until a short one comes; nothing is kept here.) A pass
  // through a cache is never recorded for backward. A map with upward reads goes through several passes, see
  // decoder_pass.h. Returns the hidden state after the final norm, [B, T, d].
  torch::Tensor hidden(const torch::Tensor& ids_BT, KvCache* cache = nullptr);
  // hidden x head^T: [.., V], in the compute type.
  torch::Tensor project(const torch::Tensor& hidden);
  torch::Tensor logits(const torch::Tensor& ids_BT, KvCache* cache = nullptr) { return project(hidden(ids_BT, cache)); }
  // Mean cross-entropy in nats, float32 accumulation; targets < 0 are ignored.
  torch::Tensor loss(const torch::Tensor& ids_BT, const torch::Tensor& targets_BT, KvCache* cache = nullptr);

  std::vector<NamedParameter>& parameters() { return m_parameters; }
  const std::vector<NamedParameter>& parameters() const { return m_parameters; }
  std::int64_t parameterCount() const;
  // Of RoPE, for a pass over positions up to `sequence` - 1; on the decoder's device.
  kernels::RopeFrequencies frequencies(std::int64_t sequence) const;
  // One slot per producer, in layer order.
  CacheSpec cacheSpec(std::int64_t batch, std::int64_t capacity) const;

 private:
  explicit Decoder(DecoderSpec spec);
  DecoderSpec m_spec;
  std::vector<NamedParameter> m_parameters;
  std::vector<DecoderLayer> m_layers;
  torch::Tensor m_embedding_Vd, m_head_Vd, m_finalNorm_d;
  kernels::RopeFrequencies m_frequencies;  // within the original context
  torch::ScalarType m_computeType = torch::kFloat;
  std::vector<int> m_slotOfLayer;
};

}  // namespace weft::nn
