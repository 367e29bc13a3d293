#include "engine/train/adamw.h"

#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/linalg_vector_norm.h>

namespace weft::train {

AdamW::AdamW(step::Parameters& parameters, const config::TrainConfig& config)
    : m_parameters(parameters),
      m_config(config),
      m_m(torch::zeros_like(parameters.values())),
      m_v(torch::zeros_like(parameters.values())) {
  for (const nn::NamedParameter& parameter : parameters.named())
    m_moments.push_back({parameters.view(m_m, parameter.name), parameters.view(m_v, parameter.name)});
  m_step = torch::zeros({}, torch::TensorOptions().dtype(torch::kFloat).device(parameters.values().device()));
}

void AdamW::setStepCount(std::int64_t count) {
  m_stepCount = count;
  m_step.fill_(count);
}

torch::Tensor AdamW::step(double learningRate) {
  const torch::NoGradGuard noGrad;
  setStepCount(m_stepCount + 1);
  const torch::Tensor norm = at::linalg_vector_norm(m_parameters.gradients());
  // The kernel divides the gradient by this scale: max(1, norm / clip) is the inverse of the clip coefficient.
  std::optional<torch::Tensor> scale;
  if (m_config.clipNorm > 0) scale = (norm / m_config.clipNorm).clamp_min(1.0).to(torch::kFloat);
  const auto update = [&](const auto& part, double weightDecay) {
    if (part(m_m).numel() == 0) return;
    at::_fused_adamw_({part(m_parameters.values())}, {part(m_parameters.gradients())}, {part(m_m)}, {part(m_v)}, {},
                      {m_step}, learningRate, m_config.beta1, m_config.beta2, weightDecay, m_config.epsilon, false,
                      false, scale);
  };
  update([&](const torch::Tensor& arena) { return m_parameters.decaying(arena); }, m_config.weightDecay);
  update([&](const torch::Tensor& arena) { return m_parameters.steady(arena); }, 0.0);
  return norm;
}

}  // namespace weft::train
