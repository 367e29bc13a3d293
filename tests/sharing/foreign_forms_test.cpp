#include "engine/sharing/foreign_forms.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "engine/sharing/generators.h"
#include "engine/sharing/map_difference.h"
#include "engine/sharing/map_text.h"

using namespace weft;
using namespace weft::sharing;
using ::testing::HasSubstr;

namespace {

std::string read(const std::string& json, UpwardReads upward = UpwardReads::Refuse) {
  const Result<SharingMap> map = parseForeign(json, upward);
  return map ? toText(*map) : map.error().message;
}

std::string written(const std::string& map, ForeignForm form) {
  const Result<std::string> text = toForeign(parseMap(map, {.upward = UpwardReads::Allow}).value(), form);
  return text ? *text : text.error().message;
}

}  // namespace

TEST(ForeignForms, AreReadWithTheirOwnKeys) {
  EXPECT_EQ(read(R"({"sharing_pattern": [0, 0, 2, 2]})"), "0_0_2_2");
  EXPECT_EQ(read(R"({"layer_types": "0s_1_1s_1"})"), "0s_1_1s_1");
  EXPECT_EQ(read(R"({"layer_types": "0_2_2"})", UpwardReads::Allow), "0_2_2");
  EXPECT_EQ(
      read(
          R"({"layer_types": ["sliding_attention", "full_attention", "sliding_attention", "full_attention"], "num_kv_shared_layers": 2})"),
      "0s_1_0s_1");
  EXPECT_EQ(read(R"({"num_hidden_layers": 7, "use_cla": true, "cla_share_factor": 3})"), "0_0_0_3_3_3_6");
  EXPECT_EQ(read(R"({"num_hidden_layers": 3, "use_cla": false, "cla_share_factor": 3})"), "0_1_2");
  EXPECT_EQ(read(R"({"num_hidden_layers": 6, "kv_reuse_group": [[1, 2], [3, 4]], "global_attn_idx": [0, 5]})"),
            "0_1s_1s_3s_3s_5");
  EXPECT_EQ(read(R"({"num_hidden_layers": 8, "num_key_value_layers": 2})"), "0_0_0_0_4_4_4_4");
}

TEST(ForeignForms, AreFoundInAWholeConfigFile) {
  EXPECT_EQ(
      read(
          R"({"model_type": "gpt_crosslayer", "n_embd": 2048, "sharing_pattern": [0, 0], "num_hidden_layers": 2, "rope_scaling": null})"),
      "0_0");
  EXPECT_EQ(parseMap(R"( {"num_hidden_layers": 4, "num_key_value_layers": 2} )", {.layers = 4}).value(), *claN(4, 2));
}

// A multimodal model's config.json says its text part in text_config: Gemma 3n, and what will come.
TEST(ForeignForms, AreFoundInTheTextPartOfAMultimodalModel) {
  EXPECT_EQ(read(R"({"model_type": "gemma3n", "vision_config": {"num_hidden_layers": 9}, "text_config":
      {"model_type": "gemma3n_text", "num_hidden_layers": 4, "num_kv_shared_layers": 2, "sliding_window": 512, "layer_types":
      ["sliding_attention", "full_attention", "sliding_attention", "full_attention"]}})"),
            "0s_1_0s_1");
  EXPECT_EQ(read(R"({"text_config": {"num_hidden_layers": 4, "num_key_value_layers": 2}})"), "0_0_2_2");
  EXPECT_EQ(read(R"({"decoder": {"sharing_pattern": [0, 0]}})"), "0_0");
  EXPECT_EQ(read(R"({"text_config": {"vocab_size": 3}, "sharing_pattern": [0, 0]})"), "0_0");
  EXPECT_THAT(read(R"({"text_config": {"sharing_pattern": [0, 1]}, "sharing_pattern": [0, 0]})"),
              HasSubstr("both in text_config and beside it"));
  EXPECT_THAT(read(R"({"text_config": {"sharing_pattern": [0, 1]}, "decoder": {"sharing_pattern": [0, 1]}})"),
              HasSubstr("both text_config and decoder"));
  EXPECT_THAT(read(R"({"text_config": {"num_hidden_layers": 3, "sharing_pattern": [0, 0]}})"),
              HasSubstr("num_hidden_layers is 3"));
}

