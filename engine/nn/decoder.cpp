// B batch, T tokens, S keys, V vocabulary, d hidden, f feed-forward, H query heads, G KV heads, D head width.
#include "engine/nn/decoder.h"

#include <ATen/CPUGeneratorImpl.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "engine/kernels/cross_entropy.h"
#include "engine/kernels/dispatch.h"
#include "engine/kernels/rms_norm.h"
#include "engine/kernels/rope.h"
#include "engine/kernels/swiglu.h"
#include "engine/nn/attention.h"

namespace weft::nn {

struct Decoder::Layer {
  torch::Tensor kvNorm_d;  // undefined on a consumer, and where the query norm serves K and V too
  torch::Tensor queryNorm_d, mlpNorm_d;
  torch::Tensor query, key, value, output;  // [out, in]; key and value undefined where not produced
  torch::Tensor gateUp, down;               // gate and up in one matrix [2 f, d]: one product instead of two
};

namespace {

torch::Tensor matmulT(const torch::Tensor& x, const torch::Tensor& weight) { return torch::matmul(x, weight.to(x.scalar_type()).t()); }

// [B, T, heads D] -> [B, heads, T, D], a view.
torch::Tensor splitHeads(const torch::Tensor& x, std::int64_t heads) {
  return x.view({x.size(0), x.size(1), heads, x.size(2) / heads}).transpose(1, 2);
}

// Appends what the producer made and returns all that may be read, in the type of the computation (a cache may keep another one).
SlotView read(KvCache& cache, int slot, const SlotView& made, torch::ScalarType type) {
  SlotView view = cache.append(slot, made.k_BGSD, made.v_BGSD);
  if (view.k_BGSD.defined()) view.k_BGSD = view.k_BGSD.to(type);
  if (view.v_BGSD.defined()) view.v_BGSD = view.v_BGSD.to(type);
  return view;
}

// Reports the attention to a slot with `entries` in its view; what was cut from the front of the view received none.
void observe(KvCache& cache, int slot, std::int64_t entries, const torch::Tensor& probabilities_BHTS) {
  const std::int64_t cut = entries - probabilities_BHTS.size(3);
  cache.observeAttention(slot, cut > 0 ? at::constant_pad_nd(probabilities_BHTS, {cut, 0}) : probabilities_BHTS);
}

Result<void> checkSpec(const DecoderSpec& spec) {
  if (!spec.map.isCausal()) {
    return fail(ErrorCode::Unsupported, "The map reads keys or values of a later layer; this decoder runs causal maps only, in one pass.");
  }
  if (spec.shape.vocabulary < 1) return fail(ErrorCode::InvalidInput, "The model's vocabulary is not known; it must be at least 1.");
  // The cost model checks every other fit of shape and map; what it can count, the decoder can build.
  WEFT_TRY(sharing::cost(spec.shape, spec.map, {}));
  return {};
}

}  // namespace

Decoder::Decoder(DecoderSpec spec) : m_spec(std::move(spec)), m_layers(std::make_shared<std::vector<Layer>>()) {}

Result<std::unique_ptr<Decoder>> Decoder::create(const DecoderSpec& spec, std::optional<std::uint64_t> seed, torch::Device device,
                                                 torch::ScalarType parameterType) {
  WEFT_TRY(checkSpec(spec));
  std::unique_ptr<Decoder> decoder(new Decoder(spec));
  const sharing::ModelShape& shape = spec.shape;
  const std::int64_t hidden = shape.hidden, attention = std::int64_t{shape.queryHeads} * shape.headWidth;
  // Numbers are drawn on the CPU in float32 and in a fixed order, so that a seed means the same model on every device and in every type.
  torch::Generator generator = at::detail::createCPUGenerator(seed.value_or(0));
  const auto options = torch::TensorOptions().dtype(parameterType).device(device);
  const double outputStd = spec.scaledInit ? spec.initStd / std::sqrt(2.0 * shape.layers) : spec.initStd;

  const auto add = [&](const std::string& name, torch::Tensor value, bool decays) {
    value = value.to(options).contiguous().requires_grad_(true);
    decoder->m_parameters.push_back({name, value, decays});
    return value;
  };
  const auto matrix = [&](const std::string& name, std::int64_t rows, std::int64_t columns, double std) {
    return add(name, seed ? torch::empty({rows, columns}, torch::kFloat).normal_(0, std, generator) : torch::empty({rows, columns}, options), true);
  };
  const auto norm = [&](const std::string& name) { return add(name, torch::ones({hidden}, options), false); };

  decoder->m_frequencies = kernels::ropeFrequencies(shape.headWidth, spec.ropeTheta, spec.ropeScaling);
  decoder->m_frequencies.radiansPerToken_F = decoder->m_frequencies.radiansPerToken_F.to(device);
  decoder->m_embedding_Vd = matrix("embedding.weight", shape.vocabulary, hidden, spec.initStd);
  decoder->m_slotOfLayer.assign(static_cast<std::size_t>(shape.layers), -1);
  int slots = 0;
  for (int index = 0; index < shape.layers; ++index) {
    const std::string prefix = fmt::format("layers.{}.", index);
    Layer layer;
    layer.queryNorm_d = norm(prefix + "attention.query_norm.weight");
    layer.query = matrix(prefix + "attention.query.weight", attention, hidden, spec.initStd);
    if (spec.map.isProducer(index)) {
      decoder->m_slotOfLayer[static_cast<std::size_t>(index)] = slots++;
      const std::int64_t width = std::int64_t{spec.map.kvHeads(index, shape.kvHeads)} * shape.headWidth;
      if (shape.kvNorm == sharing::KvNorm::Own) layer.kvNorm_d = norm(prefix + "attention.kv_norm.weight");
      if (spec.map.producesK(index)) layer.key = matrix(prefix + "attention.key.weight", width, hidden, spec.initStd);
      if (spec.map.producesV(index)) layer.value = matrix(prefix + "attention.value.weight", width, hidden, spec.initStd);
    }
    layer.output = matrix(prefix + "attention.output.weight", hidden, attention, outputStd);
    layer.mlpNorm_d = norm(prefix + "mlp.norm.weight");
    layer.gateUp = matrix(prefix + "mlp.gate_up.weight", 2 * shape.feedForward, hidden, spec.initStd);
    layer.down = matrix(prefix + "mlp.down.weight", hidden, shape.feedForward, outputStd);
    decoder->m_layers->push_back(std::move(layer));
  }
  decoder->m_finalNorm_d = norm("final_norm.weight");
  if (shape.embedding == sharing::EmbeddingTie::Untied) decoder->m_head_Vd = matrix("head.weight", shape.vocabulary, hidden, spec.initStd);
  return decoder;
}

kernels::RopeFrequencies Decoder::frequencies(std::int64_t sequence) const {
  if (m_spec.ropeScaling.kind != kernels::RopeKind::Dynamic || sequence <= m_spec.ropeScaling.originalContext) return m_frequencies;
  return kernels::ropeFrequencies(m_spec.shape.headWidth, m_spec.ropeTheta, m_spec.ropeScaling, sequence);
}

torch::Device Decoder::device() const { return m_embedding_Vd.device(); }

torch::Tensor Decoder::hidden(const torch::Tensor& ids_BT, KvCache* cache) {
  if (ids_BT.dim() != 2) throw std::invalid_argument(fmt::format("decoder: ids {} are not [batch, tokens]", kernels::shapeText(ids_BT)));
  // A cache is written in place and outlives the pass: recorded, it would tie the graphs of all passes together and keep them alive.
  const c10::AutoGradMode gradMode(c10::GradMode::is_enabled() && !cache);
  const sharing::ModelShape& shape = m_spec.shape;
  const std::int64_t tokens = ids_BT.size(1), first = cache ? cache->length(0) : 0;
  const bool rotatesOnRead = cache && cache->keyForm() == KeyForm::BeforeRope;
  const auto positionOptions = torch::TensorOptions().dtype(torch::kLong).device(ids_BT.device());
  // float64 parameters compute in float64 (finite differences); everything else in the compute type.
  const torch::ScalarType type = m_embedding_Vd.scalar_type() == torch::kDouble ? torch::kDouble : m_computeType;
  const kernels::RopeFrequencies turns = frequencies(first + tokens);
  const kernels::RopeTable table = kernels::ropeTable(torch::arange(first, first + tokens, positionOptions), turns, type);

  std::vector<SlotView> slots;  // what every slot offers in this pass, filled by its producer
  torch::Tensor x_BTd = torch::embedding(m_embedding_Vd, ids_BT).to(type);
  for (int index = 0; index < shape.layers; ++index) {
    const Layer& layer = (*m_layers)[static_cast<std::size_t>(index)];
    const torch::Tensor queryInput = kernels::rmsNorm(x_BTd, layer.queryNorm_d, m_spec.normEpsilon);
    if (m_spec.map.isProducer(index)) {
      const torch::Tensor kvInput = layer.kvNorm_d.defined() ? kernels::rmsNorm(x_BTd, layer.kvNorm_d, m_spec.normEpsilon) : queryInput;
      const std::int64_t heads = m_spec.map.kvHeads(index, shape.kvHeads);
      SlotView view;
      if (layer.key.defined()) {
        view.k_BGSD = splitHeads(matmulT(kvInput, layer.key), heads);
        if (!rotatesOnRead) view.k_BGSD = kernels::rope(view.k_BGSD, table);
      }
      if (layer.value.defined()) view.v_BGSD = splitHeads(matmulT(kvInput, layer.value), heads);
      if (cache) view = read(*cache, static_cast<int>(slots.size()), view, type);
      if (rotatesOnRead && view.k_BGSD.defined()) {
        view.k_BGSD = kernels::rope(view.k_BGSD, kernels::ropeTable(view.positions_S, turns, type));
      }
      slots.push_back(std::move(view));
    }
    const int keySlot = m_slotOfLayer[static_cast<std::size_t>(m_spec.map.layer(index).kSource)];
    const int valueSlot = m_slotOfLayer[static_cast<std::size_t>(m_spec.map.layer(index).vSource)];
    const SlotView& keys = slots[static_cast<std::size_t>(keySlot)];
    const SlotView& values = slots[static_cast<std::size_t>(valueSlot)];
    torch::Tensor k_BGSD = keys.k_BGSD, v_BGSD = values.v_BGSD, positions_S = keys.positions_S;
    // K and V of different slots may reach back differently far (a window on one of them): both are cut to what both still have.
    if (cache && keySlot != valueSlot && k_BGSD.size(2) != v_BGSD.size(2)) {
      const std::int64_t common = std::min(k_BGSD.size(2), v_BGSD.size(2));
      k_BGSD = k_BGSD.narrow(2, k_BGSD.size(2) - common, common);
      v_BGSD = v_BGSD.narrow(2, v_BGSD.size(2) - common, common);
      positions_S = positions_S.narrow(0, positions_S.size(0) - common, common);
    }
    Visibility visibility{.firstQuery = first, .window = m_spec.map.windowOf(index, shape.window)};
    // Entries 0 .. first+T-1 in order need no positions, and keep the fast path.
    if (cache && k_BGSD.size(2) != first + tokens) visibility.keyPositions_S = positions_S;
    const torch::Tensor q_BHTD = kernels::rope(splitHeads(matmulT(queryInput, layer.query), shape.queryHeads), table);
    const bool isWatched = cache && cache->wantsAttention();
    torch::Tensor probabilities_BHTS;
    const torch::Tensor read_BHTD = attention(q_BHTD, k_BGSD, v_BGSD, visibility, isWatched ? &probabilities_BHTS : nullptr);
    if (isWatched) {
      observe(*cache, keySlot, keys.k_BGSD.size(2), probabilities_BHTS);
      if (valueSlot != keySlot) observe(*cache, valueSlot, values.v_BGSD.size(2), probabilities_BHTS);
    }
    const torch::Tensor joined_BTd = read_BHTD.transpose(1, 2).reshape({ids_BT.size(0), tokens, std::int64_t{shape.queryHeads} * shape.headWidth});
    x_BTd = x_BTd + matmulT(joined_BTd, layer.output);
    const torch::Tensor mlpInput = kernels::rmsNorm(x_BTd, layer.mlpNorm_d, m_spec.normEpsilon);
    x_BTd = x_BTd + matmulT(kernels::swiglu(matmulT(mlpInput, layer.gateUp)), layer.down);
  }
  return kernels::rmsNorm(x_BTd, m_finalNorm_d, m_spec.normEpsilon);
}

torch::Tensor Decoder::project(const torch::Tensor& hidden) { return matmulT(hidden, m_head_Vd.defined() ? m_head_Vd : m_embedding_Vd); }

torch::Tensor Decoder::loss(const torch::Tensor& ids_BT, const torch::Tensor& targets_BT, KvCache* cache) {
  if (targets_BT.sizes() != ids_BT.sizes()) {
    throw std::invalid_argument(fmt::format("decoder: targets {} do not fit ids {}", kernels::shapeText(targets_BT), kernels::shapeText(ids_BT)));
  }
  return kernels::crossEntropy(logits(ids_BT, cache).flatten(0, 1), targets_BT.flatten());
}

std::int64_t Decoder::parameterCount() const {
  std::int64_t count = 0;
  for (const NamedParameter& parameter : m_parameters) count += parameter.value.numel();
  return count;
}

CacheSpec Decoder::cacheSpec(std::int64_t batch, std::int64_t capacity) const {
  CacheSpec spec;
  for (const int producer : m_spec.map.producers()) {
    spec.slots.push_back({.layer = producer,
                          .storesK = m_spec.map.producesK(producer),
                          .storesV = m_spec.map.producesV(producer),
                          .heads = m_spec.map.kvHeads(producer, m_spec.shape.kvHeads),
                          .headWidth = m_spec.shape.headWidth,
                          .window = m_spec.map.slotWindow(producer, m_spec.shape.window)});
  }
  spec.batch = batch;
  spec.capacity = capacity;
  spec.dtype = m_embedding_Vd.scalar_type() == torch::kDouble ? torch::kDouble : m_computeType;
  spec.device = device();
  return spec;
}

}  // namespace weft::nn
