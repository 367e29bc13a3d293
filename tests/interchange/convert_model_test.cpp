#include "engine/interchange/convert_model.h"

#include <gmock/gmock.h>

#include <filesystem>

#include "engine/base/files.h"
#include "engine/nn/checkpoint.h"
#include "engine/nn/safetensors.h"
#include "tests/torch_checks.h"

namespace weft::interchange::test {
namespace {

namespace fs = std::filesystem;
using namespace weft::test;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ConvertModel : public ::testing::Test {
 protected:
  void SetUp() override {
    config::RunConfig run;
    run.name = "dense";
    run.model.layers = 4;
    run.model.hidden = 14;
    run.model.feedForward = 10;
    run.model.queryHeads = 4;
    run.model.kvHeads = 4;
    run.model.headWidth = 6;
    run.model.vocabulary = 23;
    run.model.ownKvNorm = false;
    ASSERT_TRUE(fs::create_directories(dense()));
    const auto decoder =
        nn::Decoder::create(nn::decoderSpec(run.model, sharing::SharingMap::identity(4)), 5, torch::kCPU)
            .value_or(nullptr);
    ASSERT_NE(decoder, nullptr);
    const torch::NoGradGuard noGrad;
    for (nn::NamedParameter& parameter : decoder->parameters()) {
      if (!parameter.decays)
        parameter.value.add_(randomTensor(parameter.value.sizes(), parameter.name.size(), 0.2).to(torch::kFloat));
    }
    ASSERT_TRUE(nn::saveModel(dense(), *decoder, run));
  }
  fs::path dense() const { return m_folder.path() / "dense"; }
  fs::path out() const { return m_folder.path() / "out"; }
  ConvertReport converted(const ConvertRequest& request) {
    fs::remove_all(out());
    const Result<ConvertReport> report = convertModel(dense(), out(), request);
    EXPECT_TRUE(report.has_value()) << report.error().message;
    return report.value_or(ConvertReport{});
  }
  std::string refused(const ConvertRequest& request) {
    const Result<ConvertReport> report = convertModel(dense(), out(), request);
    EXPECT_FALSE(report.has_value());
    EXPECT_FALSE(fs::exists(out()));
    return report ? "" : report.error().message;
  }
  static torch::Tensor weight(const fs::path& folder, const std::string& name) {
    const nn::TensorFile file = nn::readSafetensors(folder / "model.safetensors").value();
    const torch::Tensor* found = file.find(name);
    EXPECT_NE(found, nullptr) << name;
    return found ? *found : torch::Tensor();
  }
  torch::Tensor logits(const fs::path& folder) const {
    const torch::NoGradGuard noGrad;
    return nn::loadModel(folder, torch::kCPU)->decoder->logits(randomIds({2, 9}, 23, 3));
  }

  TemporaryFolder m_folder = TemporaryFolder::create("weft-convert-test").value();
};

TEST_F(ConvertModel, ToItsOwnMapChangesNoBit) {
  const ConvertReport report = converted({.map = "identity"});
  EXPECT_THAT(report.dropped, IsEmpty());
  EXPECT_EQ(report.parameters, report.before);
  EXPECT_EQ(readFile(out() / "model.safetensors").value(), readFile(dense() / "model.safetensors").value());
  EXPECT_TRUE(isBitwise(logits(out()), logits(dense())));
}

TEST_F(ConvertModel, TakesTheFirstLayersWeightsAndItsNorm) {
  const ConvertReport report = converted({.map = "cla2"});
  for (const char* part : {"key", "value"}) {
    for (const int layer : {0, 2}) {
      const std::string name = fmt::format("layers.{}.attention.{}.weight", layer, part);
      EXPECT_TRUE(isBitwise(weight(out(), name), weight(dense(), name))) << name;
    }
  }
  EXPECT_TRUE(isBitwise(weight(out(), "layers.2.attention.kv_norm.weight"),
                        weight(dense(), "layers.2.attention.query_norm.weight")));
  EXPECT_TRUE(isBitwise(weight(out(), "layers.3.mlp.gate_up.weight"), weight(dense(), "layers.3.mlp.gate_up.weight")));
  EXPECT_EQ(report.dropped.size(), 4u);
  EXPECT_THAT(report.dropped, Contains(HasSubstr("layers.3.attention.key.weight: its layer reads another's now")));
  EXPECT_EQ(report.before - report.parameters, 4 * 24 * 14 - 2 * 14) << "two layers' K and V, but two norms more";
  EXPECT_EQ(nn::loadModel(out(), torch::kCPU)->decoder->parameterCount(), report.parameters);
}

// Where all layers of a group had the same K and V weights, nothing but the norm and the stream differs: a group of one
// is the old model.
TEST_F(ConvertModel, OfAMapThatSharesNothingInALayerKeepsWhatItComputes) {
  ASSERT_TRUE(converted({.map = "0_1_1_3"}).parameters > 0);
  fs::rename(out(), m_folder.path() / "shared");
  // Back to one K and V a layer: layers 1 and 2 both get layer 1's.
  const Result<ConvertReport> back = convertModel(m_folder.path() / "shared", out(), {.map = "identity"});
  ASSERT_TRUE(back.has_value()) << back.error().message;
  EXPECT_TRUE(
      isBitwise(weight(out(), "layers.2.attention.key.weight"), weight(dense(), "layers.1.attention.key.weight")));
  EXPECT_TRUE(isBitwise(weight(out(), "layers.2.attention.kv_norm.weight"),
                        weight(dense(), "layers.1.attention.query_norm.weight")));
  EXPECT_TRUE(
      isBitwise(weight(out(), "layers.3.attention.key.weight"), weight(dense(), "layers.3.attention.key.weight")));
}

TEST_F(ConvertModel, OwnKvNormsAloneChangeNothing) {
  // 0_0 shares, so norms of their own come; then the identity again, whose layers 0 and 2, 3 are as before.
  ASSERT_GT(converted({.map = "0_0_2_3"}).parameters, 0);
  const torch::NoGradGuard noGrad;
  nn::LoadedModel loaded = nn::loadModel(out(), torch::kCPU).value();
  EXPECT_TRUE(loaded.config.model.ownKvNorm);
  // Layer 1's K and V were layer 1's own; put them in by hand, and the logits are the dense model's.
  config::RunConfig run = loaded.config;
  run.model.sharing = "identity";
  const auto decoder =
      nn::Decoder::create(nn::decoderSpec(run.model, sharing::SharingMap::identity(4)), std::nullopt, torch::kCPU)
          .value_or(nullptr);
  for (nn::NamedParameter& parameter : decoder->parameters()) {
    const bool isNorm = parameter.name.find("kv_norm") != std::string::npos;
    std::string name = parameter.name;
    if (isNorm) name.replace(name.find("kv_norm"), 7, "query_norm");
    parameter.value.copy_(weight(dense(), name));
  }
  EXPECT_TRUE(isBitwise(decoder->logits(randomIds({2, 9}, 23, 3)), logits(dense())));
}

TEST_F(ConvertModel, TakesTheMeanOverAGroupEachLayerOnce) {
  const ConvertReport report = converted({.map = "0_0_0_3", .merge = Merge::Mean});
  const auto key = [&](int layer) {
    return weight(dense(), fmt::format("layers.{}.attention.key.weight", layer)).to(torch::kDouble);
  };
  EXPECT_TRUE(
      isBitwise(weight(out(), "layers.0.attention.key.weight"), ((key(0) + key(1) + key(2)) / 3).to(torch::kFloat)));
  EXPECT_TRUE(isBitwise(weight(out(), "layers.3.attention.key.weight"), key(3).to(torch::kFloat)));
  EXPECT_THAT(report.dropped,
              Contains("layers.1.attention.key.weight: its weights live on in layers.0.attention.key.weight"));
}

TEST_F(ConvertModel, MergesNeighbouringHeads) {
  converted({.map = "identity", .kvHeads = 2});
  const torch::Tensor before = weight(dense(), "layers.1.attention.value.weight").view({4, 6, 14}).to(torch::kDouble);
  const torch::Tensor expected =
      torch::stack({(before[0] + before[1]) / 2, (before[2] + before[3]) / 2}).reshape({12, 14}).to(torch::kFloat);
  EXPECT_TRUE(isClose(weight(out(), "layers.1.attention.value.weight"), expected, 1e-7));
  EXPECT_EQ(nn::loadModel(out(), torch::kCPU)->config.model.kvHeads, 2);
  converted({.map = "0h1_1_2_3", .merge = Merge::First});
  EXPECT_EQ(weight(out(), "layers.0.attention.key.weight").size(0), 6);
  EXPECT_EQ(weight(out(), "layers.1.attention.key.weight").size(0), 24);
}

TEST_F(ConvertModel, MergesHeadsAndLayersAtOnce) {
  converted({.map = "cla2", .merge = Merge::Mean, .kvHeads = 1});
  const auto heads = [&](int layer) {
    return weight(dense(), fmt::format("layers.{}.attention.key.weight", layer)).view({4, 6, 14}).to(torch::kDouble);
  };
  EXPECT_TRUE(isClose(weight(out(), "layers.2.attention.key.weight"),
                      torch::cat({heads(2), heads(3)}).mean(0).to(torch::kFloat), 1e-6));
}

// Biases follow the rows that they are added to; the norm over the heads of keys follows the keys.
TEST_F(ConvertModel, TakesBiasesAndNormsOverHeadsAlong) {
  config::RunConfig run = config::loadRunConfig(dense() / "model.toml").value();
  run.model.qkvBias = run.model.qkNorm = true;
  const auto decoder =
      nn::Decoder::create(nn::decoderSpec(run.model, sharing::SharingMap::identity(4)), 5, torch::kCPU).value();
  {
    const torch::NoGradGuard noGrad;
    std::uint64_t seed = 0;
    for (nn::NamedParameter& parameter : decoder->parameters()) {
      if (!parameter.decays) parameter.value.add_(randomTensor(parameter.value.sizes(), ++seed, 0.3).to(torch::kFloat));
    }
  }
  ASSERT_TRUE(nn::saveModel(dense(), *decoder, run));
  const auto of = [&](int layer, const char* part) {
    return weight(dense(), fmt::format("layers.{}.attention.{}", layer, part)).to(torch::kDouble);
  };
  const ConvertReport report = converted({.map = "cla2", .merge = Merge::Mean, .kvHeads = 2});
  const torch::Tensor bias = ((of(2, "value.bias") + of(3, "value.bias")) / 2).view({2, 2, 6}).mean(1).flatten();
  EXPECT_TRUE(isClose(weight(out(), "layers.2.attention.value.bias"), bias, 1e-6));
  EXPECT_TRUE(isClose(weight(out(), "layers.0.attention.key_head_norm.weight"),
                      (of(0, "key_head_norm.weight") + of(1, "key_head_norm.weight")) / 2, 1e-6));
  EXPECT_TRUE(
      isBitwise(weight(out(), "layers.1.attention.query.bias"), weight(dense(), "layers.1.attention.query.bias")));
  EXPECT_THAT(report.dropped,
              Contains("layers.1.attention.key.bias: its weights live on in layers.0.attention.key.bias"));
  EXPECT_THAT(
      report.dropped,
      Contains(
          "layers.3.attention.key_head_norm.weight: its weights live on in layers.2.attention.key_head_norm.weight"));
  EXPECT_EQ(nn::loadModel(out(), torch::kCPU)->decoder->parameterCount(), report.parameters);
}

TEST_F(ConvertModel, SeparatesKAndV) {
  converted({.map = "k:0_0_2_3 v:0_1_1_3"});
  EXPECT_TRUE(
      isBitwise(weight(out(), "layers.1.attention.value.weight"), weight(dense(), "layers.1.attention.value.weight")));
  EXPECT_TRUE(
      isBitwise(weight(out(), "layers.2.attention.key.weight"), weight(dense(), "layers.2.attention.key.weight")));
  EXPECT_EQ(nn::loadModel(out(), torch::kCPU)->decoder->spec().map.producers().size(), 4u);
}

TEST_F(ConvertModel, RefusesWhatCannotBe) {
  EXPECT_THAT(refused({.map = "0_0"}), HasSubstr("2 layers, but the model has 4"));
  EXPECT_THAT(refused({.map = "0_3_3_3"}), HasSubstr("comes later"));
  EXPECT_THAT(refused({.map = "identity", .kvHeads = 3}), HasSubstr("does not divide"));
  EXPECT_THAT(refused({.map = "0h8_1_2_3"}), HasSubstr("KV heads"));
  converted({.map = "identity", .kvHeads = 1});
  fs::rename(out(), m_folder.path() / "mqa");
  const Result<ConvertReport> more = convertModel(m_folder.path() / "mqa", out(), {.map = "identity", .kvHeads = 4});
  ASSERT_FALSE(more.has_value());
  EXPECT_THAT(more.error().message, HasSubstr("Layer 0 would have 4 KV heads made of 1"));
  converted({.map = "cla2"});
  EXPECT_THAT(convertModel(dense(), out(), {.map = "cla4"}).error().message, HasSubstr("is there already"));
}

TEST_F(ConvertModel, ReadsUpwardOnPurpose) {
  EXPECT_GT(converted({.map = "lckv-w2", .upward = sharing::UpwardReads::Allow}).parameters, 0);
  EXPECT_TRUE(nn::loadModel(out(), torch::kCPU)->config.model.allowUpward);
}

}  // namespace
}  // namespace weft::interchange::test
