#include "engine/config/schedule.h"

#include <gtest/gtest.h>

#include <cmath>

using weft::config::learningRate;
using weft::config::TrainConfig;
using weft::config::warmupSteps;

namespace {

TrainConfig scheduleOf(std::int64_t steps, double warmup) {
  TrainConfig config;
  config.steps = steps;
  config.warmupFraction = warmup;
  config.learningRate = 2.0;
  config.finalFraction = 0.1;
  return config;
}

}  // namespace

TEST(Schedule, WarmsUpLinearlyFromTheFirstStepToThePeak) {
  const TrainConfig config = scheduleOf(100, 0.1);
  ASSERT_EQ(warmupSteps(config), 10);
  EXPECT_DOUBLE_EQ(learningRate(config, 0), 0.2);
  EXPECT_DOUBLE_EQ(learningRate(config, 4), 1.0);
  EXPECT_DOUBLE_EQ(learningRate(config, 9), 2.0);
}

TEST(Schedule, IsAHalfCosineFromThePeakToATenthAtTheLastStep) {
  const TrainConfig config = scheduleOf(111, 10.0 / 111);
  ASSERT_EQ(warmupSteps(config), 10);
  EXPECT_DOUBLE_EQ(learningRate(config, 10), 2.0);
  EXPECT_NEAR(learningRate(config, 60), (2.0 + 0.2) / 2, 1e-12);  // half-way: the mean of both ends
  EXPECT_NEAR(learningRate(config, 35), 0.2 + 1.8 * (1 + std::sqrt(0.5)) / 2, 1e-12);  // a quarter: cos 45 degrees
  EXPECT_NEAR(learningRate(config, 110), 0.2, 1e-12);
  for (std::int64_t step = 11; step < 111; ++step)
    EXPECT_LT(learningRate(config, step), learningRate(config, step - 1)) << step;
}

TEST(Schedule, BeginsAtThePeakWithoutWarmUp) {
  const TrainConfig config = scheduleOf(50, 0);
  EXPECT_DOUBLE_EQ(learningRate(config, 0), 2.0);
  EXPECT_NEAR(learningRate(config, 49), 0.2, 1e-12);
}

TEST(Schedule, MayWarmUpToTheLastStep) {
  const TrainConfig config = scheduleOf(4, 1);
  EXPECT_DOUBLE_EQ(learningRate(config, 0), 0.5);
  EXPECT_DOUBLE_EQ(learningRate(config, 3), 2.0);
}

TEST(Schedule, EndsLowWhenOnlyOneStepFollowsTheWarmUp) {
  EXPECT_DOUBLE_EQ(learningRate(scheduleOf(5, 0.8), 3), 2.0);
  EXPECT_DOUBLE_EQ(learningRate(scheduleOf(5, 0.8), 4), 0.2);
  EXPECT_DOUBLE_EQ(learningRate(scheduleOf(1, 0), 0), 0.2);
}

TEST(Schedule, IsConstantWhenTheFinalFractionIsOne) {
  TrainConfig config = scheduleOf(20, 0.1);
  config.finalFraction = 1;
  for (std::int64_t step = 2; step < 20; ++step) EXPECT_DOUBLE_EQ(learningRate(config, step), 2.0);
}
