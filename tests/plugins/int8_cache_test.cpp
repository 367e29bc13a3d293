// The int8 cache: how far a value may move, how many bytes it takes, and how near the model stays to the dense one.
#include "engine/nn/cache_factory.h"
#include "engine/nn/decoder.h"
#include "engine/nn/dense_kv_cache.h"
#include "engine/sharing/map_text.h"
#include "tests/torch_checks.h"

namespace weft::nn {
namespace {

using namespace weft::test;

class Int8Cache : public ::testing::TestWithParam<Place> {
 protected:
  void SetUp() override {
    if (GetParam().device == torch::kCUDA) WEFT_SKIP_WITHOUT_CUDA();
    Result<CacheFactory> made = CacheFactory::create("int8_cache");
    ASSERT_TRUE(made.has_value()) << made.error().message;
    m_factory = std::move(*made);
  }
  std::unique_ptr<KvCache> make(const CacheSpec& spec) const { return m_factory.make(spec); }
  // What a cache of one slot gives back for x, which it stored in chunks.
  torch::Tensor through(const torch::Tensor& x_BGTD, std::int64_t chunk) const {
    const std::unique_ptr<KvCache> cache = make({.slots = {{.heads = x_BGTD.size(1), .headWidth = x_BGTD.size(3)}},
                                                 .batch = x_BGTD.size(0),
                                                 .capacity = x_BGTD.size(2),
                                                 .dtype = GetParam().type,
                                                 .device = x_BGTD.device()});
    SlotView view;
    for (std::int64_t t = 0; t < x_BGTD.size(2); t += chunk) {
      const torch::Tensor part = x_BGTD.narrow(2, t, std::min(chunk, x_BGTD.size(2) - t));
      view = cache->append(0, part, -part);
    }
    EXPECT_TRUE(torch::allclose(view.v_BGSD, -view.k_BGSD, 0, 0, /*equal_nan=*/true))
        << "the same rounding up and down";
    return view.k_BGSD;
  }

