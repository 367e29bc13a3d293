// The map's second edition: its text, its sentences, its slots and its costs. Oracles: the text as README.md has it,
// and counts done by hand beside each number.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "engine/sharing/cost_model.h"
#include "engine/sharing/foreign_forms.h"
#include "engine/sharing/generators.h"
#include "engine/sharing/map_difference.h"
#include "engine/sharing/map_text.h"
#include "engine/sharing/map_words.h"
#include "engine/sharing/memory_model.h"
#include "engine/sharing/slots.h"
#include "engine/sharing/trainable.h"

using namespace weft;
using namespace weft::sharing;
using ::testing::HasSubstr;

namespace {

// How the page in engine/sharing/README.md writes them, four to eight layers each.
constexpr const char* kGemma4 = "0s_1s_2h1d8=_3s_4s_5h1d8=";
constexpr const char* kSkipV1 = "k:0_1_2_3 v:0_1,0:1h1_2,0:1h1_3,0:1h1";
constexpr const char* kFused = "0_1_2_3_0+3_0+3_0+3_0+3";
constexpr const char* kYocoPlus = "0s_1sr0_2sr0_3sr0_3_3_3_3";

SharingMap mapOf(const std::string& text) {
  const Result<SharingMap> map = parseMap(text, {});
  EXPECT_TRUE(map) << text << ": " << map.error().message;
  return map.value_or(SharingMap::identity(1));
}

std::string complaint(const std::string& text) {
  const Result<SharingMap> map = parseMap(text, {});
  return map ? "accepted as " + toText(*map) : map.error().message;
}

// 4 query heads, 2 KV heads of width 4.
ModelShape shapeFor(const SharingMap& map) {
  return {.layers = map.layerCount(),
          .hidden = 8,
          .feedForward = 20,
          .vocabulary = 50,
          .queryHeads = 4,
          .kvHeads = 2,
          .headWidth = 4,
          .window = 16};
}

std::string misfit(const std::string& text) {
  const SharingMap map = mapOf(text);
  const Result<SlotPlan> plan = slotPlan(shapeFor(map), map);
  const Result<CostReport> costs = cost(shapeFor(map), map, {});
  EXPECT_EQ(plan.has_value(), costs.has_value()) << text;
  return plan ? "fits" : plan.error().message;
}

CostReport costsOf(const std::string& text, const CostRequest& request = {}) {
  const SharingMap map = mapOf(text);
  return cost(shapeFor(map), map, request).value();
}

// Layers as they come: many make no map.
std::vector<LayerSharing> randomLayers(std::mt19937& random) {
  const auto below = [&](int limit) { return static_cast<int>(random() % static_cast<unsigned>(limit)); };
  const int count = 1 + below(6);
  std::vector<LayerSharing> layers;
  for (int i = 0; i < count; ++i) {
    const auto reading = [&](int source) {
      Reading made;
      if (below(3) > 0) return made;
      made.join = below(2) == 0 ? Reading::Join::Mixture : Reading::Join::SideBySide;
      for (int parts = 1 + below(3); parts > 0; --parts) {
        HeadRange part{.source = parts == 1 ? source : below(i + 1)};
        if (made.join == Reading::Join::SideBySide && below(2) == 0) {
          part.first = below(3);
          part.count = 1 + below(3);
        }
        made.parts.push_back(part);
      }
      return made;
    };
    LayerSharing layer;
    layer.kSource = below(3) == 0 ? below(i + 1) : i;
    layer.vSource = below(3) == 0 ? below(i + 1) : layer.kSource;
    layer.kReading = reading(layer.kSource);
    layer.vReading = below(2) == 0 ? layer.kReading : reading(layer.vSource);
    if (below(3) == 0) layer.window.kind = Window::Kind::Model;
    if (below(5) == 0) layer.window = {Window::Kind::Own, 1 + below(5000)};
    if (below(4) == 0) layer.kvHeads = 1 + below(8);
    if (below(5) == 0) layer.headWidth = 1 + below(512);
    if (below(7) == 0) layer.vHeads = 1 + below(8);
    layer.isValueKey = below(6) == 0;
    if (i > 0 && below(5) == 0)
      layer.residual =
          Residual{.source = below(i), .gate = below(2) == 0 ? Residual::Gate::Number : Residual::Gate::Channel};
    layers.push_back(layer);
  }
  return layers;
}

}  // namespace

