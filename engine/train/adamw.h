// engine/train/adamw.h -- AdamW over the flat arenas of step::Parameters, in torch's fused kernels (CPU and CUDA),
// without a wait for the device.
//   m = b1 m + (1 - b1) g;  v = b2 v + (1 - b2) g^2
//   w = w (1 - lr wd) - lr (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps)
//   Loshchilov and Hutter 2019, algorithm 2
// g is the gradient times the clip coefficient min(1, clipNorm / norm). Norms are not decayed (NamedParameter::decays).
#pragma once

#include <torch/types.h>

#include <vector>

#include "engine/config/run_config.h"
#include "engine/step/parameters.h"

namespace weft::train {

class AdamW {
 public:
  AdamW(step::Parameters& parameters, const config::TrainConfig& config);
  // Returns the gradients' global norm before clipping, a scalar on the device. The gradients stay as they are.
  torch::Tensor step(double learningRate);

  struct Moments {
    torch::Tensor m, v;  // views
  };
  // In the order of the parameters; what a checkpoint keeps besides stepCount().
  std::vector<Moments>& moments() { return m_moments; }
  std::int64_t stepCount() const { return m_stepCount; }
  void setStepCount(std::int64_t count);

 private:
  step::Parameters& m_parameters;
  config::TrainConfig m_config;
  torch::Tensor m_m, m_v;  // arenas
  std::vector<Moments> m_moments;
  torch::Tensor m_step;  // t, float32 on the device
  std::int64_t m_stepCount = 0;
};

}  // namespace weft::train
