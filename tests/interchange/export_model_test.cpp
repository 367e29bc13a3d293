// What goes out comes back: bit for bit, by the folders that other projects wrote and by our own. What transformers
// makes of an export is checked by tests/fixtures/interchange/check_export.py, and the modeling file's logits by
// ImportModel.HasTheLogitsOfTheProjectThatWroteIt.
#include "engine/interchange/export_model.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <set>

#include "engine/base/files.h"
#include "engine/data/tokenizer.h"
#include "engine/interchange/foreign_config.h"
#include "engine/interchange/import_model.h"
#include "engine/interchange/tensor_source.h"
#include "engine/nn/checkpoint.h"
#include "tests/torch_checks.h"

namespace weft::interchange::test {
namespace {

namespace fs = std::filesystem;
using namespace weft::test;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Json = nlohmann::json;

class ExportModel : public ::testing::Test {
 protected:
  fs::path in(const std::string& name) const { return m_folder.path() / name; }
  fs::path given(const std::string& name) const { return fixture("interchange") / name; }

  // A checkpoint with random weights.
  fs::path checkpoint(const std::function<void(config::RunConfig&)>& change, const std::string& name = "model") const {
    config::RunConfig run;
    run.name = name;
    run.model = {
        .layers = 4, .hidden = 12, .feedForward = 7, .queryHeads = 4, .kvHeads = 2, .headWidth = 6, .vocabulary = 257};
    run.train.sequenceLength = 32;
    change(run);
    EXPECT_TRUE(config::validate(run)) << config::validate(run).error().message;
    const auto map = config::sharingMap(run.model).value();
    const auto decoder = nn::Decoder::create(nn::decoderSpec(run.model, map), 7, torch::kCPU).value();
    const torch::NoGradGuard noGrad;
    std::uint64_t seed = 1;
    for (nn::NamedParameter& parameter : decoder->parameters()) {
      parameter.value.copy_(randomTensor(parameter.value.sizes(), ++seed, 0.4) + (parameter.decays ? 0 : 1));
    }
    fs::create_directories(in(name));
    EXPECT_TRUE(nn::saveModel(in(name), *decoder, run));
    return in(name);
  }
  ExportReport exported(const fs::path& from, const fs::path& out, const ExportRequest& request = {}) const {
    const Result<ExportReport> report = exportModel(from, out, request);
    EXPECT_TRUE(report.has_value()) << report.error().message;
    return report ? *report : ExportReport{};
  }
  std::string refused(const fs::path& from, const ExportRequest& request = {}) const {
    const Result<ExportReport> report = exportModel(from, in("refused"), request);
    EXPECT_FALSE(report.has_value());
    for (const auto& entry : fs::directory_iterator(m_folder.path()))
      EXPECT_EQ(entry.path().string().find("refused"), std::string::npos) << entry.path();
    if (report) return "";
    EXPECT_EQ(report.error().message.back(), '.') << report.error().message;
    EXPECT_EQ(report.error().message.find('\n'), std::string::npos);
    return report.error().message;
  }
  static Json configOf(const fs::path& folder) { return Json::parse(readFile(folder / "config.json").value()); }
  static torch::Tensor logitsOf(const fs::path& folder) {
    const torch::NoGradGuard noGrad;
    return nn::loadModel(folder, torch::kCPU)->decoder->logits(torch::arange(11).unsqueeze(0));
  }
  // Same names, types and bytes.
  static void expectSameTensors(const fs::path& actual, const fs::path& expected) {
    const TensorSource ours = TensorSource::open(actual).value(), theirs = TensorSource::open(expected).value();
    EXPECT_EQ(ours.tensors().size(), theirs.tensors().size());
    for (const auto& [name, info] : theirs.tensors()) {
      const nn::TensorInfo* found = ours.find(name);
      ASSERT_TRUE(found) << name;
      EXPECT_EQ(found->type, info.type) << name;
      EXPECT_TRUE(torch::equal(ours.read(name).value(), theirs.read(name).value())) << name;
    }
  }

