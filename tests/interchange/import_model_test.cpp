// Folders that other projects' code wrote (tests/fixtures/interchange), with the logits that it computes.
#include "engine/interchange/import_model.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <tuple>

#include "engine/base/files.h"
#include "engine/interchange/foreign_config.h"
#include "engine/interchange/tensor_source.h"
#include "engine/nn/checkpoint.h"
#include "tests/torch_checks.h"

namespace weft::interchange::test {
namespace {

namespace fs = std::filesystem;
using namespace weft::test;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Json = nlohmann::json;

class ImportModel : public ::testing::Test {
 protected:
  fs::path given(const std::string& name) const { return fixture("interchange") / name; }
  fs::path out() const { return m_folder.path() / "out"; }
  // A copy of a fixture that a test may spoil.
  fs::path copyOf(const std::string& name) {
    const fs::path copy = m_folder.path() / name;
    fs::copy(given(name), copy, fs::copy_options::recursive);
    return copy;
  }
  static void changeConfig(const fs::path& folder, const std::string& key, const Json& value) {
    Json config = Json::parse(readFile(folder / "config.json").value());
    config[key] = value;
    ASSERT_TRUE(writeFileAtomically(folder / "config.json", config.dump()));
  }
  // The sentence of a refused import, which leaves nothing.
  std::string refused(const fs::path& folder) {
    const Result<ImportReport> report = importModel(folder, out());
    EXPECT_FALSE(report.has_value());
    EXPECT_FALSE(fs::exists(out()));
    for (const auto& entry : fs::directory_iterator(m_folder.path())) {
      EXPECT_EQ(entry.path().string().find("partial"), std::string::npos) << entry.path();
    }
    if (report) return "";
    EXPECT_EQ(report.error().message.back(), '.') << report.error().message;
    EXPECT_EQ(report.error().message.find('\n'), std::string::npos);
    return report.error().message;
  }

