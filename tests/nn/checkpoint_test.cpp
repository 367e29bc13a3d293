#include "engine/nn/checkpoint.h"

#include "engine/config/trainable.h"
#include "engine/nn/safetensors.h"
#include "engine/sharing/map_text.h"
#include "engine/sharing/trainable.h"
#include "tests/nn/files.h"
#include "tests/nn/models.h"

namespace weft::nn::test {
namespace {

config::RunConfig configOf(const std::string& sharing, int layers) {
  config::RunConfig config;
  config.model = {.layers = layers,
                  .hidden = 12,
                  .feedForward = 10,
                  .queryHeads = 4,
                  .kvHeads = 2,
                  .headWidth = 6,
                  .vocabulary = 23,
                  .sharing = sharing};
  config.model.initStd = 0.4;
  return config;
}

class Checkpoint : public FileTest {
 protected:
  // A saved decoder in folder(); what it computes is in m_logits.
  void save(const config::RunConfig& config) {
    const auto map = config::sharingMap(config.model);
    ASSERT_TRUE(map.has_value());
    m_decoder = decoderOf(decoderSpec(config.model, *map), Place{});
    ASSERT_TRUE(saveModel(folder(), *m_decoder, config));
    m_logits = m_decoder->logits(m_ids).detach();
  }
  // The saved tensors, changed by `change` and written again.
  void rewrite(const std::function<void(std::vector<std::pair<std::string, torch::Tensor>>&)>& change) {
    Result<TensorFile> file = readSafetensors(path("model.safetensors"));
    ASSERT_TRUE(file.has_value());
    change(file->tensors);
    ASSERT_TRUE(writeSafetensors(path("model.safetensors"), *file));
  }
  Result<LoadedModel> load() { return loadModel(folder(), torch::kCPU); }

