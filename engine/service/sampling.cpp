#include "engine/service/sampling.h"

#include <fmt/format.h>

namespace weft::service {

Result<void> checkSampling(double temperature, std::int64_t topK) {
  if (temperature != 0 && !(temperature >= kLowestTemperature && temperature <= kHighestTemperature)) {
    return fail(ErrorCode::InvalidInput,
                fmt::format("The temperature is {}; it must be 0 (always the likeliest token) or from {} to {}.",
                            temperature, kLowestTemperature, kHighestTemperature));
  }
  if (topK < 0)
    return fail(ErrorCode::InvalidInput, fmt::format("top-k is {}; it must be 0 (all tokens) or more.", topK));
  return {};
}

}  // namespace weft::service
