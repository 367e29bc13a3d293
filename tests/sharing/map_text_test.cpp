#include "engine/sharing/map_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

using namespace weft;
using namespace weft::sharing;
using ::testing::HasSubstr;

namespace {

// What is wrong, and the characters it points at.
struct Complaint {
  std::string message, marked, fix;
  int layer = -1;
};
Complaint complaintAbout(const std::string& text, const ParseOptions& options = {}) {
  const auto map = parseMapText(text, options);
  if (map) return {"accepted as " + toText(*map), {}, {}, -1};
  const MapTextError& error = map.error();
  return {error.error.message, text.substr(error.begin, error.end - error.begin), error.fix.value_or(""), error.layer};
}

// A valid random map with windows, own heads and, half of the time, separate K and V sources.
SharingMap randomMap(std::mt19937& random, UpwardReads upward) {
  const auto below = [&](int limit) { return static_cast<int>(random() % static_cast<unsigned>(limit)); };
  const int count = 1 + below(24);
  const bool isSeparate = below(2) == 0;
  const auto sources = [&] {
    std::vector<int> chosen(static_cast<std::size_t>(count));
    std::vector<int> producers;
    for (int i = 0; i < count; ++i) {
      if (i == 0 || below(2) == 0) producers.push_back(i);
    }
    for (int i = 0; i < count; ++i) {
      std::vector<int> allowed;
      for (const int producer : producers) {
        if (producer == i) allowed = {i};
        if (producer == i) break;
        if (producer < i || upward == UpwardReads::Allow) allowed.push_back(producer);
      }
      if (std::find(producers.begin(), producers.end(), i) != producers.end()) allowed = {i};
      chosen[static_cast<std::size_t>(i)] = allowed[static_cast<std::size_t>(below(static_cast<int>(allowed.size())))];
    }
    return chosen;
  };
  const std::vector<int> k = sources(), v = isSeparate ? sources() : k;
  std::vector<LayerSharing> layers;
  for (int i = 0; i < count; ++i) {
    LayerSharing layer{k[static_cast<std::size_t>(i)], v[static_cast<std::size_t>(i)], {}, {}};
    if (below(3) == 0) layer.window.kind = Window::Kind::Model;
    if (below(3) == 0) layer.window = {Window::Kind::Own, 1 + below(5000)};
    if ((layer.kSource == i || layer.vSource == i) && below(2) == 0) layer.kvHeads = 1 + below(8);
    layers.push_back(layer);
  }
  return SharingMap::create(layers, upward).value();
}

}  // namespace

TEST(MapText, PrintingAndParsingLoseNothing) {
  for (const char* text : {"0", "0_1_2_3", "0_0_2_2_4_4", "0s_0_2s1024_2", "0h2_0_2_2", "0s1024h2_0s_0",
                           "k:0_0_2_2 v:0_1_1_3", "k:0h2_0s_2 v:0_1h2_1", "k:0_1s5h3 v:0_0"}) {
    const Result<SharingMap> map = parseMap(text, {});
    ASSERT_TRUE(map) << text << ": " << map.error().message;
    EXPECT_EQ(toText(*map), text);
  }
}

TEST(MapText, PrintingAndParsingLoseNothingOfRandomMaps) {
  std::mt19937 random(7);
  for (int round = 0; round < 2000; ++round) {
    const UpwardReads upward = round % 2 == 0 ? UpwardReads::Refuse : UpwardReads::Allow;
    const SharingMap map = randomMap(random, upward);
    const std::string text = toText(map);
    const Result<SharingMap> again = parseMap(text, {.layers = map.layerCount(), .upward = upward});
    ASSERT_TRUE(again) << text << ": " << again.error().message;
    ASSERT_EQ(*again, map) << text;
    ASSERT_EQ(toText(*again), text);
  }
}

TEST(MapText, ReadsTheAuthorsListsAndGeneratorNames) {
  EXPECT_EQ(toText(parseMap(" [0, 0, 2, 2] ", {}).value()), "0_0_2_2");
  EXPECT_EQ(toText(parseMap("cla3", {.layers = 10}).value()), "0_1_1_1_4_4_4_7_7_7");
  EXPECT_EQ(toText(parseMap("v:0_1_1_3 k:0_0_2_2", {}).value()), "k:0_0_2_2 v:0_1_1_3");
}

