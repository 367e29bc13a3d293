#include "engine/sharing/generators.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "engine/base/files.h"
#include "engine/base/text.h"
#include "engine/sharing/map_text.h"

using namespace weft;
using namespace weft::sharing;
using ::testing::HasSubstr;

namespace {
std::string textOf(const Result<SharingMap>& map) { return map ? toText(*map) : map.error().message; }
}  // namespace

// arXiv 2405.12981 Figure 2: the short group comes first.
TEST(Generators, ClaPutsTheShortGroupFirst) {
  EXPECT_EQ(textOf(claN(10, 3)), "0_1_1_1_4_4_4_7_7_7");
  EXPECT_EQ(textOf(claN(10, 2)), "0_0_2_2_4_4_6_6_8_8");
  EXPECT_EQ(textOf(claN(20, 3)), "0_0_2_2_2_5_5_5_8_8_8_11_11_11_14_14_14_17_17_17");
  EXPECT_EQ(textOf(claN(4, 1)), "0_1_2_3");
  EXPECT_EQ(textOf(claN(4, 4)), "0_0_0_0");
}

TEST(Generators, ClaRefusesGroupsThatTheModelCannotHold) {
  EXPECT_THAT(textOf(claN(4, 5)), HasSubstr("take 1 to 4"));
  EXPECT_THAT(textOf(claN(4, 0)), HasSubstr("take 1 to 4"));
  EXPECT_FALSE(claN(0, 1));
}

TEST(Generators, TheNonUniformPatternsOfTheTwentyLayerModelAreThePapers) {
  EXPECT_EQ(textOf(keepEnds(20)), "0_1_1_3_3_5_5_7_7_9_9_11_11_13_13_15_15_17_17_19");
  EXPECT_EQ(textOf(denseFront(20)), "0_1_2_3_4_5_6_7_8_9_9_9_9_9_9_9_9_9_9_19");
  EXPECT_EQ(textOf(denseBack(20)), "0_1_1_1_1_1_1_1_1_1_1_11_12_13_14_15_16_17_18_19");
  for (const auto& map : {keepEnds(20), denseFront(20), denseBack(20)}) EXPECT_EQ(map->producers().size(), 11u);
}

TEST(Generators, NamesAreReadInAnySpelling) {
  for (const char* name : {"cla2", "CLA-2", "Cla 2", "cla_2"}) EXPECT_EQ(textOf(generate(name, 4)), "0_0_2_2") << name;
  EXPECT_EQ(textOf(generate("KeepEnds", 6)), "0_1_1_3_3_5");
  EXPECT_EQ(textOf(generate("identity", 3)), "0_1_2");
}

TEST(Generators, AnUnknownNameIsAnsweredWithTheNearest) {
  EXPECT_THAT(textOf(generate("keepend", 6)), HasSubstr("did you mean 'keep-ends'"));
  EXPECT_THAT(textOf(generate("zzzzzzzzzz", 6)), HasSubstr("identity, cla2"));
  EXPECT_THAT(textOf(generate("cla", 6)), HasSubstr("needs a number"));
  EXPECT_THAT(textOf(generate("identity2", 6)), HasSubstr("takes no number"));
  EXPECT_FALSE(generate("", 6));
  EXPECT_FALSE(generate("2", 6));
  EXPECT_FALSE(generate("cla99999999999999999999", 6));
}

TEST(Generators, EachPatternIsRecognisedAgain) {
  EXPECT_EQ(describeGenerator(SharingMap::identity(7)), "identity");
  EXPECT_EQ(describeGenerator(claN(20, 4).value()), "cla4");
  EXPECT_EQ(describeGenerator(keepEnds(20).value()), "keep-ends");
  EXPECT_EQ(describeGenerator(denseFront(20).value()), "dense-front");
  EXPECT_EQ(describeGenerator(denseBack(20).value()), "dense-back");
  EXPECT_EQ(describeGenerator(SharingMap::fromSources({0, 1, 0, 1}).value()), "");
}

