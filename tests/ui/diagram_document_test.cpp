// The edited design as a value: every edit one undo step, wrong text kept as text, costs those of the cost model.
#include <ostream>
#include <random>

#include "engine/config/presets.h"
#include "engine/sharing/generators.h"
#include "tests/ui/diagram_fixture.h"
#include "ui/diagram/sharing_document.h"

namespace weft::ui {
namespace {

using Document = DiagramTest;

std::string textOf(const Layers& layers) {
  const auto map = sharing::SharingMap::create(layers);
  return map ? sharing::toText(*map) : "invalid: " + map.error().message;
}

sharing::SharingMap mapOf(const std::string& text) {
  return sharing::parseMap(text, {.layers = std::nullopt, .upward = sharing::UpwardReads::Refuse}).value();
}

TEST(MapEdits, ReadersOfALayerThatGivesUpItsKvFollowIt) {
  EXPECT_EQ(textOf(withSource(mapOf("0_1_1_3"), {1}, 0)), "0_0_0_3");
}

TEST(MapEdits, GroupingMakesTheLowestLayerTheProducer) {
  EXPECT_EQ(textOf(grouped(mapOf("0_1_2_3_2"), {1, 2, 3})), "0_1_1_1_1");
  EXPECT_EQ(textOf(grouped(mapOf("0_0_0_3"), {1, 3})), "0_1_0_1")
      << "a layer between that was not selected keeps its source";
}

TEST(MapEdits, ALayerJoinsTheGroupOfTheOneBelowIt) {
  EXPECT_EQ(textOf(*joinedBelow(mapOf("0_1_2_3"), 2)), "0_1_1_3");
  EXPECT_EQ(textOf(*joinedBelow(mapOf("0_0_2_3"), 2)), "0_0_0_3") << "the one below stays in its group";
  EXPECT_EQ(textOf(*joinedBelow(mapOf("0_0_2_2"), 2)), "0_0_0_0") << "its readers follow";
  EXPECT_EQ(textOf(*joinedBelow(mapOf("k:0_0_2 v:0_1_2"), 2)), "k:0_0_0 v:0_1_1");
  EXPECT_EQ(textOf(*joinedBelow(mapOf("0_1h2_2h4"), 2)), "0_1h2_1") << "a reader has no heads of its own";
  EXPECT_FALSE(joinedBelow(mapOf("0_1"), 0)) << "nothing lies below the lowest layer";
}

TEST(MapEdits, SeparatedLayersKeepTheHeadCountTheyRead) {
  EXPECT_EQ(textOf(separated(mapOf("0h2_0_2"), {1})), "0h2_1h2_2");
}

TEST(MapEdits, TheBoundaryOfTwoGroupsMovesByOneLayerAndBack) {
  const auto up = boundaryMoved(mapOf("0_0_2_2_2"), 0, Boundary::Up);
  ASSERT_TRUE(up);
  EXPECT_EQ(textOf(*up), "0_0_0_3_3");
  const auto back = boundaryMoved(mapOf("0_0_0_3_3"), 1, Boundary::Down);
  ASSERT_TRUE(back);
  EXPECT_EQ(textOf(*back), "0_0_2_2_2");
  EXPECT_FALSE(boundaryMoved(mapOf("0_1"), 0, Boundary::Down)) << "a group of one has nothing to give";
  EXPECT_FALSE(boundaryMoved(mapOf("0_0"), 1, Boundary::Up)) << "nothing lies above the top group";
}

TEST(MapEdits, KeepWhatTheSecondEditionSaysOfTheOtherLayers) {
  const sharing::SharingMap map = mapOf("0_1d64=_2r0_0+2_1");
  EXPECT_EQ(textOf(withSource(map, {4}, 0)), "0_1d64=_2r0_0+2_0");
  EXPECT_EQ(textOf(withSource(map, {3}, 2)), "0_1d64=_2r0_2_1") << "one source in place of the mixture";
  EXPECT_EQ(textOf(withWindow(map, {3}, {.kind = sharing::Window::Kind::Model})), "0_1d64=_2r0_0+2s_1");
  EXPECT_EQ(textOf(withKvHeads(map, {1}, 2)), "0_1h2d64=_2r0_0+2_1");
  EXPECT_EQ(textOf(*joinedBelow(map, 4)), "0_1d64=_2r0_0+2_0+2") << "it reads what the layer below reads";
  EXPECT_EQ(sharing::toText(withLayerCount(map, 4, sharing::UpwardReads::Refuse)), "0_1d64=_2r0_0+2");
}

TEST(MapEdits, FollowASourceIntoMixturesRangesAndResiduals) {
  EXPECT_EQ(textOf(withSource(mapOf("0_1_2_1+2"), {2}, 0)), "0_1_0_1+0");
  EXPECT_EQ(textOf(withSource(mapOf("0_1_2_1+2"), {2}, 1)), "0_1_1_1") << "a mixture of one source is that source";
  EXPECT_EQ(textOf(withSource(mapOf("0_1_2_2,0:1"), {2}, 1)), "0_1_1_1,0:1");
  EXPECT_EQ(textOf(withSource(mapOf("0_1_2r1"), {1}, 0)), "0_0_2r0");
  EXPECT_EQ(textOf(withSource(mapOf("0_1h2d64=_1"), {1}, 0)), "0_0_0");
  EXPECT_EQ(textOf(grouped(mapOf("0_1_2d64_2:0"), {1, 2})), "0_1_1_1:0");
  EXPECT_EQ(textOf(separated(mapOf("0h2d64=_0_0"), {1})), "0h2d64=_1h2d64=_0") << "a slot like the one it read";
  EXPECT_EQ(textOf(separated(mapOf("k:0_1 v:0_1,0:1h1"), {1})), "0_1");
  EXPECT_EQ(textOf(*boundaryMoved(mapOf("0_0_2d64=_2_2"), 0, Boundary::Up)), "0_0_0_3d64=_3");
  EXPECT_EQ(sharing::toText(withLayerCount(mapOf("0_0_2_0+2"), 3, sharing::UpwardReads::Refuse)), "0_0_2");
}

TEST(MapEdits, AnotherNumberOfLayersGoesOnWithThePattern) {
  EXPECT_EQ(sharing::toText(withLayerCount(mapOf("0_0_2_2"), 6, sharing::UpwardReads::Refuse)), "0_0_2_2_4_4");
  EXPECT_EQ(sharing::toText(withLayerCount(mapOf("0_0_2_2s_4"), 3, sharing::UpwardReads::Refuse)), "0_0_2")
      << "the upper layers go";
  EXPECT_EQ(sharing::toText(
                withLayerCount(sharing::parseMap("2_1_2", {.layers = 3, .upward = sharing::UpwardReads::Allow}).value(),
                               2, sharing::UpwardReads::Allow)),
            "0_1")
      << "a layer whose source is gone keeps its own";
  EXPECT_EQ(sharing::toText(withLayerCount(mapOf("0_0_2s"), 5, sharing::UpwardReads::Refuse)), "0_0_2s_3_4");
}

TEST(MapEdits, LayersAreNamedAsAPersonWould) {
  EXPECT_EQ(describeLayers({5}), "layer 5");
  EXPECT_EQ(describeLayers({4, 5, 6, 7}), "layers 4–7");
  EXPECT_EQ(describeLayers({1, 3, 5}), "layers 1, 3 and 5");
}

TEST_F(Document, Cla2OfTwentyLayersCostsWhatTheDesignSays) {
  SharingDocument document;
  ASSERT_EQ(document.text(), "0_0_2_2_4_4_6_6_8_8_10_10_12_12_14_14_16_16_18_18");
  EXPECT_EQ(document.generator(), "cla2");
  EXPECT_EQ(document.name(), "H128-MQA-CLA2");
  const sharing::CostReport& costs = document.costs().value();
  EXPECT_EQ(costs.kv.bytesPerToken, 5120);
  EXPECT_EQ(costs.kv.bytesResident, 40LL << 30);
  EXPECT_EQ(costs.kv.bytesReadPerStep, 80LL << 30);
  // Embedding 50,304 x 2,048 (tied); query and output 2 x 2,048^2 and MLP 3 x 2,048 x 5,472 in each of 20 layers; K and
  // V 2 x 2,048 x 128 in each of 10 producers; norms of 2,048: two a layer, one a producer, one at the end.
  EXPECT_EQ(costs.parameters.total(), 50'304LL * 2'048 + 20 * (2 * 2'048LL * 2'048 + 3 * 2'048LL * 5'472) +
                                          10 * (2 * 2'048LL * 128) + (2 * 20 + 10 + 1) * 2'048LL);
  EXPECT_EQ(document.unsharedCosts()->kv.bytesPerToken, 10'240);
}

TEST_F(Document, CostsAreThoseOfTheCostModelForEveryPreset) {
  SharingDocument document;
  for (const config::Preset& preset : config::presets()) {
    document.load(preset.config, "preset");
    ASSERT_TRUE(document.isValid()) << preset.name;
    // With the tokenizer of the preset: 256 bytes and the end of a text, where it names none.
    sharing::ModelShape shape = config::shapeOf(preset.config.model);
    if (shape.vocabulary == 0) shape.vocabulary = 257;
    const auto expected = sharing::cost(shape, config::sharingMap(preset.config.model).value(), document.request());
    ASSERT_TRUE(expected) << preset.name;
    EXPECT_EQ(document.costs()->kv.bytesResident, expected->kv.bytesResident) << preset.name;
    EXPECT_EQ(document.costs()->parameters.total(), expected->parameters.total()) << preset.name;
    EXPECT_EQ(document.costs()->flops.decode, expected->flops.decode) << preset.name;
  }
}

TEST_F(Document, EveryEditIsOneStepWithATextOfWhatItUndoes) {
  SharingDocument document;
  document.setSource({5}, 2);
  EXPECT_EQ(document.undo().undoText(), "source of layer 5: 4 to 2");
  document.toggleWindow({1, 2, 3});
  EXPECT_EQ(document.undo().undoText(), "window 1,024 on layers 1–3");
  document.group({7, 8, 9});
  document.separate({8});
  document.moveBoundary(0, Boundary::Up);
  document.setKvHeads({0}, 2);
  document.setLayerCount(24);
  document.applyGenerator("keep-ends");
  EXPECT_EQ(document.undo().count(), 8);
  document.applyGenerator("keep-ends");
  EXPECT_EQ(document.undo().count(), 8) << "what changes nothing is no step";
  while (document.undo().canUndo()) document.undo().undo();
  EXPECT_EQ(document.text(), "0_0_2_2_4_4_6_6_8_8_10_10_12_12_14_14_16_16_18_18");
}

TEST_F(Document, KeystrokesInARowAreOneStep) {
  SharingDocument document;
  const std::string before = document.text();
  for (const char* text : {"c", "cl", "cla", "cla3"}) document.setMapText(text);
  EXPECT_EQ(document.undo().count(), 1);
  EXPECT_EQ(document.generator(), "cla3");
  document.endTyping();
  document.setMapText("cla4");
  EXPECT_EQ(document.undo().count(), 2);
  document.undo().undo();
  EXPECT_EQ(document.text(), "cla3");
  document.undo().undo();
  EXPECT_EQ(document.text(), before);
}

TEST_F(Document, AWrongTextIsKeptWhileTheLastValidMapStaysShown) {
  SharingDocument document;
  document.setMapText("0_0_2_2_4_7_6_7_8_8_10_10_12_12_14_14_16_16_18_18");
  ASSERT_FALSE(document.isValid());
  EXPECT_EQ(document.text(), "0_0_2_2_4_7_6_7_8_8_10_10_12_12_14_14_16_16_18_18");
  EXPECT_EQ(document.generator(), "cla2");
  EXPECT_EQ(document.costs()->kv.bytesPerToken, 5120);
  EXPECT_EQ(document.staleCosts(), "Costs of the last valid map, 5,120 B per token");
}

struct WrongText {
  const char* text;
  const char* sentence;  // part of it
  int layer;
  const char* marked;  // the underlined characters
};

void PrintTo(const WrongText& wrong, std::ostream* out) { *out << '"' << wrong.text << '"'; }

class WrongMap : public DiagramTest, public ::testing::WithParamInterface<WrongText> {};

TEST_P(WrongMap, GetsOneSentenceThatNamesTheLayerAndMarksTheCharacters) {
  SharingDocument document;
  document.setLayerCount(4);
  document.setMapText(GetParam().text);
  ASSERT_FALSE(document.isValid());
  const sharing::MapTextError& error = *document.error();
  EXPECT_NE(error.error.message.find(GetParam().sentence), std::string::npos) << error.error.message;
  EXPECT_EQ(error.layer, GetParam().layer);
  EXPECT_EQ(document.text().substr(error.begin, error.end - error.begin), GetParam().marked);
  ASSERT_FALSE(document.fixes().empty()) << "there is always a way out";
  document.applyFix(0);
  EXPECT_TRUE(document.isValid()) << document.text();
  document.undo().undo();
  EXPECT_EQ(document.text(), GetParam().text);
}

INSTANTIATE_TEST_SUITE_P(Texts, WrongMap,
                         ::testing::Values(WrongText{"0_2_2_2", "comes later", 1, "2"},
                                           WrongText{"0_0_1_3", "produces none", 2, "1"},
                                           WrongText{"0_0_2_9", "the layers are 0 to 3", 3, "9"},
                                           WrongText{"", "empty", -1, ""},
                                           WrongText{"0_0_zwei_2", "no layer number", 2, "zwei"},
                                           WrongText{"0_0_2", "The map has 3 layers", -1, "0_0_2"}));

TEST_F(Document, UpwardReadsAreAllowedOnlyOnPurpose) {
  SharingDocument document;
  document.setLayerCount(4);
  document.setMapText("3_3_3_3");
  ASSERT_FALSE(document.isValid());
  EXPECT_EQ(document.problems().size(), 3u);
  const auto fix =
      std::find_if(document.fixes().begin(), document.fixes().end(), [](const MapFix& one) { return one.allowUpward; });
  ASSERT_NE(fix, document.fixes().end());
  document.applyFix(static_cast<std::size_t>(fix - document.fixes().begin()));
  EXPECT_TRUE(document.isValid());
  EXPECT_TRUE(document.design().model.allowUpward);
  EXPECT_FALSE(document.map().isCausal());
}

TEST_F(Document, HeadsThatDoNotDivideLeaveTheLastCostsAndSayWhy) {
  SharingDocument document;
  document.changeModel("KV heads 3", [](config::ModelConfig& model) { model.kvHeads = 3; });
  EXPECT_TRUE(document.isValid());
  EXPECT_NE(document.staleCosts().indexOf("do not divide"), -1);
  EXPECT_EQ(document.costs()->kv.bytesPerToken, 5120);
}

TEST_F(Document, UndoingAllOfAnyEditsGivesTheVeryTextBackAndRedoingAllTheLast) {
  for (const unsigned seed : {1u, 2u, 3u, 4u, 5u}) {
    std::mt19937 random(seed);
    const auto pick = [&](int below) { return static_cast<int>(random() % static_cast<unsigned>(below)); };
    SharingDocument document;
    std::vector<std::string> texts{document.text()};
    for (int step = 0; step < 150; ++step) {
      const int layers = document.map().layerCount();
      const int a = pick(layers), b = pick(layers);
      LayerSet range;
      for (int layer = std::min(a, b); layer <= std::max(a, b); ++layer) range.push_back(layer);
      switch (pick(11)) {
        case 0:
          document.setSource({a}, b);
          break;
        case 1:
          document.setSource(range, pick(layers + 2));
          break;
        case 2:
          document.group(range);
          break;
        case 3:
          document.separate(range);
          break;
        case 4:
          document.moveBoundary(a, pick(2) ? Boundary::Up : Boundary::Down);
          break;
        case 5:
          document.toggleWindow(range);
          break;
        case 6:
          document.setWindow(range, {.kind = sharing::Window::Kind::Own, .positions = 1 + pick(4096)});
          break;
        case 7:
          document.setKvHeads(range, 1 << pick(4));
          break;
        case 8:
          document.setLayerCount(1 + pick(40));
          break;
        case 9:
          document.applyGenerator(std::vector<std::string>{"identity", "cla3", "keep-ends",
                                                           "dense-back"}[static_cast<std::size_t>(pick(4))]);
          break;
        case 10:
          document.endTyping();
          document.setMapText(document.text() + std::string("_x", static_cast<std::size_t>(pick(3))));
          document.endTyping();
          break;
      }
      if (static_cast<int>(texts.size()) <= document.undo().index()) texts.push_back(document.text());
      ASSERT_EQ(static_cast<int>(texts.size()), document.undo().index() + 1) << "seed " << seed << ", step " << step;
      ASSERT_EQ(document.isValid(), sharing::parseMapText(document.text(), {.layers = document.design().model.layers,
                                                                            .upward = sharing::UpwardReads::Refuse})
                                        .has_value());
    }
    ASSERT_GT(texts.size(), 60u) << "most random edits must change something";
    for (std::size_t i = texts.size() - 1; i > 0; --i) {
      document.undo().undo();
      ASSERT_EQ(document.text(), texts[i - 1]) << "seed " << seed;
    }
    EXPECT_FALSE(document.undo().canUndo());
    for (std::size_t i = 1; i < texts.size(); ++i) {
      document.undo().redo();
      ASSERT_EQ(document.text(), texts[i]) << "seed " << seed;
    }
  }
}

TEST_F(Document, ADraftKeepsAWrongTextAndTheMapBelowIt) {
  SharingDocument document;
  document.setName("my map");
  document.setMapText("0_0_9");
  DraftContent content{
      .config = document.runConfig(), .design = document.design(), .request = document.request(), .memoryChoice = 3};
  content.config.model.sharing = sharing::toText(document.map());
  const auto back = parseDraft(toDraft(content));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->design, content.design);
  EXPECT_EQ(back->config, content.config);
  EXPECT_EQ(back->memoryChoice, 3);
  EXPECT_EQ(back->request.context, 8192);
  SharingDocument restored;
  restored.restore(back->config, back->design);
  EXPECT_EQ(restored.text(), "0_0_9");
  EXPECT_EQ(restored.map(), document.map());
  EXPECT_FALSE(restored.undo().canUndo());
}

TEST_F(Document, ADraftThatIsNoneIsRefusedWithASentence) {
  for (const char* bytes : {"", "{", "[1]", "{\"version\": 99}", "{\"version\": 1, \"config\": \"nonsense = \"}"}) {
    const auto draft = parseDraft(bytes);
    ASSERT_FALSE(draft) << bytes;
    EXPECT_NE(draft.error().message.find("draft"), std::string::npos) << draft.error().message;
  }
}

}  // namespace
}  // namespace weft::ui
