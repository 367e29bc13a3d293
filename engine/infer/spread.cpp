#include "engine/infer/spread.h"

#include <algorithm>
#include <cmath>

namespace weft::infer {

Spread spreadOf(std::vector<double> readings) {
  if (readings.empty()) return {};
  std::sort(readings.begin(), readings.end());
  const auto at = [&](double part) {
    const double place = part * static_cast<double>(readings.size() - 1);
    const auto below = static_cast<std::size_t>(place);
    const std::size_t above = std::min(below + 1, readings.size() - 1);
    return readings[below] + (place - std::floor(place)) * (readings[above] - readings[below]);
  };
  return {.median = at(0.5), .low = at(0.25), .high = at(0.75)};
}

}  // namespace weft::infer