  TemporaryFolder m_folder = TemporaryFolder::create("weft-interchange-test").value();
};

TEST_F(ImportModel, HasTheLogitsOfTheProjectThatWroteIt) {
  const torch::NoGradGuard noGrad;
  for (const std::string name :
       {"llama", "mistral", "qwen2", "qwen3", "crosslayer", "lckv", "weft-shared", "weft-upward"}) {
    SCOPED_TRACE(name);
    fs::remove_all(out());
    const Result<ImportReport> report = importModel(given(name), out());
    ASSERT_TRUE(report.has_value()) << report.error().message;
    const nn::LoadedModel loaded = nn::loadModel(out(), torch::kCPU).value();
    EXPECT_EQ(report->parameters, loaded.decoder->parameterCount());
    const nn::TensorFile expected = nn::readSafetensors(given(name) / "expected.safetensors").value();
    const torch::Tensor logits = loaded.decoder->logits(expected.find("ids")->unsqueeze(0)).squeeze(0);
    EXPECT_TRUE(isClose(logits, *expected.find("logits"), 1e-5));
  }
}

TEST_F(ImportModel, KeepsEveryWeightBitForBitInItsType) {
  ASSERT_TRUE(importModel(given("mistral"), out()).has_value());
  const nn::TensorFile ours = nn::readSafetensors(out() / "model.safetensors").value();
  const TensorSource theirs = TensorSource::open(given("mistral")).value();
  EXPECT_EQ(ours.find("layers.1.attention.query.weight")->scalar_type(), torch::kBFloat16);
  EXPECT_TRUE(torch::equal(*ours.find("layers.1.attention.query.weight"),
                           theirs.read("model.layers.1.self_attn.q_proj.weight").value()));
  const torch::Tensor gateUp = *ours.find("layers.0.mlp.gate_up.weight");
  EXPECT_TRUE(torch::equal(gateUp.narrow(0, 0, 7), theirs.read("model.layers.0.mlp.gate_proj.weight").value()));
  EXPECT_TRUE(torch::equal(gateUp.narrow(0, 7, 7), theirs.read("model.layers.0.mlp.up_proj.weight").value()));
}

TEST_F(ImportModel, ReadsTheShapeFromTheConfig) {
  const auto model = [&](const std::string& name) {
    return parseForeignConfig(readFile(given(name) / "config.json").value(), "config.json").value();
  };
  const ForeignConfig llama = model("llama");
  EXPECT_EQ(llama.architecture, "LlamaForCausalLM");
  EXPECT_EQ(llama.model.headWidth, 6);
  EXPECT_EQ(llama.model.ropeScaling, "llama3");
  EXPECT_EQ(llama.model.ropeTheta, 500);
  EXPECT_FALSE(llama.model.ownKvNorm);
  EXPECT_TRUE(llama.model.tieEmbeddings);
  EXPECT_EQ(llama.context, 64);
  EXPECT_EQ(model("mistral").model.sharing, "0s_1s");
  EXPECT_EQ(model("mistral").model.window, 5);
  EXPECT_EQ(config::sharingMap(model("crosslayer").model)->producers(), (std::vector<int>{0, 2}));
  EXPECT_TRUE(model("crosslayer").model.ownKvNorm);
  EXPECT_EQ(model("lckv").model.sharing, "0_1_1_3");
}

// What Hugging Face's configurations mean where they say nothing.
TEST_F(ImportModel, ReadsWindowsAsHuggingFaceDefaultsThem) {
  const auto read = [&](const std::string& name, const Json& changes) {
    Json config = Json::parse(readFile(given(name) / "config.json").value());
    config["num_hidden_layers"] = 3;
    config.erase("layer_types");
    for (const auto& [key, value] : changes.items()) {
      config[key] = value;
      if (value == "absent") config.erase(key);
    }
    return parseForeignConfig(config.dump(), "config.json");
  };
  const auto expect = [&](const std::string& name, const Json& changes, const std::string& sharing,
                          std::optional<std::int64_t> window) {
    const Result<ForeignConfig> config = read(name, changes);
    ASSERT_TRUE(config.has_value()) << config.error().message;
    EXPECT_EQ(config->model.sharing, sharing) << name << changes;
    EXPECT_EQ(config->model.window, window) << name << changes;
  };
  expect("mistral", {{"sliding_window", "absent"}}, "0s_1s_2s", 4096);
  expect("mistral", {{"sliding_window", nullptr}}, "identity", {});
  expect("qwen2", {{"sliding_window", 7}}, "identity", {});
  for (const char* name : {"qwen2", "qwen3"}) {
    expect(name, {{"use_sliding_window", true}, {"sliding_window", 7}, {"max_window_layers", "absent"}}, "identity",
           {});
    expect(name, {{"use_sliding_window", true}, {"sliding_window", 7}, {"max_window_layers", 1}}, "0_1s_2s", 7);
    expect(name, {{"use_sliding_window", true}, {"sliding_window", "absent"}, {"max_window_layers", 0}}, "0s_1s_2s",
           4096);
    const Json types{"sliding_attention", "full_attention", "sliding_attention"};
    expect(name, {{"use_sliding_window", true}, {"sliding_window", 7}, {"layer_types", types}}, "0s_1_2s", 7);
    EXPECT_THAT(
        read(name, {{"use_sliding_window", false}, {"sliding_window", 7}, {"layer_types", types}}).error().message,
        HasSubstr("layer 0 slides, but use_sliding_window is not true"));
    EXPECT_THAT(
        read(name, {{"use_sliding_window", true}, {"sliding_window", nullptr}, {"layer_types", types}}).error().message,
        HasSubstr("no sliding_window"));
  }
  expect("llama", {{"sliding_window", 7}}, "identity", {});
}

TEST_F(ImportModel, TakesBiasesWhereAConfigHasThem) {
  const auto model = [&](const std::string& name, const Json& bias) {
    Json config = Json::parse(readFile(given(name) / "config.json").value());
    config["attention_bias"] = bias;
    return parseForeignConfig(config.dump(), "config.json").value().model;
  };
  EXPECT_TRUE(model("llama", true).qkvBias);
  EXPECT_FALSE(model("llama", false).qkvBias);
  EXPECT_TRUE(model("qwen3", true).qkvBias && model("qwen3", true).qkNorm);
  EXPECT_TRUE(model("qwen2", nullptr).qkvBias) << "it has them without saying so";
}

TEST_F(ImportModel, SaysWhatItLeftOut) {
  const fs::path folder = copyOf("qwen2");
  nn::TensorFile file = nn::readSafetensors(folder / "model.safetensors").value();
  file.tensors.emplace_back("model.layers.1.self_attn.o_proj.bias", torch::zeros({16}));
  ASSERT_TRUE(nn::writeSafetensors(folder / "model.safetensors", file));
  const Result<ImportReport> report = importModel(folder, out());
  ASSERT_TRUE(report.has_value()) << report.error().message;
  EXPECT_THAT(report->dropped,
              ElementsAre(AllOf(HasSubstr("layers.1.self_attn.o_proj.bias"), HasSubstr("bias of zeros"))));
  fs::remove_all(out());
  EXPECT_THAT(importModel(given("crosslayer"), out())->dropped, IsEmpty());
}

TEST_F(ImportModel, RefusesABiasThatCounts) {
  const fs::path folder = copyOf("qwen2");
  nn::TensorFile file = nn::readSafetensors(folder / "model.safetensors").value();
  file.tensors.emplace_back("model.layers.1.self_attn.o_proj.bias", torch::zeros({16}));
  file.tensors.back().second[3] = 0.5;
  ASSERT_TRUE(nn::writeSafetensors(folder / "model.safetensors", file));
  EXPECT_THAT(refused(folder), HasSubstr("\"model.layers.1.self_attn.o_proj.bias\" is a bias that is not zero"));
}

TEST_F(ImportModel, RefusesATensorThatItHasNoPlaceFor) {
  const fs::path folder = copyOf("llama");
  nn::TensorFile file = nn::readSafetensors(folder / "model.safetensors").value();
  file.tensors.emplace_back("model.layers.0.self_attn.q_norm.weight", torch::ones({6}));
  ASSERT_TRUE(nn::writeSafetensors(folder / "model.safetensors", file));
  EXPECT_THAT(refused(folder), HasSubstr("no place for the tensor \"model.layers.0.self_attn.q_norm.weight\""));
}

TEST_F(ImportModel, TakesATiedHeadOnlyIfItIsTheEmbedding) {
  const fs::path folder = copyOf("llama");
  nn::TensorFile file = nn::readSafetensors(folder / "model.safetensors").value();
  file.tensors.emplace_back("lm_head.weight", file.find("model.embed_tokens.weight")->clone());
  ASSERT_TRUE(nn::writeSafetensors(folder / "model.safetensors", file));
  EXPECT_THAT(importModel(folder, out())->dropped.front(), HasSubstr("equals the embedding"));
  fs::remove_all(out());
  file.tensors.back().second[0][0] += 1;
  ASSERT_TRUE(nn::writeSafetensors(folder / "model.safetensors", file));
  EXPECT_THAT(refused(folder), HasSubstr("differs from it"));
}

TEST_F(ImportModel, NamesTheFieldThatMakesNoModelOfOurs) {
  const auto with = [&](const std::string& name, const std::string& key, const Json& value) {
    fs::remove_all(m_folder.path() / name);
    const fs::path folder = copyOf(name);
    changeConfig(folder, key, value);
    return refused(folder);
  };
  EXPECT_THAT(with("llama", "model_type", "gemma2"), HasSubstr("the model_type is 'gemma2'"));
  EXPECT_THAT(with("llama", "hidden_act", "gelu"), HasSubstr("hidden_act is \"gelu\""));
  EXPECT_THAT(with("llama", "hidden_size", -3), HasSubstr("hidden_size is -3"));
  EXPECT_THAT(with("llama", "hidden_size", 1e30), HasSubstr("hidden_size is"));
  EXPECT_THAT(with("llama", "vocab_size", "many"), HasSubstr("vocab_size is \"many\""));
  EXPECT_THAT(with("llama", "num_key_value_heads", 3), HasSubstr("does not divide"));
  EXPECT_THAT(with("llama", "num_hidden_layers", 100000), HasSubstr("100000 layers"));
  EXPECT_THAT(with("llama", "rope_parameters", Json{{"rope_type", "longrope"}}), HasSubstr("'longrope'"));
  EXPECT_THAT(with("llama", "rope_parameters", Json{{"rope_type", "yarn"}, {"factor", "big"}}),
              HasSubstr("factor is \"big\""));
  EXPECT_THAT(with("llama", "partial_rotary_factor", 0.5), HasSubstr("partial_rotary_factor is 0.5"));
  EXPECT_THAT(with("crosslayer", "normalization_function", "layernorm"), HasSubstr("RMSNorm"));
  EXPECT_THAT(with("crosslayer", "sharing_pattern", Json{0, 0, 1, 2}), HasSubstr("Layer 2"));
  EXPECT_THAT(with("crosslayer", "joint_residual_stream", true), HasSubstr("one residual stream"));
  EXPECT_THAT(with("lckv", "layer_types", "0_1_9_3"), HasSubstr("Layer 2"));
}

TEST_F(ImportModel, HoldsTheFilesAgainstTheConfigBeforeItMakesAnything) {
  const auto with = [&](const std::string& key, const Json& value) {
    fs::remove_all(m_folder.path() / "llama");
    const fs::path folder = copyOf("llama");
    changeConfig(folder, key, value);
    return refused(folder);
  };
  EXPECT_THAT(with("intermediate_size", 16000000), HasSubstr("mlp.up_proj.weight\" have together 14 rows"));
  EXPECT_THAT(with("hidden_size", 16), HasSubstr("model.embed_tokens.weight\" has the shape [23, 12]"));
  EXPECT_THAT(with("num_hidden_layers", 3), HasSubstr("there is no tensor \"model.layers.2.input_layernorm.weight\""));
  EXPECT_THAT(with("num_hidden_layers", 1), HasSubstr("no place for the tensor \"model.layers.1."));
  EXPECT_THAT(with("vocab_size", 24), HasSubstr("has 23 rows, and this model needs 24"));
  EXPECT_THAT(with("tie_word_embeddings", false), HasSubstr("there is no tensor \"lm_head.weight\""));
}

TEST_F(ImportModel, RefusesHostileIndexes) {
  const auto with = [&](const Json& index) {
    fs::remove_all(m_folder.path() / "mistral");
    const fs::path folder = copyOf("mistral");
    EXPECT_TRUE(writeFileAtomically(folder / "model.safetensors.index.json", index.dump()));
    return refused(folder);
  };
  Json index = Json::parse(readFile(given("mistral") / "model.safetensors.index.json").value());
  EXPECT_THAT(with(Json::array()), HasSubstr("is no index"));
  EXPECT_THAT(with(Json{{"weight_map", {{"a", 3}}}}), HasSubstr("names no file"));
  for (const std::string path : {"../llama/model.safetensors", "/etc/passwd", "..", "", "a/b.safetensors"}) {
    Json bad = index;
    bad["weight_map"]["model.norm.weight"] = path;
    EXPECT_THAT(with(bad), HasSubstr("no file of this folder")) << path;
  }
  Json missing = index;
  missing["weight_map"]["model.extra.weight"] = "model-00001-of-00002.safetensors";
  EXPECT_THAT(with(missing), HasSubstr("which model-00001-of-00002.safetensors does not have"));
  Json nowhere = index;
  nowhere["weight_map"]["model.norm.weight"] = "model-00003-of-00002.safetensors";
  EXPECT_THAT(with(nowhere), HasSubstr("There is no file"));
}

TEST_F(ImportModel, RefusesFilesThatAreCutShort) {
  const fs::path folder = copyOf("llama");
  for (const std::uintmax_t size :
       {std::uintmax_t{0}, std::uintmax_t{5}, std::uintmax_t{100}, fs::file_size(folder / "model.safetensors") - 1}) {
    fs::resize_file(folder / "model.safetensors", size);
    EXPECT_THAT(refused(folder), HasSubstr("is not a whole safetensors file"));
    fs::copy_file(given("llama") / "model.safetensors", folder / "model.safetensors",
                  fs::copy_options::overwrite_existing);
  }
}

TEST_F(ImportModel, OverwritesNothing) {
  fs::create_directories(out());
  ASSERT_TRUE(importModel(given("llama"), out()).has_value()) << "an empty folder is welcome";
  const std::string before = readFile(out() / "model.toml").value();
  const Result<ImportReport> again = importModel(given("lckv"), out());
  ASSERT_FALSE(again.has_value());
  EXPECT_THAT(again.error().message, HasSubstr("is there already"));
  EXPECT_EQ(readFile(out() / "model.toml").value(), before);
}

TEST_F(ImportModel, TakesTheTokenizerAlong) {
  const fs::path folder = copyOf("llama");
  fs::copy_file(fixture("tokenizer/tiny-tokenizer.json"), folder / "tokenizer.json");
  ASSERT_TRUE(importModel(folder, out()).has_value());
  EXPECT_EQ(nn::loadModel(out(), torch::kCPU)->config.data.tokenizer, (out() / "tokenizer.json").string());
}

TEST_F(ImportModel, SaysThatItsTokenizerIsMissingOrNotRead) {
  const fs::path folder = copyOf("llama");
  const auto imported = [&] {
    fs::remove_all(out());
    const Result<ImportReport> report = importModel(folder, out());
    EXPECT_TRUE(report.has_value()) << report.error().message;
    return std::pair(report ? report->warnings : std::vector<std::string>(),
                     nn::loadModel(out(), torch::kCPU)->config.data.tokenizer);
  };
  auto [warnings, tokenizer] = imported();
  EXPECT_THAT(warnings, ElementsAre(HasSubstr("has no tokenizer.json. The checkpoint takes token ids, and no text.")));
  EXPECT_EQ(tokenizer, config::kNoTokenizer);
  ASSERT_TRUE(writeFileAtomically(folder / "vocab.json", "{}") && writeFileAtomically(folder / "merges.txt", ""));
  EXPECT_THAT(imported().first, ElementsAre(HasSubstr("vocab.json and merges.txt are not read")));
  ASSERT_TRUE(writeFileAtomically(folder / "tokenizer.json", R"({"model": {"type": "Unigram"}})"));
  std::tie(warnings, tokenizer) = imported();
  EXPECT_THAT(warnings, ElementsAre(AllOf(HasSubstr("its model is"), HasSubstr("takes token ids"))));
  EXPECT_EQ(tokenizer, config::kNoTokenizer);
  fs::copy_file(fixture("tokenizer/characters.json"), folder / "tokenizer.json", fs::copy_options::overwrite_existing);
  std::tie(warnings, tokenizer) = imported();
  EXPECT_THAT(warnings, ElementsAre(HasSubstr("has 276 ids, and the model a vocabulary of 23")));
  EXPECT_EQ(tokenizer, (out() / "tokenizer.json").string());
}

// transformers 5.24: the classes' own values.
TEST_F(ImportModel, FillsInWhatTheClassHas) {
  const auto without = [&](const std::string& name, const std::vector<std::string>& keys, const Json& changes = {}) {
    Json config = Json::parse(readFile(given(name) / "config.json").value());
    config.update(changes.is_null() ? Json::object() : changes);
    for (const std::string& key : keys) config.erase(key);
    return parseForeignConfig(config.dump(), "config.json");
  };
  EXPECT_EQ(without("mistral", {"num_key_value_heads"}, {{"num_attention_heads", 16}})->model.kvHeads, 8);
  EXPECT_EQ(without("qwen3", {"head_dim"})->model.headWidth, 128);
  EXPECT_EQ(
      without("qwen2", {"head_dim"}, {{"hidden_size", 64}, {"num_attention_heads", 16}, {"num_key_value_heads", 16}})
          ->model.headWidth,
      4);
  const ForeignConfig llama =
      without("llama", {"num_key_value_heads", "vocab_size", "max_position_embeddings"}).value();
  EXPECT_EQ(llama.model.kvHeads, llama.model.queryHeads);
  EXPECT_EQ(llama.model.vocabulary, 32000);
  EXPECT_EQ(llama.context, 2048);
  EXPECT_EQ(without("qwen2", {"max_position_embeddings"})->context, 32768);
  EXPECT_EQ(without("llama", {}, {{"num_key_value_heads", nullptr}})->model.kvHeads, llama.model.queryHeads);
  EXPECT_THAT(without("mistral", {}, {{"num_key_value_heads", nullptr}}).error().message,
              HasSubstr("num_key_value_heads is null"));
  EXPECT_THAT(without("qwen3", {}, {{"head_dim", nullptr}}).error().message, HasSubstr("head_dim is null"));
  EXPECT_THAT(without("crosslayer", {"n_head"}).error().message, HasSubstr("there is no num_attention_heads"));
}

TEST_F(ImportModel, RefusesARopeScalingThatLacksANumber) {
  const auto with = [&](const Json& rope) {
    Json config = Json::parse(readFile(given("qwen2") / "config.json").value());
    config.erase("rope_parameters");
    config["rope_scaling"] = rope;
    return parseForeignConfig(config.dump(), "config.json");
  };
  for (const char* kind : {"yarn", "linear", "dynamic", "llama3"})
    EXPECT_THAT(with({{"rope_type", kind}, {"low_freq_factor", 1.0}, {"high_freq_factor", 4.0}}).error().message,
                HasSubstr(std::string("factor is missing, a number that ") + kind));
  EXPECT_THAT(with({{"rope_type", "llama3"}, {"factor", 8.0}, {"high_freq_factor", 4.0}}).error().message,
              HasSubstr("low_freq_factor is missing"));
  EXPECT_THAT(with({{"rope_type", "llama3"}, {"factor", 8.0}, {"low_freq_factor", 1.0}}).error().message,
              HasSubstr("high_freq_factor is missing"));
  EXPECT_THAT(with({{"type", "yarn"}}).error().message, HasSubstr("factor is missing"));
  EXPECT_TRUE(with({{"type", "linear"}, {"factor", 2}}).has_value());
  EXPECT_THAT(with({{"type", "linear"}, {"factor", "NaN"}}).error().message, HasSubstr("factor is \"NaN\""));
}

TEST_F(ImportModel, TakesOfTwoSpellingsWhatTransformersTakesOrNone) {
  const auto with = [&](const std::string& name, const Json& changes) {
    Json config = Json::parse(readFile(given(name) / "config.json").value());
    config.update(changes);
    return parseForeignConfig(config.dump(), "config.json");
  };
  const Json linear{{"rope_type", "linear"}, {"factor", 2.0}}, other{{"rope_type", "linear"}, {"factor", 4.0}};
  EXPECT_EQ(with("qwen2", {{"rope_scaling", linear}, {"rope_parameters", other}})->model.ropeFactor, 2);
  EXPECT_EQ(with("qwen2", {{"rope_scaling", nullptr}, {"rope_parameters", other}})->model.ropeFactor, 4);
  EXPECT_EQ(with("qwen2", {{"rope_scaling", Json::object()}, {"rope_parameters", other}})->model.ropeFactor, 4);
  EXPECT_EQ(with("qwen2", {{"rope_theta", 5.0}, {"rope_parameters", {{"rope_theta", 7.0}}}})->model.ropeTheta, 7);
  EXPECT_EQ(with("qwen2", {{"rope_parameters", {{"rope_type", "linear"}, {"type", "yarn"}, {"factor", 2.0}}}})
                ->model.ropeScaling,
            "linear");
  EXPECT_THAT(with("llama", {{"n_embd", 13}}).error().message, HasSubstr("another spelling"));
  EXPECT_THAT(with("llama", {{"num_layers", 7}}).error().message, HasSubstr("another spelling"));
}

TEST_F(ImportModel, RefusesAConfigThatNestsDeeply) {
  const fs::path folder = copyOf("llama");
  std::string config = readFile(folder / "config.json").value();
  config.insert(1, "\"x\": " + std::string(200, '[') + std::string(200, ']') + ",");
  ASSERT_TRUE(writeFileAtomically(folder / "config.json", config));
  EXPECT_THAT(refused(folder), HasSubstr("nests deeper than 100 levels"));
  fs::copy_file(given("llama") / "config.json", folder / "config.json", fs::copy_options::overwrite_existing);
  ASSERT_TRUE(writeFileAtomically(folder / "tokenizer_config.json", std::string(1'000'000, '[')));
  EXPECT_THAT(refused(folder), HasSubstr("nests deeper than 100 levels"));
  ASSERT_TRUE(writeFileAtomically(folder / "tokenizer_config.json", "{\"a\": NaN}"));
  EXPECT_TRUE(importModel(folder, out()).has_value());
}

TEST_F(ImportModel, FollowsNoLinkOutOfItsFolder) {
  const fs::path secret = m_folder.path() / "secret";
  ASSERT_TRUE(writeFileAtomically(secret, "{}"));
  for (const char* name :
       {"tokenizer.json", "tokenizer_config.json", "generation_config.json", "config.json", "model.safetensors"}) {
    const fs::path folder = copyOf("llama");
    fs::remove(folder / name);
    fs::create_symlink("../secret", folder / name);
    EXPECT_THAT(refused(folder), HasSubstr("is a link out of its folder")) << name;
    fs::remove_all(folder);
  }
}

TEST_F(ImportModel, NamesWhatStandsInTheWeightsPlace) {
  const fs::path folder = copyOf("llama");
  ASSERT_TRUE(writeFileAtomically(folder / "model.safetensors",
                                  "version https://git-lfs.github.com/spec/v1\noid sha256:aa\nsize 1234\n"));
  EXPECT_THAT(refused(folder), HasSubstr("is a Git LFS pointer"));
  const std::string header = R"({"a":{"dtype":"F8_E4M3","shape":[4],"data_offsets":[0,4]}})";
  ASSERT_TRUE(writeFileAtomically(folder / "model.safetensors", std::string(1, static_cast<char>(header.size())) +
                                                                    std::string(7, '\0') + header + "xxxx"));
  EXPECT_THAT(refused(folder), HasSubstr("\"a\" is stored in F8_E4M3, which is not read here"));
  fs::copy_file(given("llama") / "model.safetensors", folder / "model.safetensors",
                fs::copy_options::overwrite_existing);
  changeConfig(folder, "quantization_config", Json{{"quant_method", "fp8"}});
  EXPECT_THAT(refused(folder), HasSubstr("its weights are quantized (fp8)"));
}

TEST_F(ImportModel, GivesItsRunANameThatCanBeWrittenAgain) {
  for (const auto& [given, name] : std::initializer_list<std::pair<std::string, std::string>>{
           {"model@v1", "model-v1"}, {"a,b", "a-b"}, {"caf\xE9", "caf?"}, {"12", "model-12"}, {"-x", "model--x"}}) {
    const fs::path folder = m_folder.path() / given;
    fs::copy(this->given("llama"), folder, fs::copy_options::recursive);
    fs::remove_all(out());
    ASSERT_TRUE(importModel(folder, out()).has_value());
    EXPECT_EQ(nn::loadModel(out(), torch::kCPU)->config.name, name);
  }
}

}  // namespace
}  // namespace weft::interchange::test
