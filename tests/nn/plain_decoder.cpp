#include "tests/nn/plain_decoder.h"

#include <fmt/format.h>

#include "engine/kernels/rms_norm.h"
#include "engine/kernels/rope.h"
#include "engine/kernels/swiglu.h"
#include "engine/nn/attention.h"

namespace weft::nn::test {

namespace {

torch::Tensor project(const torch::Tensor& x, const torch::Tensor& weight) {
  return torch::matmul(x, weight.to(x.scalar_type()).t());
}

}  // namespace

PlainDecoder::PlainDecoder(const Decoder& model)
    : m_shape(model.spec().shape),
      m_epsilon(model.spec().normEpsilon),
      m_theta(model.spec().ropeTheta),
      m_type(model.computeType()) {
  for (const NamedParameter& parameter : model.parameters())
    m_weights[parameter.name] = parameter.value.detach().clone().requires_grad_();
}

torch::Tensor PlainDecoder::weight(int layer, const std::string& name) const {
  const auto found = m_weights.find(fmt::format("layers.{}.{}.weight", layer, name));
  return found == m_weights.end() ? torch::Tensor() : found->second;
}

torch::Tensor PlainDecoder::rms(const torch::Tensor& x, const torch::Tensor& weight) const {
  return kernels::rmsNorm(x, weight, m_epsilon);
}

torch::Tensor PlainDecoder::embed(const torch::Tensor& ids_BT) const {
  return torch::embedding(m_weights.at("embedding.weight"), ids_BT).to(m_type);
}

torch::Tensor PlainDecoder::queryInput(int layer, const torch::Tensor& x_BTd) const {
  return rms(x_BTd, weight(layer, "attention.query_norm"));
}

KeysAndValues PlainDecoder::keysAndValues(int layer, const torch::Tensor& x_BTd,
                                          const torch::Tensor& queryInput_BTd) const {
  const torch::Tensor norm = weight(layer, "attention.kv_norm"), key = weight(layer, "attention.key"),
                      value = weight(layer, "attention.value");
  const torch::Tensor input = norm.defined() ? rms(x_BTd, norm) : queryInput_BTd;
  const auto heads = [&](const torch::Tensor& w) {
    const torch::Tensor projected = project(input, w);
    return projected
        .view({projected.size(0), projected.size(1), projected.size(2) / m_shape.headWidth, m_shape.headWidth})
        .transpose(1, 2);
  };
  KeysAndValues made;
  if (key.defined()) {
    const auto positions =
        torch::arange(x_BTd.size(1), torch::TensorOptions().dtype(torch::kLong).device(x_BTd.device()));
    made.k_BGTD = kernels::rope(heads(key), kernels::ropeTable(positions, m_shape.headWidth, m_theta, m_type));
  }
  if (value.defined()) made.v_BGTD = heads(value);
  return made;
}

torch::Tensor PlainDecoder::block(int layer, const torch::Tensor& x_BTd, const torch::Tensor& queryInput_BTd,
                                  const KeysAndValues& read, std::optional<std::int64_t> window,
                                  std::int64_t firstQuery) const {
  const std::int64_t batch = x_BTd.size(0), tokens = x_BTd.size(1),
                     width = std::int64_t{m_shape.queryHeads} * m_shape.headWidth;
  const auto positions =
      torch::arange(firstQuery, firstQuery + tokens, torch::TensorOptions().dtype(torch::kLong).device(x_BTd.device()));
  const torch::Tensor queries = project(queryInput_BTd, weight(layer, "attention.query"));
  const torch::Tensor q_BHTD =
      kernels::rope(queries.view({batch, tokens, m_shape.queryHeads, m_shape.headWidth}).transpose(1, 2),
                    kernels::ropeTable(positions, m_shape.headWidth, m_theta, m_type));
  const torch::Tensor out_BHTD = attention(q_BHTD, read.k_BGTD, read.v_BGTD, {.window = window});
  const torch::Tensor x =
      x_BTd + project(out_BHTD.transpose(1, 2).reshape({batch, tokens, width}), weight(layer, "attention.output"));
  const torch::Tensor gated = kernels::swiglu(project(rms(x, weight(layer, "mlp.norm")), weight(layer, "mlp.gate_up")));
  return x + project(gated, weight(layer, "mlp.down"));
}

torch::Tensor PlainDecoder::head(const torch::Tensor& x_BTd) const {
  const auto untied = m_weights.find("head.weight");
  return project(rms(x_BTd, m_weights.at("final_norm.weight")),
                 untied == m_weights.end() ? m_weights.at("embedding.weight") : untied->second);
}

torch::Tensor PlainDecoder::logits(const torch::Tensor& ids_BT) const {
  torch::Tensor x = embed(ids_BT);
  for (int layer = 0; layer < m_shape.layers; ++layer) {
    const torch::Tensor input = queryInput(layer, x);
    x = block(layer, x, input, keysAndValues(layer, x, input), std::nullopt);
  }
  return head(x);
}

}  // namespace weft::nn::test
