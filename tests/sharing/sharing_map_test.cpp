#include "engine/sharing/sharing_map.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

using namespace weft;
using namespace weft::sharing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

namespace {

std::string messageOf(const Result<SharingMap>& map) { return map ? "accepted" : map.error().message; }

LayerSharing own(int index) { return {.kSource = index, .vSource = index, .window = {}, .kvHeads = {}}; }

}  // namespace

TEST(SharingMap, KnowsItsProducersAndTheirReaders) {
  const SharingMap map = SharingMap::fromSources({0, 0, 2, 0, 2}).value();
  EXPECT_THAT(map.producers(), ElementsAre(0, 2));
  EXPECT_THAT(map.readersOf(0), ElementsAre(0, 1, 3));
  EXPECT_THAT(map.readersOf(2), ElementsAre(2, 4));
  EXPECT_TRUE(map.isProducer(2));
  EXPECT_TRUE(map.isConsumer(3));
  EXPECT_FALSE(map.isIdentity());
  EXPECT_TRUE(map.isCausal());
  EXPECT_FALSE(map.hasSeparateKv());
}

TEST(SharingMap, IdentityIsOnlyThePlainModel) {
  EXPECT_TRUE(SharingMap::identity(3).isIdentity());
  std::vector<LayerSharing> layers{own(0), own(1)};
  layers[1].kvHeads = 2;
  EXPECT_FALSE(SharingMap::create(layers).value().isIdentity());
  layers[1] = own(1);
  layers[1].window.kind = Window::Kind::Model;
  EXPECT_FALSE(SharingMap::create(layers).value().isIdentity());
}

TEST(SharingMap, RejectsAMapWhoseSourceIsNotAProducer) {
  const std::string message = messageOf(SharingMap::fromSources({0, 0, 1}));
  EXPECT_THAT(message, HasSubstr("Layer 2"));
  EXPECT_THAT(message, HasSubstr("layer 1"));
  EXPECT_THAT(message, HasSubstr("read from layer 0"));
}

TEST(SharingMap, RejectsALaterSourceUnlessItIsAllowedOnPurpose) {
  const std::string message = messageOf(SharingMap::fromSources({0, 2, 2}));
  EXPECT_THAT(message, HasSubstr("Layer 1"));
  EXPECT_THAT(message, HasSubstr("--allow-upward"));
  const Result<SharingMap> allowed = SharingMap::fromSources({0, 2, 2}, UpwardReads::Allow);
  ASSERT_TRUE(allowed);
  EXPECT_FALSE(allowed->isCausal());
}

TEST(SharingMap, RejectsSourcesOutsideTheModel) {
  EXPECT_THAT(messageOf(SharingMap::fromSources({0, 7})), HasSubstr("layers are 0 to 1"));
  EXPECT_THAT(messageOf(SharingMap::fromSources({-1})), HasSubstr("layer -1"));
  EXPECT_THAT(messageOf(SharingMap::fromSources({0, 7}, UpwardReads::Allow)), HasSubstr("layers are 0 to 1"));
}

TEST(SharingMap, RejectsCyclesEvenWhereUpwardReadsAreAllowed) {
  EXPECT_THAT(messageOf(SharingMap::fromSources({1, 0}, UpwardReads::Allow)), HasSubstr("produces none"));
}

TEST(SharingMap, RejectsNoLayersAndTooMany) {
  EXPECT_THAT(messageOf(SharingMap::create({})), HasSubstr("no layers"));
  std::vector<int> sources(static_cast<std::size_t>(SharingMap::kMaximumLayers) + 1, 0);
  EXPECT_THAT(messageOf(SharingMap::fromSources(sources)), HasSubstr("at most 1024"));
  sources.pop_back();
  EXPECT_TRUE(SharingMap::fromSources(sources));
}

TEST(SharingMap, RejectsWindowsAndHeadCountsBelowOne) {
  std::vector<LayerSharing> layers{own(0), own(1)};
  layers[1].window = {Window::Kind::Own, 0};
  EXPECT_THAT(messageOf(SharingMap::create(layers)), HasSubstr("window of 0"));
  layers[1] = own(1);
  layers[1].kvHeads = 0;
  EXPECT_THAT(messageOf(SharingMap::create(layers)), HasSubstr("0 KV heads"));
}

TEST(SharingMap, RejectsKvHeadsOnALayerThatProducesNothing) {
  std::vector<LayerSharing> layers{own(0), {.kSource = 0, .vSource = 0, .window = {}, .kvHeads = 2}};
  EXPECT_THAT(messageOf(SharingMap::create(layers)), HasSubstr("Layer 1"));
  layers[1].vSource = 1;  // now it produces V
  EXPECT_TRUE(SharingMap::create(layers));
}

TEST(SharingMap, ChecksVOnItsOwnWhereItsSourceProducesOnlyK) {
  // Layer 1 produces K but reads V from 0; layer 2 wants both from 1.
  const std::vector<LayerSharing> layers{own(0),
                                         {.kSource = 1, .vSource = 0, .window = {}, .kvHeads = {}},
                                         {.kSource = 1, .vSource = 1, .window = {}, .kvHeads = {}}};
  const std::vector<MapProblem> problems = validate(layers, UpwardReads::Refuse);
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].layer, 2);
  EXPECT_THAT(problems[0].message, HasSubstr("reads V from layer 1"));
  EXPECT_EQ(problems[0].suggestedSource, 0);
}

TEST(SharingMap, ReportsEveryProblemInLayerOrder) {
  std::vector<LayerSharing> layers{own(0), own(9), own(0), own(2)};
  const std::vector<MapProblem> problems = validate(layers, UpwardReads::Refuse);
  ASSERT_EQ(problems.size(), 2u);
  EXPECT_EQ(problems[0].layer, 1);
  EXPECT_EQ(problems[1].layer, 3);
  for (const MapProblem& problem : problems) {
    ASSERT_TRUE(problem.suggestedSource);
    layers[static_cast<std::size_t>(problem.layer)] = own(*problem.suggestedSource);
  }
  EXPECT_TRUE(validate(layers, UpwardReads::Refuse).empty());
}

TEST(SharingMap, ASlotKeepsTheLargestWindowOfItsReaders) {
  std::vector<LayerSharing> layers{own(0), own(0), own(0)};
  for (LayerSharing& layer : layers) layer.window.kind = Window::Kind::Model;
  layers[1].window = {Window::Kind::Own, 64};
  const SharingMap map = SharingMap::create(layers).value();
  EXPECT_EQ(map.slotWindow(0, 16), 64);
  EXPECT_EQ(map.slotWindow(0, 128), 128);
  EXPECT_EQ(map.slotWindow(0, std::nullopt), std::nullopt);  // "s" without a model window sees everything
  EXPECT_EQ(map.windowOf(1, 16), 64);
  layers[2].window.kind = Window::Kind::Full;
  EXPECT_EQ(SharingMap::create(layers).value().slotWindow(0, 16), std::nullopt);
}
