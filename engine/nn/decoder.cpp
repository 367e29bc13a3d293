// B batch, T tokens, V vocabulary, d hidden, f feed-forward.
#include "engine/nn/decoder.h"

#include <ATen/CPUGeneratorImpl.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "engine/kernels/cross_entropy.h"
#include "engine/kernels/dispatch.h"
#include "engine/kernels/rms_norm.h"
#include "engine/nn/cache_slots.h"
#include "engine/nn/decoder_pass.h"
#include "engine/sharing/trainable.h"

namespace weft::nn {

namespace {

Result<void> checkSpec(const DecoderSpec& spec) {
  if (spec.shape.forwardPasses < 0 || spec.shape.backwardPasses < 1) {
    return fail(
        ErrorCode::InvalidInput,
        fmt::format("{} passes without and {} with a gradient are no plan for upward reads; it takes 0 and 1 at least.",
                    spec.shape.forwardPasses, spec.shape.backwardPasses));
  }
  if (spec.shape.vocabulary < 1)
    return fail(ErrorCode::InvalidInput, "The model's vocabulary is not known; it must be at least 1.");
  // The cost model checks every other fit of shape and map; what it can count and training knows, the decoder can
  // build.
  WEFT_TRY(sharing::checkTrainable(spec.map));
  WEFT_TRY(sharing::cost(spec.shape, spec.map, {}));
  return {};
}

}  // namespace

Decoder::Decoder(DecoderSpec spec) : m_spec(std::move(spec)) {}

Result<std::unique_ptr<Decoder>> Decoder::create(const DecoderSpec& spec, std::optional<std::uint64_t> seed,
                                                 torch::Device device, torch::ScalarType parameterType) {
  WEFT_TRY(checkSpec(spec));
  std::unique_ptr<Decoder> decoder(new Decoder(spec));
  const sharing::ModelShape& shape = spec.shape;
  const std::int64_t hidden = shape.hidden, attention = std::int64_t{shape.queryHeads} * shape.headWidth;
  // Numbers are drawn on the CPU in float32 and in a fixed order, so that a seed means the same model on every device
  // and in every type.
  torch::Generator generator = at::detail::createCPUGenerator(seed.value_or(0));
  const auto options = torch::TensorOptions().dtype(parameterType).device(device);
  const double outputStd = spec.scaledInit ? spec.initStd / std::sqrt(2.0 * shape.layers) : spec.initStd;

  const auto add = [&](const std::string& name, torch::Tensor value, bool decays) {
    value = value.to(options).contiguous().requires_grad_(true);
    decoder->m_parameters.push_back({name, value, decays});
    return value;
  };
  const auto matrix = [&](const std::string& name, std::int64_t rows, std::int64_t columns, double std) {
    return add(name,
               seed ? torch::empty({rows, columns}, torch::kFloat).normal_(0, std, generator)
                    : torch::empty({rows, columns}, options),
               true);
  };
  const auto norm = [&](const std::string& name, std::int64_t width) {
    return add(name, torch::ones({width}, options), false);
  };
  const auto bias = [&](const std::string& name, std::int64_t width) {
    return shape.hasQkvBias ? add(name, torch::zeros({width}, options), false) : torch::Tensor();
  };
  const auto headNorm = [&](const std::string& name) {
    return shape.hasQkNorm ? norm(name, shape.headWidth) : torch::Tensor();
  };

  decoder->m_frequencies = kernels::ropeFrequencies(shape.headWidth, spec.ropeTheta, spec.ropeScaling);
  decoder->m_frequencies.radiansPerToken_F = decoder->m_frequencies.radiansPerToken_F.to(device);
  decoder->m_embedding_Vd = matrix("embedding.weight", shape.vocabulary, hidden, spec.initStd);
  decoder->m_slotOfLayer.assign(static_cast<std::size_t>(shape.layers), -1);
  int slots = 0;
  for (int index = 0; index < shape.layers; ++index) {
    const std::string prefix = fmt::format("layers.{}.", index);
    DecoderLayer layer;
    layer.queryNorm_d = norm(prefix + "attention.query_norm.weight", hidden);
    layer.query = matrix(prefix + "attention.query.weight", attention, hidden, spec.initStd);
    layer.queryBias = bias(prefix + "attention.query.bias", attention);
    layer.queryHeadNorm_D = headNorm(prefix + "attention.query_head_norm.weight");
    if (spec.map.isProducer(index)) {
      decoder->m_slotOfLayer[static_cast<std::size_t>(index)] = slots++;
      const std::int64_t width = std::int64_t{spec.map.kvHeads(index, shape.kvHeads)} * shape.headWidth;
      if (shape.kvNorm == sharing::KvNorm::Own) layer.kvNorm_d = norm(prefix + "attention.kv_norm.weight", hidden);
      if (spec.map.producesK(index)) {
        layer.key = matrix(prefix + "attention.key.weight", width, hidden, spec.initStd);
        layer.keyBias = bias(prefix + "attention.key.bias", width);
        layer.keyHeadNorm_D = headNorm(prefix + "attention.key_head_norm.weight");
      }
      if (spec.map.producesV(index)) {
        layer.value = matrix(prefix + "attention.value.weight", width, hidden, spec.initStd);
        layer.valueBias = bias(prefix + "attention.value.bias", width);
      }
    }
    layer.output = matrix(prefix + "attention.output.weight", hidden, attention, outputStd);
    layer.mlpNorm_d = norm(prefix + "mlp.norm.weight", hidden);
    layer.gateUp = matrix(prefix + "mlp.gate_up.weight", 2 * shape.feedForward, hidden, spec.initStd);
    layer.down = matrix(prefix + "mlp.down.weight", hidden, shape.feedForward, outputStd);
    decoder->m_layers.push_back(std::move(layer));
  }
  decoder->m_finalNorm_d = norm("final_norm.weight", hidden);
  if (shape.embedding == sharing::EmbeddingTie::Untied)
    decoder->m_head_Vd = matrix("head.weight", shape.vocabulary, hidden, spec.initStd);
  return decoder;
}

kernels::RopeFrequencies Decoder::frequencies(std::int64_t sequence) const {
  if (m_spec.ropeScaling.kind != kernels::RopeKind::Dynamic || sequence <= m_spec.ropeScaling.originalContext)
    return m_frequencies;
  return kernels::ropeFrequencies(m_spec.shape.headWidth, m_spec.ropeTheta, m_spec.ropeScaling, sequence);
}

torch::Device Decoder::device() const { return m_embedding_Vd.device(); }

torch::Tensor Decoder::hidden(const torch::Tensor& ids_BT, KvCache* cache) {
  if (ids_BT.dim() != 2)
    throw std::invalid_argument(fmt::format("decoder: ids {} are not [batch, tokens]", kernels::shapeText(ids_BT)));
  // A cache is written in place and outlives the pass: recorded, it would tie the graphs of all passes together and
  // keep them alive.
  const c10::AutoGradMode gradMode(c10::GradMode::is_enabled() && !cache);
  // float64 parameters compute in float64 (finite differences); everything else in the compute type.
  const torch::ScalarType type = m_embedding_Vd.scalar_type() == torch::kDouble ? torch::kDouble : m_computeType;
  const torch::Tensor x_BTd = torch::embedding(m_embedding_Vd, ids_BT).to(type);
  const std::int64_t sequence = (cache ? cache->length(0) : 0) + ids_BT.size(1);
  return kernels::rmsNorm(DecoderPass(m_spec, frequencies(sequence), m_layers, m_slotOfLayer, cache, type).run(x_BTd),
                          m_finalNorm_d, m_spec.normEpsilon);
}

torch::Tensor Decoder::project(const torch::Tensor& hidden) {
  return matmulT(hidden, m_head_Vd.defined() ? m_head_Vd : m_embedding_Vd);
}

torch::Tensor Decoder::loss(const torch::Tensor& ids_BT, const torch::Tensor& targets_BT, KvCache* cache) {
  if (targets_BT.sizes() != ids_BT.sizes()) {
    throw std::invalid_argument(fmt::format("decoder: targets {} do not fit ids {}", kernels::shapeText(targets_BT),
                                            kernels::shapeText(ids_BT)));
  }
  return kernels::crossEntropy(logits(ids_BT, cache).flatten(0, 1), targets_BT.flatten());
}

std::int64_t Decoder::parameterCount() const {
  std::int64_t count = 0;
  for (const NamedParameter& parameter : m_parameters) count += parameter.value.numel();
  return count;
}

CacheSpec Decoder::cacheSpec(std::int64_t batch, std::int64_t capacity) const {
  const torch::ScalarType type = m_embedding_Vd.scalar_type() == torch::kDouble ? torch::kDouble : m_computeType;
  // create() has asked for the same plan.
  return cacheSpecOf(sharing::slotPlan(m_spec.shape, m_spec.map).value(), batch, capacity, type, device());
}

}  // namespace weft::nn
