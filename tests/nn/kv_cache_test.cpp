// A cache changes where keys and values are kept and nothing else: the same logits in chunks of every size, in exactly
// the bytes of the formula.
#include "engine/nn/kv_cache.h"

#include "engine/nn/cache_factory.h"
#include "engine/nn/dense_kv_cache.h"
#include "engine/sharing/cost_model.h"
#include "tests/nn/models.h"
#include "tests/nn/wrapped_cache.h"

namespace weft::nn::test {
namespace {

constexpr std::int64_t kTokens = 13;

// Logits of all tokens, fed `chunk` at a time.
torch::Tensor inChunks(Decoder& decoder, KvCache& cache, const torch::Tensor& ids_BT, std::int64_t chunk) {
  std::vector<torch::Tensor> parts;
  for (std::int64_t t = 0; t < ids_BT.size(1); t += chunk) {
    parts.push_back(decoder.logits(ids_BT.narrow(1, t, std::min(chunk, ids_BT.size(1) - t)), &cache));
  }
  return torch::cat(parts, 1);
}

class CachedDecoder : public PlacedTest {};
INSTANTIATE_TEST_SUITE_P(Cpu, CachedDecoder,
                         ::testing::Values(Place{torch::kCPU, torch::kDouble}, Place{torch::kCPU, torch::kFloat},
                                           Place{torch::kCPU, torch::kBFloat16}));
INSTANTIATE_TEST_SUITE_P(Cuda, CachedDecoder,
                         ::testing::Values(Place{torch::kCUDA, torch::kFloat}, Place{torch::kCUDA, torch::kBFloat16}));

TEST_P(CachedDecoder, HasTheLogitsOfTheUncachedOneForEveryMapChunkAndBatch) {
  const torch::NoGradGuard noGrad;
  for (const MapCase& map : mapCases()) {
    const std::unique_ptr<Decoder> decoder = decoderOf(map, GetParam());
    for (const std::int64_t batch : {1, 3}) {
      const torch::Tensor ids = randomIds({batch, kTokens}, 23, 2).to(GetParam().device);
      const torch::Tensor expected = decoder->logits(ids);
      const std::unique_ptr<KvCache> cache = makeDenseKvCache(decoder->cacheSpec(batch, kTokens));
      for (const std::int64_t chunk : {std::int64_t{1}, std::int64_t{2}, std::int64_t{5}, std::int64_t{7}, kTokens}) {
        EXPECT_TRUE(isClose(inChunks(*decoder, *cache, ids, chunk), expected, modelTolerance(GetParam().type)))
            << map.text << ", batch " << batch << ", chunks of " << chunk;
        for (std::size_t slot = 0; slot < decoder->cacheSpec(1, 1).slots.size(); ++slot)
          EXPECT_EQ(cache->length(static_cast<int>(slot)), kTokens);
        cache->reset();
      }
    }
  }
}

TEST_P(CachedDecoder, HasTheSameLogitsInACacheWithRoomToSpare) {
  const torch::NoGradGuard noGrad;
  for (const MapCase& map : mapCases()) {
    const std::unique_ptr<Decoder> decoder = decoderOf(map, GetParam());
    const torch::Tensor ids = randomIds({2, kTokens}, 23, 3).to(GetParam().device);
    const std::unique_ptr<KvCache> cache = makeDenseKvCache(decoder->cacheSpec(2, 4 * kTokens));
    EXPECT_TRUE(isClose(inChunks(*decoder, *cache, ids, 3), decoder->logits(ids), modelTolerance(GetParam().type)))
        << map.text;
  }
}

TEST_P(CachedDecoder, TakesExactlyTheBytesOfTheCostModelForEveryMap) {
  const auto type = GetParam().type == torch::kDouble  ? sharing::ElementType::Float64
                    : GetParam().type == torch::kFloat ? sharing::ElementType::Float32
                                                       : sharing::ElementType::BFloat16;
  for (const MapCase& map : mapCases()) {
    const std::unique_ptr<Decoder> decoder = decoderOf(map, GetParam());
    for (const std::int64_t batch : {1, 3}) {
      for (const std::int64_t context : {std::int64_t{1}, std::int64_t{5}, std::int64_t{64}}) {
        SCOPED_TRACE(fmt::format("{}, batch {}, context {}", map.text, batch, context));
        const CacheSpec spec = decoder->cacheSpec(batch, context);
        const std::unique_ptr<KvCache> cache = makeDenseKvCache(spec);
        const auto cost = sharing::cost(decoder->spec().shape, decoder->spec().map,
                                        {.cacheType = type, .context = context, .batch = batch});
        ASSERT_TRUE(cost.has_value());
        EXPECT_EQ(uniqueStorageBytes(cache->tensors()), cost->kv.bytesResident);
        EXPECT_EQ(batch * cache->analyticBytes(context), cost->kv.bytesResident);
        EXPECT_EQ(denseBytes(spec, 1), cost->kv.bytesPerToken);
        EXPECT_EQ(spec.slots.size(), decoder->spec().map.producers().size());
        const torch::NoGradGuard noGrad;
        inChunks(*decoder, *cache, randomIds({batch, context}, 23, 4).to(GetParam().device), 5);
        EXPECT_EQ(uniqueStorageBytes(cache->tensors()), cost->kv.bytesResident) << "after it was filled";
      }
    }
  }
}

TEST(DenseKvCache, HalvesWithCla2) {
  const auto bytes = [](const std::string& text) {
    return uniqueStorageBytes(makeDenseKvCache(decoderOf(MapCase{text, 1}, Place{})->cacheSpec(2, 32))->tensors());
  };
  EXPECT_EQ(2 * bytes("0_0_2_2"), bytes("0_1_2_3"));
}

TEST(DenseKvCache, ThrowsAboveItsCapacityAndStaysAsItWas) {
  const torch::NoGradGuard noGrad;
  for (const char* text : {"0_0", "0s3_0s2"}) {
    const std::unique_ptr<Decoder> decoder = decoderOf(MapCase{text, 2}, kExact);
    const torch::Tensor ids = randomIds({1, 8}, 23, 5);
    const std::unique_ptr<KvCache> cache = makeDenseKvCache(decoder->cacheSpec(1, 8));
    decoder->logits(ids.narrow(1, 0, 7), cache.get());
    EXPECT_THROW(decoder->logits(ids.narrow(1, 0, 2), cache.get()), std::length_error);
    EXPECT_EQ(cache->length(0), 7);
    EXPECT_TRUE(isClose(decoder->logits(ids.narrow(1, 7, 1), cache.get()), decoder->logits(ids).narrow(1, 7, 1), 1e-12))
        << text;
    EXPECT_THROW(decoder->logits(ids.narrow(1, 0, 1), cache.get()), std::length_error);
  }
}

TEST(DenseKvCache, OffersPositionsInOrderAndNoMoreThanTheWindowNeeds) {
  CacheSpec spec{
      .slots = {{.heads = 1, .headWidth = 1, .window = 3}}, .batch = 1, .capacity = 100, .dtype = torch::kDouble};
  const std::unique_ptr<KvCache> cache = makeDenseKvCache(spec);
  std::int64_t next = 0;
  for (const std::int64_t tokens : {1, 1, 4, 2, 3, 1, 0, 1, 7, 1}) {
    // The value of an entry is its position.
    const torch::Tensor x = torch::arange(next, next + tokens, torch::kDouble).view({1, 1, tokens, 1});
    const SlotView view = cache->append(0, x, -x);
    const std::int64_t before = std::min<std::int64_t>(next, 2);
    next += tokens;
    const torch::Tensor expected = torch::arange(next - tokens - before, next, torch::kLong);
    EXPECT_TRUE(torch::equal(view.positions_S, expected)) << "at " << next;
    EXPECT_TRUE(torch::equal(view.k_BGSD.flatten(), expected.to(torch::kDouble))) << "at " << next;
    EXPECT_TRUE(torch::equal(view.v_BGSD.flatten(), -expected.to(torch::kDouble))) << "at " << next;
    EXPECT_EQ(cache->length(0), next);
  }
}

TEST(DenseKvCache, KeepsOnlyWhatASlotStores) {
  CacheSpec spec{
      .slots = {{.storesV = false, .heads = 2, .headWidth = 3}, {.storesK = false, .heads = 1, .headWidth = 3}},
      .batch = 2,
      .capacity = 5};
  const std::unique_ptr<KvCache> cache = makeDenseKvCache(spec);
  const SlotView keys = cache->append(0, torch::ones({2, 2, 4, 3}), {}),
                 values = cache->append(1, {}, torch::ones({2, 1, 4, 3}));
  EXPECT_TRUE(keys.k_BGSD.defined() && !keys.v_BGSD.defined());
  EXPECT_TRUE(values.v_BGSD.defined() && !values.k_BGSD.defined());
  EXPECT_EQ(uniqueStorageBytes(cache->tensors()), 2 * 5 * (2 * 3 + 3) * 4);
}

TEST(DenseKvCacheOfAnotherType, TakesItsBytesAndRoundsKeysAndValuesToItAlone) {
  const torch::NoGradGuard noGrad;
  const std::unique_ptr<Decoder> decoder = decoderOf(MapCase{"0s5_0_2s2", 2}, Place{});
  const torch::Tensor ids = randomIds({2, kTokens}, 23, 11), exactLogits = decoder->logits(ids);
  const CacheSpec spec = decoder->cacheSpec(2, kTokens);
  const auto through = [&](const std::string& dtype, std::int64_t chunk) {
    const Result<CacheFactory> factory = CacheFactory::create("", dtype);
    EXPECT_TRUE(factory.has_value());
    const std::unique_ptr<KvCache> cache = factory->make(spec);
    return std::pair(inChunks(*decoder, *cache, ids, chunk), uniqueStorageBytes(cache->tensors()));
  };
  const std::int64_t bytes = 2 * denseBytes(spec, kTokens);
  EXPECT_EQ(through("model", kTokens).second, bytes);
  EXPECT_EQ(through("float64", kTokens).second, 2 * bytes);
  EXPECT_EQ(through("bfloat16", kTokens).second, bytes / 2);
  EXPECT_EQ(through("float16", kTokens).second, bytes / 2);
  EXPECT_TRUE(isClose(through("float64", 3).first, exactLogits, modelTolerance(torch::kFloat)));
  // One rounding of K and V to 2^-8 or 2^-11.
  for (const auto& [dtype, error] : {std::pair("bfloat16", 0.03), std::pair("float16", 0.004)}) {
    const torch::Tensor whole = through(dtype, kTokens).first;
    EXPECT_TRUE(isClose(whole, exactLogits, error)) << dtype;
    EXPECT_FALSE(isClose(whole, exactLogits, modelTolerance(torch::kFloat))) << dtype << " rounded nothing";
    // In chunks the same values are stored, up to a rounding that goes the other way.
    EXPECT_TRUE(isClose(through(dtype, 3).first, whole, error / 2)) << dtype;
  }
}

TEST(CacheFactory, RefusesATypeThatIsNone) {
  const Result<CacheFactory> made = CacheFactory::create("", "int4");
  ASSERT_FALSE(made.has_value());
  EXPECT_EQ(made.error().code, ErrorCode::InvalidInput);
  EXPECT_EQ(made.error().message, "cache.dtype is \"int4\"; it must be model, float32, bfloat16, float16 or float64.");
}

TEST(CacheFactory, SaysWhetherItsCacheChangesWhatIsRead) {
  EXPECT_FALSE(CacheFactory::create("")->changesValues(torch::kFloat));
  EXPECT_FALSE(CacheFactory::create("", "float32")->changesValues(torch::kFloat));
  EXPECT_TRUE(CacheFactory::create("", "float16")->changesValues(torch::kFloat));
  EXPECT_EQ(CacheFactory::create("", "float16")->storedType(torch::kFloat), torch::kHalf);
  EXPECT_EQ(CacheFactory::create("")->storedType(torch::kBFloat16), torch::kBFloat16);
}

TEST(UniqueStorageBytes, CountsViewsAndAliasesOnce) {
  const torch::Tensor x = torch::ones({4, 8});
  EXPECT_EQ(uniqueStorageBytes({x, x, x.t(), x.narrow(0, 0, 1)}), 128);
  EXPECT_EQ(uniqueStorageBytes({x.narrow(0, 0, 1)}), 128) << "a view keeps its whole storage";
  EXPECT_EQ(uniqueStorageBytes({x, x.clone(), torch::Tensor()}), 256);
  EXPECT_EQ(uniqueStorageBytes({}), 0);
}

TEST(DenseCache, ReadsWhatTheNextTokensMayReadOfTheOnesBefore) {
  const torch::NoGradGuard noGrad;
  for (const std::optional<std::int64_t> window :
       {std::optional<std::int64_t>(), std::optional<std::int64_t>(1), std::optional<std::int64_t>(4)}) {
    const CacheSpec spec{.slots = {{.layer = 0, .heads = 2, .headWidth = 3, .window = window},
                                   {.layer = 1, .storesK = false, .headWidth = 3}},
                         .batch = 2,
                         .capacity = kTokens,
                         .dtype = torch::kDouble};
    const std::unique_ptr<KvCache> cache = makeDenseKvCache(spec);
    std::uint64_t seed = 1;
    for (const std::int64_t chunk : {3, 1, 5, 2}) {
      SCOPED_TRACE(fmt::format("a window of {}, {} tokens", window.value_or(0), chunk));
      const SlotView before = cache->read(0), beforeV = cache->read(1);
      EXPECT_EQ(before.positions_S.size(0), before.k_BGSD.size(2));
      EXPECT_FALSE(beforeV.k_BGSD.defined());
      const torch::Tensor k = randomTensor({2, 2, chunk, 3}, seed++), v = randomTensor({2, 2, chunk, 3}, seed++);
      const torch::Tensor expectedK = torch::cat({before.k_BGSD, k}, 2), expectedV = torch::cat({before.v_BGSD, v}, 2);
      const SlotView after = cache->append(0, k, v);
      EXPECT_TRUE(isBitwise(after.k_BGSD, expectedK));
      EXPECT_TRUE(isBitwise(after.v_BGSD, expectedV));
      EXPECT_TRUE(isBitwise(after.positions_S.narrow(0, 0, before.positions_S.size(0)), before.positions_S));
      const torch::Tensor onlyV = randomTensor({2, 1, chunk, 3}, seed++),
                          expectedOnlyV = torch::cat({beforeV.v_BGSD, onlyV}, 2);
      EXPECT_TRUE(isBitwise(cache->append(1, {}, onlyV).v_BGSD, expectedOnlyV));
    }
  }
}

TEST(CacheOfUnrotatedKeys, HasTheLogitsOfTheUncachedDecoderForEveryMap) {
  const torch::NoGradGuard noGrad;
  for (const MapCase& map : mapCases()) {
    const std::unique_ptr<Decoder> decoder = decoderOf(map, kExact);
    const torch::Tensor ids = randomIds({2, kTokens}, 23, 6);
    for (const std::int64_t chunk : {std::int64_t{1}, std::int64_t{4}, kTokens}) {
      BeforeRopeCache cache(decoder->cacheSpec(2, kTokens));
      EXPECT_TRUE(isClose(inChunks(*decoder, cache, ids, chunk), decoder->logits(ids), 1e-12))
          << map.text << ", chunks of " << chunk;
    }
  }
}

class WatchingCache final : public WrappedCache {
 public:
  using WrappedCache::WrappedCache;
  bool wantsAttention() const override { return true; }
  void observeAttention(int slot, const at::Tensor& probabilities_BHTS) override {
    EXPECT_EQ(probabilities_BHTS.size(3), entries(slot)) << "slot " << slot;
    EXPECT_TRUE(isClose(probabilities_BHTS.sum(-1), torch::ones_like(probabilities_BHTS.sum(-1)), 1e-12));
    ++m_observed[slot];
  }
  const std::map<int, int>& observed() const { return m_observed; }

