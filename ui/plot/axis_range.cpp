#include "ui/plot/axis_range.h"

#include <algorithm>
#include <cmath>

namespace weft::ui {
namespace {

double niceStep(double span) {
  const double rough = span / 5;
  const double power = std::pow(10, std::floor(std::log10(rough)));
  for (const double factor : {1.0, 2.0, 2.5, 5.0})
    if (factor * power >= rough) return factor * power;
  return 10 * power;
}

}  // namespace

QCPRange niceRange(double low, double high) {
  if (high <= low) {
    const double half = low != 0 ? std::abs(low) * 0.02 : 0.5;
    low -= half;
    high += half;
  }
  const double margin = (high - low) * 0.05, step = niceStep(high - low);
  return {std::floor((low - margin) / step) * step, std::ceil((high + margin) / step) * step};
}

QCPRange niceLogRange(double low, double high) {
  const double factor = std::max(std::pow(high / low, 0.09), 1.35);
  return {low / factor, high * factor};
}

bool isLogMemory(double low, double high) { return low > 0 && (high / low >= 4 || high == low); }
bool isLogQuality(double low, double high) { return low > 0 && high / low >= 8; }

}  // namespace weft::ui
