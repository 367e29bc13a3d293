#include "engine/data/sampler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

namespace weft::data {
namespace {

std::vector<std::int64_t> epoch(const SequenceSampler& sampler, std::int64_t number) {
  std::vector<std::int64_t> offsets;
  for (std::int64_t i = 0; i < sampler.windowCount(); ++i)
    offsets.push_back(sampler.offsetOf(number * sampler.windowCount() + i));
  return offsets;
}

TEST(SequenceSampler, VisitsEveryWindowOnceAnEpoch) {
  for (const std::int64_t windows : {1, 2, 3, 4, 5, 16, 17, 63, 64, 65, 1000, 4097}) {
    const SequenceSampler sampler(windows * 8 + 1, 8, 42);
    ASSERT_EQ(sampler.windowCount(), windows);
    for (std::int64_t number = 0; number < 3; ++number) {
      std::vector<std::int64_t> offsets = epoch(sampler, number);
      std::sort(offsets.begin(), offsets.end());
      for (std::int64_t i = 0; i < windows; ++i) ASSERT_EQ(offsets[static_cast<std::size_t>(i)], 8 * i) << windows;
    }
  }
}

TEST(SequenceSampler, LeavesRoomForTheLastTarget) {
  // T + 1 tokens a window: one token short of two windows is one window.
  EXPECT_EQ(SequenceSampler(17, 8, 1).windowCount(), 2);
  EXPECT_EQ(SequenceSampler(16, 8, 1).windowCount(), 1);
  EXPECT_EQ(SequenceSampler(9, 8, 1).windowCount(), 1);
  EXPECT_EQ(SequenceSampler(8, 8, 1).windowCount(), 0);
  EXPECT_EQ(SequenceSampler(0, 8, 1).windowCount(), 0);
}

TEST(SequenceSampler, OrdersEveryEpochAndEverySeedAnew) {
  const SequenceSampler one(8001, 8, 1), two(8001, 8, 2);
  EXPECT_NE(epoch(one, 0), epoch(one, 1));
  EXPECT_NE(epoch(one, 0), epoch(two, 0));
}

TEST(SequenceSampler, GivesTheSameTokensToEveryRunForever) {
  // Recorded: a change here changes what a resumed run reads.
  const SequenceSampler sampler(1001, 10, 7);
  std::vector<std::int64_t> offsets;
  for (std::int64_t i = 0; i < 6; ++i) offsets.push_back(sampler.offsetOf(i));
  EXPECT_EQ(offsets, (std::vector<std::int64_t>{320, 370, 160, 910, 110, 860}));
  EXPECT_EQ(sampler.offsetOf(5), SequenceSampler(1001, 10, 7).offsetOf(5));
}

TEST(SequenceSampler, ScattersNeighbours) {
  // The rank correlation of a random permutation of n is about N(0, 1 / n): 4 standard deviations.
  const SequenceSampler sampler(10001, 1, 3);
  const std::vector<std::int64_t> offsets = epoch(sampler, 0);
  const auto n = static_cast<double>(offsets.size());
  double order = 0, neighbours = 0;
  for (std::size_t i = 0; i < offsets.size(); ++i) {
    order += (static_cast<double>(i) - n / 2) * (static_cast<double>(offsets[i]) - n / 2);
    if (i > 0) neighbours += (static_cast<double>(offsets[i - 1]) - n / 2) * (static_cast<double>(offsets[i]) - n / 2);
  }
  const double variance = n * n * n / 12;
  EXPECT_LT(std::abs(order / variance), 4 / std::sqrt(n));
  EXPECT_LT(std::abs(neighbours / variance), 4 / std::sqrt(n));
}

}  // namespace
}  // namespace weft::data
