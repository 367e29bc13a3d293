#include "engine/kernels/rope_scaling.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>
#include <vector>

namespace weft::kernels {

namespace {

void check(bool fits, const char* what, double value) {
  if (!fits) throw std::invalid_argument(fmt::format("rope scaling: {} is {}, which does not fit", what, value));
}

void check(std::int64_t headWidth, double theta, const RopeScaling& scaling) {
  const RopeKind kind = scaling.kind;
  check(theta > 0 && std::isfinite(theta), "theta", theta);
  if (kind == RopeKind::None) return;
  check(scaling.factor >= 1 && std::isfinite(scaling.factor), "factor", scaling.factor);
  if (kind == RopeKind::Linear) return;
  check(scaling.originalContext >= 1, "the original context", static_cast<double>(scaling.originalContext));
  if (kind == RopeKind::Dynamic) check(headWidth > 2, "a head width", static_cast<double>(headWidth));
  if (kind == RopeKind::Llama3) {
    check(scaling.lowFrequencyFactor > 0, "the low frequency factor", scaling.lowFrequencyFactor);
    check(scaling.highFrequencyFactor > scaling.lowFrequencyFactor, "the high frequency factor",
          scaling.highFrequencyFactor);
  }
  if (kind == RopeKind::Yarn) {
    check(theta > 1, "theta", theta);
    check(scaling.betaSlow > 0, "beta slow", scaling.betaSlow);
    check(scaling.betaFast >= scaling.betaSlow, "beta fast", scaling.betaFast);
    check(scaling.attentionFactor >= 0 && std::isfinite(scaling.attentionFactor), "the attention factor",
          scaling.attentionFactor);
  }
}

double llama3(double frequency, const RopeScaling& scaling) {
  const double turns =
      static_cast<double>(scaling.originalContext) * frequency / (2 * std::numbers::pi);  // within the original context
  const double share =
      (turns - scaling.lowFrequencyFactor) / (scaling.highFrequencyFactor - scaling.lowFrequencyFactor);
  const double kept = std::clamp(share, 0.0, 1.0);
  return (1 - kept) * frequency / scaling.factor + kept * frequency;
}

// The pairs between which YaRN goes over from keeping to stretching.
struct Ramp {
  double first, last;
  double at(double pair) const { return std::clamp((pair - first) / (last - first), 0.0, 1.0); }
};

Ramp yarnRamp(std::int64_t headWidth, double theta, const RopeScaling& scaling) {
  const double width = static_cast<double>(headWidth);
  const auto pairTurning = [&](double rotations) {
    return width * std::log(static_cast<double>(scaling.originalContext) / (rotations * 2 * std::numbers::pi)) /
           (2 * std::log(theta));
  };
  Ramp ramp{pairTurning(scaling.betaFast), pairTurning(scaling.betaSlow)};
  if (scaling.truncate) ramp = {std::floor(ramp.first), std::ceil(ramp.last)};
  ramp = {std::max(ramp.first, 0.0), std::min(ramp.last, width - 1)};
  if (ramp.first == ramp.last) ramp.last += 0.001;
  return ramp;
}

double yarnAttentionFactor(const RopeScaling& scaling) {
  if (scaling.attentionFactor > 0) return scaling.attentionFactor;
  const auto m = [&](double x) { return scaling.factor <= 1 ? 1.0 : 0.1 * x * std::log(scaling.factor) + 1; };
  if (scaling.mscale != 0 && scaling.mscaleAllDim != 0) return m(scaling.mscale) / m(scaling.mscaleAllDim);
  return m(1);
}

}  // namespace

RopeFrequencies ropeFrequencies(std::int64_t headWidth, double theta, const RopeScaling& scaling,
                                std::int64_t sequence) {
  check(headWidth, theta, scaling);
  const double width = static_cast<double>(headWidth);
  double base = theta;
  if (scaling.kind == RopeKind::Dynamic) {
    const double length =
        static_cast<double>(std::max(sequence, scaling.originalContext)) / static_cast<double>(scaling.originalContext);
    base *= std::pow(scaling.factor * length - (scaling.factor - 1), width / (width - 2));
  }
  const bool isYarn = scaling.kind == RopeKind::Yarn;
  const Ramp ramp = isYarn ? yarnRamp(headWidth, theta, scaling) : Ramp{};
  std::vector<double> frequencies(static_cast<std::size_t>(headWidth / 2));
  for (std::size_t i = 0; i < frequencies.size(); ++i) {
    const double pair = static_cast<double>(i), frequency = std::pow(base, -2 * pair / width);
    frequencies[i] = frequency;
    if (scaling.kind == RopeKind::Linear) frequencies[i] = frequency / scaling.factor;
    if (scaling.kind == RopeKind::Llama3) frequencies[i] = llama3(frequency, scaling);
    if (isYarn) frequencies[i] = frequency / scaling.factor * ramp.at(pair) + frequency * (1 - ramp.at(pair));
  }
  return {at::tensor(frequencies, at::kDouble), isYarn ? yarnAttentionFactor(scaling) : 1.0};
}

}  // namespace weft::kernels
