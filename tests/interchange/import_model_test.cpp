// Folders that other projects' code wrote (tests/fixtures/interchange), with the logits that it computes.
#include "engine/interchange/import_model.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <nlohmann/json.hpp>

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

}  // namespace
}  // namespace weft::interchange::test