TEST(MapText, PointsAtTheTokenThatIsWrong) {
  const Complaint later = complaintAbout("0_2_2_3");
  EXPECT_EQ(later.marked, "2");
  EXPECT_EQ(later.layer, 1);
  EXPECT_THAT(later.message, HasSubstr("--allow-upward"));
  EXPECT_EQ(later.fix, "0_0_2_3");

  const Complaint chain = complaintAbout("0_0_1");
  EXPECT_EQ(chain.layer, 2);
  EXPECT_EQ(chain.marked, "1");
  EXPECT_EQ(chain.fix, "0_0_0");

  const Complaint value = complaintAbout("k:0_0_2 v:0_1_5");
  EXPECT_EQ(value.marked, "5");
  EXPECT_EQ(value.fix, "k:0_0_2 v:0_1_1");
}

TEST(MapText, NamesWhatItCannotRead) {
  EXPECT_THAT(complaintAbout("0_x_2").message, HasSubstr("Layer 1: 'x' is no layer number"));
  EXPECT_EQ(complaintAbout("0_x_2").marked, "x");
  EXPECT_THAT(complaintAbout("0_0_").message, HasSubstr("Layer 2 has no source"));
  EXPECT_THAT(complaintAbout("0s12q_0").message, HasSubstr("'q'"));
  EXPECT_THAT(complaintAbout("0h_0").message, HasSubstr("'h' needs a number"));
  EXPECT_THAT(complaintAbout("0h2s_0").message, HasSubstr("'s'"));
  EXPECT_THAT(complaintAbout("99999999999999999999_0").message, HasSubstr("no layer number"));
  EXPECT_THAT(complaintAbout("0s99999999999999999999").message, HasSubstr("too large"));
  EXPECT_THAT(complaintAbout("").message, HasSubstr("empty"));
  EXPECT_THAT(complaintAbout("  ").message, HasSubstr("empty"));
  EXPECT_THAT(complaintAbout("[0, 0, ").message, HasSubstr("JSON list"));
  EXPECT_THAT(complaintAbout("[0, 0.5]").message, HasSubstr("Layer 1: 0.5"));
  EXPECT_THAT(complaintAbout("[0, [1]]").message, HasSubstr("Layer 1"));
  EXPECT_THAT(complaintAbout("[]").message, HasSubstr("no layers"));
  EXPECT_THAT(complaintAbout("k:0_0").message, HasSubstr("no v part"));
  EXPECT_THAT(complaintAbout("k:0_0 v:0").message, HasSubstr("k part has 2 layers and the v part 1"));
  EXPECT_THAT(complaintAbout("k: v:").message, HasSubstr("Layer 0 has no source"));
  EXPECT_THAT(complaintAbout("0_0h2").message, HasSubstr("no KV heads of its own"));
  EXPECT_EQ(complaintAbout("0_0h2").fix, "0_0");
  EXPECT_THAT(complaintAbout("clas2").message, HasSubstr("did you mean 'cla2'"));
  EXPECT_THAT(complaintAbout("cla2").message, HasSubstr("needs the number of layers"));
  EXPECT_THAT(complaintAbout("\xff\xfe").message, HasSubstr("no sharing pattern"));
}

TEST(MapText, OffersTheSameSourcesWithTheRightSeparator) {
  EXPECT_EQ(complaintAbout("0,0,2,2").fix, "0_0_2_2");
  EXPECT_EQ(complaintAbout("0 0 2 2").fix, "0_0_2_2");
}

TEST(MapText, AMapOfAnotherLayerCountIsAnErrorWithTheSamePatternOffered) {
  const Complaint complaint = complaintAbout("0_0_2_2", {.layers = 6});
  EXPECT_THAT(complaint.message, HasSubstr("4 layers, but the model has 6"));
  EXPECT_EQ(complaint.fix, "0_0_2_2_4_4");
}

TEST(MapText, NeverCrashesOnArbitraryText) {
  std::mt19937 random(11);
  const std::string alphabet = "0123456789_skvh:[], -x\n\"\xc3";
  int accepted = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string text;
    for (auto length = random() % 14; length > 0; --length) text += alphabet[random() % alphabet.size()];
    const auto map = parseMapText(text, {});
    if (map) {
      ++accepted;
      EXPECT_EQ(parseMap(toText(*map), {}), *map) << text;
    } else {
      EXPECT_LE(map.error().begin, map.error().end) << text;
      EXPECT_LE(map.error().end, text.size()) << text;
      EXPECT_FALSE(map.error().error.message.empty());
      if (map.error().fix) {
        EXPECT_TRUE(parseMap(*map.error().fix, {})) << text << " -> " << *map.error().fix;
      }
    }
  }
  EXPECT_GT(accepted, 30);
}
