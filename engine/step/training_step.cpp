// B sequences of a micro batch, T tokens, n = B T, d hidden, f feed-forward, H query heads, G KV heads, D head width.
#include "engine/step/training_step.h"

#include <ATen/ops/addmm.h>
#include <ATen/ops/mm.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>
#include <utility>

#include "engine/device/device.h"
#include "engine/kernels/block_attention.h"
#include "engine/kernels/buffer_operations.h"
#include "engine/kernels/dispatch.h"

namespace weft::step {

namespace {

torch::Tensor bytesOf(std::int64_t count, torch::Device device) {
  return torch::empty({count}, torch::TensorOptions().dtype(torch::kByte).device(device));
}

// x_nr's columns first .. first + heads D - 1 as heads.
torch::Tensor headsOf(const torch::Tensor& x_nr, std::int64_t first, std::int64_t heads, std::int64_t batch,
                      std::int64_t width) {
  return x_nr.narrow(1, first, heads * width).view({batch, x_nr.size(0) / batch, heads, width});
}

}  // namespace

bool isWrittenOut(const nn::DecoderSpec& spec, torch::Device device) {
  return device.is_cpu() && sharing::repeatedLayers(spec.map).end == 0;
}

// Cuts a region of bytes into tensors, each at a multiple of sharing::kStepAlignment.
class TrainingStep::Arena {
 public:
  explicit Arena(torch::Tensor bytes) : m_bytes(std::move(bytes)) {}
  torch::Tensor take(at::IntArrayRef shape, torch::ScalarType type) {
    const std::int64_t size = c10::multiply_integers(shape) * static_cast<std::int64_t>(c10::elementSize(type));
    if (m_used + size > m_bytes.numel())
      throw std::logic_error(fmt::format("the step's layout has {} bytes and needs more", m_bytes.numel()));
    torch::Tensor taken = m_bytes.narrow(0, m_used, size).view(type).view(shape);
    m_used += sharing::stepAligned(size);
    return taken;
  }
  torch::Tensor takeBytes(std::int64_t size) { return take({size}, torch::kByte); }

