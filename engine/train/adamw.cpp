#include "engine/train/adamw.h"

#include <ATen/ops/_foreach_norm.h>
#include <ATen/ops/_fused_adamw.h>

namespace weft::train {

AdamW::AdamW(std::vector<nn::NamedParameter>& parameters, const config::TrainConfig& config)
    : m_parameters(parameters), m_config(config) {
  for (const nn::NamedParameter& parameter : parameters) {
    m_moments.push_back({torch::zeros_like(parameter.value.detach()), torch::zeros_like(parameter.value.detach())});
  }
  m_step = torch::zeros({}, torch::TensorOptions().dtype(torch::kFloat).device(parameters.front().value.device()));
}

void AdamW::setStepCount(std::int64_t count) {
  m_stepCount = count;
  m_step.fill_(count);
}

void AdamW::clearGradients() {
  for (nn::NamedParameter& parameter : m_parameters) parameter.value.mutable_grad().reset();
}

torch::Tensor AdamW::step(double learningRate) {
  const torch::NoGradGuard noGrad;
  struct Group {
    std::vector<torch::Tensor> values, gradients, m, v, steps;
  } groups[2];
  std::vector<torch::Tensor> all;
  setStepCount(m_stepCount + 1);
  for (std::size_t i = 0; i < m_parameters.size(); ++i) {
    nn::NamedParameter& parameter = m_parameters[i];
    if (!parameter.value.grad().defined()) continue;
    Group& group = groups[parameter.decays ? 1 : 0];
    group.values.push_back(parameter.value);
    group.gradients.push_back(parameter.value.grad());
    group.m.push_back(m_moments[i].m);
    group.v.push_back(m_moments[i].v);
    group.steps.push_back(m_step);
    all.push_back(parameter.value.grad());
  }
  const torch::Tensor norm = torch::stack(at::_foreach_norm(all)).norm();
  // The kernel divides the gradient by this scale: max(1, norm / clip) is the inverse of the clip coefficient.
  std::optional<torch::Tensor> scale;
  if (m_config.clipNorm > 0) scale = (norm / m_config.clipNorm).clamp_min(1.0).to(torch::kFloat);
  for (int decays = 0; decays < 2; ++decays) {
    Group& group = groups[decays];
    if (group.values.empty()) continue;
    at::_fused_adamw_(group.values, group.gradients, group.m, group.v, {}, group.steps, learningRate, m_config.beta1,
                      m_config.beta2, decays ? m_config.weightDecay : 0.0, m_config.epsilon, false, false, scale);
  }
  clearGradients();
  return norm;
}

}  // namespace weft::train