 private:
  std::map<int, int> m_observed;
};

TEST(CacheThatWatches, SeesTheAttentionOfEveryReaderOfASlot) {
  const torch::NoGradGuard noGrad;
  for (const MapCase& map : mapCases()) {
    SCOPED_TRACE(map.text);
    const std::unique_ptr<Decoder> decoder = decoderOf(map, kExact);
    const torch::Tensor ids = randomIds({2, kTokens}, 23, 7);
    WatchingCache cache(decoder->cacheSpec(2, kTokens));
    EXPECT_TRUE(isClose(inChunks(*decoder, cache, ids, 1), decoder->logits(ids), 1e-12));
    std::map<int, int> expected;
    const std::vector<int> producers = decoder->spec().map.producers();
    for (std::size_t slot = 0; slot < producers.size(); ++slot) {
      expected[static_cast<int>(slot)] =
          static_cast<int>(decoder->spec().map.readersOf(producers[slot]).size() * kTokens);
    }
    EXPECT_EQ(cache.observed(), expected);
  }
}

TEST(CachedPass, IsNotRecordedForBackward) {
  const std::unique_ptr<Decoder> decoder = decoderOf(MapCase{"0_0", 2}, kExact);
  const std::unique_ptr<KvCache> cache = makeDenseKvCache(decoder->cacheSpec(1, 4));
  EXPECT_FALSE(decoder->hidden(randomIds({1, 2}, 23, 8), cache.get()).requires_grad());
  for (const at::Tensor& tensor : cache->tensors()) EXPECT_FALSE(tensor.requires_grad());
  EXPECT_TRUE(decoder->hidden(randomIds({1, 2}, 23, 8)).requires_grad());
}

TEST(CachedPass, HasTheLossOfTheUncachedOne) {
  const std::unique_ptr<Decoder> decoder = decoderOf(MapCase{"0_0s3_2", 2}, kExact);
  const torch::Tensor ids = randomIds({2, 9}, 23, 9), targets = randomIds({2, 9}, 23, 10);
  const std::unique_ptr<KvCache> cache = makeDenseKvCache(decoder->cacheSpec(2, 9));
  EXPECT_TRUE(isClose(decoder->loss(ids, targets, cache.get()), decoder->loss(ids, targets), 1e-12));
}

}  // namespace
}  // namespace weft::nn::test
