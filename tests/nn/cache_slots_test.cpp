// A map of the second edition in the cache: each slot has its own heads and width, V := K keeps one tensor, and a
// reader gets the heads that it names. Oracle: the tensors that were put in.
#include "engine/nn/cache_slots.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include "engine/nn/dense_kv_cache.h"
#include "engine/sharing/cost_model.h"
#include "engine/sharing/map_text.h"
#include "tests/nn/models.h"

namespace weft::nn::test {
namespace {

constexpr std::int64_t kBatch = 2, kTokens = 11;

// Layer 0: 4 heads of 4. 1: one head of 8, V := K, under windows. 2: 4 K heads, and 2 V heads of its own before heads 1
// and 3 of layer 0. 3: heads 2 and 3 of layer 0. 4: the slot of layer 1. 5: K mixed of 0 and 2. 6: heads 3, then 0.
constexpr const char* kMap = "k:0h4_1s3h1d8=_2h4_0:2-3_1s5_0+2_0:3,0:0 v:0_1_2,0:1,0:3h2_0:2-3_1_0:0-3_0:3,0:0";

class SlotsOfAMap : public ::testing::Test {
 protected:
  void SetUp() override {
    const Result<sharing::SharingMap> map = sharing::parseMap(kMap, {});
    ASSERT_TRUE(map) << map.error().message;
    m_shape.layers = map->layerCount();
    const Result<sharing::SlotPlan> plan = sharing::slotPlan(m_shape, *map);
    ASSERT_TRUE(plan) << plan.error().message;
    m_plan = *plan;
    m_costs =
        sharing::cost(m_shape, *map, {.cacheType = sharing::ElementType::Float32, .context = kTokens, .batch = kBatch})
            .value();
    m_cache = makeDenseKvCache(cacheSpecOf(m_plan, kBatch, kTokens, at::kFloat, at::kCPU));
    // Everything at once, so that views of windowed slots hold the whole chunk.
    for (std::size_t index = 0; index < m_plan.slots.size(); ++index) {
      const sharing::Slot& slot = m_plan.slots[index];
      const auto made = [&](bool isKept, int seed) {
        return isKept ? torch::arange(kBatch * slot.heads * kTokens * slot.headWidth, torch::kFloat)
                                .view({kBatch, slot.heads, kTokens, slot.headWidth}) +
                            1000 * (seed + 1)
                      : torch::Tensor();
      };
      m_k.push_back(made(slot.keepsK, static_cast<int>(index)));
      m_v.push_back(made(slot.keepsV, 20 + static_cast<int>(index)));
      m_views.push_back(m_cache->append(static_cast<int>(index), m_k.back(), m_v.back()));
    }
  }
  torch::Tensor keys(int layer) const {
    return headsRead(m_plan, m_plan.layers[static_cast<std::size_t>(layer)].keys, m_views, Take::Keys);
  }
  torch::Tensor values(int layer) const {
    return headsRead(m_plan, m_plan.layers[static_cast<std::size_t>(layer)].values, m_views, Take::Values);
  }

