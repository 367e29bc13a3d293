// Oracles: arXiv 2405.12981 Table 1 (KV bytes per token), the parameter counts derived from its Table 2, Llama 3.1 8B's
// published cache size.
#include "engine/sharing/cost_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "engine/sharing/generators.h"
#include "engine/sharing/map_text.h"

using namespace weft;
using namespace weft::sharing;
using ::testing::HasSubstr;

namespace {

struct Row {
  const char* name;
  int headWidth, queryHeads, kvHeads;
  const char* sharing;
  std::int64_t kvBytesPerToken;
};

ModelShape paper1b(int headWidth, int queryHeads, int kvHeads) {
  return {.layers = 20,
          .hidden = 2048,
          .feedForward = 5472,
          .vocabulary = 50304,
          .queryHeads = queryHeads,
          .kvHeads = kvHeads,
          .headWidth = headWidth};
}

class PaperTable1 : public ::testing::TestWithParam<Row> {};

CostReport reportOf(const ModelShape& shape, const std::string& map, const CostRequest& request = {}) {
  return cost(shape, parseMap(map, {.layers = shape.layers}).value(), request).value();
}

}  // namespace

TEST_P(PaperTable1, KvBytesPerTokenAreThePublishedOnes) {
  const Row& row = GetParam();
  const ModelShape shape = paper1b(row.headWidth, row.queryHeads, row.kvHeads);
  EXPECT_EQ(reportOf(shape, row.sharing).kv.bytesPerToken, row.kvBytesPerToken);
}

INSTANTIATE_TEST_SUITE_P(
    AllTwentyRows, PaperTable1,
    ::testing::Values(Row{"H128_MHA", 128, 16, 16, "identity", 163840}, Row{"H128_GQA4", 128, 16, 4, "identity", 40960},
                      Row{"H128_GQA2", 128, 16, 2, "identity", 20480}, Row{"H128_MQA", 128, 16, 1, "identity", 10240},
                      Row{"H64_MQA", 64, 32, 1, "identity", 5120}, Row{"H46_MQA", 46, 45, 1, "identity", 3680},
                      Row{"H32_MQA", 32, 64, 1, "identity", 2560}, Row{"H512_MQA_CLA2", 512, 4, 1, "cla2", 20480},
                      Row{"H256_MQA_CLA2", 256, 8, 1, "cla2", 10240}, Row{"H128_MQA_CLA2", 128, 16, 1, "cla2", 5120},
                      Row{"H90_MQA_CLA2", 90, 22, 1, "cla2", 3600}, Row{"H64_MQA_CLA2", 64, 32, 1, "cla2", 2560},
                      Row{"H256_GQA4_CLA2", 256, 8, 4, "cla2", 40960}, Row{"H128_GQA4_CLA2", 128, 16, 4, "cla2", 20480},
                      Row{"H128_GQA2_CLA2", 128, 16, 2, "cla2", 10240}, Row{"H128_MQA_CLA3", 128, 16, 1, "cla3", 3584},
                      Row{"H128_MQA_CLA4", 128, 16, 1, "cla4", 2560},
                      Row{"H128_MQA_CLA2_KeepEnds", 128, 16, 1, "keep-ends", 5632},
                      Row{"H128_MQA_CLA2_DenseFront", 128, 16, 1, "dense-front", 5632},
                      Row{"H128_MQA_CLA2_DenseBack", 128, 16, 1, "dense-back", 5632}),
    [](const auto& one) { return one.param.name; });

// reference: non-embedding weights without norms, in units of 0.1 M.
TEST(CostModel, ParametersOfThePapersOneBillionFamily) {
  const auto body = [](int kvHeads, const std::string& map) {
    const ParameterCount count = reportOf(paper1b(128, 16, kvHeads), map).parameters;
    return std::round(static_cast<double>(count.nonEmbedding() - count.norms) / 1e5) / 10;
  };
  EXPECT_DOUBLE_EQ(body(16, "identity"), 1007.9);
  EXPECT_DOUBLE_EQ(body(4, "identity"), 882.1);
  EXPECT_DOUBLE_EQ(body(2, "identity"), 861.1);
  EXPECT_DOUBLE_EQ(body(1, "identity"), 850.7);
  EXPECT_DOUBLE_EQ(body(1, "cla2"), 845.4);
  EXPECT_DOUBLE_EQ(body(1, "cla3"), 843.8);
  EXPECT_DOUBLE_EQ(body(1, "cla4"), 842.8);
}