TEST(Generators, LayoutsAreThoseOfTheSystematicStudy) {
  EXPECT_EQ(textOf(generate("pizza-bottom-3", 6)), "0_1_2_2_2_2");
  EXPECT_EQ(textOf(generate("pizza-middle-3", 6)), "0_1_3_3_3_3");
  EXPECT_EQ(textOf(generate("pizza-top-3", 6)), "0_1_5_5_5_5");
  EXPECT_EQ(textOf(generate("sandwich-bottom-4", 8)), "0_1_2_2_2_2_2_7");
  EXPECT_EQ(textOf(generate("sandwich-middle-4", 8)), "0_1_4_4_4_4_4_7");
  EXPECT_EQ(textOf(generate("sandwich-top-4", 8)), "0_1_6_6_6_6_6_7");
  EXPECT_EQ(textOf(generate("lasagna-bottom-4", 8)), "0_0_2_2_4_4_6_6");
  EXPECT_EQ(textOf(generate("lasagna-top-3", 7)), "0_3_3_3_6_6_6");
  EXPECT_EQ(textOf(generate("lasagna-middle-3", 7)), "0_2_2_2_5_5_5");
  // CLA = lasagna-bottom, LCKV = sandwich-top (arXiv 2410.14442, Table 1).
  EXPECT_EQ(*generate("lasagna-bottom-11", 22), *claN(22, 2));
  EXPECT_EQ(*generate("lasagna-bottom-7", 20), *claN(20, 3));
  EXPECT_EQ(textOf(generate("sandwich-middle-3", 22)),
            "0_10_10_10_10_10_10_10_10_10_10_10_10_10_10_10_10_10_10_10_10_21");
}

TEST(Generators, LckvReadsTheTopBetweenItsWarmUpLayers) {
  EXPECT_EQ(textOf(generate("lckv-w2", 22)), "0_20_20_20_20_20_20_20_20_20_20_20_20_20_20_20_20_20_20_20_20_21");
  EXPECT_EQ(describeGenerator(*lckv(22, 2)), "lckv-w2");
  EXPECT_THAT(parseMap("lckv-w2", {.layers = 22}).error().message,
              HasSubstr("Layer 1 reads K and V from layer 20, which comes later"));
  EXPECT_TRUE(parseMap("lckv-w2", {.layers = 22, .upward = UpwardReads::Allow}));
}

TEST(Generators, PatternsWithWindowsAreThePublishedOnes) {
  EXPECT_EQ(textOf(yoco(22)), "0s_1s_2s_3s_4s_5s_6s_7s_8s_9s_10s_11_11_11_11_11_11_11_11_11_11_11");
  const SharingMap gemma = *gemma3n(35, 15);
  EXPECT_EQ(gemma.producers().size(), 20u);
  for (int layer = 20; layer < 35; ++layer) EXPECT_EQ(gemma.layer(layer).kSource, layer % 5 == 4 ? 19 : 18) << layer;
  EXPECT_EQ(gemma.layer(18).window.kind, Window::Kind::Model);
  EXPECT_EQ(gemma.layer(19).window.kind, Window::Kind::Full);
  EXPECT_EQ(textOf(mixAttention(14)), "0_1s_1s_3s_3s_3s_0_7s_7s_9s_9s_9s_12_13s");
  const SharingMap hybrid = *hymba(32);
  const std::vector<std::vector<int>> groups{{1, 2},       {3, 4},   {5, 6},   {7, 8},   {9, 10},  {11, 12}, {13, 14},
                                             {16, 17, 18}, {19, 20}, {21, 22}, {23, 24}, {25, 26}, {27, 28}, {29, 30}};
  for (const std::vector<int>& group : groups) EXPECT_EQ(hybrid.readersOf(group.front()), group);
  for (const int layer : {0, 15, 31}) EXPECT_EQ(hybrid.layer(layer), (LayerSharing{layer, layer, {}, {}})) << layer;
  EXPECT_EQ(textOf(apple(8)), "0_1_2_3_4_4_4_4");
  EXPECT_EQ(textOf(mlkv(12, 5)), "0_0_2_2_4_4_4_7_7_9_9_9");
  EXPECT_EQ(textOf(shareFactor(7, 3)), "0_0_0_3_3_3_6");
}