  torch::Tensor m_ids = randomIds({2, 7}, 23, 1), m_logits;
  std::unique_ptr<Decoder> m_decoder;
};

TEST_F(Checkpoint, KeepsAMapOfTheSecondEditionAndSaysWhyItIsNoModelYet) {
  constexpr const char* kMap = "k:0_1h1d8=_2r0_0+2_1 v:0_1_2_0:1,2:0_1";
  config::RunConfig config = configOf("0_1_2_0_1", 5);
  save(config);
  config.model.sharing = kMap;
  ASSERT_TRUE(saveModel(folder(), *m_decoder, config));
  const Result<config::RunConfig> kept = config::loadRunConfig(path("model.toml"));
  ASSERT_TRUE(kept) << kept.error().message;
  EXPECT_EQ(*kept, config);
  EXPECT_EQ(sharing::toText(config::sharingMap(kept->model).value()), kMap);
  const Result<LoadedModel> loaded = load();
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, ErrorCode::InvalidInput);
  EXPECT_EQ(loaded.error().message, sharing::checkTrainable(config::sharingMap(kept->model).value()).error().message);
  EXPECT_NE(loaded.error().message.find("Layer 1 has heads 8 wide (d8)"), std::string::npos) << loaded.error().message;
  EXPECT_EQ(config::requireTrainable(config.model).error().message, "model.sharing: " + loaded.error().message);
}

TEST_F(Checkpoint, ComesBackToTheLastBitWithItsConfigurationForEveryMap) {
  for (const MapCase& map : mapCases()) {
    SCOPED_TRACE(map.text);
    config::RunConfig config = configOf(map.text, specOf(map).shape.layers);
    config.model.kvHeads = map.kvHeads;
    config.model.window = map.window;
    config.model.tieEmbeddings = map.kvHeads == 2;
    config.model.ownKvNorm = map.kvHeads != 4;
    config.model.ropeScaling = map.window ? "yarn" : "dynamic";
    config.model.ropeFactor = 2.5;
    config.model.ropeOriginalContext = 5;  // fewer than the 7 tokens
    config.model.ropeMscale = map.window ? 0.3 : 0;
    config.model.ropeMscaleAllDim = 1.1;
    config.model.ropeTruncate = map.kvHeads == 1;
    config.name = "a \"quoted\" name";
    save(config);
    const Result<LoadedModel> loaded = load();
    ASSERT_TRUE(loaded.has_value()) << loaded.error().message;
    EXPECT_EQ(loaded->config, config);
    ASSERT_EQ(loaded->decoder->parameters().size(), m_decoder->parameters().size());
    for (const NamedParameter& parameter : m_decoder->parameters()) {
      EXPECT_TRUE(isBitwise(parameterOf(*loaded->decoder, parameter.name), parameter.value)) << parameter.name;
    }
    EXPECT_TRUE(isBitwise(loaded->decoder->logits(m_ids), m_logits));
  }
}

TEST_F(Checkpoint, LoadsParametersThatCanBeTrained) {
  save(configOf("0_0", 2));
  const Result<LoadedModel> loaded = load();
  ASSERT_TRUE(loaded.has_value());
  loaded->decoder->loss(m_ids, m_ids).backward();
  for (const NamedParameter& parameter : loaded->decoder->parameters())
    EXPECT_TRUE(parameter.value.grad().defined()) << parameter.name;
}

TEST_F(Checkpoint, IsNotThereWithoutItsFiles) {
  expectError(load(), ErrorCode::NotFound, "is no checkpoint folder: it has no model.toml");
  expectError(loadModel(path("none"), torch::kCPU), ErrorCode::NotFound, "no checkpoint folder");
  save(configOf("0_0", 2));
  fs::remove(path("model.safetensors"));
  expectError(load(), ErrorCode::NotFound, "model.safetensors");
}

TEST_F(Checkpoint, IsNotSavedHalf) {
  const auto map = sharing::SharingMap::identity(2);
  const std::unique_ptr<Decoder> decoder = decoderOf(decoderSpec(configOf("0_1", 2).model, map), Place{});
  expectError(saveModel(path("none"), *decoder, configOf("0_1", 2)), ErrorCode::Io, "cannot be written");
  EXPECT_FALSE(fs::exists(path("none")));
  // A folder in the weights' place: writing stops before model.toml, and the folder is no checkpoint.
  fs::create_directories(path("model.safetensors") / "in the way");
  EXPECT_FALSE(saveModel(folder(), *decoder, configOf("0_1", 2)).has_value());
  expectError(load(), ErrorCode::NotFound, "no checkpoint folder");
}

TEST_F(Checkpoint, IsCorruptWhenCutShort) {
  save(configOf("0_0", 2));
  const std::string whole = contentOf(path("model.safetensors"));
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{7}, std::size_t{100}, whole.size() / 2, whole.size() - 1}) {
    writeFile(path("model.safetensors"), whole.substr(0, size));
    expectError(load(), ErrorCode::Corrupt, "is not a whole safetensors file");
  }
}

TEST_F(Checkpoint, IsCorruptWithTensorsThatAreNotTheModels) {
  using Tensors = std::vector<std::pair<std::string, torch::Tensor>>;
  const auto broken = [&](const std::function<void(Tensors&)>& change, const std::string& part) {
    save(configOf("0_0", 2));
    rewrite(change);
    expectError(load(), ErrorCode::Corrupt, part);
  };
  broken([](Tensors& tensors) { tensors.erase(tensors.begin() + 3); },
         "has no tensor \"layers.0.attention.kv_norm.weight\"");
  broken(
      [](Tensors& tensors) {
        tensors.emplace_back("layers.1.attention.key.weight", torch::ones({12, 12}));
      },
      "has a tensor \"layers.1.attention.key.weight\", which this model does not have");
  broken(
      [](Tensors& tensors) {
        tensors[0].second = torch::ones({24, 12});
      },
      "has the shape [24, 12], and this model needs [23, 12]");
  broken([](Tensors& tensors) { tensors[0].second = torch::ones({12, 23}); }, "has the shape [12, 23]");
  broken([](Tensors& tensors) { tensors[0].second = torch::ones({23, 12}, torch::kLong); }, "floating-point");
}