TEST(ForeignForms, HaveTheDefaultsOfGemma3n) {
  std::string full;
  for (int layer = 0; layer < 20; ++layer) full += std::to_string(layer) + (layer % 5 == 4 ? "_" : "s_");
  for (int block = 0; block < 3; ++block) full += "18s_18s_18s_18s_19_";
  full.pop_back();
  EXPECT_EQ(read(R"({"model_type": "gemma3n", "text_config": {"model_type": "gemma3n_text"}})"), full);
  EXPECT_EQ(read(R"({"model_type": "gemma3n_text", "num_hidden_layers": 6, "num_kv_shared_layers": 1})"),
            "0s_1s_2s_3s_4_3s");
}

TEST(ForeignForms, OfTooManyLevelsAreRefused) {
  EXPECT_THAT(read("{\"sharing_pattern\": " + std::string(1'000'000, '[')), HasSubstr("nests deeper than 100 levels"));
  EXPECT_FALSE(parseMap(std::string(1'000'000, '['), {}));
}

TEST(ForeignForms, SayWhichFieldAndLayerIsWrong) {
  EXPECT_THAT(read("{"), HasSubstr("begins like a JSON object"));
  EXPECT_THAT(read("{}"), HasSubstr("none of the keys"));
  EXPECT_THAT(read(R"({"sharing_pattern": 3})"), HasSubstr("must be a list of layer numbers"));
  EXPECT_THAT(read(R"({"sharing_pattern": [0, 5]})"), HasSubstr("the entry 5; layers are numbered 0 to 1"));
  EXPECT_THAT(read(R"({"sharing_pattern": [0, 1, 0]})"), HasSubstr("layer 2 reads layer 0, before layer 1's source 1"));
  EXPECT_THAT(read(R"({"sharing_pattern": [0, 0, 1]})"),
              HasSubstr("Layer 2 reads K and V from layer 1, which produces none"));
  EXPECT_THAT(read(R"({"sharing_pattern": []})"), HasSubstr("no layers"));
  EXPECT_THAT(read(R"({"layer_types": "0_2_2"})"), HasSubstr("Layer 1 reads K and V from layer 2, which comes later"));
  EXPECT_THAT(read(R"({"layer_types": "1_2s_0"})", UpwardReads::Allow),
              HasSubstr("Layer 0 reads K and V from layer 1, which produces none"));
  EXPECT_THAT(read(R"({"layer_types": "0_0h2"})"), HasSubstr("more than layer numbers"));
  EXPECT_THAT(read(R"({"layer_types": "0s16_0"})"), HasSubstr("layer 0 has a window of its own"));
  EXPECT_THAT(read(R"({"layer_types": 3})"), HasSubstr("a text (LCKV) or a list (Gemma)"));
  EXPECT_THAT(read(R"({"layer_types": ["full_attention", "half"]})"), HasSubstr("layer 1 is \"half\""));
  EXPECT_THAT(read(R"({"layer_types": ["full_attention", "sliding_attention"], "num_kv_shared_layers": 1})"),
              HasSubstr("layer 1 is to share"));
  EXPECT_THAT(read(R"({"layer_types": ["full_attention"], "num_kv_shared_layers": 1})"),
              HasSubstr("at least one must keep"));
  EXPECT_THAT(read(R"({"cla_share_factor": 2})"), HasSubstr("no num_hidden_layers"));
  EXPECT_THAT(read(R"({"num_hidden_layers": 2, "cla_share_factor": 9})"), HasSubstr("cla_share_factor is 9"));
  EXPECT_THAT(read(R"({"num_hidden_layers": 1e9, "cla_share_factor": 2})"),
              HasSubstr("num_hidden_layers is 1000000000.0"));
  EXPECT_THAT(read(R"({"num_hidden_layers": 4, "kv_reuse_group": [[1, 2], [2, 3]]})"),
              HasSubstr("layer 2 stands twice"));
  EXPECT_THAT(read(R"({"num_hidden_layers": 4, "kv_reuse_group": [[2, 1]]})"),
              HasSubstr("layer 1 comes before its group's first, 2"));
  EXPECT_THAT(read(R"({"num_hidden_layers": 4, "num_key_value_layers": 5})"), HasSubstr("take 1 to 4"));
  EXPECT_THAT(read(R"({"num_hidden_layers": 3, "sharing_pattern": [0, 0]})"),
              HasSubstr("2 layers, but num_hidden_layers is 3"));
  EXPECT_THAT(parseMap(R"({"sharing_pattern": [0, 0]})", {.layers = 3}).error().message,
              HasSubstr("2 layers, but the model has 3"));
}

