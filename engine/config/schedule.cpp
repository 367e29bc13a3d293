#include "engine/config/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace weft::config {

std::int64_t warmupSteps(const TrainConfig& config) {
  return std::clamp<std::int64_t>(std::llround(config.warmupFraction * static_cast<double>(config.steps)), 0,
                                  config.steps);
}

double learningRate(const TrainConfig& config, std::int64_t step) {
  const std::int64_t warmup = warmupSteps(config);
  if (step < warmup) return config.learningRate * static_cast<double>(step + 1) / static_cast<double>(warmup);
  const std::int64_t span = config.steps - 1 - warmup;
  const double progress =
      span > 0 ? std::min(1.0, static_cast<double>(step - warmup) / static_cast<double>(span)) : 1.0;
  const double last = config.learningRate * config.finalFraction;
  return last + (config.learningRate - last) * 0.5 * (1 + std::cos(std::numbers::pi * progress));
}

}  // namespace weft::config