TEST(SecondEdition, PrintingAndParsingLoseNothing) {
  for (const char* text : {kGemma4, kSkipV1, kFused, kYocoPlus, "0d512", "0=", "0h2d64=", "0s1024h2d64_1h2d64r0",
                           "0_1r0c", "0:0-1_0:0", "0_1_1,0:2-3", "0_1_0+1s", "k:0_1_0+1 v:0_1_0", "k:0_0 v:0_1h2d64",
                           "k:0h4_1 v:0h2_1", "k:0_0 v:0_1r0", "0_1_1:0-2,0:7s12"}) {
    const auto map = parseMapText(text, {});
    ASSERT_TRUE(map) << text << ": " << map.error().error.message;
    EXPECT_EQ(toText(*map), text);
    EXPECT_EQ(SharingMap::create(map->layers()).value(), *map);
  }
}

// The bytes a token by hand: 4 KV heads of 256 in 2 bytes are 4,096 for K and V together.
TEST(SecondEdition, TheLayoutsOfThePageFitAModel) {
  struct Layout {
    const char* text;
    std::int64_t bytesPerToken;
    bool isTrainable;
  };
  for (const Layout& layout : {Layout{"0s_1s_2s_3s_4s_5h1d512=_6s_7s", 7 * 4096 + 2 * 512, false},
                               Layout{"k:0_1_2_3 v:0_1,0:2-3h2_2,0:2-3h2_3,0:2-3h2", 4096 + 3 * 3072, false},
                               Layout{"0_1_2_3_0+3_0+3_0+3_0+3", 4 * 4096, false},
                               Layout{"k:0_1_2_3_3_3_3_3 v:0_1_2_3_0_0_0_0", 4 * 4096, true},
                               Layout{"0s_1sr0_2sr0_3sr0_4r0_4_4_4", 5 * 4096, false}}) {
    const SharingMap map = mapOf(layout.text);
    EXPECT_EQ(toText(map), layout.text);
    ModelShape shape = shapeFor(map);
    shape.queryHeads = 8;
    shape.kvHeads = 4;
    shape.headWidth = 256;
    const Result<CostReport> report = cost(shape, map, {.cacheType = ElementType::BFloat16});
    ASSERT_TRUE(report) << layout.text << ": " << report.error().message;
    EXPECT_EQ(report->kv.bytesPerToken, layout.bytesPerToken) << layout.text;
    EXPECT_EQ(checkTrainable(map).has_value(), layout.isTrainable) << layout.text;
  }
}

TEST(SecondEdition, PrintingAndParsingLoseNothingOfRandomMaps) {
  std::mt19937 random(5);
  int maps = 0, second = 0, mixtures = 0, ranges = 0, residuals = 0;
  for (int round = 0; round < 20000; ++round) {
    const std::vector<LayerSharing> layers = randomLayers(random);
    const Result<SharingMap> map = SharingMap::create(layers);
    EXPECT_EQ(map.has_value(), validate(layers, UpwardReads::Refuse).empty());
    if (!map) {
      EXPECT_FALSE(map.error().message.empty());
      continue;
    }
    const std::string text = toText(*map);
    const auto again = parseMapText(text, {.layers = map->layerCount()});
    ASSERT_TRUE(again) << text << ": " << again.error().error.message;
    ASSERT_EQ(*again, *map) << text;
    ++maps;
    second += checkTrainable(*map) ? 0 : 1;
    for (const LayerSharing& layer : map->layers()) {
      mixtures += layer.kReading.join == Reading::Join::Mixture ? 1 : 0;
      ranges += layer.vReading.parts.size() > 1 ? 1 : 0;
      residuals += layer.residual ? 1 : 0;
    }
  }
  EXPECT_GT(maps, 1000);
  EXPECT_GT(second, 500);
  EXPECT_GT(mixtures, 50);
  EXPECT_GT(ranges, 50);
  EXPECT_GT(residuals, 50);
}