TEST(ForeignForms, AreWrittenWhereTheyCanSayTheMap) {
  EXPECT_EQ(written("0_0_2_2", ForeignForm::SharingPattern), R"({"sharing_pattern":[0,0,2,2]})");
  EXPECT_EQ(written("0s_2_2", ForeignForm::Lckv), R"({"layer_types":"0s_2_2"})");
  EXPECT_EQ(
      written("0s_1_0s_1", ForeignForm::Gemma3n),
      R"({"layer_types":["sliding_attention","full_attention","sliding_attention","full_attention"],"num_kv_shared_layers":2})");
  EXPECT_EQ(written("0_0_0_3", ForeignForm::Hunyuan), R"({"cla_share_factor":3,"num_hidden_layers":4,"use_cla":true})");
  EXPECT_EQ(written("0_0_2_2", ForeignForm::Mlkv), R"({"num_hidden_layers":4,"num_key_value_layers":2})");
}

TEST(ForeignForms, NameTheFirstLayerThatTheyCannotSay) {
  EXPECT_THAT(written("0_1_0", ForeignForm::SharingPattern), HasSubstr("layer 2 reads layer 0, before"));
  EXPECT_THAT(written("0_0s_2", ForeignForm::SharingPattern), HasSubstr("cannot say that layer 1 has a window"));
  EXPECT_THAT(written("k:0_0 v:0_1", ForeignForm::Lckv), HasSubstr("layer 1 reads K and V from different layers"));
  EXPECT_THAT(written("0_0s7", ForeignForm::Lckv), HasSubstr("layer 1 has a window of its own, 7 positions"));
  EXPECT_THAT(written("0h2_0", ForeignForm::Mlkv), HasSubstr("layer 0 has 2 KV heads of its own"));
  EXPECT_THAT(written("0_1_1_1", ForeignForm::Hunyuan), HasSubstr("layer 2 reads layer 1"));
  EXPECT_THAT(written("0_0_0_3", ForeignForm::Mlkv), HasSubstr("layer 2 reads layer 0"));
}

// A random valid map: every kind of source, window and head count that `upward` allows.
SharingMap randomMap(std::mt19937& random, UpwardReads upward) {
  const auto below = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  const int layers = 1 + below(24);
  const auto sources = [&] {
    std::vector<bool> produces(static_cast<std::size_t>(layers));
    for (int layer = 0; layer < layers; ++layer) produces[static_cast<std::size_t>(layer)] = below(2) == 0;
    produces[upward == UpwardReads::Allow ? static_cast<std::size_t>(below(layers)) : 0] = true;
    std::vector<int> made;
    for (int layer = 0; layer < layers; ++layer) {
      std::vector<int> possible;
      for (int source = 0; source < (upward == UpwardReads::Allow ? layers : layer); ++source) {
        if (produces[static_cast<std::size_t>(source)]) possible.push_back(source);
      }
      made.push_back(produces[static_cast<std::size_t>(layer)]
                         ? layer
                         : possible[static_cast<std::size_t>(below(static_cast<int>(possible.size())))]);
    }
    return made;
  };
  const std::vector<int> keys = sources(), values = below(2) ? keys : sources();
  std::vector<LayerSharing> made;
  for (int layer = 0; layer < layers; ++layer) {
    const auto i = static_cast<std::size_t>(layer);
    LayerSharing one{keys[i], values[i], {}, {}};
    const int kind = below(4);
    if (kind == 1) one.window.kind = Window::Kind::Model;
    if (kind == 2) one.window = {Window::Kind::Own, 1 + below(5000)};
    if ((keys[i] == layer || values[i] == layer) && below(3) == 0) one.kvHeads = 1 + below(16);
    made.push_back(one);
  }
  return SharingMap::create(std::move(made), upward).value();
}

