#include "tests/train/training_fixture.h"

#include <ATen/Parallel.h>

#include <cmath>
#include <random>

#include "engine/nn/checkpoint.h"
#include "engine/nn/safetensors.h"

namespace weft::train_test {

namespace fs = std::filesystem;

config::RunConfig tinyConfig() {
  config::RunConfig config;
  config.name = "tiny";
  config.model = {.layers = 2,
                  .hidden = 16,
                  .feedForward = 24,
                  .queryHeads = 2,
                  .kvHeads = 1,
                  .headWidth = 8,
                  .vocabulary = 19,
                  .sharing = "cla2"};
  config.train.steps = 12;
  config.train.sequenceLength = 8;
  config.train.batchSequences = 4;
  config.train.learningRate = 1e-2;
  config.train.warmupFraction = 0.25;
  config.train.evaluateEvery = 0;
  return config;
}

std::unique_ptr<nn::Decoder> makeDecoder(const config::RunConfig& config, std::uint64_t seed, torch::ScalarType type) {
  const sharing::SharingMap map = config::sharingMap(config.model).value();
  return nn::Decoder::create(nn::decoderSpec(config.model, map), seed, torch::kCPU, type).value();
}

std::map<std::string, torch::Tensor> stateOf(nn::Decoder& decoder, train::AdamW& optimizer) {
  std::map<std::string, torch::Tensor> state;
  for (std::size_t i = 0; i < decoder.parameters().size(); ++i) {
    const nn::NamedParameter& parameter = decoder.parameters()[i];
    state["w." + parameter.name] = parameter.value.detach().clone();
    state["m." + parameter.name] = optimizer.moments()[i].m.clone();
    state["v." + parameter.name] = optimizer.moments()[i].v.clone();
  }
  return state;
}

::testing::AssertionResult areBitwiseEqual(const std::map<std::string, torch::Tensor>& a,
                                           const std::map<std::string, torch::Tensor>& b) {
  if (a.size() != b.size()) return ::testing::AssertionFailure() << a.size() << " tensors against " << b.size();
  for (const auto& [name, tensor] : a) {
    const auto other = b.find(name);
    if (other == b.end()) return ::testing::AssertionFailure() << name << " is only in one";
    if (!torch::equal(tensor, other->second)) {
      return ::testing::AssertionFailure()
             << name << " differs by " << (tensor - other->second).abs().max().item<double>();
    }
  }
  return ::testing::AssertionSuccess();
}

const std::atomic<train::StopWish> TrainingTest::kNoWish{train::StopWish::None};

TrainingTest::TrainingTest() : m_folder(TemporaryFolder::create("weft-train-test").value()) {
  // Models this small gain nothing from a second thread, and wait for it long where tests run side by side.
  at::set_num_threads(1);
  m_shard = writeShard(2000, tinyConfig().model.vocabulary);
}

fs::path TrainingTest::writeShard(std::int64_t tokens, std::int64_t vocabulary) {
  const fs::path path = folder() / "tokens.bin";
  std::mt19937 random(7);
  std::vector<data::TokenId> ids{1};
  while (static_cast<std::int64_t>(ids.size()) < tokens) {
    const auto size = static_cast<data::TokenId>(vocabulary);
    ids.push_back(static_cast<data::TokenId>(random() % 8 == 0 ? random() % size : (ids.back() * 5 + 3) % size));
  }
  data::TokenShardWriter writer = data::TokenShardWriter::create(path, vocabulary).value();
  EXPECT_TRUE(writer.append(ids));
  EXPECT_TRUE(writer.finish());
  return path;
}

data::TokenShard TrainingTest::openShard() const { return data::TokenShard::open(m_shard).value(); }

std::unique_ptr<train::Trainer> TrainingTest::makeTrainer(nn::Decoder& decoder, const config::RunConfig& config,
                                                          const std::string& checkpoints) {
  return train::Trainer::create(decoder, config, openShard(), folder() / checkpoints).value();
}

train::TrainerHooks TrainingTest::hooksFor(nn::Decoder& decoder, Record& record) {
  train::TrainerHooks hooks;
  hooks.onStep = [&record](const train::StepReport& report) { record.steps[report.step] = report; };
  hooks.evaluate = [this, &decoder, &record](std::int64_t step) -> Result<double> {
    const torch::NoGradGuard noGrad;
    std::vector<std::int64_t> ids(65);
    openShard().copy(0, ids);
    const torch::Tensor all = torch::tensor(ids, torch::kLong);
    const double loss =
        decoder.loss(all.narrow(0, 0, 64).view({8, 8}), all.narrow(0, 1, 64).view({8, 8})).item<double>();
    record.evaluations[step] = std::exp(loss);
    return std::exp(loss);
  };
  hooks.onCheckpoint = [&record](const train::SavedCheckpoint&, const train::TrainingState& state) {
    record.checkpoints.push_back(state.step);
  };
  return hooks;
}

Result<train::Outcome> TrainingTest::run(train::Trainer& trainer, const train::TrainerHooks& hooks) const {
  return trainer.run(hooks, kNoWish);
}

}  // namespace weft::train_test
