#include "engine/nn/attention.h"

#include <ATen/ops/scaled_dot_product_attention.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <stdexcept>

#include "engine/kernels/block_attention.h"
#include "engine/kernels/dispatch.h"

namespace weft::nn {

namespace {

// mask_TS, true where the query sees the key; undefined when every query sees every key.
torch::Tensor visibleKeys(const torch::Tensor& q_BHTD, std::int64_t keys, const Visibility& visibility) {
  const auto options = torch::TensorOptions().dtype(torch::kLong).device(q_BHTD.device());
  const torch::Tensor queries =
      torch::arange(visibility.firstQuery, visibility.firstQuery + q_BHTD.size(2), options).unsqueeze(1);
  const torch::Tensor positions =
      (visibility.keyPositions_S.defined() ? visibility.keyPositions_S : torch::arange(keys, options)).unsqueeze(0);
  torch::Tensor mask = positions.le(queries);
  if (visibility.window) mask = mask.logical_and(queries.sub(positions).lt(*visibility.window));
  return mask;
}

// Heads of K or V repeated for every query head of the group: [B, G, S, D] -> [B, H, S, D].
torch::Tensor forQueryHeads(const torch::Tensor& x_BGSD, std::int64_t queryHeads) {
  const std::int64_t groups = x_BGSD.size(1);
  if (groups == queryHeads) return x_BGSD;
  return x_BGSD.unsqueeze(2)
      .expand({-1, -1, queryHeads / groups, -1, -1})
      .reshape({x_BGSD.size(0), queryHeads, x_BGSD.size(2), x_BGSD.size(3)});
}

enum class BlindRows { None, Possible };

// softmax(q k^T) v written out, in groups: the query heads of one KV head stand in the rows of one matrix, so K and V
// are never repeated. Rows of the mask without a key give zeros if `blindRows` says that there may be some: the softmax
// of such a row is NaN, and so is its gradient, but both are replaced on their way by the two fills.
torch::Tensor explicitAttention(const torch::Tensor& q_BHTD, const torch::Tensor& k_BGSD, const torch::Tensor& v_BGSD,
                                const torch::Tensor& mask_TS, BlindRows blindRows, torch::Tensor* probabilities) {
  const std::int64_t batch = q_BHTD.size(0), heads = q_BHTD.size(1), tokens = q_BHTD.size(2), width = q_BHTD.size(3),
                     keys = k_BGSD.size(2);
  const std::int64_t keyGroups = k_BGSD.size(1), valueGroups = v_BGSD.size(1);
  const torch::Tensor scaled = q_BHTD * (1.0 / std::sqrt(static_cast<double>(width)));
  torch::Tensor scores =
      torch::matmul(scaled.reshape({batch, keyGroups, heads / keyGroups * tokens, width}), k_BGSD.transpose(2, 3));
  scores = scores.view({batch, heads, tokens, keys});
  if (mask_TS.defined()) scores = scores.masked_fill(mask_TS.logical_not(), -std::numeric_limits<double>::infinity());
  torch::Tensor weights =
      torch::softmax(scores, -1, kernels::accumulateType(scores.scalar_type())).to(q_BHTD.scalar_type());
  if (mask_TS.defined() && blindRows == BlindRows::Possible) weights = weights.masked_fill(mask_TS.logical_not(), 0.0);
  if (probabilities) *probabilities = weights;
  const torch::Tensor out =
      torch::matmul(weights.reshape({batch, valueGroups, heads / valueGroups * tokens, keys}), v_BGSD);
  return out.view({batch, heads, tokens, width});
}

// Without a tape, all queries over all keys: in blocks, with memory linear in the tokens.
torch::Tensor blockAttention(const torch::Tensor& q_BHTD, const torch::Tensor& k_BGSD, const torch::Tensor& v_BGSD,
                             std::optional<std::int64_t> window) {
  const auto byToken = [](const torch::Tensor& x_BHTD) {
    const torch::Tensor x_BTHD = x_BHTD.transpose(1, 2);
    return x_BTHD.stride(3) == 1 ? x_BTHD : x_BTHD.contiguous();
  };
  const sharing::AttentionSizes sizes{.batch = q_BHTD.size(0),
                                      .sequence = q_BHTD.size(2),
                                      .queryHeads = static_cast<int>(q_BHTD.size(1)),
                                      .keyHeads = static_cast<int>(k_BGSD.size(1)),
                                      .valueHeads = static_cast<int>(v_BGSD.size(1)),
                                      .headWidth = static_cast<int>(q_BHTD.size(3)),
                                      .window = window};
  const auto sums = q_BHTD.options().dtype(kernels::accumulateType(q_BHTD.scalar_type()));
  torch::Tensor out_BTHD =
                    torch::empty({sizes.batch, sizes.sequence, sizes.queryHeads, sizes.headWidth}, q_BHTD.options()),
                logSums_BHT = torch::empty({sizes.batch, sizes.queryHeads, sizes.sequence}, sums);
  kernels::BlockAttention(sizes, torch::empty({sharing::attentionBlocks(sizes).forward()}, sums))
      .forward({byToken(q_BHTD), byToken(k_BGSD), byToken(v_BGSD)}, out_BTHD, logSums_BHT);
  return out_BTHD.transpose(1, 2);
}

void check(const torch::Tensor& q, const torch::Tensor& k, const torch::Tensor& v) {
  const bool fits = q.dim() == 4 && k.dim() == 4 && v.dim() == 4 && k.size(0) == q.size(0) && v.size(0) == q.size(0) &&
                    k.size(2) == v.size(2) && k.size(3) == q.size(3) && v.size(3) == q.size(3) && k.size(1) > 0 &&
                    v.size(1) > 0 && q.size(1) % k.size(1) == 0 && q.size(1) % v.size(1) == 0;
  if (!fits) {
    throw std::invalid_argument(fmt::format("attention: q {}, k {} and v {} do not fit", kernels::shapeText(q),
                                            kernels::shapeText(k), kernels::shapeText(v)));
  }
}

torch::Tensor attentionToSeen(const torch::Tensor& q_BHTD, const torch::Tensor& k_BGSD, const torch::Tensor& v_BGSD,
                              const Visibility& visibility, BlindRows blindRows, torch::Tensor* probabilities) {
  const std::int64_t tokens = q_BHTD.size(2), keys = k_BGSD.size(2);
  const bool keysInOrder = !visibility.keyPositions_S.defined();
  const bool windowReaches = visibility.window && *visibility.window < visibility.firstQuery + tokens;
  const bool isSquareCausal = keysInOrder && visibility.firstQuery == 0 && tokens == keys && !windowReaches;
  const bool seesAll = keysInOrder && tokens == 1 && keys == visibility.firstQuery + 1 && !windowReaches;
  const bool isFused =
      q_BHTD.is_cuda() && !probabilities && q_BHTD.scalar_type() == torch::kBFloat16 && (isSquareCausal || seesAll);
  if (isFused) {
    // cuDNN or flash; is_causal and no mask keep it there (a mask falls back to slow kernels, and cuDNN's backward with
    // one has a known NaN).
    const std::int64_t heads = q_BHTD.size(1);
    const bool sameGroups = k_BGSD.size(1) == v_BGSD.size(1);
    return at::scaled_dot_product_attention(q_BHTD, sameGroups ? k_BGSD : forQueryHeads(k_BGSD, heads),
                                            sameGroups ? v_BGSD : forQueryHeads(v_BGSD, heads), {}, 0.0,
                                            isSquareCausal && tokens > 1, {}, sameGroups && k_BGSD.size(1) != heads);
  }
  const bool isWhole = keysInOrder && visibility.firstQuery == 0 && tokens == keys && tokens > 1;
  if (isWhole && q_BHTD.is_cpu() && !probabilities && !c10::GradMode::is_enabled())
    return blockAttention(q_BHTD, k_BGSD, v_BGSD, visibility.window);
  const torch::Tensor mask = seesAll ? torch::Tensor() : visibleKeys(q_BHTD, keys, visibility);
  return explicitAttention(q_BHTD, k_BGSD, v_BGSD, mask, blindRows, probabilities);
}

// A query at q that sees p < q is one at q - 1 that sees p <= q - 1, within a window that is one shorter.
torch::Tensor attentionToEarlier(const torch::Tensor& q_BHTD, const torch::Tensor& k_BGSD, const torch::Tensor& v_BGSD,
                                 const Visibility& visibility, torch::Tensor* probabilities) {
  const std::int64_t tokens = q_BHTD.size(2), keys = k_BGSD.size(2);
  Visibility shifted{.firstQuery = visibility.firstQuery - 1, .keyPositions_S = visibility.keyPositions_S};
  if (visibility.window) shifted.window = *visibility.window - 1;
  // The query at position 0 sees nothing; without it and the newest key the rest is plain causal attention, which keeps
  // the fast path.
  const bool fromStart = visibility.firstQuery == 0;
  if ((visibility.window && *visibility.window <= 1) || (fromStart && tokens == 1)) {
    if (probabilities) *probabilities = torch::zeros({q_BHTD.size(0), q_BHTD.size(1), tokens, keys}, q_BHTD.options());
    return torch::zeros_like(q_BHTD);
  }
  if (!fromStart) return attentionToSeen(q_BHTD, k_BGSD, v_BGSD, shifted, BlindRows::Possible, probabilities);
  shifted.firstQuery = 0;
  const torch::Tensor read = attentionToSeen(q_BHTD.narrow(2, 1, tokens - 1), k_BGSD.narrow(2, 0, keys - 1),
                                             v_BGSD.narrow(2, 0, keys - 1), shifted, BlindRows::None, probabilities);
  if (probabilities) *probabilities = at::constant_pad_nd(*probabilities, {0, 1, 1, 0});
  return at::constant_pad_nd(read, {0, 0, 1, 0});
}

}  // namespace

torch::Tensor attention(const torch::Tensor& q_BHTD, const torch::Tensor& k_BGSD, const torch::Tensor& v_BGSD,
                        const Visibility& visibility, torch::Tensor* probabilities) {
  check(q_BHTD, k_BGSD, v_BGSD);
  return visibility.seesItself ? attentionToSeen(q_BHTD, k_BGSD, v_BGSD, visibility, BlindRows::None, probabilities)
                               : attentionToEarlier(q_BHTD, k_BGSD, v_BGSD, visibility, probabilities);
}

}  // namespace weft::nn
