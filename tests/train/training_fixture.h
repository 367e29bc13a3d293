// tests/train/training_fixture.h -- a training small enough to be run many times: two layers that share their KV, a few
// thousand tokens.
#pragma once

#include <gtest/gtest.h>
#include <torch/types.h>

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/files.h"
#include "engine/config/run_config.h"
#include "engine/nn/decoder.h"
#include "engine/train/trainer.h"

namespace weft::train_test {

config::RunConfig tinyConfig();

// A decoder of this configuration's shape. `type` float64 for comparisons that rounding must not blur.
std::unique_ptr<nn::Decoder> makeDecoder(const config::RunConfig& config, std::uint64_t seed,
                                         torch::ScalarType type = torch::kFloat);

// What one stretch of training said.
struct Record {
  std::map<std::int64_t, train::StepReport> steps;
  std::map<std::int64_t, double> evaluations;
  std::vector<std::int64_t> checkpoints;
};

// The end of a run in bits: weights and moments, by name.
std::map<std::string, torch::Tensor> stateOf(nn::Decoder& decoder, train::AdamW& optimizer);
::testing::AssertionResult areBitwiseEqual(const std::map<std::string, torch::Tensor>& a,
                                           const std::map<std::string, torch::Tensor>& b);

class TrainingTest : public ::testing::Test {
 protected:
  TrainingTest();
  std::filesystem::path folder() const { return m_folder->path(); }
  // A shard of ids that can be learned: each is a fixed function of the one before, most of the time.
  std::filesystem::path writeShard(std::int64_t tokens, std::int64_t vocabulary);
  data::TokenShard openShard() const;
  std::unique_ptr<train::Trainer> makeTrainer(nn::Decoder& decoder, const config::RunConfig& config,
                                              const std::string& checkpoints = "checkpoints");
  // Hooks that write into `record`; the evaluation is a perplexity of the first tokens of the shard.
  train::TrainerHooks hooksFor(nn::Decoder& decoder, Record& record);
  // Runs without a wish to stop.
  Result<train::Outcome> run(train::Trainer& trainer, const train::TrainerHooks& hooks) const;

  std::optional<TemporaryFolder> m_folder;
  std::filesystem::path m_shard;
  static const std::atomic<train::StopWish> kNoWish;
};

}  // namespace weft::train_test