TEST(CostModel, CountsEveryMatrixAndNormOfASmallModelByHand) {
  ModelShape shape{
      .layers = 3, .hidden = 8, .feedForward = 20, .vocabulary = 50, .queryHeads = 4, .kvHeads = 2, .headWidth = 4};
  ParameterCount count = reportOf(shape, "0_0_2").parameters;
  EXPECT_EQ(count.embedding, 50 * 8);
  EXPECT_EQ(count.head, 0);
  EXPECT_EQ(count.query, 3 * 8 * 16);
  EXPECT_EQ(count.keyValue, 2 * 2 * 8 * 8);
  EXPECT_EQ(count.output, 3 * 16 * 8);
  EXPECT_EQ(count.feedForward, 3 * 3 * 8 * 20);
  EXPECT_EQ(count.norms, (2 * 3 + 1 + 2) * 8);
  EXPECT_EQ(count.matmul, count.query + count.keyValue + count.output + count.feedForward + 50 * 8);
  EXPECT_EQ(count.total(), 400 + 384 + 256 + 384 + 1440 + 72);
  shape.embedding = EmbeddingTie::Untied;
  shape.kvNorm = KvNorm::Tied;
  const ParameterCount untied = reportOf(shape, "0_0_2").parameters;
  EXPECT_EQ(untied.total(), count.total() + 400 - 16);
  EXPECT_EQ(untied.matmul, count.matmul);  // the head is multiplied either way
  shape.hasQkvBias = shape.hasQkNorm = true;
  const ParameterCount more = reportOf(shape, "k:0_0_2 v:0_1_1").parameters;
  EXPECT_EQ(more.biases, 3 * 16 + 2 * 8 + 2 * 8);
  EXPECT_EQ(more.norms, (2 * 3 + 1) * 8 + 3 * 4 + 2 * 4);
  EXPECT_EQ(more.matmul, count.matmul) << "neither is a matrix";
  EXPECT_EQ(more.total(), more.embedding + more.head + more.query + more.keyValue + more.output + more.feedForward +
                              more.norms + more.biases);
}

TEST(CostModel, Llama31Of8BillionKeeps128KibibytesAToken) {
  const ModelShape shape{.layers = 32,
                         .hidden = 4096,
                         .feedForward = 14336,
                         .vocabulary = 128256,
                         .queryHeads = 32,
                         .kvHeads = 8,
                         .headWidth = 128,
                         .embedding = EmbeddingTie::Untied,
                         .kvNorm = KvNorm::Tied};
  const CostReport report =
      reportOf(shape, "identity", {.cacheType = ElementType::BFloat16, .context = 8192, .batch = 2});
  EXPECT_EQ(report.kv.bytesPerToken, 131072);
  EXPECT_EQ(report.kv.bytesResident, std::int64_t{131072} * 8192 * 2);
  EXPECT_EQ(report.parameters.total(), 8030261248);  // as published
}

TEST(CostModel, SharingShrinksWhatIsResidentButNotWhatIsRead) {
  const ModelShape shape = paper1b(128, 16, 1);
  const CostRequest request{.cacheType = ElementType::Float32, .context = 1000, .batch = 3};
  const CostReport plain = reportOf(shape, "identity", request), shared = reportOf(shape, "cla2", request);
  EXPECT_EQ(shared.kv.bytesResident * 2, plain.kv.bytesResident);
  EXPECT_EQ(shared.kv.bytesReadPerStep, plain.kv.bytesReadPerStep);
  EXPECT_EQ(plain.kv.bytesReadPerStep, plain.kv.bytesResident);
}

TEST(CostModel, AWindowCapsResidencyByTheLargestReaderAndReadsByEach) {
  ModelShape shape{.layers = 3,
                   .hidden = 8,
                   .feedForward = 8,
                   .vocabulary = 10,
                   .queryHeads = 2,
                   .kvHeads = 1,
                   .headWidth = 4,
                   .window = 16};
  // slot of layer 0: readers with windows 16 and 64; slot of layer 2: full. 2 bytes, width 4, K and V: 16 B a token and
  // slot.
  const CostReport report =
      reportOf(shape, "0s_0s64_2", {.cacheType = ElementType::BFloat16, .context = 100, .batch = 1});
  EXPECT_EQ(report.kv.bytesPerToken, 32);
  EXPECT_EQ(report.kv.bytesResident, 16 * 64 + 16 * 100);
  EXPECT_EQ(report.kv.bytesReadPerStep, 16 * 16 + 16 * 64 + 16 * 100);
  EXPECT_EQ(report.perLayer[0].bytesAtContext, 16 * 64);
  EXPECT_EQ(report.perLayer[1].bytesPerToken, 0);
  EXPECT_EQ(report.perLayer[1].bytesSavedPerToken, 16);
  EXPECT_EQ(report.perLayer[0].bytesSavedAtContext, 16 * 36);
}

TEST(CostModel, SeparateKAndVAndOwnHeadsCountEachForItself) {
  const ModelShape shape{
      .layers = 3, .hidden = 8, .feedForward = 8, .vocabulary = 10, .queryHeads = 4, .kvHeads = 2, .headWidth = 4};
  // K slots: 0 and 2; V slots: 0 and 1. Two heads of width 4 at 2 bytes: 16 B each.
  EXPECT_EQ(reportOf(shape, "k:0_0_2 v:0_1_1").kv.bytesPerToken, 4 * 16);
  EXPECT_EQ(reportOf(shape, "0h1_0_2h4").kv.bytesPerToken, 2 * 8 + 2 * 32);
}