TEST(SecondEdition, WhatSaysNothingMoreBecomesTheFirstEdition) {
  EXPECT_EQ(toText(mapOf("k:0h2_1 v:0h2_1")), "0h2_1");
  std::vector<LayerSharing> layers = SharingMap::identity(2).layers();
  layers[1].kSource = layers[1].vSource = 1;
  layers[1].kReading.parts = layers[1].vReading.parts = {{.source = 0}};
  layers[1].kReading.join = Reading::Join::Mixture;
  EXPECT_EQ(SharingMap::create(layers).value(), parseMap("0_0", {}).value());
}

TEST(SecondEdition, ALayerAmongItsOwnPartsProduces) {
  const SharingMap map = mapOf("0_0,1");
  EXPECT_TRUE(map.producesK(1));
  EXPECT_EQ(map.readersOf(1), std::vector<int>{1});
  EXPECT_EQ(map.readersOf(0), (std::vector<int>{0, 1}));
  const SharingMap reader = mapOf("0_1_1+0");
  EXPECT_FALSE(reader.isProducer(2));
  EXPECT_EQ(reader.layer(2).kSource, 1);
  EXPECT_EQ(reader.readersOf(0), (std::vector<int>{0, 2}));
}

TEST(SecondEdition, EachMistakeHasASentenceThatNamesTheLayer) {
  EXPECT_THAT(complaint("0_0d64"), HasSubstr("Layer 1 reads its K and V from others, so it has no head width"));
  EXPECT_THAT(complaint("0d0"), HasSubstr("Layer 0 has heads of width 0"));
  EXPECT_THAT(complaint("0_0="), HasSubstr("Layer 1 does not produce both K and V, so its V cannot be its K"));
  EXPECT_THAT(complaint("k:0_1= v:0_0"), HasSubstr("Layer 1 does not produce both"));
  EXPECT_THAT(complaint("k:0= v:0h2"), HasSubstr("so its V has as many heads as its K: take 'h2' away"));
  EXPECT_THAT(complaint("k:0 v:0h0"), HasSubstr("Layer 0 has 0 V heads"));
  EXPECT_THAT(complaint("k:0_1 v:0_0h2"), HasSubstr("Layer 1: 'h2' belongs to the k part"));
  EXPECT_THAT(complaint("k:0_0d4 v:0_1"), HasSubstr("Layer 1 produces V alone: its 'd4' belongs to the v part"));
  EXPECT_THAT(complaint("k:0 v:0d4"), HasSubstr("Layer 0: 'd4' belongs to the k part"));
  EXPECT_THAT(complaint("0_1_0+1:0"), HasSubstr("Layer 2 mixes head 0 of layer 1"));
  EXPECT_THAT(complaint("0_1_0+1,0"), HasSubstr("Layer 2 joins its parts by ',' and by '+'"));
  EXPECT_THAT(complaint("0_1_0+0"), HasSubstr("Layer 2 reads heads of layer 0 twice"));
  EXPECT_THAT(complaint("0_1_0:0-1,0:1-2"), HasSubstr("Layer 2 reads heads 1 to 2 of layer 0 twice"));
  EXPECT_THAT(complaint("0h2_1_0:1-2"), HasSubstr("Layer 2 reads heads 1 to 2 of layer 0's K and V, which has 2"));
  EXPECT_THAT(complaint("0_0:2-1"), HasSubstr("Layer 1: after '0:' stand the first and the last KV head"));
  EXPECT_THAT(complaint("0_0:"), HasSubstr("Layer 1: after '0:'"));
  EXPECT_THAT(complaint("0_0+"), HasSubstr("Layer 1: '0+' is no layer number"));
  EXPECT_THAT(complaint("0_0_0+1"), HasSubstr("Layer 2 reads K and V from layer 1, which produces none"));
  EXPECT_THAT(complaint("0_0+2_2"), HasSubstr("Layer 1 reads K and V from layer 2, which comes later"));
  EXPECT_THAT(complaint("0_0+9"), HasSubstr("from layer 9, but the layers are 0 to 1"));
  EXPECT_THAT(complaint("0_0r0"), HasSubstr("Layer 1 keeps no K or V of its own"));
  EXPECT_THAT(complaint("0r0"),
              HasSubstr("Layer 0 adds the KV of layer 0 to its own; a residual comes from an earlier"));
  EXPECT_THAT(complaint("0_1r2_2"), HasSubstr("earlier layer, 0 to 0"));
  EXPECT_THAT(complaint("0_0_2r1"), HasSubstr("Layer 2 adds the K of layer 1 to its own, but layer 1 keeps none"));
  EXPECT_THAT(complaint("0=_1r0"), HasSubstr("layer 0 has V := K"));
  EXPECT_THAT(complaint("0_1r"), HasSubstr("'r' needs the layer"));
  EXPECT_THAT(complaint("0d"), HasSubstr("'d' needs a head width"));
  EXPECT_THAT(complaint("0h2=d4"), HasSubstr("'d4' is not understood here"));
  std::string many = "0";
  for (int part = 0; part < 300; ++part) many += ",0:" + std::to_string(part);
  EXPECT_THAT(complaint(many), HasSubstr("more than 256 parts"));
}