TEST(ForeignForms, GoThereAndBackOrSayWhyNotForRandomMaps) {
  std::mt19937 random(7);
  int said = 0;
  for (int round = 0; round < 4000; ++round) {
    const SharingMap map = randomMap(random, round % 2 ? UpwardReads::Allow : UpwardReads::Refuse);
    EXPECT_EQ(parseMap(toText(map), {.upward = UpwardReads::Allow}).value(), map);
    for (const ForeignForm form : kForeignForms) {
      const Result<std::string> text = toForeign(map, form);
      if (!text) {
        EXPECT_EQ(text.error().message.back(), '.');
        continue;
      }
      ++said;
      EXPECT_EQ(parseForeign(*text, UpwardReads::Allow).value(), map) << *text;
    }
  }
  EXPECT_GT(said, 50);
}

TEST(ForeignForms, GoThereAndBackForEveryGeneratorThatTheyCanSay) {
  std::vector<int> said(kForeignForms.size());
  for (const Generator& generator : generators()) {
    for (int layers = 3; layers <= 36; ++layers) {
      const SharingMap map = generator.make(layers, generator.usualNumber(layers)).value();
      for (const ForeignForm form : kForeignForms) {
        const Result<std::string> text = toForeign(map, form);
        if (!text) continue;
        ++said[static_cast<std::size_t>(form)];
        EXPECT_EQ(parseForeign(*text, UpwardReads::Allow).value(), map);
      }
    }
  }
  for (const ForeignForm form : kForeignForms) EXPECT_GT(said[static_cast<std::size_t>(form)], 30) << toString(form);
}

TEST(ForeignForms, AreKnownByName) {
  for (const ForeignForm form : kForeignForms) EXPECT_EQ(parseForeignForm(toString(form)).value(), form);
  EXPECT_THAT(parseForeignForm("gemma").error().message, HasSubstr("sharing-pattern, lckv, gemma-3n"));
}

TEST(MapDifferences, NameEveryLayerThatDiffersAndHow) {
  const auto between = [](const std::string& a, const std::string& b) {
    std::string text;
    for (const MapDifference& one : differences(parseMap(a, {.upward = UpwardReads::Allow}).value(),
                                                parseMap(b, {.upward = UpwardReads::Allow}).value())) {
      text += std::to_string(one.layer) + ": " + one.text + "; ";
    }
    return text;
  };
  EXPECT_EQ(between("0_0_2_2", "0_0_2_2"), "");
  EXPECT_EQ(between("0_0_2_2", "0_1_2_3"),
            "1: reads K and V from layer 0 instead of its own; 3: reads K and V from layer 2 instead of its own; ");
  EXPECT_EQ(between("k:0_0 v:0_1", "0_0"), "1: reads V from its own instead of layer 0; ");
  EXPECT_EQ(between("0s_0", "0_0s16"),
            "0: sees the model's window instead of all positions; 1: sees all positions instead of 16 positions; ");
  EXPECT_EQ(between("0h2_1", "0_1h4"),
            "0: has 2 KV heads instead of the model's KV heads; 1: has the model's KV heads instead of 4 KV heads; ");
  EXPECT_EQ(between("0_0", "0_0_0"), "-1: 2 layers instead of 3; ");
  EXPECT_EQ(between("0_0", "0_1h2"), "1: reads K and V from layer 0 instead of its own, keeps none of 2 KV heads; ");
}
