// B batch, T tokens, S entries of a slot, H query heads, G KV heads, D head width, d hidden.
#include "engine/nn/decoder_pass.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <algorithm>

#include "engine/kernels/rms_norm.h"
#include "engine/kernels/swiglu.h"
#include "engine/nn/attention.h"

namespace weft::nn {

namespace {

torch::Tensor joined(const torch::Tensor& before_BGSD, const torch::Tensor& chunk_BGTD) {
  return before_BGSD.defined() ? torch::cat({before_BGSD, chunk_BGTD}, 2) : chunk_BGTD;
}

// The `count` entries of x from `begin` on; undefined stays undefined.
torch::Tensor entries(const torch::Tensor& x_BGSD, std::int64_t begin, std::int64_t count) {
  return begin == 0 && count == x_BGSD.size(2) ? x_BGSD : x_BGSD.narrow(2, begin, count);
}

}  // namespace

DecoderPass::DecoderPass(const DecoderSpec& spec, kernels::RopeFrequencies frequencies,
                         const std::vector<DecoderLayer>& layers, const std::vector<int>& slotOfLayer, KvCache* cache,
                         torch::ScalarType type)
    : m_spec(spec),
      m_frequencies(std::move(frequencies)),
      m_layers(layers),
      m_slotOfLayer(slotOfLayer),
      m_cache(cache),
      m_type(type),
      m_rotatesOnRead(cache && cache->keyForm() == KeyForm::BeforeRope),
      m_readable(spec.map.producers().size()) {}

torch::Tensor DecoderPass::run(torch::Tensor x_BTd) {
  m_first = m_cache ? m_cache->length(0) : 0;
  m_tokens = x_BTd.size(1);
  m_positions_T =
      torch::arange(m_first, m_first + m_tokens, torch::TensorOptions().dtype(torch::kLong).device(x_BTd.device()));
  m_table = kernels::ropeTable(m_positions_T, m_frequencies, m_type);
  const int layers = m_spec.shape.layers;
  const sharing::LayerRange repeated = sharing::repeatedLayers(m_spec.map);
  if (repeated.end == 0) return throughLayers(0, layers, std::move(x_BTd), Store::Commit);

  x_BTd = throughLayers(0, repeated.begin, std::move(x_BTd), Store::Commit);
  const std::int64_t passes =
      std::min<std::int64_t>(m_spec.shape.forwardPasses + m_spec.shape.backwardPasses, m_tokens);
  const std::int64_t recorded = std::min<std::int64_t>(m_spec.shape.backwardPasses, passes);
  for (std::int64_t pass = 0; pass < passes - 1; ++pass) {
    const c10::AutoGradMode gradMode(c10::GradMode::is_enabled() && pass >= passes - recorded);
    throughLayers(repeated.begin, repeated.end, x_BTd, Store::Keep);
  }
  x_BTd = throughLayers(repeated.begin, repeated.end, std::move(x_BTd), Store::Commit);
  return throughLayers(repeated.end, layers, std::move(x_BTd), Store::Commit);
}

torch::Tensor DecoderPass::throughLayers(int begin, int end, torch::Tensor x_BTd, Store store) {
  const double epsilon = m_spec.normEpsilon;
  const std::int64_t width = std::int64_t{m_spec.shape.queryHeads} * m_spec.shape.headWidth;
  for (int index = begin; index < end; ++index) {
    const DecoderLayer& layer = m_layers[static_cast<std::size_t>(index)];
    const torch::Tensor queryInput_BTd = kernels::rmsNorm(x_BTd, layer.queryNorm_d, epsilon);
    if (m_spec.map.isProducer(index)) produce(index, x_BTd, queryInput_BTd, store);
    const torch::Tensor q_BHTD =
        kernels::rope(headsOf(queryInput_BTd, layer.query, layer.queryBias, layer.queryHeadNorm_D), m_table);
    const torch::Tensor joined_BTd =
        attend(index, q_BHTD, store).transpose(1, 2).reshape({x_BTd.size(0), m_tokens, width});
    x_BTd = x_BTd + matmulT(joined_BTd, layer.output);
    const torch::Tensor mlpInput = kernels::rmsNorm(x_BTd, layer.mlpNorm_d, epsilon);
    x_BTd = x_BTd + matmulT(kernels::swiglu(matmulT(mlpInput, layer.gateUp)), layer.down);
  }
  return x_BTd;
}

torch::Tensor DecoderPass::headsOf(const torch::Tensor& x_BTd, const torch::Tensor& weight, const torch::Tensor& bias,
                                   const torch::Tensor& headNorm_D) const {
  torch::Tensor x = matmulT(x_BTd, weight);
  if (bias.defined()) x = x + bias.to(x.scalar_type());
  x = x.view({x.size(0), x.size(1), weight.size(0) / m_spec.shape.headWidth, m_spec.shape.headWidth});
  if (headNorm_D.defined()) x = kernels::rmsNorm(x, headNorm_D, m_spec.normEpsilon);
  return x.transpose(1, 2);
}

void DecoderPass::produce(int index, const torch::Tensor& x_BTd, const torch::Tensor& queryInput_BTd, Store store) {
  const DecoderLayer& layer = m_layers[static_cast<std::size_t>(index)];
  const int slot = m_slotOfLayer[static_cast<std::size_t>(index)];
  const torch::Tensor input_BTd =
      layer.kvNorm_d.defined() ? kernels::rmsNorm(x_BTd, layer.kvNorm_d, m_spec.normEpsilon) : queryInput_BTd;
  const bool commits = m_cache && store == Store::Commit;
  SlotView made{.k_BGSD = {}, .v_BGSD = {}, .positions_S = m_positions_T};
  if (layer.key.defined()) {
    made.k_BGSD = headsOf(input_BTd, layer.key, layer.keyBias, layer.keyHeadNorm_D);
    if (!commits || !m_rotatesOnRead) made.k_BGSD = kernels::rope(made.k_BGSD, m_table);
  }
  if (layer.value.defined()) made.v_BGSD = headsOf(input_BTd, layer.value, layer.valueBias, {});

  Readable& readable = m_readable[static_cast<std::size_t>(slot)];
  if (commits) {
    readable = {rotatedOnRead(inComputeType(m_cache->append(slot, made.k_BGSD, made.v_BGSD))), true};
    const std::int64_t size = readable.view.positions_S.size(0);
    for (const Watched& watched : m_watched) {
      if (watched.slot == slot) observe(slot, size, watched.probabilities_BHTS);
    }
    return;
  }
  if (m_first > 0) {
    const SlotView before = rotatedOnRead(inComputeType(m_cache->read(slot)));
    if (made.k_BGSD.defined()) made.k_BGSD = joined(before.k_BGSD, made.k_BGSD);
    if (made.v_BGSD.defined()) made.v_BGSD = joined(before.v_BGSD, made.v_BGSD);
    made.positions_S = torch::cat({before.positions_S, m_positions_T});
  }
  readable = {std::move(made), true};
}

// What `slot` offers now: what its producer last made in this chunk, else what the cache has.
DecoderPass::Readable DecoderPass::readable(int slot) {
  Readable& known = m_readable[static_cast<std::size_t>(slot)];
  if (!known.view.positions_S.defined() && m_first > 0)
    known = {rotatedOnRead(inComputeType(m_cache->read(slot))), false};
  return known;
}

torch::Tensor DecoderPass::attend(int index, const torch::Tensor& q_BHTD, Store store) {
  const sharing::LayerSharing& sources = m_spec.map.layer(index);
  const int keySlot = m_slotOfLayer[static_cast<std::size_t>(sources.kSource)],
            valueSlot = m_slotOfLayer[static_cast<std::size_t>(sources.vSource)];
  const Readable keys = readable(keySlot), values = readable(valueSlot);
  if (!keys.view.positions_S.defined() || !values.view.positions_S.defined())
    return torch::zeros_like(q_BHTD);  // nothing is known above yet
  const bool isUpward = m_spec.map.readsUpward(index);
  torch::Tensor k_BGSD = keys.view.k_BGSD, v_BGSD = values.view.v_BGSD, positions_S = keys.view.positions_S;
  const std::int64_t keyCount = k_BGSD.size(2);
  if (keySlot != valueSlot) {
    // K and V of different slots may reach differently far: back (a window on one of them), or into the chunk (one not
    // made yet). Both are cut to what both have.
    const bool hasChunk = keys.hasChunk && values.hasChunk;
    const std::int64_t keyEnd = keyCount - (keys.hasChunk && !hasChunk ? m_tokens : 0);
    const std::int64_t valueEnd = v_BGSD.size(2) - (values.hasChunk && !hasChunk ? m_tokens : 0);
    const std::int64_t common = std::min(keyEnd, valueEnd);
    if (common == 0) return torch::zeros_like(q_BHTD);
    k_BGSD = entries(k_BGSD, keyEnd - common, common);
    v_BGSD = entries(v_BGSD, valueEnd - common, common);
    positions_S = positions_S.narrow(0, keyEnd - common, common);
  }
  Visibility visibility{
      .firstQuery = m_first, .window = m_spec.map.windowOf(index, m_spec.shape.window), .seesItself = !isUpward};
  // Entries 0 .. first+T-1 (or first-1) in order need no positions, and keep the fast path.
  const std::int64_t expected = m_first + (keys.hasChunk && values.hasChunk ? m_tokens : 0);
  if (m_cache && k_BGSD.size(2) != expected) visibility.keyPositions_S = positions_S;
  const bool isWatched = m_cache && store == Store::Commit && m_cache->wantsAttention();
  torch::Tensor probabilities_BHTS;
  const torch::Tensor read_BHTD =
      attention(q_BHTD, k_BGSD, v_BGSD, visibility, isWatched ? &probabilities_BHTS : nullptr);
  if (isWatched) {
    // The newest entry that an upward reader knows is one short of the chunk's end, or the cache's: the rest received
    // nothing.
    const std::int64_t unread = keys.hasChunk && values.hasChunk ? 0 : m_tokens;
    if (unread > 0) probabilities_BHTS = at::constant_pad_nd(probabilities_BHTS, {0, unread});
    for (const int slot : {keySlot, valueSlot}) {
      const bool isStored = m_cache->length(slot) > m_first;
      if (isStored) {
        observe(slot, m_readable[static_cast<std::size_t>(slot)].view.positions_S.size(0), probabilities_BHTS);
      } else {
        m_watched.push_back({slot, probabilities_BHTS});
      }
      if (keySlot == valueSlot) break;
    }
  }
  return read_BHTD;
}

SlotView DecoderPass::inComputeType(SlotView view) const {
  if (view.k_BGSD.defined()) view.k_BGSD = view.k_BGSD.to(m_type);
  if (view.v_BGSD.defined()) view.v_BGSD = view.v_BGSD.to(m_type);
  return view;
}

SlotView DecoderPass::rotatedOnRead(SlotView view) const {
  if (m_rotatesOnRead && view.k_BGSD.defined())
    view.k_BGSD = kernels::rope(view.k_BGSD, kernels::ropeTable(view.positions_S, m_frequencies, m_type));
  return view;
}

// Reports the attention to a slot with `size` entries in its view; what was cut from the front of the view received
// none.
void DecoderPass::observe(int slot, std::int64_t size, const torch::Tensor& probabilities_BHTS) {
  const std::int64_t cut = size - probabilities_BHTS.size(3);
  m_cache->observeAttention(slot, cut > 0 ? at::constant_pad_nd(probabilities_BHTS, {cut, 0}) : probabilities_BHTS);
}

}  // namespace weft::nn
