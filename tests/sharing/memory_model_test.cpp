// What the model says of a real step is held in tests/nn/training_memory_test.cpp; here are its proportions and its
// limits.
#include "engine/sharing/memory_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "engine/sharing/map_text.h"

using namespace weft;
using namespace weft::sharing;
using ::testing::HasSubstr;

namespace {

ModelShape paper1b(int kvHeads) {
  return {.layers = 20,
          .hidden = 2048,
          .feedForward = 5472,
          .vocabulary = 50304,
          .queryHeads = 16,
          .kvHeads = kvHeads,
          .headWidth = 128};
}
SharingMap mapOf(const std::string& text, int layers = 20) { return parseMap(text, {.layers = layers}).value(); }
TrainingMemory memoryOf(const ModelShape& shape, const std::string& map, const TrainingRequest& request = {}) {
  return trainingMemory(shape, mapOf(map, shape.layers), request).value();
}
constexpr double kGiB = 1024.0 * 1024 * 1024;

}  // namespace

TEST(TrainingMemory, OfFloat32StateIsSixteenBytesAParameter) {
  const TrainingMemory memory = memoryOf(paper1b(1), "cla2");
  const std::int64_t parameters = cost(paper1b(1), mapOf("cla2"), {}).value().parameters.total();
  EXPECT_EQ(memory.parameters, 4 * parameters);
  EXPECT_EQ(memory.resident(), 16 * parameters);
}

TEST(TrainingMemory, AddsUpByHandForOneLayer) {
  // B = 2, T = 4, d = 8, f = 12, H D = 2 x 3, one KV head of 3, V = 10, everything in 4 bytes: 8 tokens.
  const ModelShape shape{
      .layers = 1, .hidden = 8, .feedForward = 12, .vocabulary = 10, .queryHeads = 2, .kvHeads = 1, .headWidth = 3};
  const ActivationBytes bytes =
      memoryOf(shape, "0", {.sequence = 4, .microBatch = 2, .computeType = ElementType::Float32}).activations;
  EXPECT_EQ(bytes.stream, 3 * 8 * 8 * 4);
  EXPECT_EQ(bytes.norms, 4 * 8 * (8 + 1) * 4);
  EXPECT_EQ(bytes.queries, 8 * 6 * 4);
  EXPECT_EQ(bytes.keysValues, 2 * 8 * 3 * 4);
  EXPECT_EQ(bytes.attention, 2 * 2 * 4 * 4 * 4 + 4 * 4);  // float32 is never fused
  EXPECT_EQ(bytes.attentionOut, 8 * 6 * 4);
  EXPECT_EQ(bytes.feedForward, 3 * 8 * 12 * 4);
  EXPECT_EQ(bytes.logits, 8 * 10 * 4);
  EXPECT_EQ(bytes.castWeights, 0);
  EXPECT_EQ(bytes.tables, 2 * 4 * 1 * 4 + 2 * 4);
}

// arXiv 2405.12981, sec. 2.3: sharing keeps fewer K and V activations; with MHA that is much, with MQA little.
TEST(TrainingMemory, SharingHalvesTheKeptKeysAndValuesAndDropsHalfOfTheKvNorms) {
  for (const int heads : {16, 1}) {
    const TrainingMemory plain = memoryOf(paper1b(heads), "identity"), shared = memoryOf(paper1b(heads), "cla2");
    EXPECT_EQ(plain.activations.keysValues, 2 * shared.activations.keysValues) << heads;
    const std::int64_t tokens = 8 * 2048;
    EXPECT_EQ(plain.activations.norms - shared.activations.norms, 10 * tokens * (2048 * 2 + 4)) << heads;
    EXPECT_EQ(plain.activations.feedForward, shared.activations.feedForward) << heads;
    EXPECT_LT(shared.peak(), plain.peak()) << heads;
  }
}

TEST(TrainingMemory, AWindowShorterThanTheSequenceWritesTheScoresOut) {
  const ModelShape shape = paper1b(1);
  const std::int64_t fused = memoryOf(shape, "identity").activations.attention;
  EXPECT_EQ(
      memoryOf(shape, "0s2048" + std::string("_1_2_3_4_5_6_7_8_9_10_11_12_13_14_15_16_17_18_19")).activations.attention,
      fused);
  const std::int64_t windowed =
      memoryOf(shape, "0s1024" + std::string("_1_2_3_4_5_6_7_8_9_10_11_12_13_14_15_16_17_18_19")).activations.attention;
  const std::int64_t scores = std::int64_t{8} * 16 * 2048 * 2048;
  EXPECT_EQ(windowed - fused, scores * 6 + 2048 * 2048 - fused / 20);
  EXPECT_EQ(memoryOf(shape, "identity", {.attention = AttentionKernel::Explicit}).activations.attention,
            20 * (scores * 6 + 2048 * 2048));
}

TEST(TrainingMemory, TheLargestMicroBatchFitsAndOneMoreDoesNot) {
  const ModelShape shape = paper1b(1);
  const SharingMap map = mapOf("cla2");
  const std::int64_t batch = largestMicroBatch(shape, map, {}, 80 * kGiB, 2 * kGiB).value();
  ASSERT_GT(batch, 0);
  const auto peak = [&](std::int64_t size) {
    return static_cast<double>(trainingMemory(shape, map, {.microBatch = size}).value().peak());
  };
  EXPECT_LE(peak(batch), 78 * kGiB);
  EXPECT_GT(peak(batch + 1), 78 * kGiB);
  EXPECT_EQ(largestMicroBatch(shape, map, {}, 8 * kGiB, 0), 0);
}

TEST(TrainingMemory, RefusesTypesThatNoKernelHasAndWhatCannotBeCounted) {
  const ModelShape shape = paper1b(1);
  const SharingMap map = mapOf("cla2");
  const auto refused = [&](const TrainingRequest& request) {
    const Result<TrainingMemory> memory = trainingMemory(shape, map, request);
    return memory ? std::string() : memory.error().message;
  };
  EXPECT_THAT(refused({.computeType = ElementType::Float16}), HasSubstr("do not train in float16"));
  EXPECT_THAT(refused({.parameterType = ElementType::BFloat16}), HasSubstr("Parameters in bfloat16"));
  EXPECT_THAT(refused({.computeType = ElementType::Float64}), HasSubstr("float64"));
  EXPECT_THAT(refused({.sequence = 1 << 24, .microBatch = 1 << 24}), HasSubstr("more than"));
  EXPECT_NE(refused({.sequence = 0}), "");
  EXPECT_NE(refused({.microBatch = 0}), "");
  EXPECT_FALSE(trainingMemory(shape, SharingMap::identity(3), {}));
}
