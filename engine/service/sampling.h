// engine/service/sampling.h -- which ways of drawing the next token there are; asked by the faces before a worker
// starts, and by the worker of its job.
#pragma once

#include <cstdint>

#include "engine/base/result.h"

namespace weft::service {

// Below, every logit but the largest is lost in rounding; above, every token is as likely as any other.
inline constexpr double kLowestTemperature = 1e-4, kHighestTemperature = 1e4;

// 0 (greedy) or a temperature between the two; `topK` 0 (all) or more. InvalidInput.
[[nodiscard]] Result<void> checkSampling(double temperature, std::int64_t topK);

}  // namespace weft::service
