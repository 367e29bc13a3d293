#include "engine/sharing/device_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/sharing/map_text.h"

using namespace weft;
using namespace weft::sharing;
using ::testing::HasSubstr;

namespace {

ModelShape paper1b() {
  return {.layers = 20,
          .hidden = 2048,
          .feedForward = 5472,
          .vocabulary = 50304,
          .queryHeads = 16,
          .kvHeads = 1,
          .headWidth = 128};
}
SharingMap map(const std::string& text, int layers = 20, UpwardReads upward = UpwardReads::Refuse) {
  return parseMap(text, {.layers = layers, .upward = upward}).value();
}

}  // namespace

TEST(Roofline, OfOneSequenceIsTheTimeToReadTheWeights) {
  const DeviceModel h100 = deviceModel("h100").value();
  const CostRequest request{.cacheType = ElementType::BFloat16, .context = 1, .batch = 1};
  const Roofline roofline = decodeRoofline(paper1b(), map("identity"), request, h100).value();
  const CostReport report = cost(paper1b(), map("identity"), request).value();
  EXPECT_EQ(roofline.bound, Bound::Bytes);
  EXPECT_DOUBLE_EQ(roofline.bytes_s, static_cast<double>(report.weightBytes + report.kv.bytesReadPerStep) / 3.35e12);
  EXPECT_DOUBLE_EQ(roofline.tokensPerSecond, 1 / roofline.bytes_s);
  EXPECT_NEAR(roofline.ridge, 295, 1);  // FLOP per byte, as published
}

TEST(Roofline, TurnsAtTheBatchThatItNames) {
  const DeviceModel h100 = deviceModel("h100").value();
  CostRequest request{.cacheType = ElementType::BFloat16, .context = 128, .batch = 1};
  const auto turn = decodeRoofline(paper1b(), map("identity"), request, h100)->computeBoundBatch;
  ASSERT_TRUE(turn.has_value());
  request.batch = *turn;
  EXPECT_EQ(decodeRoofline(paper1b(), map("identity"), request, h100)->bound, Bound::Compute);
  request.batch = *turn - 1;
  EXPECT_EQ(decodeRoofline(paper1b(), map("identity"), request, h100)->bound, Bound::Bytes);
}

TEST(Roofline, IsNeverBoundByComputeWhereKvTakesLongerThanTheProducts) {
  ModelShape mha = paper1b();
  mha.kvHeads = 16;
  for (const std::int64_t batch : {1, 1000000}) {
    const Roofline roofline =
        decodeRoofline(mha, map("identity"), {.cacheType = ElementType::BFloat16, .context = 100000, .batch = batch},
                       deviceModel("h200").value())
            .value();
    EXPECT_EQ(roofline.bound, Bound::Bytes);
    EXPECT_FALSE(roofline.computeBoundBatch.has_value());
  }
}

TEST(Roofline, IsTheSameForASharedMapButMoreSequencesFit) {
  const DeviceModel a100 = deviceModel("a100").value();
  const CostRequest request{.cacheType = ElementType::BFloat16, .context = 8192, .batch = 32};
  const Roofline plain = decodeRoofline(paper1b(), map("identity"), request, a100).value(),
                 shared = decodeRoofline(paper1b(), map("cla2"), request, a100).value();
  EXPECT_NEAR(shared.bytes_s / plain.bytes_s, 1, 0.01);  // a little less: 5 M weights fewer
  const std::int64_t before = largestBatch(paper1b(), map("identity"), request, a100.memoryBytes, 0).value();
  const std::int64_t after = largestBatch(paper1b(), map("cla2"), request, a100.memoryBytes, 0).value();
  EXPECT_NEAR(static_cast<double>(after) / static_cast<double>(before), 2, 0.01);
}