TEST(Generators, RefuseNumbersThatDoNotFitWithTheRange) {
  EXPECT_THAT(textOf(generate("pizza-bottom-9", 8)), HasSubstr("9 KV layers do not fit here: take 1 to 8"));
  EXPECT_THAT(textOf(generate("pizza-top-1", 8)), HasSubstr("take 2 to 8"));
  EXPECT_THAT(textOf(generate("gemma-3n-31", 35)), HasSubstr("take 0 to 30"));
  EXPECT_THAT(textOf(generate("lckv-w8", 8)), HasSubstr("take 1 to 7"));
  EXPECT_THAT(textOf(generate("pizza-botom-3", 8)), HasSubstr("did you mean 'pizza-bottom-4'"));
  EXPECT_THAT(textOf(generate("hymba", 2)), HasSubstr("3 to 1024 layers"));
}

TEST(Generators, AreValidAndRecognisedAtEveryNumberAndLayerCount) {
  for (const Generator& generator : generators()) {
    int made = 0;
    for (int layers = 1; layers <= 40; ++layers) {
      for (int number = 0; number <= (generator.takesNumber() ? layers : 0); ++number) {
        const Result<SharingMap> map = generator.make(layers, number);
        if (!map) {
          EXPECT_EQ(map.error().code, ErrorCode::InvalidInput);
          continue;
        }
        ++made;
        SCOPED_TRACE(generator.text(number) + " of " + std::to_string(layers));
        ASSERT_EQ(map->layerCount(), layers);
        ASSERT_TRUE(validate(map->layers(), UpwardReads::Allow).empty());
        EXPECT_TRUE(generator.readsUpward || map->isCausal());
        EXPECT_EQ(*generate(generator.text(number), layers), *map);
        EXPECT_EQ(parseMap(toText(*map), {.upward = UpwardReads::Allow}).value(), *map);
        const std::string text = describeGenerator(*map);
        ASSERT_FALSE(text.empty());
        EXPECT_LE(text.size(), std::max(generator.text(number).size(), std::string("identity").size()));
        EXPECT_EQ(*generate(text, layers), *map);
      }
      EXPECT_TRUE(layers < 3 || generator.make(layers, generator.usualNumber(layers))) << generator.name << layers;
    }
    EXPECT_GT(made, 30) << generator.name;
    EXPECT_FALSE(generator.description.empty() || generator.source.empty() || generator.group.empty())
        << generator.name;
  }
}

// How fast: bench generatorSearch.
TEST(Generators, OfALargeMapThatNoneMakesIsNone) {
  // A map of 1,024 layers: every candidate is tried.
  std::vector<int> sources;
  for (int layer = 0; layer < 1024; ++layer) sources.push_back(layer < 512 ? 0 : 512);
  EXPECT_NE(describeGenerator(SharingMap::fromSources(sources).value()), "") << "two groups of 512";
  sources[1023] = 1023;
  EXPECT_EQ(describeGenerator(SharingMap::fromSources(sources).value()), "");
}

// The table of engine/sharing/README.md is what a reader learns from: every row of it must be true.
TEST(SharingReadme, ShowsEveryPatternAsItIs) {
  const std::filesystem::path readme =
      std::filesystem::path(WEFT_TEST_SOURCE_DIR).parent_path() / "engine" / "sharing" / "README.md";
  const std::string text = readFile(readme).value();
  std::set<std::string> shown;
  for (const std::string& line : split(text, '\n')) {
    const std::vector<std::string> cells = split(line, '|');
    if (cells.size() != 6 || trim(cells[1]).substr(0, 1) != "`") continue;
    const auto code = [&](std::size_t cell) {
      return std::string(trim(cells[cell]).substr(1, trim(cells[cell]).size() - 2));
    };
    const Result<SharingMap> map = generate(code(1), 8);
    ASSERT_TRUE(map) << line;
    EXPECT_EQ(toText(*map), code(2)) << line;
    EXPECT_EQ(std::to_string(map->producers().size()), trim(cells[3])) << line;
    EXPECT_EQ(map->isCausal(), line.find("upward") == std::string::npos && code(1).rfind("lckv", 0) != 0) << line;
    shown.insert(findGenerator(code(1))->name);
  }
  EXPECT_EQ(shown.size(), generators().size());
}
