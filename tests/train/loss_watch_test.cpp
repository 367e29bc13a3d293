#include "engine/train/loss_watch.h"

#include <gmock/gmock.h>

#include <cmath>
#include <random>
#include <vector>

namespace weft::train {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct Said {
  std::int64_t step;
  Trouble trouble;
  bool operator==(const Said&) const = default;
};

// A curve of 400 steps from 6 down to 2 nats with noise, at 0.1 s a step, changed by `change`.
template <class Change>
std::vector<Said> said(const Change& change) {
  LossWatch watch;
  std::mt19937 random(5);
  std::normal_distribution<double> noise(0, 0.02);
  std::vector<Said> all;
  for (std::int64_t step = 1; step <= 400; ++step) {
    double loss = 2 + 4 * std::exp(-static_cast<double>(step) / 60) + noise(random), time_s = 0.1;
    change(step, loss, time_s);
    if (const auto warning = watch.onStep(step, loss, time_s)) {
      all.push_back({step, warning->trouble});
      EXPECT_EQ(warning->sentence.back(), '.');
      EXPECT_EQ(warning->sentence.find('\n'), std::string::npos);
    }
  }
  return all;
}

TEST(LossWatch, SaysNothingOfAnOrdinaryCurve) {
  EXPECT_THAT(said([](std::int64_t, double&, double&) {}), IsEmpty());
  EXPECT_THAT(said([](std::int64_t step, double& loss, double&) {
                if (step % 97 == 0) loss += 0.09;  // below what a person would call a spike
              }),
              IsEmpty());
}

TEST(LossWatch, SaysASpikeOnceUntilTheLossHasComeBack) {
  const auto spikes = said([](std::int64_t step, double& loss, double&) {
    if (step >= 200 && step < 204) loss += 1.5;
    if (step == 300) loss += 1.5;
  });
  EXPECT_THAT(spikes, ElementsAre(Said{200, Trouble::Spike}, Said{300, Trouble::Spike}));
  EXPECT_THAT(said([](std::int64_t step, double& loss, double&) {
                if (step == 30) loss += 3;  // too early to know what is usual
              }),
              IsEmpty());
}

TEST(LossWatch, SaysOnceThatARunHasLostHalfOfWhatItLearned) {
  std::vector<Said> all = said([](std::int64_t step, double& loss, double&) {
    if (step > 250) loss = std::min(7.0, 2 + 0.02 * static_cast<double>(step - 250));
  });
  std::erase_if(all, [](const Said& one) { return one.trouble != Trouble::Divergence; });
  ASSERT_EQ(all.size(), 1u);
  // 2 nats above the lowest, of 4 that were learned: 100 steps later, and the mean of 20 is 10 steps behind.
  EXPECT_NEAR(static_cast<double>(all[0].step), 360, 10);
}

TEST(LossWatch, SaysAStallOnceUntilAStepIsQuickAgain) {
  const auto stalls = said([](std::int64_t step, double&, double& time_s) {
    if (step >= 100 && step < 103) time_s = 3;
    if (step == 200) time_s = 2;
    if (step == 300) time_s = 0.9;  // nine times as long, but nobody notices
  });
  EXPECT_THAT(stalls, ElementsAre(Said{100, Trouble::Stall}, Said{200, Trouble::Stall}));
}

TEST(LossWatch, NamesTroublesAsTheConfigurationDoes) {
  EXPECT_STREQ(toString(Trouble::Spike), "spike");
  EXPECT_STREQ(toString(Trouble::Divergence), "divergence");
  EXPECT_STREQ(toString(Trouble::Stall), "stall");
}

}  // namespace
}  // namespace weft::train
