#include "engine/sharing/generators.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

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

TEST(Generators, MakeValidMapsOfEveryLayerCount) {
  for (const Generator& generator : generators()) {
    for (int layers = 3; layers <= 40; ++layers) {
      const Result<SharingMap> map = generator.make(layers, generator.defaultNumber);
      ASSERT_TRUE(map) << generator.name << layers << map.error().message;
      EXPECT_EQ(map->layerCount(), layers);
      EXPECT_TRUE(map->isCausal());
    }
  }
}