TEST(SecondEdition, WhatDoesNotFitTheModelIsNamed) {
  EXPECT_EQ(misfit("0_0"), "fits");
  EXPECT_THAT(misfit("0_0:1-2"), HasSubstr("Layer 1 reads K head 2 of layer 0, which has 2"));
  EXPECT_THAT(misfit("0_1_1,0:0"), HasSubstr("Layer 2 reads 3 KV heads, which do not divide the 4 query heads"));
  EXPECT_THAT(misfit("0_1d8_0+1"), HasSubstr("Layer 2 mixes the K of layers 0 and 1, whose heads are 4 and 8 wide"));
  EXPECT_THAT(misfit("0_1d8_0:0,1:0"), HasSubstr("Layer 2 reads K of layers 0 and 1, whose heads are 4 and 8 wide"));
  EXPECT_THAT(misfit("0_1h4_0+1"), HasSubstr("Layer 2 mixes the K of layers 0 and 1, which have 2 and 4 heads"));
  EXPECT_THAT(misfit("0_1h1r0"), HasSubstr("Layer 1 keeps 1 heads of width 4 and adds layer 0's, 2 of width 4"));
  EXPECT_THAT(misfit("0d3_1d3_0+1"), HasSubstr("the width must be even"));
  EXPECT_THAT(misfit("0d3_1d3r0c"), HasSubstr("the width must be even"));
  EXPECT_EQ(misfit("0d3_1d3r0"), "fits") << "one number needs no pairs";
  EXPECT_THAT(misfit("k:0h2 v:0h1"), HasSubstr("reads K with 2 heads from layer 0 and V with 1 heads"));
  EXPECT_THAT(misfit("0h8_0:0-3"), HasSubstr("Layer 0 has 8 KV heads"));
  EXPECT_EQ(misfit("k:0_0 v:0_1d8"), "fits") << "values may be wider than keys";
}