  CacheFactory m_factory;
};
INSTANTIATE_TEST_SUITE_P(Cpu, Int8Cache,
                         ::testing::Values(Place{torch::kCPU, torch::kFloat}, Place{torch::kCPU, torch::kDouble},
                                           Place{torch::kCPU, torch::kBFloat16}));
INSTANTIATE_TEST_SUITE_P(Cuda, Int8Cache,
                         ::testing::Values(Place{torch::kCUDA, torch::kFloat}, Place{torch::kCUDA, torch::kBFloat16}));

// |x - x'| <= scale / 2, where scale is max|x| / 127 rounded up to float16 (by at most 2^-10 of it, or 2^-24); then x'
// is rounded to the model's type.
torch::Tensor bound(const torch::Tensor& x_BGTD, torch::ScalarType type) {
  const torch::Tensor largest = exact(x_BGTD).abs().amax(-1, true);
  const torch::Tensor scale = largest / 127 * (1 + std::ldexp(1.0, -10)) + std::ldexp(1.0, -24);
  return scale / 2 * (1 + 1e-6) + largest * (type == torch::kBFloat16 ? std::ldexp(1.0, -8) : std::ldexp(1.0, -23));
}

TEST_P(Int8Cache, MovesNoValueByMoreThanHalfAStepWhateverItsScale) {
  const torch::Tensor sizes =
      torch::tensor({1e-7, 1e-6, 1e-4, 1e-2, 1.0, 30.0, 1e3, 1e5, 4e6}, torch::kDouble).view({1, 1, 9, 1});
  for (const std::int64_t width : {1, 3, 64, 129}) {
    const torch::Tensor x = (randomTensor({2, 3, 9, width}, 1) * sizes).clamp(-8e6, 8e6).to(GetParam().options());
    const torch::Tensor back = through(x, 9);
    EXPECT_EQ(back.scalar_type(), GetParam().type);
    const torch::Tensor excess = (exact(back) - exact(x)).abs() - bound(x, GetParam().type);
    EXPECT_LE(excess.max().item<double>(), 0) << "width " << width;
  }
}

TEST_P(Int8Cache, UsesItsWholeRange) {
  // Values of one row on a grid of 255 steps come back exactly: 127 = 127 * 1, a scale that float16 holds.
  const torch::Tensor grid = torch::arange(-127, 128, torch::kDouble).view({1, 1, 1, 255}).to(GetParam().options());
  EXPECT_TRUE(isBitwise(through(grid, 1), grid));
}

TEST_P(Int8Cache, KeepsRowsOfZerosAndOutliersApartFromTheirNeighbours) {
  torch::Tensor x = randomTensor({1, 2, 5, 8}, 2).to(GetParam().options());
  x[0][0][1].zero_();
  x[0][1][3][2] = 1000;
  const torch::Tensor back = through(x, 5);
  EXPECT_EQ(exact(back[0][0][1]).abs().max().item<double>(), 0);
  EXPECT_LE(((exact(back) - exact(x)).abs() - bound(x, GetParam().type)).max().item<double>(), 0);
  EXPECT_LT((exact(back) - exact(x))[0][0].abs().max().item<double>(), 0.05) << "another head's outlier is felt";
  EXPECT_LT((exact(back) - exact(x))[0][1][2].abs().max().item<double>(), 0.05) << "another token's outlier is felt";
}

TEST_P(Int8Cache, ShowsANumberThatIsNoneInsteadOfHidingIt) {
  torch::Tensor x = torch::ones({1, 1, 2, 4}, GetParam().options());
  x[0][0][1][2] = NAN;
  const torch::Tensor back = through(x, 2);
  EXPECT_TRUE(torch::isnan(back[0][0][1][2]).item<bool>());
  EXPECT_TRUE(torch::isfinite(back[0][0][0]).all().item<bool>());
}

TEST_P(Int8Cache, GivesTheSameForEverySizeOfChunks) {
  const torch::Tensor x = randomTensor({2, 2, 11, 6}, 3).to(GetParam().options()), whole = through(x, 11);
  for (const std::int64_t chunk : {1, 2, 5}) EXPECT_TRUE(isBitwise(through(x, chunk), whole)) << chunk;
}

TEST_P(Int8Cache, TakesOneByteAChannelAndTwoAScaleInEverySlotAndNoMore) {
  // Producers with both, with K alone, with V alone, with a window.
  const std::vector<SlotSpec> slots{{.heads = 2, .headWidth = 6},
                                    {.storesV = false, .heads = 1, .headWidth = 7},
                                    {.storesK = false, .heads = 3, .headWidth = 5},
                                    {.heads = 1, .headWidth = 4, .window = 3},
                                    {.heads = 1, .headWidth = 4, .window = 1000}};
  const auto bytes = [](std::int64_t tokens) {
    return 2 * 2 * (6 + 2) * tokens + (7 + 2) * tokens + 3 * (5 + 2) * tokens +
           2 * (4 + 2) * std::min<std::int64_t>(3, tokens) + 2 * (4 + 2) * tokens;
  };
  for (const std::int64_t batch : {1, 3}) {
    for (const std::int64_t capacity : {1, 2, 50}) {
      const std::unique_ptr<KvCache> cache = make({.slots = slots,
                                                   .batch = batch,
                                                   .capacity = capacity,
                                                   .dtype = GetParam().type,
                                                   .device = GetParam().device});
      EXPECT_EQ(cache->analyticBytes(capacity), bytes(capacity));
      EXPECT_EQ(uniqueStorageBytes(cache->tensors()), batch * bytes(capacity));
    }
  }
}

TEST_P(Int8Cache, OffersPositionsInOrderAndNoMoreThanTheWindowNeeds) {
  const std::unique_ptr<KvCache> cache = make({.slots = {{.heads = 1, .headWidth = 1, .window = 3}},
                                               .batch = 1,
                                               .capacity = 100,
                                               .dtype = GetParam().type,
                                               .device = GetParam().device});
  std::int64_t next = 0;
  for (const std::int64_t tokens : {1, 1, 4, 2, 3, 1, 0, 1, 7, 1}) {
    const torch::Tensor x =
        torch::arange(next, next + tokens, torch::kDouble).view({1, 1, tokens, 1}).to(GetParam().options());
    const SlotView view = cache->append(0, x, -x);
    const std::int64_t before = std::min<std::int64_t>(next, 2);
    next += tokens;
    const torch::Tensor expected = torch::arange(next - tokens - before, next, torch::kLong);
    EXPECT_TRUE(torch::equal(view.positions_S.cpu(), expected)) << "at " << next;
    EXPECT_TRUE(isClose(view.k_BGSD.flatten(), expected.to(torch::kDouble), 0.01)) << "at " << next;
    EXPECT_EQ(cache->length(0), next);
  }
}

TEST_P(Int8Cache, ThrowsAboveItsCapacityAndBeginsAgainAfterReset) {
  const std::unique_ptr<KvCache> cache = make({.slots = {{.heads = 1, .headWidth = 2}},
                                               .batch = 1,
                                               .capacity = 4,
                                               .dtype = GetParam().type,
                                               .device = GetParam().device});
  const torch::Tensor x = torch::ones({1, 1, 3, 2}, GetParam().options());
  cache->append(0, x, x);
  EXPECT_THROW(cache->append(0, x, x), std::length_error);
  EXPECT_EQ(cache->length(0), 3);
  cache->reset();
  EXPECT_EQ(cache->length(0), 0);
  EXPECT_NEAR(cache->append(0, x * 5, x).k_BGSD.max().item<double>(), 5, 0.03) << "not what was there before";
}

struct MapCase {
  const char* text;
  std::optional<std::int64_t> window;
};

std::unique_ptr<Decoder> decoderOf(const MapCase& map, const Place& place) {
  DecoderSpec spec{.map = sharing::parseMap(map.text, {}).value(), .initStd = 0.25, .scaledInit = false};
  spec.shape = {.layers = spec.map.layerCount(),
                .hidden = 32,
                .feedForward = 48,
                .vocabulary = 50,
                .queryHeads = 4,
                .kvHeads = 2,
                .headWidth = 16,
                .window = map.window};
  std::unique_ptr<Decoder> decoder = std::move(Decoder::create(spec, 5, place.device, place.parameterType()).value());
  decoder->setComputeType(place.type);
  return decoder;
}

TEST_P(Int8Cache, KeepsLogitsAndPerplexityNearTheDenseOnesForEveryMap) {
  const torch::NoGradGuard noGrad;
  for (const MapCase& map : {MapCase{"0_1_2_3"},
                             {"0_0_2_2"},
                             {"0_0_0_0"},
                             {"k:0_0_2_2 v:0_1_1_3"},
                             {"0s_0s_2_2", 5},
                             {"k:0s3_1s3_1_0s2 v:0_0_2_2"}}) {
    SCOPED_TRACE(map.text);
    const std::unique_ptr<Decoder> decoder = decoderOf(map, GetParam());
    const torch::Tensor ids = randomIds({3, 40}, 50, 6).to(GetParam().device),
                        targets = randomIds({3, 40}, 50, 7).to(GetParam().device);
    const CacheSpec spec = decoder->cacheSpec(3, 40);
    const std::unique_ptr<KvCache> dense = makeDenseKvCache(spec), quantised = make(spec);
    const torch::Tensor expected = decoder->logits(ids, dense.get());
    const torch::Tensor whole = decoder->logits(ids, quantised.get());
    // A value moves by at most 1 / 254 of its row's largest, at random: through a few layers the logits move by some
    // per cent of theirs.
    EXPECT_TRUE(isClose(whole, expected, GetParam().type == torch::kBFloat16 ? 0.15 : 0.08));
    EXPECT_FALSE(torch::equal(whole, expected)) << "nothing was quantised";
    quantised->reset();
    dense->reset();
    const double perplexity = std::exp(decoder->loss(ids, targets, quantised.get()).item<double>());
    const double densePerplexity = std::exp(decoder->loss(ids, targets, dense.get()).item<double>());
    EXPECT_NEAR(perplexity / densePerplexity, 1, 0.02);
    // Token by token the same values are stored, up to a rounding that goes the other way.
    quantised->reset();
    std::vector<torch::Tensor> parts;
    for (std::int64_t t = 0; t < 40; t += 3)
      parts.push_back(decoder->logits(ids.narrow(1, t, std::min<std::int64_t>(3, 40 - t)), quantised.get()));
    EXPECT_TRUE(isClose(torch::cat(parts, 1), whole, GetParam().type == torch::kBFloat16 ? 0.15 : 0.02));
    EXPECT_LT(static_cast<double>(uniqueStorageBytes(quantised->tensors())) *
                  (GetParam().type == torch::kBFloat16 ? 1.7 : 3.4),
              static_cast<double>(uniqueStorageBytes(dense->tensors())));
  }
}

}  // namespace
}  // namespace weft::nn