TEST_F(Checkpoint, WidensWeightsOfAShorterType) {
  save(configOf("0_0", 2));
  rewrite([](auto& tensors) {
    for (auto& [name, tensor] : tensors) tensor = tensor.to(torch::kBFloat16);
  });
  const Result<LoadedModel> loaded = load();
  ASSERT_TRUE(loaded.has_value()) << loaded.error().message;
  for (const NamedParameter& parameter : m_decoder->parameters()) {
    EXPECT_TRUE(isBitwise(parameterOf(*loaded->decoder, parameter.name),
                          parameter.value.to(torch::kBFloat16).to(torch::kFloat)))
        << parameter.name;
  }
}

TEST_F(Checkpoint, IsRefusedWithAModelFarLargerThanItsWeightsWithoutAllocatingIt) {
  save(configOf("0_0", 2));
  config::RunConfig huge = configOf("0_0", 2);
  huge.model.vocabulary = 1 << 24;
  huge.model.hidden = 1 << 20;
  writeFile(path("model.toml"), config::toToml(huge));
  expectError(load(), ErrorCode::Corrupt, "\"embedding.weight\" has the shape [23, 12]");
}

TEST_F(Checkpoint, IsRefusedWithABrokenDescription) {
  save(configOf("0_0", 2));
  const std::string whole = contentOf(path("model.toml"));
  writeFile(path("model.toml"), whole.substr(0, whole.size() / 3) + "\n[[[");
  EXPECT_FALSE(load().has_value());
  config::RunConfig config = configOf("1_1", 2);
  writeFile(path("model.toml"), config::toToml(config));
  expectError(load(), ErrorCode::InvalidInput, "model.sharing");
  config = configOf("0_0", 2);
  config.model.vocabulary = 0;
  writeFile(path("model.toml"), config::toToml(config));
  expectError(load(), ErrorCode::InvalidInput, "vocabulary is not known");
  config = configOf("0_0", 2);
  config.model.ropeScaling = "longrope";
  writeFile(path("model.toml"), config::toToml(config));
  expectError(load(), ErrorCode::InvalidInput, "model.rope_scaling is 'longrope'");
  config = configOf("0_0", 2);
  config.model.kvHeads = 3;
  writeFile(path("model.toml"), config::toToml(config));
  EXPECT_FALSE(load().has_value());
}

TEST_F(Checkpoint, GivesItsWeightsToADecoderOfTheSameShape) {
  save(configOf("0_0", 2));
  const std::unique_ptr<Decoder> other = decoderOf(m_decoder->spec(), Place{}, 2);
  EXPECT_FALSE(torch::equal(other->logits(m_ids), m_logits));
  ASSERT_TRUE(loadWeights(folder(), *other));
  EXPECT_TRUE(isBitwise(other->logits(m_ids), m_logits));
}

TEST_F(Checkpoint, LeavesADecoderAsItWasWhenItDoesNotFit) {
  save(configOf("0_0", 2));
  // The last tensor is the wrong one: the ones before it must not have been taken.
  rewrite([](auto& tensors) { tensors.back().second = torch::ones({13}); });
  const std::unique_ptr<Decoder> other = decoderOf(m_decoder->spec(), Place{}, 2);
  const torch::Tensor before = other->logits(m_ids);
  expectError(loadWeights(folder(), *other), ErrorCode::Corrupt, "has the shape [13]");
  EXPECT_TRUE(isBitwise(other->logits(m_ids), before));
  expectError(loadWeights(path("none"), *other), ErrorCode::NotFound, "There is no file");
}

TEST_F(Checkpoint, ComputesOnCudaWhatItComputedOnTheCpu) {
  WEFT_SKIP_WITHOUT_CUDA();
  save(configOf("0_0_2", 3));
  const Result<LoadedModel> loaded = loadModel(folder(), torch::Device(torch::kCUDA, 0));
  ASSERT_TRUE(loaded.has_value()) << loaded.error().message;
  EXPECT_TRUE(isClose(loaded->decoder->logits(m_ids.to(torch::kCUDA)), m_logits, 3e-5));
}

}  // namespace
}  // namespace weft::nn::test
