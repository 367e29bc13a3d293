// engine/train/loss_watch.h -- what a person would see in a curve and act upon: a spike, a run that diverges, a run
// that crawls. No torch. Looks at the steps that are reported, each once.
#pragma once

#include <cstdint>
#include <deque>
#include <limits>
#include <optional>
#include <string>

namespace weft::train {

enum class Trouble { Spike, Divergence, Stall };
const char* toString(Trouble trouble);  // "spike", "divergence", "stall": as train.stop_when names them

struct Warning {
  Trouble trouble = Trouble::Spike;
  std::string sentence;  // what happened, with its numbers
};

class LossWatch {
 public:
  // Spike: the loss lies more than 6 standard deviations above the mean of the 50 losses before it, and more than 0.1
  //   nats (llm.c skips an update by such a z score, train_gpt2.cu). Judged from 50 losses on; said again only once the
  //   loss has come back.
  // Divergence: the mean of the last 20 losses has lost half of what the run had learned: it lies above the middle of
  //   the first loss and the lowest such mean. Judged once 0.1 nats were learned; said once.
  // Stall: a step takes 5 times as long as the median of the 50 before it, and a second longer. Said again only once a
  //   step was quick.
  std::optional<Warning> onStep(std::int64_t step, double loss_nats, double stepTime_s);

 private:
  std::optional<Warning> spike(std::int64_t step, double loss_nats);
  std::optional<Warning> divergence(std::int64_t step, double loss_nats);
  std::optional<Warning> stall(std::int64_t step, double stepTime_s);

  std::deque<double> m_losses, m_times_s;
  double m_firstLoss = std::numeric_limits<double>::quiet_NaN();
  double m_lowestMean = std::numeric_limits<double>::infinity();
  bool m_isSpiking = false, m_hasDiverged = false, m_isStalled = false;
};

}  // namespace weft::train