TEST(SecondEdition, TheSlotsHaveTheirOwnWidthAndReadersNameRanges) {
  const SharingMap gemma = mapOf(kGemma4);
  const SlotPlan wide = slotPlan(shapeFor(gemma), gemma).value();
  ASSERT_EQ(wide.slots.size(), 6u);
  EXPECT_EQ(wide.slots[2].headWidth, 8);
  EXPECT_EQ(wide.slots[2].heads, 1);
  EXPECT_TRUE(wide.slots[2].isValueKey && wide.slots[2].keepsK && !wide.slots[2].keepsV);
  EXPECT_EQ(wide.slots[2].elementsPerToken(), 8);
  EXPECT_EQ(wide.layers[2].keyWidth, 8);
  EXPECT_EQ(wide.slots[0].window, 16);
  EXPECT_EQ(wide.slots[2].window, std::nullopt);

  const SharingMap skip = mapOf(kSkipV1);
  const SlotPlan split = slotPlan(shapeFor(skip), skip).value();
  ASSERT_EQ(split.slots.size(), 7u) << "K and V of different head counts lie in two slots";
  EXPECT_EQ(split.slots[1].heads, 2);
  EXPECT_FALSE(split.slots[1].keepsV);
  EXPECT_EQ(split.slots[2].heads, 1);
  EXPECT_FALSE(split.slots[2].keepsK);
  EXPECT_EQ(split.slots[2].layer, 1);
  EXPECT_EQ(split.layers[1].values,
            (std::vector<SlotHeads>{{.slot = 2, .first = 0, .heads = 1}, {.slot = 0, .first = 1, .heads = 1}}));
  EXPECT_EQ(split.layers[1].keys, (std::vector<SlotHeads>{{.slot = 1, .first = 0, .heads = 2}}));
}

// hidden 8, 4 query heads, 2 KV heads of 4: the plain layer keeps 16 elements a token.
TEST(SecondEdition, CostsOfAHeadWidthAndOfVThatIsK) {
  const CostRequest request{.cacheType = ElementType::BFloat16, .context = 100, .batch = 3};
  const CostReport report = costsOf(kGemma4, request);
  EXPECT_EQ(report.kv.bytesPerToken, 2 * (4 * 16 + 2 * 8));
  EXPECT_EQ(report.kv.bytesResident, 3 * 2 * (4 * 16 * 16 + 2 * 8 * 100)) << "windows of 16 on the narrow ones";
  EXPECT_EQ(report.kv.bytesReadPerStep, report.kv.bytesResident) << "one tensor is read once, for K and for V";
  EXPECT_EQ(report.parameters.keyValue, 4 * 8 * 16 + 2 * 8 * 8) << "no projection of V";
  EXPECT_EQ(report.parameters.query, 8 * 4 * (4 * 4 + 2 * 8));
  EXPECT_EQ(report.parameters.output, report.parameters.query);
  EXPECT_EQ(report.parameters.gates, 0);
  const double products = 8 * (2 * 4 * (4 * 4 + 2 * 8) + 6 * 3 * 20 + 4 * 16 + 2 * 8) + 50 * 8;
  EXPECT_EQ(report.flops.decode, 2 * products + 4 * (4 * 16 * 16 + 2 * 100 * 32));
  const double seen = 4 * (16 * (2 - 16.0 / 100)) * 16 + 2 * 100 * 32;
  EXPECT_DOUBLE_EQ(report.flops.train, 6 * products + 6 * seen);
  EXPECT_DOUBLE_EQ(report.flops.prefill, report.flops.train / 3);
}

TEST(SecondEdition, AReaderOfAWideSlotHasWideQueries) {
  const CostReport report = costsOf("0d8_0");
  EXPECT_EQ(report.parameters.query, 2 * 8 * 4 * 8);
  EXPECT_EQ(report.kv.bytesPerToken, 2 * 2 * 2 * 8);
  // Keys of 4 and values of 8: the queries follow the keys, the output the values.
  const CostReport apart = costsOf("k:0_0 v:0_1d8");
  EXPECT_EQ(apart.parameters.query, 2 * 8 * 4 * 4);
  EXPECT_EQ(apart.parameters.output, 8 * 4 * (4 + 8));
  EXPECT_EQ(apart.kv.bytesPerToken, 2 * (16 + 2 * 8));
}

TEST(SecondEdition, AWidthThatIsTheModelsCostsNothing) {
  const CostReport plain = costsOf("0_0_2"), said = costsOf("0h2d4_0_2d4");
  EXPECT_EQ(said.parameters.total(), plain.parameters.total());
  EXPECT_EQ(said.kv.bytesReadPerStep, plain.kv.bytesReadPerStep);
  EXPECT_EQ(said.flops.train, plain.flops.train);
  const SharingMap map = mapOf("0h2d4_0_2d4");
  EXPECT_EQ(explainKvBytesPerToken(shapeFor(map), map, ElementType::BFloat16), "2 · 2 B · 2 · 4 · 2 = 64 B");
}