  sharing::ModelShape m_shape{
      .hidden = 16, .feedForward = 8, .vocabulary = 10, .queryHeads = 4, .kvHeads = 2, .headWidth = 4};
  sharing::SlotPlan m_plan;
  sharing::CostReport m_costs;
  std::unique_ptr<KvCache> m_cache;
  std::vector<torch::Tensor> m_k, m_v;  // as put in, by slot
  std::vector<SlotView> m_views;
};

TEST_F(SlotsOfAMap, HaveTheirOwnHeadsAndWidth) {
  ASSERT_EQ(m_plan.slots.size(), 4u) << "layers 0 and 1, K and V of layer 2";
  EXPECT_EQ(m_views[0].k_BGSD.sizes(), (std::vector<std::int64_t>{kBatch, 4, kTokens, 4}));
  EXPECT_EQ(m_views[1].k_BGSD.sizes(), (std::vector<std::int64_t>{kBatch, 1, kTokens, 8}));
  EXPECT_FALSE(m_views[1].v_BGSD.defined()) << "V := K keeps one tensor";
  EXPECT_FALSE(m_views[2].v_BGSD.defined());
  EXPECT_EQ(m_views[3].v_BGSD.sizes(), (std::vector<std::int64_t>{kBatch, 2, kTokens, 4}));
}

TEST_F(SlotsOfAMap, TakeTheBytesOfTheCostModel) {
  // Per token and sequence: 2 x 4 x 4; 8, five positions; 4 x 4 + 2 x 4.
  EXPECT_EQ(m_costs.kv.bytesResident, 4 * kBatch * ((32 + 24) * kTokens + 8 * 5));
  EXPECT_EQ(uniqueStorageBytes(m_cache->tensors()), m_costs.kv.bytesResident);
  EXPECT_EQ(kBatch * m_cache->analyticBytes(kTokens), m_costs.kv.bytesResident);
}

TEST_F(SlotsOfAMap, GiveAReaderTheHeadsThatItNames) {
  EXPECT_TRUE(torch::equal(keys(0), m_k[0]));
  EXPECT_EQ(keys(0).data_ptr(), m_views[0].k_BGSD.data_ptr()) << "all heads of one slot are no copy";
  EXPECT_TRUE(torch::equal(keys(2), m_k[2]));
  EXPECT_TRUE(torch::equal(values(2), torch::cat({m_v[3], m_v[0].narrow(1, 1, 1), m_v[0].narrow(1, 3, 1)}, 1)));
  EXPECT_TRUE(torch::equal(keys(3), m_k[0].narrow(1, 2, 2)));
  EXPECT_TRUE(torch::equal(values(3), m_v[0].narrow(1, 2, 2)));
  EXPECT_TRUE(torch::equal(keys(6), torch::cat({m_k[0].narrow(1, 3, 1), m_k[0].narrow(1, 0, 1)}, 1)))
      << "in the order of the parts, not of the slot";
}

TEST_F(SlotsOfAMap, GiveTheOneTensorAsKAndAsVWhereVIsK) {
  EXPECT_TRUE(torch::equal(keys(4), m_k[1]));
  EXPECT_TRUE(torch::equal(values(4), m_k[1]));
  EXPECT_EQ(keys(4).data_ptr(), values(4).data_ptr());
}

TEST_F(SlotsOfAMap, GiveTheSourcesOfAMixtureOneByOne) {
  const sharing::LayerReads& reads = m_plan.layers[5];
  ASSERT_EQ(reads.joinsKeys, sharing::Reading::Join::Mixture);
  ASSERT_EQ(reads.keys.size(), 2u);
  EXPECT_TRUE(torch::equal(headsRead(m_plan, {reads.keys[0]}, m_views, Take::Keys), m_k[0]));
  EXPECT_TRUE(torch::equal(headsRead(m_plan, {reads.keys[1]}, m_views, Take::Keys), m_k[2]));
  EXPECT_EQ(reads.heads, 4);
}

TEST_F(SlotsOfAMap, DoNotPutHeadsOfDifferentWidthSideBySide) {
  EXPECT_THROW((void)headsRead(m_plan, {{.slot = 0, .first = 0, .heads = 1}, {.slot = 1, .first = 0, .heads = 1}},
                               m_views, Take::Keys),
               std::invalid_argument);
}

TEST(CacheOfAMap, TakesTheBytesOfTheCostModelForEveryFormOfTheSecondEdition) {
  for (const char* text :
       {"0s_1s_2s_3s_4s_5h1d512=_6s_7s", "k:0_1_2_3 v:0_1,0:2-3h2_2,0:2-3h2_3,0:2-3h2", "0_1_2_3_0+3_0+3_0+3_0+3",
        "0s_1sr0_2sr0_3sr0_4r0c_4_4_4", "k:0_0:1_0:0-1 v:0_1s7h1d6_1,0:2", "0_0_2"}) {
    const sharing::SharingMap map = sharing::parseMap(text, {}).value();
    const sharing::ModelShape shape{.layers = map.layerCount(),
                                    .hidden = 16,
                                    .feedForward = 8,
                                    .vocabulary = 10,
                                    .queryHeads = 4,
                                    .kvHeads = 4,
                                    .headWidth = 6,
                                    .window = 5};
    const Result<sharing::CostReport> costs =
        sharing::cost(shape, map, {.cacheType = sharing::ElementType::BFloat16, .context = kTokens, .batch = kBatch});
    if (!costs) {
      ADD_FAILURE() << text << ": " << costs.error().message;
      continue;
    }
    const auto cache =
        makeDenseKvCache(cacheSpecOf(sharing::slotPlan(shape, map).value(), kBatch, kTokens, at::kBFloat16, at::kCPU));
    EXPECT_EQ(uniqueStorageBytes(cache->tensors()), costs->kv.bytesResident) << text;
    EXPECT_EQ(kBatch * cache->analyticBytes(kTokens), costs->kv.bytesResident) << text;
  }
}

TEST(CacheOfADecoder, IsTheOneOfItsPlan) {
  const MapCase map = mapCases().front();
  const std::unique_ptr<Decoder> decoder = decoderOf(map, Place{});
  const sharing::SlotPlan plan = sharing::slotPlan(decoder->spec().shape, decoder->spec().map).value();
  const CacheSpec spec = decoder->cacheSpec(3, 5);
  ASSERT_EQ(spec.slots.size(), plan.slots.size());
  EXPECT_EQ(spec.slots.size(), decoder->spec().map.producers().size()) << "one a producer, for every trainable map";
  for (std::size_t slot = 0; slot < spec.slots.size(); ++slot) {
    EXPECT_EQ(spec.slots[slot].layer, plan.slots[slot].layer);
    EXPECT_EQ(spec.slots[slot].headWidth, decoder->spec().shape.headWidth);
  }
}

}  // namespace
}  // namespace weft::nn::test