  TemporaryFolder m_folder = TemporaryFolder::create("weft-export-test").value();
};

TEST_F(ExportModel, GivesBackBitForBitWhatWasImported) {
  for (const auto& [name, shard] : {std::pair<std::string, std::int64_t>{"llama", 1 << 20},
                                    {"mistral", 3000},
                                    {"qwen2", 1 << 20},
                                    {"qwen3", 1 << 20}}) {
    SCOPED_TRACE(name);
    ASSERT_TRUE(importModel(given(name), in(name)));
    const ExportReport report = exported(in(name), in(name + "-out"), {.shardBytes = shard});
    EXPECT_THAT(report.dropped, ElementsAre(HasSubstr("tokenizer"))) << "the fixture has none";
    expectSameTensors(in(name + "-out"), given(name));
    EXPECT_EQ(readFile(in(name + "-out") / "config.json").value(), readFile(given(name) / "config.json").value());
    EXPECT_EQ(fs::exists(in(name + "-out") / "model.safetensors.index.json"), name == "mistral");
    EXPECT_FALSE(fs::exists(in(name + "-out") / "modeling_weft.py"));
  }
}

// What transformers wrote with the modeling file that we export.
TEST_F(ExportModel, TheCrossLayerLayoutIsTheOneThatTransformersWrites) {
  for (const std::string name : {"weft-shared", "weft-upward"}) {
    SCOPED_TRACE(name);
    ASSERT_TRUE(importModel(given(name), in(name)));
    EXPECT_EQ(exported(in(name), in(name + "-out")).architecture, "WeftCrossLayerForCausalLM");
    expectSameTensors(in(name + "-out"), given(name));
    Json ours = configOf(in(name + "-out"));
    const Json theirs = configOf(given(name));
    for (const auto& [key, value] : theirs.items()) {
      const bool isOnlyTheirs = key == "transformers_version" || key == "use_cache" || value.is_null() ||
                                (name == "weft-shared" && key.ends_with("_passes"));
      if (isOnlyTheirs) continue;
      EXPECT_EQ(ours[key], value) << key;
    }
    for (const char* file : {"configuration_weft.py", "modeling_weft.py"}) {
      const fs::path source = fs::path(WEFT_TEST_SOURCE_DIR).parent_path() / "resources/interchange" / file;
      EXPECT_EQ(readFile(in(name + "-out") / file).value(), readFile(source).value());
    }
    EXPECT_EQ(ours["auto_map"]["AutoModelForCausalLM"], "modeling_weft.WeftCrossLayerForCausalLM");
  }
}

TEST_F(ExportModel, EveryMapComesBackBitForBit) {
  int number = 0;
  for (const char* map : {"cla2", "identity", "0s_0s_2s_2s", "0_1s9_0_1s4", "k:0_0_2_2 v:0_1_1_3", "0h4_0_0_3h1",
                          "0_3_3_3", "k:0_3_3_3 v:0_1_1_3"}) {
    SCOPED_TRACE(map);
    const std::string name = fmt::format("map{}", ++number);
    const fs::path model = checkpoint(
        [&](config::RunConfig& run) {
          run.model.sharing = map;
          run.model.allowUpward = true;
          run.model.window = 5;
          run.model.forwardPasses = 4;
          run.model.hidden = 14;  // no multiple of the heads
          run.model.tieEmbeddings = number % 2 == 0;
          run.model.ownKvNorm = number % 3 != 0;
          run.model.qkvBias = number % 4 > 1;
          run.model.qkNorm = number % 5 > 2;
        },
        name);
    const ExportReport report = exported(model, in(name + "-out"));
    EXPECT_EQ(report.architecture, "WeftCrossLayerForCausalLM");
    EXPECT_THAT(report.dropped, IsEmpty());
    ASSERT_TRUE(importModel(in(name + "-out"), in(name + "-back")));
    expectSameTensors(in(name + "-back"), model);
    const config::RunConfig before = config::loadRunConfig(model / "model.toml").value(),
                            after = config::loadRunConfig(in(name + "-back") / "model.toml").value();
    EXPECT_EQ(report.parameters, nn::loadModel(model, torch::kCPU)->decoder->parameterCount());
    EXPECT_TRUE(torch::equal(logitsOf(in(name + "-back")), logitsOf(model)));
    EXPECT_EQ(after.train.sequenceLength, before.train.sequenceLength);
    EXPECT_EQ(after.model.scaledInit, before.model.scaledInit);
  }
}

TEST_F(ExportModel, OtherProjectsCrossLayerModelsGoOutInOurLayout) {
  for (const std::string name : {"lckv", "crosslayer"}) {
    SCOPED_TRACE(name);
    ASSERT_TRUE(importModel(given(name), in(name)));
    EXPECT_EQ(exported(in(name), in(name + "-out")).architecture, "WeftCrossLayerForCausalLM");
    ASSERT_TRUE(importModel(in(name + "-out"), in(name + "-back")));
    expectSameTensors(in(name + "-back"), in(name));
  }
  EXPECT_EQ(configOf(in("crosslayer-out"))["sharing_pattern"], Json({0, 0, 2, 2}));
  EXPECT_EQ(configOf(in("lckv-out"))["sharing_pattern"], Json({0, 1, 1, 3}));
}

// Llama has one norm where a trained baseline of ours has two.
TEST_F(ExportModel, AKvNormOfItsOwnGoesIntoTheWeightsOfALlama) {
  const fs::path model = checkpoint([](config::RunConfig& run) { run.model.sharing = "identity"; });
  const ExportReport report = exported(model, in("out"));
  EXPECT_EQ(report.architecture, "LlamaForCausalLM");
  ASSERT_EQ(report.dropped.size(), 4u);
  EXPECT_THAT(report.dropped[1], HasSubstr("layers.1.attention.kv_norm.weight: "));
  ASSERT_TRUE(importModel(in("out"), in("back")));
  EXPECT_EQ(report.parameters, nn::loadModel(in("back"), torch::kCPU)->decoder->parameterCount());
  EXPECT_FALSE(config::loadRunConfig(in("back") / "model.toml")->model.ownKvNorm);
  EXPECT_TRUE(isClose(logitsOf(in("back")), logitsOf(model), 1e-5));
  // All else is what it was.
  const TensorSource out = TensorSource::open(in("out")).value(), ours = TensorSource::open(model).value();
  EXPECT_TRUE(torch::equal(out.read("model.layers.2.self_attn.q_proj.weight").value(),
                           ours.read("layers.2.attention.query.weight").value()));

  // In our own layout it stays.
  EXPECT_THAT(exported(model, in("exact"), {.layout = ExportLayout::CrossLayer}).dropped, IsEmpty());
  ASSERT_TRUE(importModel(in("exact"), in("exact-back")));
  expectSameTensors(in("exact-back"), model);
}

TEST_F(ExportModel, ANormThatCannotBeTakenInStaysInOurLayout) {
  const fs::path model = checkpoint([](config::RunConfig& run) { run.model.sharing = "identity"; });
  nn::TensorFile file = nn::readSafetensors(model / "model.safetensors").value();
  for (auto& [name, tensor] : file.tensors) {
    if (name == "layers.2.attention.query_norm.weight") tensor[3] = 0;
  }
  ASSERT_TRUE(nn::writeSafetensors(model / "model.safetensors", file));
  EXPECT_EQ(exported(model, in("out")).architecture, "WeftCrossLayerForCausalLM");
  EXPECT_THAT(refused(model, {.layout = ExportLayout::Llama}), HasSubstr("layer 2"));
}

TEST_F(ExportModel, SaysWhyAModelIsNoLlama) {
  const auto reason = [&](const std::string& name, const std::function<void(config::RunConfig&)>& change) {
    return refused(checkpoint(change, name), {.layout = ExportLayout::Llama});
  };
  EXPECT_THAT(reason("a", [](config::RunConfig& run) { run.model.sharing = "cla2"; }),
              HasSubstr("layer 1 reads the keys of layer 0"));
  EXPECT_THAT(reason("b", [](config::RunConfig& run) { run.model.sharing = "k:0_1_2_3 v:0_1_1_3"; }),
              HasSubstr("layer 2 reads the values of layer 1"));
  EXPECT_THAT(reason("c", [](config::RunConfig& run) { run.model.sharing = "0_1_2s4_3"; }),
              HasSubstr("layer 2 has another window"));
  EXPECT_THAT(reason("d", [](config::RunConfig& run) { run.model.sharing = "0_1h4_2_3"; }),
              HasSubstr("layer 1 has a number of KV heads"));
  EXPECT_THAT(reason("e", [](config::RunConfig& run) { run.model.hidden = 13; }), HasSubstr("no multiple"));
}

TEST_F(ExportModel, BiasesMakeAQwen2AndNormsOverHeadsAQwen3) {
  for (const bool isQwen2 : {true, false}) {
    for (const bool slides : {true, false}) {
      const std::string name = fmt::format("qwen{}{}", isQwen2 ? 2 : 3, slides ? "-slides" : "");
      const fs::path model = checkpoint(
          [&](config::RunConfig& run) {
            run.model.sharing = slides ? "0s_1s_2s_3s" : "identity";
            run.model.window = slides ? std::optional<std::int64_t>(5) : std::nullopt;
            run.model.ownKvNorm = false;
            run.model.qkvBias = isQwen2;
            run.model.qkNorm = !isQwen2;
          },
          name);
      EXPECT_EQ(exported(model, in(name + "-out")).architecture, isQwen2 ? "Qwen2ForCausalLM" : "Qwen3ForCausalLM");
      ASSERT_TRUE(importModel(in(name + "-out"), in(name + "-back")));
      EXPECT_TRUE(torch::equal(logitsOf(in(name + "-back")), logitsOf(model))) << name;
      expectSameTensors(in(name + "-back"), model);
    }
  }
  EXPECT_THAT(refused(checkpoint([](config::RunConfig& run) { run.model.qkvBias = run.model.qkNorm = true; }, "both"),
                      {.layout = ExportLayout::Llama}),
              HasSubstr("both QKV biases and QK norm"));
}

TEST_F(ExportModel, WindowsOfAllLayersMakeAMistral) {
  const fs::path model = checkpoint([](config::RunConfig& run) {
    run.model.sharing = "0s_1s_2s_3s";
    run.model.window = 5;
    run.model.ownKvNorm = false;
  });
  EXPECT_EQ(exported(model, in("out")).architecture, "MistralForCausalLM");
  EXPECT_EQ(configOf(in("out"))["sliding_window"], 5);
  ASSERT_TRUE(importModel(in("out"), in("back")));
  EXPECT_TRUE(torch::equal(logitsOf(in("back")), logitsOf(model)));
}

// Every field of the config, with every way of scaling positions, in both layouts.
TEST_F(ExportModel, TheConfigSaysWhatTheModelTableSays) {
  int number = 0;
  for (const char* kind : {"none", "linear", "dynamic", "llama3", "yarn"}) {
    for (const bool isLlama : {true, false}) {
      config::ModelConfig model{
          .layers = 4, .hidden = 12, .feedForward = 7, .queryHeads = 4, .kvHeads = 2, .headWidth = 6, .vocabulary = 23};
      model.sharing = isLlama ? "identity" : "0_0_2h4_2";
      model.tieEmbeddings = ++number % 2 == 0;
      model.ownKvNorm = !isLlama;
      model.normEpsilon = 3e-6;
      model.ropeTheta = 5000;
      model.ropeScaling = kind;
      const bool scales = model.ropeScaling != "none";
      if (scales) model.ropeFactor = 4;
      if (scales && model.ropeScaling != "linear") model.ropeOriginalContext = 16;
      // What transformers takes for granted where a config does not say it.
      if (scales) model.ropeLowFrequencyFactor = 1;
      if (model.ropeScaling == "yarn") {
        model.ropeBetaFast = 20;
        model.ropeBetaSlow = 2;
        model.ropeMscale = 0.7;
        model.ropeMscaleAllDim = 0.9;
        model.ropeTruncate = false;
      }
      if (!isLlama) model.initStd = 0.3;
      if (!isLlama) model.scaledInit = false;
      const auto map = config::sharingMap(model).value();
      const ExportedConfig made =
          exportConfig(model, map, isLlama ? ExportLayout::Llama : ExportLayout::CrossLayer, 64, "bfloat16", 5);
      const Result<ForeignConfig> back = parseForeignConfig(made.json, "config.json");
      ASSERT_TRUE(back) << kind << ": " << back.error().message;
      EXPECT_TRUE(back->model == model) << kind << made.json;
      EXPECT_EQ(back->context, model.ropeScaling == "dynamic" ? 16 : 64) << kind;
      EXPECT_EQ(Json::parse(made.json)["eos_token_id"], 5);
      EXPECT_EQ(Json::parse(made.json)["dtype"], "bfloat16");
    }
  }
}

TEST_F(ExportModel, OtherTypesRoundEachWeightAndRefuseWhatTheyCannotHold) {
  const fs::path model = checkpoint([](config::RunConfig& run) { run.model.sharing = "cla2"; });
  exported(model, in("half"), {.type = torch::kBFloat16});
  EXPECT_EQ(configOf(in("half"))["dtype"], "bfloat16");
  const torch::Tensor ours = TensorSource::open(model)->read("layers.3.mlp.down.weight").value();
  const torch::Tensor theirs = TensorSource::open(in("half"))->read("model.layers.3.mlp.down_proj.weight").value();
  EXPECT_TRUE(torch::equal(theirs, ours.to(torch::kBFloat16)));

  nn::TensorFile file = nn::readSafetensors(model / "model.safetensors").value();
  file.tensors[5].second.view(-1)[2] = 1e6;
  ASSERT_TRUE(nn::writeSafetensors(model / "model.safetensors", file));
  EXPECT_THAT(refused(model, {.type = torch::kHalf}),
              HasSubstr("\"" + file.tensors[5].first + "\" has a weight that float16 cannot hold"));
  exported(model, in("wide"), {.type = torch::kBFloat16});
}

TEST_F(ExportModel, LargeModelsAreDividedIntoFilesWithAnIndex) {
  const fs::path model = checkpoint([](config::RunConfig& run) { run.model.sharing = "cla2"; });
  exported(model, in("out"), {.shardBytes = 4000});
  const Json index = Json::parse(readFile(in("out") / "model.safetensors.index.json").value());
  std::set<std::string> files;
  std::int64_t total = 0;
  for (const auto& entry : fs::directory_iterator(in("out"))) {
    if (entry.path().extension() != ".safetensors") continue;
    files.insert(entry.path().filename().string());
    const auto reader = nn::SafetensorsReader::open(entry.path()).value();
    EXPECT_EQ(reader.metadata().at("format"), "pt");
    std::int64_t bytes = 0;
    for (const nn::TensorInfo& info : reader.tensors()) {
      EXPECT_EQ(index["weight_map"][info.name], entry.path().filename().string());
      bytes += info.bytes();
    }
    EXPECT_TRUE(bytes <= 4000 || reader.tensors().size() == 1) << "only a tensor that is larger by itself";
    total += bytes;
  }
  EXPECT_GT(files.size(), 2u);
  EXPECT_TRUE(files.contains(fmt::format("model-00001-of-{:05}.safetensors", files.size())));
  EXPECT_EQ(index["metadata"]["total_size"], total);
  ASSERT_TRUE(importModel(in("out"), in("back")));
  expectSameTensors(in("back"), model);
  EXPECT_THAT(refused(model, {.shardBytes = 0}), HasSubstr("at least 1 byte"));
}

TEST_F(ExportModel, TheTokenizerGoesAlong) {
  const fs::path bytes = checkpoint([](config::RunConfig& run) { run.model.sharing = "cla2"; }, "bytes");
  exported(bytes, in("out"));
  const auto exportedTokenizer = data::openTokenizer((in("out") / "tokenizer.json").string()).value(),
             ours = data::openTokenizer("byte").value();
  for (const std::string text : {"The weft", " \t\n\r\x01\x7F", "naïve 🧶 ÿ\u00a0\u00ad", "it's  two  spaces"})
    EXPECT_EQ(exportedTokenizer->encode(text), ours->encode(text));
  EXPECT_EQ(exportedTokenizer->endOfText(), 256u);
  EXPECT_EQ(configOf(in("out"))["eos_token_id"], 256);
  const Json settings = Json::parse(readFile(in("out") / "tokenizer_config.json").value());
  EXPECT_EQ(settings["eos_token"], "<|endoftext|>");
  EXPECT_EQ(settings["tokenizer_class"], "PreTrainedTokenizerFast");

  // A file of the user's goes as it is; one that is gone is told.
  const fs::path file = fixture("tokenizer") / "tiny-tokenizer.json";
  const fs::path other = checkpoint([&](config::RunConfig& run) { run.data.tokenizer = file.string(); }, "other");
  exported(other, in("other-out"));
  EXPECT_EQ(readFile(in("other-out") / "tokenizer.json").value(), readFile(file).value());
  const fs::path gone =
      checkpoint([&](config::RunConfig& run) { run.data.tokenizer = in("gone.json").string(); }, "without");
  EXPECT_THAT(exported(gone, in("gone-out")).dropped.back(), HasSubstr("gone.json is not there any more"));
  EXPECT_FALSE(fs::exists(in("gone-out") / "tokenizer.json"));
}

TEST_F(ExportModel, RefusesWhatIsNoWholeCheckpoint) {
  const fs::path model = checkpoint([](config::RunConfig& run) { run.model.sharing = "cla2"; });
  EXPECT_THAT(refused(in("nowhere")), HasSubstr("nowhere"));
  fs::create_directories(in("full"));
  ASSERT_TRUE(writeFileAtomically(in("full") / "x", "x"));
  EXPECT_THAT(exportModel(model, in("full")).error().message, HasSubstr("is there already"));
  nn::TensorFile file = nn::readSafetensors(model / "model.safetensors").value();
  const std::string last = file.tensors.back().first;
  file.tensors.pop_back();
  const std::string whole = readFile(model / "model.safetensors").value();
  ASSERT_TRUE(nn::writeSafetensors(model / "model.safetensors", file));
  EXPECT_THAT(refused(model), HasSubstr("\"" + last + "\""));
  ASSERT_TRUE(writeFileAtomically(model / "model.safetensors", whole.substr(0, whole.size() / 2)));
  EXPECT_THAT(refused(model), HasSubstr("model.safetensors"));
}

TEST_F(ExportModel, AnImportRefusesAPatternThatDoesNotHold) {
  const auto reason = [&](const char* key, const Json& value) {
    fs::remove_all(in("copy"));
    fs::copy(given("weft-shared"), in("copy"), fs::copy_options::recursive);
    Json config = configOf(in("copy"));
    config[key] = value;
    EXPECT_TRUE(writeFileAtomically(in("copy") / "config.json", config.dump()));
    const Result<ImportReport> report = importModel(in("copy"), in("no"));
    EXPECT_FALSE(report.has_value()) << key << value;
    return report ? std::string() : report.error().message;
  };
  EXPECT_THAT(reason("sharing_pattern", {0, 0, 2}), HasSubstr("6 entries"));
  EXPECT_THAT(reason("sharing_pattern", {0, 0, 1, 2, 4, 4}), HasSubstr("sharing_pattern"));
  EXPECT_THAT(reason("sharing_pattern", {0, 0, 9, 2, 4, 4}), HasSubstr("sharing_pattern"));
  EXPECT_THAT(reason("layer_windows", {0, nullptr, nullptr, 3, nullptr, nullptr}), HasSubstr("Layer 0"));
  EXPECT_THAT(reason("layer_windows", {"4", nullptr, nullptr, nullptr, nullptr, nullptr}),
              HasSubstr("layer_windows: layer 0"));
  EXPECT_THAT(reason("layer_key_value_heads", {nullptr, nullptr, nullptr, nullptr, 3, nullptr}), HasSubstr("3"));
  EXPECT_THAT(reason("own_kv_norm", false), HasSubstr("kv_norm"));
}

}  // namespace
}  // namespace weft::interchange::test