 private:
  torch::Tensor m_bytes;
  std::int64_t m_used = 0;
};

TrainingStep::TrainingStep(const nn::Decoder& decoder, Parameters& parameters, std::int64_t microBatch,
                           std::int64_t sequence)
    : m_parameters(parameters),
      m_spec(decoder.spec()),
      m_type(parameters.values().scalar_type() == torch::kDouble ? torch::kDouble : decoder.computeType()),
      m_accumulate(kernels::accumulateType(m_type)),
      m_batch(microBatch),
      m_sequence(sequence),
      m_layout(sharing::stepLayout(m_spec.shape, m_spec.map,
                                   {.sequence = sequence,
                                    .microBatch = microBatch,
                                    .parameterType = device::elementType(parameters.values().scalar_type()),
                                    .computeType = device::elementType(m_type)})) {
  const torch::Device device = decoder.device();
  if (!isWrittenOut(m_spec, device))
    throw std::invalid_argument("the written-out step is for causal maps on the CPU; others train by the decoder");
  m_activations = bytesOf(m_layout.activations(), device);
  m_weights = bytesOf(m_layout.weights, device);
  Arena arena(m_activations), weights(m_weights);
  const std::int64_t tokens = microBatch * sequence;
  m_stream_nd = arena.take({tokens, m_spec.shape.hidden}, m_type);
  m_layers.resize(static_cast<std::size_t>(m_spec.shape.layers));
  for (int index = 0; index < m_spec.shape.layers; ++index) bindWeights(index, weights);
  for (int index = 0; index < m_spec.shape.layers; ++index) bindBuffers(index, arena);
  bindKeysAndValues(arena.takeBytes(m_layout.keyValueGradients));
  const std::int64_t half = m_spec.shape.headWidth / 2;
  m_table = {arena.take({sequence, half}, m_accumulate), arena.take({sequence, half}, m_accumulate)};
  m_ids_n = arena.take({tokens}, torch::kLong);
  m_targets_n = arena.take({tokens}, torch::kLong);
  m_scratch = arena.takeBytes(m_layout.scratch.bytes());
  m_embedding = matrix("embedding.weight", weights);
  m_head = m_spec.shape.embedding == sharing::EmbeddingTie::Tied ? m_embedding : matrix("head.weight", weights);
  m_finalNorm_d = parameters.view(parameters.values(), "final_norm.weight");
  m_finalNormGradient_d = parameters.view(parameters.gradients(), "final_norm.weight");
  const kernels::RopeTable table = kernels::ropeTable(
      torch::arange(sequence, torch::TensorOptions().dtype(torch::kLong)), decoder.frequencies(sequence), m_type);
  m_table.cos_TD.copy_(table.cos_TD);
  m_table.sin_TD.copy_(table.sin_TD);
  takeParameters();
}

TrainingStep::Matrix TrainingStep::matrix(const std::string& name, Arena& weights) const {
  Matrix made{.value = m_parameters.view(m_parameters.values(), name),
              .compute = {},
              .gradient = m_parameters.view(m_parameters.gradients(), name)};
  made.compute = m_type == made.value.scalar_type() ? made.value : weights.take(made.value.sizes(), m_type);
  return made;
}

void TrainingStep::bindWeights(int index, Arena& weights) {
  Layer& layer = m_layers[static_cast<std::size_t>(index)];
  const sharing::ModelShape& shape = m_spec.shape;
  const std::string prefix = fmt::format("layers.{}.", index), attention = prefix + "attention.";
  const auto value = [&](const std::string& name) { return m_parameters.view(m_parameters.values(), name); };
  const auto gradient = [&](const std::string& name) { return m_parameters.view(m_parameters.gradients(), name); };
  // The rows of `whole` from `first` on, behind `norm`.
  const auto fold = [&](const Matrix& whole, const std::string& norm, std::int64_t first, std::int64_t rows) {
    layer.folds.push_back({.norm = value(norm),
                           .normGradient = gradient(norm),
                           .value = whole.value.narrow(0, first, rows),
                           .gradient = whole.gradient.narrow(0, first, rows),
                           .compute = whole.compute.narrow(0, first, rows)});
  };
  const auto merged = [&](const std::vector<std::string>& names) {
    Matrix made{.value = m_parameters.rows(m_parameters.values(), names),
                .compute = {},
                .gradient = m_parameters.rows(m_parameters.gradients(), names)};
    made.compute = weights.take(made.value.sizes(), m_type);
    return made;
  };

  const std::int64_t width = std::int64_t{m_spec.map.kvHeads(index, shape.kvHeads)} * shape.headWidth,
                     queries = std::int64_t{shape.queryHeads} * shape.headWidth;
  const bool producesK = m_spec.map.producesK(index), producesV = m_spec.map.producesV(index);
  std::vector<std::string> names{attention + "query.weight"};
  if (producesK) names.push_back(attention + "key.weight");
  if (producesV) names.push_back(attention + "value.weight");
  layer.projections = merged(names);
  const std::int64_t rows = layer.projections.value.size(0);
  const bool ownNorm = shape.kvNorm == sharing::KvNorm::Own && rows > queries;
  fold(layer.projections, attention + "query_norm.weight", 0, ownNorm ? queries : rows);
  if (ownNorm) fold(layer.projections, attention + "kv_norm.weight", queries, rows - queries);
  layer.gateUp = merged({prefix + "mlp.gate_up.weight"});
  fold(layer.gateUp, prefix + "mlp.norm.weight", 0, layer.gateUp.value.size(0));
  if (shape.hasQkvBias) {
    layer.bias_r = weights.take({rows}, m_type);
    std::int64_t first = 0;
    const auto bias = [&](const std::string& name) {
      const std::int64_t size = value(name).size(0);
      layer.biases.push_back({.value = value(name),
                              .gradient = gradient(name),
                              .compute = layer.bias_r.narrow(0, first, size),
                              .first = first});
      first += size;
    };
    bias(attention + "query.bias");
    if (producesK) bias(attention + "key.bias");
    if (producesV) bias(attention + "value.bias");
  }
  if (shape.hasQkNorm) {
    const auto headNorm = [&](const std::string& name, std::int64_t first, std::int64_t heads) {
      layer.headNorms.push_back({.weight = value(name), .gradient = gradient(name), .first = first, .heads = heads});
    };
    headNorm(attention + "query_head_norm.weight", 0, shape.queryHeads);
    if (producesK) headNorm(attention + "key_head_norm.weight", shape.queryHeads, width / shape.headWidth);
  }
  layer.output = matrix(attention + "output.weight", weights);
  layer.down = matrix(prefix + "mlp.down.weight", weights);
}

void TrainingStep::bindBuffers(int index, Arena& arena) {
  Layer& layer = m_layers[static_cast<std::size_t>(index)];
  const sharing::ModelShape& shape = m_spec.shape;
  const std::int64_t tokens = m_batch * m_sequence, queries = std::int64_t{shape.queryHeads} * shape.headWidth;
  layer.attention = m_layout.layers[static_cast<std::size_t>(index)].attention;
  layer.attentionInput_nd = arena.take({tokens, shape.hidden}, m_type);
  layer.attentionScale_n = arena.take({tokens}, m_accumulate);
  layer.projected_nr = arena.take({tokens, layer.projections.value.size(0)}, m_type);
  if (!layer.headNorms.empty()) {
    const std::int64_t heads = layer.headNorms.back().first + layer.headNorms.back().heads;
    torch::Tensor normal = arena.take({tokens * heads, shape.headWidth}, m_type),
                  scale = arena.take({tokens * heads}, m_accumulate);
    for (HeadNorm& norm : layer.headNorms) {
      norm.normal_nHD =
          normal.narrow(0, tokens * norm.first, tokens * norm.heads).view({tokens, norm.heads, shape.headWidth});
      norm.scale_nH = scale.narrow(0, tokens * norm.first, tokens * norm.heads);
    }
  }
  layer.attended_nh = arena.take({tokens, queries}, m_type);
  layer.logSums_BHT = arena.take({m_batch, shape.queryHeads, m_sequence}, m_accumulate);
  layer.mlpInput_nd = arena.take({tokens, shape.hidden}, m_type);
  layer.mlpScale_n = arena.take({tokens}, m_accumulate);
  layer.gateUp_nf = arena.take({tokens, 2 * shape.feedForward}, m_type);
  layer.q_BTHD = headsOf(layer.projected_nr, 0, shape.queryHeads, m_batch, shape.headWidth);
}

void TrainingStep::bindKeysAndValues(const torch::Tensor& gradientBytes) {
  const sharing::ModelShape& shape = m_spec.shape;
  const std::int64_t tokens = m_batch * m_sequence, queries = std::int64_t{shape.queryHeads} * shape.headWidth;
  struct Produced {
    torch::Tensor k, v, dk, dv;
  };
  std::vector<Produced> produced(m_layers.size());
  for (int index = 0; index < shape.layers; ++index) {
    Layer& layer = m_layers[static_cast<std::size_t>(index)];
    Produced& made = produced[static_cast<std::size_t>(index)];
    const std::int64_t heads = m_spec.map.kvHeads(index, shape.kvHeads), width = heads * shape.headWidth;
    const bool producesK = m_spec.map.producesK(index), producesV = m_spec.map.producesV(index);
    if (producesK || producesV) {
      const std::int64_t columns = layer.projected_nr.size(1) - queries;
      const std::int64_t elementSize = static_cast<std::int64_t>(c10::elementSize(m_accumulate));
      layer.keyValueGradient_nr = gradientBytes
                                      .narrow(0, m_layout.layers[static_cast<std::size_t>(index)].keyValueOffset,
                                              tokens * columns * elementSize)
                                      .view(m_accumulate)
                                      .view({tokens, columns});
      const auto take = [&](torch::Tensor& x, torch::Tensor& dx, std::int64_t first) {
        x = headsOf(layer.projected_nr, queries + first, heads, m_batch, shape.headWidth);
        dx = headsOf(layer.keyValueGradient_nr, first, heads, m_batch, shape.headWidth);
      };
      if (producesK) take(made.k, made.dk, 0);
      if (producesV) take(made.v, made.dv, producesK ? width : 0);
      layer.ownK_BTGD = made.k;
    }
    const sharing::LayerSharing& reads = m_spec.map.layer(index);
    const Produced& keys = produced[static_cast<std::size_t>(reads.kSource)];
    const Produced& values = produced[static_cast<std::size_t>(reads.vSource)];
    layer.k_BTGD = keys.k;
    layer.dk_BTGD = keys.dk;
    layer.v_BTGD = values.v;
    layer.dv_BTGD = values.dv;
  }
  // The backward pass comes to a producer's last reader first: what it adds to is cleared there.
  for (int index = 0; index < shape.layers; ++index) {
    if (!m_spec.map.isProducer(index)) continue;
    const std::vector<int> readers = m_spec.map.readersOf(index);
    const int last = *std::max_element(readers.begin(), readers.end());
    m_layers[static_cast<std::size_t>(last)].cleared.push_back(index);
  }
}

torch::Tensor TrainingStep::scratch(std::int64_t& used, at::IntArrayRef shape, torch::ScalarType type) const {
  const std::int64_t size = c10::multiply_integers(shape) * static_cast<std::int64_t>(c10::elementSize(type));
  if (used + size > m_scratch.numel())
    throw std::logic_error(fmt::format("the step's scratch has {} bytes and needs more", m_scratch.numel()));
  torch::Tensor taken = m_scratch.narrow(0, used, size).view(type).view(shape);
  used += sharing::stepAligned(size);
  return taken;
}

void TrainingStep::takeParameters() {
  const torch::NoGradGuard noGrad;
  for (Layer& layer : m_layers) {
    for (Folded& fold : layer.folds) kernels::foldNorm(fold.value, fold.norm, fold.compute);
    for (Bias& bias : layer.biases) bias.compute.copy_(bias.value);
    for (Matrix* matrix : {&layer.output, &layer.down}) {
      if (!matrix->compute.is_same(matrix->value)) matrix->compute.copy_(matrix->value);
    }
  }
  for (Matrix* matrix : {&m_embedding, &m_head}) {
    if (!matrix->compute.is_same(matrix->value)) matrix->compute.copy_(matrix->value);
  }
  m_isFirst = true;
  m_loss_nats = 0;
}

// gradient += dy^T x; the first of a sum writes.
void TrainingStep::addProduct(const torch::Tensor& gradient, const torch::Tensor& dy_nr, const torch::Tensor& x_nc,
                              Sum sum) {
  // The library has no product of bfloat16 into float32 on the CPU; rounded to bfloat16, a micro batch would lose what
  // the arena could hold.
  const torch::Tensor dy = dy_nr.to(gradient.scalar_type()).t(), x = x_nc.to(gradient.scalar_type());
  torch::Tensor out = gradient;
  if (sum == Sum::Begin) {
    at::mm_out(out, dy, x);
  } else {
    at::addmm_out(out, out, dy, x);
  }
}

void TrainingStep::accumulate(const torch::Tensor& ids_BT, const torch::Tensor& targets_BT, double share) {
  const torch::NoGradGuard noGrad;
  const std::array<std::int64_t, 2> expected{m_batch, m_sequence};
  if (ids_BT.sizes() != at::IntArrayRef(expected) || targets_BT.sizes() != ids_BT.sizes()) {
    throw std::invalid_argument(fmt::format("training step: ids {} and targets {} are not [{}, {}]",
                                            kernels::shapeText(ids_BT), kernels::shapeText(targets_BT), m_batch,
                                            m_sequence));
  }
  m_ids_n.view(expected).copy_(ids_BT);
  m_targets_n.view(expected).copy_(targets_BT);
  if (m_isFirst) {
    m_parameters.steady(m_parameters.gradients()).zero_();
    if (!m_head.value.is_same(m_embedding.value)) m_embedding.gradient.zero_();
  }
  kernels::embed(m_ids_n, m_embedding.compute, m_stream_nd);
  for (Layer& layer : m_layers) {
    attend(layer);
    feedForward(layer);
  }
  lossForwardBackward(share);
  for (auto layer = m_layers.rbegin(); layer != m_layers.rend(); ++layer) {
    feedForwardBackward(*layer);
    attendBackward(*layer);
  }
  kernels::embedBackward(m_ids_n, m_stream_nd, m_embedding.gradient);
  m_isFirst = false;
}

void TrainingStep::attend(Layer& layer) {
  const std::int64_t width = m_spec.shape.headWidth;
  kernels::normalise(m_stream_nd, m_spec.normEpsilon, layer.attentionInput_nd, layer.attentionScale_n);
  if (layer.bias_r.defined()) {
    at::addmm_out(layer.projected_nr, layer.bias_r, layer.attentionInput_nd, layer.projections.compute.t());
  } else {
    at::mm_out(layer.projected_nr, layer.attentionInput_nd, layer.projections.compute.t());
  }
  for (HeadNorm& norm : layer.headNorms) {
    torch::Tensor heads = layer.projected_nr.narrow(1, norm.first * width, norm.heads * width)
                              .view({m_batch * m_sequence, norm.heads, width});
    kernels::normaliseHeads(heads, norm.weight, m_spec.normEpsilon, norm.normal_nHD, norm.scale_nH);
  }
  kernels::ropeInPlace(layer.q_BTHD, m_table, kernels::Turn::Forward);
  if (layer.ownK_BTGD.defined()) kernels::ropeInPlace(layer.ownK_BTGD, m_table, kernels::Turn::Forward);
  std::int64_t used = 0;
  torch::Tensor out_BTHD = layer.attended_nh.view(layer.q_BTHD.sizes());
  kernels::BlockAttention(layer.attention,
                          scratch(used, {sharing::attentionBlocks(layer.attention).forward()}, m_accumulate))
      .forward({layer.q_BTHD, layer.k_BTGD, layer.v_BTGD}, out_BTHD, layer.logSums_BHT);
  at::addmm_out(m_stream_nd, m_stream_nd, layer.attended_nh, layer.output.compute.t());
}

void TrainingStep::feedForward(Layer& layer) {
  std::int64_t used = 0;
  torch::Tensor h_nf = scratch(used, {m_batch * m_sequence, m_spec.shape.feedForward}, m_type);
  kernels::normalise(m_stream_nd, m_spec.normEpsilon, layer.mlpInput_nd, layer.mlpScale_n);
  at::mm_out(layer.gateUp_nf, layer.mlpInput_nd, layer.gateUp.compute.t());
  kernels::swigluInto(layer.gateUp_nf, h_nf);
  at::addmm_out(m_stream_nd, m_stream_nd, h_nf, layer.down.compute.t());
}

// The stream goes in and its gradient comes out, chunk by chunk: final norm, head, loss, and back.
void TrainingStep::lossForwardBackward(double share) {
  const std::int64_t tokens = m_stream_nd.size(0), chunk = m_layout.scratch.lossChunk, hidden = m_spec.shape.hidden;
  const auto* targets = m_targets_n.const_data_ptr<std::int64_t>();
  const auto counted = std::count_if(targets, targets + tokens, [](std::int64_t target) { return target >= 0; });
  const double ofToken = share / static_cast<double>(std::max<std::int64_t>(1, counted));
  Sum sum = m_isFirst ? Sum::Begin : Sum::Add;
  for (std::int64_t first = 0; first < tokens; first += chunk) {
    const std::int64_t rows = std::min(chunk, tokens - first);
    std::int64_t used = 0;
    torch::Tensor logits_nV = scratch(used, {rows, m_spec.shape.vocabulary}, m_type),
                  normal_nd = scratch(used, {rows, hidden}, m_type), input_nd = scratch(used, {rows, hidden}, m_type),
                  gradient_nd = scratch(used, {rows, hidden}, m_type), scale_n = scratch(used, {rows}, m_accumulate),
                  losses_n = scratch(used, {rows}, m_accumulate);
    torch::Tensor stream_nd = m_stream_nd.narrow(0, first, rows);
    kernels::normalise(stream_nd, m_spec.normEpsilon, normal_nd, scale_n);
    kernels::scaleColumns(normal_nd, m_finalNorm_d, input_nd);
    at::mm_out(logits_nV, input_nd, m_head.compute.t());
    m_loss_nats +=
        ofToken * kernels::crossEntropyInPlace(logits_nV, m_targets_n.narrow(0, first, rows), ofToken, losses_n);
    addProduct(m_head.gradient, logits_nV, input_nd, sum);
    at::mm_out(gradient_nd, logits_nV, m_head.compute);
    kernels::addColumnProducts(gradient_nd, normal_nd, m_finalNormGradient_d);
    kernels::scaleColumns(gradient_nd, m_finalNorm_d, gradient_nd);
    stream_nd.zero_();
    kernels::normaliseBackward(gradient_nd, normal_nd, scale_n, stream_nd);
    sum = Sum::Add;
  }
}

void TrainingStep::feedForwardBackward(Layer& layer) {
  const Sum sum = m_isFirst ? Sum::Begin : Sum::Add;
  std::int64_t used = 0;
  torch::Tensor h_nf = scratch(used, {m_batch * m_sequence, m_spec.shape.feedForward}, m_type),
                branch_nd = scratch(used, m_stream_nd.sizes(), m_type);
  at::mm_out(h_nf, m_stream_nd, layer.down.compute);
  kernels::swigluBackwardInPlace(layer.gateUp_nf, h_nf);
  addProduct(layer.down.gradient, m_stream_nd, h_nf, sum);
  addProduct(layer.gateUp.gradient, layer.gateUp_nf, layer.mlpInput_nd, sum);
  at::mm_out(branch_nd, layer.gateUp_nf, layer.gateUp.compute);
  kernels::normaliseBackward(branch_nd, layer.mlpInput_nd, layer.mlpScale_n, m_stream_nd);
}

void TrainingStep::attendBackward(Layer& layer) {
  const Sum sum = m_isFirst ? Sum::Begin : Sum::Add;
  const std::int64_t tokens = m_batch * m_sequence, width = m_spec.shape.headWidth;
  std::int64_t used = 0;
  torch::Tensor dattended_nh = scratch(used, layer.attended_nh.sizes(), m_type),
                dprojected_nr = scratch(used, layer.projected_nr.sizes(), m_type);
  addProduct(layer.output.gradient, m_stream_nd, layer.attended_nh, sum);
  at::mm_out(dattended_nh, m_stream_nd, layer.output.compute);

  for (const int index : layer.cleared) m_layers[static_cast<std::size_t>(index)].keyValueGradient_nr.zero_();
  torch::Tensor dq_BTHD = headsOf(dprojected_nr, 0, m_spec.shape.queryHeads, m_batch, width);
  std::int64_t behind = used;
  kernels::BlockAttention(layer.attention,
                          scratch(behind, {sharing::attentionBlocks(layer.attention).backward()}, m_accumulate))
      .backward({layer.q_BTHD, layer.k_BTGD, layer.v_BTGD}, layer.attended_nh.view(layer.q_BTHD.sizes()),
                dattended_nh.view(layer.q_BTHD.sizes()), layer.logSums_BHT,
                {.dq_BTHD = dq_BTHD, .dk_BTGD = layer.dk_BTGD, .dv_BTGD = layer.dv_BTGD});
  // What all readers of its own K and V have added is whole now: this layer was the last to come.
  if (layer.keyValueGradient_nr.defined()) {
    const std::int64_t columns = layer.keyValueGradient_nr.size(1);
    dprojected_nr.narrow(1, dprojected_nr.size(1) - columns, columns).copy_(layer.keyValueGradient_nr);
  }
  kernels::ropeInPlace(dq_BTHD, m_table, kernels::Turn::Back);
  if (layer.ownK_BTGD.defined()) {
    torch::Tensor dk = headsOf(dprojected_nr, dq_BTHD.size(2) * width, layer.ownK_BTGD.size(2), m_batch, width);
    kernels::ropeInPlace(dk, m_table, kernels::Turn::Back);
  }
  for (HeadNorm& norm : layer.headNorms) {
    torch::Tensor heads =
        dprojected_nr.narrow(1, norm.first * width, norm.heads * width).view({tokens, norm.heads, width});
    kernels::normaliseHeadsBackward(heads, norm.weight, norm.normal_nHD, norm.scale_nH, norm.gradient);
  }
  for (Bias& bias : layer.biases)
    kernels::addColumnSums(dprojected_nr.narrow(1, bias.first, bias.value.size(0)), bias.gradient);
  addProduct(layer.projections.gradient, dprojected_nr, layer.attentionInput_nd, sum);
  torch::Tensor branch_nd = scratch(used, m_stream_nd.sizes(), m_type);
  at::mm_out(branch_nd, dprojected_nr, layer.projections.compute);
  kernels::normaliseBackward(branch_nd, layer.attentionInput_nd, layer.attentionScale_n, m_stream_nd);
}

void TrainingStep::finishGradients() {
  const torch::NoGradGuard noGrad;
  for (Layer& layer : m_layers) {
    for (Folded& fold : layer.folds) kernels::unfoldNorm(fold.value, fold.norm, fold.gradient, fold.normGradient);
  }
}

}  // namespace weft::step
