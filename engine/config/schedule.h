// engine/config/schedule.h -- the learning rate of a step.
#pragma once

#include <cstdint>

#include "engine/config/run_config.h"

namespace weft::config {

// Linear warm-up over the first warmupFraction of the steps, then cosine down to finalFraction of the peak (arXiv
// 2405.12981 sec. 3.1). Step 0 is the first; with w warm-up steps: s < w: peak (s + 1) / w; else final + (peak - final)
// (1 + cos(pi (s - w) / (steps - 1 - w))) / 2.
double learningRate(const TrainConfig& config, std::int64_t step);
std::int64_t warmupSteps(const TrainConfig& config);

}  // namespace weft::config
