#include "engine/store/sparkline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>

using weft::store::Sparkline;

namespace {

// The steps that `count` points at distance `every` leave behind: the value of a point is its step.
std::vector<float> stepsKept(int count, int every) {
  Sparkline sparkline;
  for (int i = 1; i <= count; ++i) sparkline.add(static_cast<std::int64_t>(i) * every, static_cast<double>(i) * every);
  return sparkline.values();
}

}  // namespace

TEST(Sparkline, IsEmptyWithoutPoints) {
  EXPECT_TRUE(Sparkline().values().empty());
  EXPECT_TRUE(Sparkline().bytes().empty());
}

TEST(Sparkline, KeepsEveryPointWhileThereIsRoom) {
  const std::vector<float> steps = stepsKept(64, 10);
  ASSERT_EQ(steps.size(), 64u);
  for (std::size_t i = 0; i < steps.size(); ++i) EXPECT_EQ(steps[i], 10 * (static_cast<float>(i) + 1));
}

TEST(Sparkline, StaysEvenlySpacedFromTheFirstToTheNewestPointAtAnyLength) {
  for (const int every : {1, 7, 10}) {
    for (int count = 2; count < 3000; count += count < 200 ? 1 : 97) {
      const std::vector<float> steps = stepsKept(count, every);
      ASSERT_LE(steps.size(), Sparkline::kMaximumPoints);
      ASSERT_GE(steps.size(), std::min<std::size_t>(static_cast<std::size_t>(count), 32)) << count;
      ASSERT_EQ(steps.front(), every) << count;
      ASSERT_EQ(steps.back(), count * every) << count;
      // All but the newest lie equally far apart; the newest may be nearer.
      for (std::size_t i = 2; i + 1 < steps.size(); ++i)
        ASSERT_EQ(steps[i] - steps[i - 1], steps[1] - steps[0]) << count << " every " << every;
      if (steps.size() > 2) {
        ASSERT_LE(steps.back() - steps[steps.size() - 2], steps[1] - steps[0] + static_cast<float>(every));
      }
    }
  }
}

TEST(Sparkline, IsTheSameWhenItIsStoredAfterEachPoint) {
  Sparkline whole;
  std::string bytes;
  std::int64_t stride = 1;
  for (int step = 1; step < 1000; ++step) {
    whole.add(step, std::sin(step));
    Sparkline part(bytes, stride);
    part.add(step, std::sin(step));
    bytes = part.bytes();
    stride = part.stride();
  }
  EXPECT_EQ(bytes, whole.bytes());
  EXPECT_EQ(stride, whole.stride());
}

TEST(Sparkline, GoesBackWithAResumedRun) {
  Sparkline sparkline;
  for (int step = 1; step <= 20; ++step) sparkline.add(step, step);
  sparkline.add(11, 110);
  EXPECT_THAT(sparkline.values(), testing::ElementsAre(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 110));
}

TEST(Sparkline, IsAsFineAsANewOneWhenTheRunBeginsAgain) {
  Sparkline sparkline;
  for (int step = 1; step <= 5000; ++step) sparkline.add(step, step);
  for (int step = 1; step <= 50; ++step) sparkline.add(step, step);
  EXPECT_EQ(sparkline.values().size(), 50u);
}

TEST(Sparkline, IsNotThinnedOutForEverByOneGap) {
  Sparkline sparkline;
  sparkline.add(1, 1);
  for (int step = 1'000; step < 4'000; ++step) sparkline.add(step, step);
  EXPECT_GE(sparkline.values().size(), 32u);
}

TEST(Sparkline, BytesOfAnotherLengthAreReadAsFarAsTheyMakePoints) {
  Sparkline sparkline;
  for (int step = 1; step <= 3; ++step) sparkline.add(step, step);
  EXPECT_THAT(Sparkline(sparkline.bytes().substr(0, 40), 1).values(), testing::ElementsAre(1, 2));
  EXPECT_EQ(Sparkline(std::string(100'000, '\0'), 0).values().size(), Sparkline::kMaximumPoints);
}
