#include "engine/train/loss_watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "engine/config/run_config.h"

namespace weft::train {

namespace {

constexpr std::size_t kLooksBack = 50, kSmooths = 20;
constexpr double kDeviations = 6, kLeast_nats = 0.1, kSlower = 5, kLeast_s = 1;

void keep(std::deque<double>& values, double value) {
  values.push_back(value);
  if (values.size() > kLooksBack) values.pop_front();
}

}  // namespace

const char* toString(Trouble trouble) { return config::kTroubles[static_cast<std::size_t>(trouble)]; }

std::optional<Warning> LossWatch::onStep(std::int64_t step, double loss_nats, double stepTime_s) {
  if (std::isnan(m_firstLoss)) m_firstLoss = loss_nats;
  const std::optional<Warning> spiked = spike(step, loss_nats), stalled = stall(step, stepTime_s);
  keep(m_losses, loss_nats);
  keep(m_times_s, stepTime_s);
  const std::optional<Warning> diverged = divergence(step, loss_nats);
  return diverged ? diverged : spiked ? spiked : stalled;
}

std::optional<Warning> LossWatch::spike(std::int64_t step, double loss_nats) {
  if (m_losses.size() < kLooksBack) return std::nullopt;
  const auto count = static_cast<double>(m_losses.size());
  const double mean = std::accumulate(m_losses.begin(), m_losses.end(), 0.0) / count;
  double squares = 0;
  for (const double loss : m_losses) squares += (loss - mean) * (loss - mean);
  const double deviation = std::sqrt(squares / (count - 1));
  const bool isSpike = loss_nats > mean + std::max(kDeviations * deviation, kLeast_nats);
  const bool isNew = isSpike && !m_isSpiking;
  m_isSpiking = isSpike;
  if (!isNew) return std::nullopt;
  return Warning{
      Trouble::Spike,
      fmt::format("At step {} the loss jumped to {:.3f}; the {} before it had a mean of {:.3f} and a standard "
                  "deviation of {:.3f}.",
                  step, loss_nats, m_losses.size(), mean, deviation)};
}

std::optional<Warning> LossWatch::divergence(std::int64_t step, double) {
  if (m_losses.size() < kSmooths) return std::nullopt;
  const double mean =
      std::accumulate(m_losses.end() - static_cast<std::ptrdiff_t>(kSmooths), m_losses.end(), 0.0) / kSmooths;
  m_lowestMean = std::min(m_lowestMean, mean);
  const double learned = m_firstLoss - m_lowestMean;
  if (m_hasDiverged || learned < kLeast_nats || mean < m_lowestMean + learned / 2) return std::nullopt;
  m_hasDiverged = true;
  return Warning{Trouble::Divergence,
                 fmt::format("By step {} the run has lost half of what it had learned: the mean loss of the last {} "
                             "reports is {:.3f}, after {:.3f} at its lowest and {:.3f} at the start; a lower "
                             "train.learning_rate or a longer train.warmup_fraction usually helps.",
                             step, kSmooths, mean, m_lowestMean, m_firstLoss)};
}

std::optional<Warning> LossWatch::stall(std::int64_t step, double stepTime_s) {
  if (m_times_s.size() < kSmooths) return std::nullopt;
  std::vector<double> times(m_times_s.begin(), m_times_s.end());
  const auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
  std::nth_element(times.begin(), middle, times.end());
  const bool isSlow = stepTime_s > kSlower * *middle && stepTime_s > *middle + kLeast_s;
  const bool isNew = isSlow && !m_isStalled;
  m_isStalled = isSlow;
  if (!isNew) return std::nullopt;
  return Warning{Trouble::Stall,
                 fmt::format("Up to step {} a step took {:.1f} s; before, it took {:.2f} s (the median of "
                             "{} reports). Something else uses the device, or the data comes slowly.",
                             step, stepTime_s, *middle, times.size())};
}

}  // namespace weft::train