TEST(CostModel, FlopsOfAFullContextAreTheFormula) {
  const ModelShape shape{
      .layers = 2, .hidden = 8, .feedForward = 16, .vocabulary = 32, .queryHeads = 2, .kvHeads = 1, .headWidth = 4};
  const CostReport report = reportOf(shape, "identity", {.context = 64});
  const double matmul = static_cast<double>(report.parameters.matmul);
  EXPECT_DOUBLE_EQ(report.flops.train, 6 * matmul + 6.0 * 2 * 64 * 8);
  EXPECT_DOUBLE_EQ(report.flops.prefill * 3, report.flops.train);
  EXPECT_DOUBLE_EQ(report.flops.decode, 2 * matmul + 4.0 * 2 * 64 * 8);
}

TEST(CostModel, AWindowIsChargedWhatATokenSeesOnAverage) {
  const ModelShape shape{
      .layers = 1, .hidden = 8, .feedForward = 16, .vocabulary = 32, .queryHeads = 2, .kvHeads = 1, .headWidth = 4};
  constexpr std::int64_t kContext = 4096, kWindow = 256;
  double seen = 0;  // counted token by token
  for (std::int64_t token = 1; token <= kContext; ++token) seen += static_cast<double>(std::min(token, kWindow));
  const CostReport report = reportOf(shape, "0s256", {.context = kContext});
  const double attention = report.flops.prefill - 2 * static_cast<double>(report.parameters.matmul);
  EXPECT_NEAR(attention, 4 * seen / kContext * 8, 0.01 * attention);
}

TEST(CostModel, RefusesHeadsThatDoNotFit) {
  ModelShape shape = paper1b(128, 16, 3);
  EXPECT_THAT(cost(shape, SharingMap::identity(20), {}).error().message,
              HasSubstr("3 KV heads, which do not divide the 16 query heads"));
  shape.kvHeads = 2;
  const SharingMap mixed = parseMap("k:0h4_0 v:0_1", {}).value();
  shape.layers = 2;
  EXPECT_THAT(cost(shape, mixed, {}).error().message, HasSubstr("K with 4 heads from layer 0 and V with 2 heads"));
  EXPECT_THAT(cost(shape, SharingMap::identity(3), {}).error().message, HasSubstr("3 layers, but the model has 2"));
}

TEST(CostModel, RefusesWhatCannotBeCounted) {
  const ModelShape shape = paper1b(128, 16, 16);
  const SharingMap map = SharingMap::identity(20);
  EXPECT_FALSE(cost(shape, map, {.context = 0}));
  EXPECT_FALSE(cost(shape, map, {.batch = 0}));
  EXPECT_FALSE(cost(shape, map, {.context = std::int64_t{1} << 40, .batch = std::int64_t{1} << 20}));
  ModelShape huge = shape;
  huge.hidden = std::int64_t{1} << 40;
  EXPECT_FALSE(cost(huge, map, {}));
}

TEST(CostModel, TheLargestBatchFitsAndOneMoreDoesNot) {
  const ModelShape shape = paper1b(128, 16, 1);
  const SharingMap map = claN(20, 2).value();
  const CostRequest request{.cacheType = ElementType::BFloat16, .context = 2048};
  const double device = 8.0 * (1 << 30), reserved = 1.0 * (1 << 30);
  const std::int64_t batch = largestBatch(shape, map, request, device, reserved).value();
  ASSERT_GT(batch, 0);
  const auto bytes = [&](std::int64_t size) {
    const CostReport report =
        cost(shape, map, {.cacheType = ElementType::BFloat16, .context = 2048, .batch = size}).value();
    return static_cast<double>(report.weightBytes + report.kv.bytesResident) + reserved;
  };
  EXPECT_LE(bytes(batch), device);
  EXPECT_GT(bytes(batch + 1), device);
  EXPECT_EQ(largestBatch(shape, map, request, 1e9, 0), 0);
}

TEST(CostModel, ExplainsTheNumberWithItsFormula) {
  const ModelShape shape = paper1b(128, 16, 1);
  EXPECT_EQ(explainKvBytesPerToken(shape, keepEnds(20).value(), ElementType::BFloat16), "2 · 2 B · 128 · 11 = 5,632 B");
  EXPECT_EQ(explainKvBytesPerToken(paper1b(128, 16, 4), SharingMap::identity(20), ElementType::BFloat16),
            "2 · 2 B · 4 · 128 · 20 = 40,960 B");
  ModelShape small = shape;
  small.layers = 3;
  EXPECT_EQ(explainKvBytesPerToken(small, parseMap("k:0_0_2 v:0_1_1", {}).value(), ElementType::Int8),
            "1 B · 128 · (2 K + 2 V heads) = 512 B");
}

TEST(ElementType, NamesAreReadLongAndShort) {
  EXPECT_EQ(parseElementType("bf16"), ElementType::BFloat16);
  EXPECT_EQ(parseElementType("float32"), ElementType::Float32);
  EXPECT_EQ(bytesPerElement(ElementType::Float64), 8);
  EXPECT_THAT(parseElementType("bfloat").error().message, HasSubstr("'bfloat' is no element type"));
}