TEST(SecondEdition, CostsOfASourcePerRangeOfHeads) {
  const CostReport report = costsOf(kSkipV1, {.cacheType = ElementType::BFloat16, .context = 10, .batch = 1});
  EXPECT_EQ(report.kv.bytesPerToken, 2 * 4 * (4 + 3 * 3)) << "layer 0: 2 K + 2 V heads, the others 2 + 1";
  EXPECT_EQ(report.parameters.keyValue, 8 * 4 * 13);
  EXPECT_EQ(report.kv.bytesReadPerStep, 10 * 2 * 4 * 4 * 4) << "each layer reads 2 + 2 heads";
  EXPECT_EQ(report.parameters.query, 4 * 8 * 16);
  // A range alone reads that range.
  EXPECT_EQ(costsOf("0_0:1", {.context = 10}).kv.bytesReadPerStep, 10 * 2 * (16 + 8));
}

TEST(SecondEdition, CostsOfAMixture) {
  const CostRequest request{.cacheType = ElementType::BFloat16, .context = 10, .batch = 2};
  const CostReport mixed = costsOf(kFused, request), plain = costsOf("0_1_2_3_3_3_3_3", request);
  // Two sources of 2 heads of 4: 16 channels of K, 8 pairs, and 16 channels of V, in four layers.
  EXPECT_EQ(mixed.parameters.gates, 4 * (8 + 16));
  EXPECT_EQ(mixed.parameters.total(), plain.parameters.total() + 96);
  EXPECT_EQ(mixed.parameters.matmul, plain.parameters.matmul);
  EXPECT_EQ(mixed.kv.bytesPerToken, plain.kv.bytesPerToken);
  EXPECT_EQ(mixed.kv.bytesResident, plain.kv.bytesResident);
  EXPECT_EQ(mixed.kv.bytesReadPerStep, plain.kv.bytesReadPerStep + 2 * 4 * 10 * 2 * 16) << "both sources are read";
  EXPECT_EQ(mixed.flops.decode, plain.flops.decode + 2 * 4 * 10 * 32);
  EXPECT_EQ(mixed.flops.prefill, plain.flops.prefill + 2 * 4 * 32);
  EXPECT_EQ(mixed.flops.train, plain.flops.train + 6 * 4 * 32);
}

TEST(SecondEdition, CostsOfAResidual) {
  const CostRequest request{.cacheType = ElementType::BFloat16, .context = 10, .batch = 2};
  const CostReport added = costsOf(kYocoPlus, request), plain = costsOf("0s_1s_2s_3s_3_3_3_3", request);
  EXPECT_EQ(added.parameters.gates, 3 * 2) << "one number for K, one for V";
  EXPECT_EQ(costsOf("0_1r0c").parameters.gates, 4 + 8) << "8 channels: 4 pairs of K, 8 of V";
  EXPECT_EQ(costsOf("k:0_0 v:0_1r0").parameters.gates, 1) << "V alone is produced";
  EXPECT_EQ(added.kv.bytesPerToken, plain.kv.bytesPerToken);
  EXPECT_EQ(added.kv.bytesReadPerStep, plain.kv.bytesReadPerStep) << "it is of the same token, in hand";
  EXPECT_EQ(added.flops.decode, plain.flops.decode + 2 * 3 * 16);
  EXPECT_EQ(added.flops.train, plain.flops.train + 6 * 3 * 16);
}

TEST(SecondEdition, TheBytesAreExplainedByWidth) {
  const SharingMap map = mapOf(kGemma4);
  EXPECT_EQ(explainKvBytesPerToken(shapeFor(map), map, ElementType::BFloat16),
            "2 B · (4 · (8 K + 8 V heads) + 8 · (2 V := K heads)) = 160 B");
}