TEST(LargestContext, IsTheLastThatFits) {
  const double memory = 16.0 * (1 << 30);
  CostRequest request{.cacheType = ElementType::BFloat16, .context = 1, .batch = 8};
  const std::int64_t longest = largestContext(paper1b(), map("cla2"), request, memory, 0).value();
  request.context = longest;
  EXPECT_GE(largestBatch(paper1b(), map("cla2"), request, memory, 0).value(), 8);
  request.context = longest + 1;
  EXPECT_LT(largestBatch(paper1b(), map("cla2"), request, memory, 0).value(), 8);
  EXPECT_EQ(largestContext(paper1b(), map("cla2"), request, 1e6, 0).value(), 0) << "not even the weights fit";
  EXPECT_FALSE(largestContext(paper1b(), map("cla2", 4), request, memory, 0)) << "a map of other layers";
}

TEST(LargestContext, HasNoEndWhereOnlyWindowsAreKept) {
  ModelShape shape = paper1b();
  shape.layers = 2;
  shape.window = 64;
  EXPECT_GT(largestContext(shape, map("0s_1s", 2), {.batch = 2}, 8.0 * (1 << 30), 0).value(), std::int64_t{1} << 38);
}

TEST(BatchFrontier, FallsWithTheContext) {
  const auto frontier =
      batchFrontier(paper1b(), map("cla2"), {}, {512, 2048, 8192}, deviceModel("h100")->memoryBytes, 2e9).value();
  ASSERT_EQ(frontier.size(), 3u);
  EXPECT_GT(frontier[0].batch, frontier[1].batch);
  EXPECT_NEAR(static_cast<double>(frontier[0].batch) / static_cast<double>(frontier[1].batch), 4, 0.01);
}

TEST(DeviceModels, AreFoundByKeyOrTheKeysAreListed) {
  EXPECT_EQ(deviceModel("h200")->name, "H200 141 GB");
  EXPECT_THAT(deviceModel("v100").error().message, HasSubstr("h100, h200, a100, a100-40, l40s, rtx4090"));
}

// One pass of L layers is 2 forward and 4 backward; the layers between reader and source go through m + b passes, b of
// them with a gradient.
TEST(UpwardCosts, CountEveryPassOfTheRepeatedLayers) {
  ModelShape shape{
      .layers = 4, .hidden = 8, .feedForward = 16, .vocabulary = 10, .queryHeads = 2, .kvHeads = 2, .headWidth = 4};
  shape.forwardPasses = 3;
  shape.backwardPasses = 2;
  const CostRequest request{.context = 64};
  const FlopsPerToken upward = cost(shape, map("0_2_2_3", 4, UpwardReads::Allow), request)->flops;
  // By hand: weights of a layer are d (2 H D + 3 f) = 8 (16 + 48) = 512, of K and V 8 x 16 = 128; the head 80;
  // attention 64 x 8 = 512 a layer.
  const double forward = 80 + 512 + 128 + 5 * (512 + (512 + 128)) + 512 + 128,
               backward = 80 + 512 + 128 + 2 * (512 + (512 + 128)) + 512 + 128;
  const double seenForward = 512 * (1 + 5 * 2 + 1), seenBackward = 512 * (1 + 2 * 2 + 1);
  EXPECT_DOUBLE_EQ(upward.prefill, 2 * (forward + seenForward));
  EXPECT_DOUBLE_EQ(upward.train, 2 * (forward + seenForward) + 4 * (backward + seenBackward));
  const FlopsPerToken decode = cost(shape, map("0_2_2_3", 4, UpwardReads::Allow), {.context = 64})->flops;
  EXPECT_DOUBLE_EQ(decode.decode, 2 * (80 + 4 * 512 + 3 * 128) + 4 * 4 * 512);
}

TEST(UpwardCosts, NeverCountMorePassesThanTokens) {
  ModelShape shape{
      .layers = 2, .hidden = 8, .feedForward = 16, .vocabulary = 10, .queryHeads = 2, .kvHeads = 2, .headWidth = 4};
  shape.forwardPasses = 7;
  const double one = cost(shape, map("1_1", 2, UpwardReads::Allow), {.context = 1})->flops.prefill;
  EXPECT_DOUBLE_EQ(one, 2.0 * (80 + 2 * 512 + 128) + 2.0 * 2 * 8);
}
