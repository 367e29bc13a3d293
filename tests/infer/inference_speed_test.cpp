#include "engine/infer/inference_speed.h"

#include <gmock/gmock.h>

#include "engine/device/device.h"
#include "tests/infer/models.h"

using namespace weft;
using namespace weft::infer_test;

class InferenceSpeed : public InferTest {
 protected:
  static constexpr std::int64_t kMuch = std::int64_t{1} << 30;
};

TEST(Spread, IsMedianAndQuartilesOfAnyOrder) {
  const infer::Spread odd = infer::spreadOf({5, 1, 4, 2, 3});
  EXPECT_EQ(odd.median, 3);
  EXPECT_EQ(odd.low, 2);
  EXPECT_EQ(odd.high, 4);
  const infer::Spread even = infer::spreadOf({4, 1, 3, 2});
  EXPECT_EQ(even.median, 2.5);
  EXPECT_EQ(even.low, 1.75);
  EXPECT_EQ(even.range(), 1.5);
  EXPECT_EQ(infer::spreadOf({7}).high, 7);
  EXPECT_EQ(infer::spreadOf({}).median, 0);
}

TEST_F(InferenceSpeed, TimesAsManyRoundsAsAskedForWithinTheirQuartiles) {
  const auto decoder = makeDecoder("cla2");
  const device::AllocationBudget budget(torch::kCPU, kMuch);
  const infer::SpeedPoint point =
      infer::measureSpeed(*decoder, cacheOf(""), {.batch = 2, .context = 24, .rounds = 5, .decodeSteps = 4}, budget);
  ASSERT_TRUE(point.fits);
  EXPECT_EQ(point.memory.prefill_s.size(), 5u);
  EXPECT_EQ(point.memory.decode_s.size(), 5u);
  EXPECT_EQ(point.memory.prefilled, 20);
  for (const infer::Spread& spread : {point.prefillTokensPerSecond, point.decodeTokensPerSecond, point.decodeStep_ms}) {
    EXPECT_GT(spread.low, 0);
    EXPECT_LE(spread.low, spread.median);
    EXPECT_LE(spread.median, spread.high);
  }
  // A step makes one token for each of the two sequences. The two medians are of the same odd number of times.
  EXPECT_NEAR(point.decodeStep_ms.median * point.decodeTokensPerSecond.median, 2 * 1000, 1e-6 * 2000);
}

TEST_F(InferenceSpeed, ACellThatDoesNotFitIsAnAnswerAndTheNextIsMeasured) {
  const auto decoder = makeDecoder("identity");
  const device::AllocationBudget budget(torch::kCPU, 4 << 20);
  const infer::SpeedPoint tooLarge = infer::measureSpeed(*decoder, cacheOf(""), {.batch = 4096, .context = 64}, budget);
  EXPECT_FALSE(tooLarge.fits);
  EXPECT_THAT(tooLarge.refusal, testing::HasSubstr("does not fit the memory limit"));
  EXPECT_EQ(budget.used(), 0);
  EXPECT_TRUE(infer::measureSpeed(*decoder, cacheOf(""), {.batch = 1, .context = 8}, budget).fits);
}

TEST_F(InferenceSpeed, TheLargestBatchFitsAndOneMoreDoesNot) {
  for (const char* plugin : {"", "int8_cache"}) {
    for (const char* map : {"identity", "cla2", "0s_1s_2_2_2_2"}) {
      const auto decoder = makeDecoder(map);
      device::AllocationBudget budget(torch::kCPU, 8 << 20);
      std::map<std::int64_t, bool> tries;
      const infer::LargestBatch found = infer::findLargestBatch(
          *decoder, cacheOf(plugin),
          {.context = 300, .onTry = [&](std::int64_t batch, bool fits) { tries[batch] = fits; }}, budget);
      SCOPED_TRACE(std::string(map) + " " + plugin);
      ASSERT_GE(found.batch, 1);
      EXPECT_TRUE(tries.at(found.batch));
      EXPECT_FALSE(tries.at(found.batch + 1));
      EXPECT_EQ(static_cast<std::size_t>(found.tries), tries.size());
      EXPECT_LE(found.peak, budget.bytes());
      EXPECT_GE(found.peak, found.batch * cacheOf(plugin).make(decoder->cacheSpec(1, 300))->analyticBytes(300));
      EXPECT_EQ(budget.used(), 0);
    }
  }
}

TEST_F(InferenceSpeed, SharingMakesRoomForALargerBatchButNotForMoreThanItsKvBytesAllow) {
  const auto largest = [](const char* map) {
    const auto decoder = makeDecoder(map);
    device::AllocationBudget budget(torch::kCPU, 8 << 20);
    return infer::findLargestBatch(*decoder, cacheOf(""), {.context = 512}, budget).batch;
  };
  const auto decoder = makeDecoder("cla2");
  const std::int64_t bytes = cacheOf("").make(decoder->cacheSpec(1, 512))->analyticBytes(512);
  const std::int64_t dense = largest("identity"), shared = largest("cla2");
  EXPECT_GT(shared, dense);
  EXPECT_LE(shared, (8 << 20) / bytes) << "the prediction counts the cache alone";
}

TEST_F(InferenceSpeed, NotEvenOneSequenceIsZeroAndAnUpperBoundIsSaid) {
  const auto decoder = makeDecoder("identity");
  {
    device::AllocationBudget tiny(torch::kCPU, 1000);
    EXPECT_EQ(infer::findLargestBatch(*decoder, cacheOf(""), {.context = 64}, tiny).batch, 0);
  }
  device::AllocationBudget much(torch::kCPU, kMuch);
  const infer::LargestBatch bound = infer::findLargestBatch(*decoder, cacheOf(""), {.context = 1, .most = 6}, much);
  EXPECT_EQ(bound.batch, 6);
  EXPECT_TRUE(bound.isBound);
}

TEST_F(InferenceSpeed, OnCudaTheMemoryComesBackAfterEveryTry) {
  const Result<c10::Device> cuda = device::chooseDevice("cuda");
  if (!cuda) GTEST_SKIP() << "this machine has no CUDA device";
  const auto decoder = nn::Decoder::create(specOf("cla2"), 1, *cuda).value();
  decoder->setComputeType(torch::kBFloat16);
  const std::int64_t before = *device::readMemory(*cuda).allocated;
  {
    device::AllocationBudget budget(*cuda, 256 << 20);
    const infer::LargestBatch found = infer::findLargestBatch(*decoder, cacheOf(""), {.context = 4096}, budget);
    EXPECT_GE(found.batch, 1);
    EXPECT_FALSE(found.isBound);
  }
  EXPECT_EQ(*device::readMemory(*cuda).allocated, before);
}