TEST(SecondEdition, WhatCannotBeTrainedYetIsNamedWithItsLayer) {
  const auto sentence = [](const std::string& text) {
    const Result<void> trainable = checkTrainable(mapOf(text));
    return trainable ? std::string() : trainable.error().message;
  };
  EXPECT_THAT(sentence("0_1d512"), HasSubstr("Layer 1 has heads 512 wide (d512), which can be drawn and costed"));
  EXPECT_THAT(sentence("0_1="), HasSubstr("Layer 1 has V := K ('=')"));
  EXPECT_THAT(sentence(kSkipV1), HasSubstr("Layer 1 reads ranges of KV heads"));
  EXPECT_THAT(sentence(kFused), HasSubstr("Layer 4 reads a gated mixture of layers ('+')"));
  EXPECT_THAT(sentence(kYocoPlus), HasSubstr("Layer 1 adds a gated residual of layer 0's KV"));
  EXPECT_THAT(sentence("k:0h4 v:0h2"), HasSubstr("Layer 0 has another number of V heads"));
  for (const char* text : {"0", "0h2_0_2s_2s1024", "k:0_0_2 v:0_1h2_1"}) EXPECT_EQ(sentence(text), "") << text;
  for (const Generator& generator : generators()) {
    const Result<SharingMap> map = generator.make(12, generator.usualNumber(12));
    if (map) {
      EXPECT_TRUE(checkTrainable(*map)) << generator.name;
    }
  }
  const SharingMap map = mapOf(kFused);
  EXPECT_THAT(trainingMemory(shapeFor(map), map, {}).error().message, HasSubstr("Layer 4 reads a gated mixture"));
}

TEST(SecondEdition, ADifferenceIsToldInWords) {
  const auto told = [](const char* map, const char* other) {
    std::string all;
    for (const MapDifference& one : differences(mapOf(map), mapOf(other)))
      all += (all.empty() ? "" : "; ") + std::to_string(one.layer) + " " + one.text;
    return all;
  };
  EXPECT_EQ(told(kGemma4, kGemma4), "");
  EXPECT_EQ(told("0d8", "0"), "0 has heads 8 wide instead of heads of the model's width");
  EXPECT_EQ(told("0", "0="), "0 has a V of its own instead of V := K");
  EXPECT_EQ(told("k:0 v:0h1", "0"), "0 has 1 V heads instead of as many V heads as K heads");
  EXPECT_EQ(told("0_1r0c", "0_1"), "1 has a residual of layer 0's KV under a gate a channel instead of no residual");
  EXPECT_EQ(told("0_1_0+1", "0_1_0"), "2 reads K and V from a gated mixture of layer 0 and layer 1 instead of layer 0");
  EXPECT_EQ(told("k:0_1 v:0_1,0:1", "0_1"), "1 reads V from its own, then head 1 of layer 0 instead of its own");
  EXPECT_EQ(told("0_0", "0_1d8="), "1 reads K and V from layer 0 instead of its own, has no heads 8 wide, V := K");
}

TEST(SecondEdition, NoPatternAndNoForeignFormHidesIt) {
  EXPECT_EQ(describeGenerator(mapOf("0_0_2_2")), "cla2");
  for (const char* text : {"0d8_0_2_2", "0=_0_2_2", "0_0_2r0_2", "0_0_2_0+2"}) {
    EXPECT_EQ(describeGenerator(mapOf(text)), "") << text;
    for (const ForeignForm form : kForeignForms) {
      const Result<std::string> said = toForeign(mapOf(text), form);
      EXPECT_FALSE(said) << text << " as " << toString(form) << ": " << *said;
    }
  }
  EXPECT_THAT(toForeign(mapOf("0d8_0"), ForeignForm::SharingPattern).error().message,
              HasSubstr("layer 0 has heads 8 wide"));
  EXPECT_THAT(toForeign(mapOf("0_1_0+1"), ForeignForm::Lckv).error().message,
              HasSubstr("layer 2 reads K from a gated mixture of layer 0 and layer 1"));
}
