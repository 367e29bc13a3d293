// engine/train/trainer.h -- one training: batches in the sampler's order, gradient accumulation, AdamW, checkpoints.
// One thread. B sequences of a micro batch, T tokens.
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "engine/base/result.h"
#include "engine/config/run_config.h"
#include "engine/data/sampler.h"
#include "engine/data/token_shard.h"
#include "engine/nn/decoder.h"
#include "engine/train/adamw.h"
#include "engine/train/batch_loader.h"
#include "engine/train/loss_watch.h"
#include "engine/train/passes.h"
#include "engine/train/training_checkpoint.h"

namespace weft::train {

enum class StopWish { None, Stop, Pause };  // set from a signal handler

struct StepReport {
  std::int64_t step = 0, tokens = 0;  // after this step
  double loss_nats = 0, learningRate = 0, gradientNorm = 0, tokensPerSecond = 0, stepTime_s = 0;
};

// What the trainer tells its owner; called on the training thread.
struct TrainerHooks {
  std::function<void(const StepReport&)> onStep;  // every logEvery steps
  std::function<void(const Warning&, std::int64_t step)> onWarning;
  std::function<Result<double>(std::int64_t step)> evaluate;  // held-out perplexity
  std::function<void(const SavedCheckpoint&, const TrainingState&)> onCheckpoint;
};

enum class Outcome { Completed, Stopped, Paused };

struct Resumed {
  bool found = false;          // false: there was no checkpoint
  std::vector<Error> refused;  // newer checkpoints that could not be read, newest first
};

class Trainer {
 public:
  // `config` is resolved and valid. InvalidInput if the shard is too short for one sequence.
  [[nodiscard]] static Result<std::unique_ptr<Trainer>> create(nn::Decoder& decoder, const config::RunConfig& config,
                                                               data::TokenShard shard,
                                                               std::filesystem::path checkpoints);
  // Continues after the newest checkpoint that can be read. The error is the newest one's: without any that can be read
  // there is nothing to go on.
  [[nodiscard]] Result<Resumed> resume();
  // Runs to the last step, or until `wish` is set: then the micro batch in hand is finished, what a step has of it so
  // far is given up, and the step before is checkpointed. The first step of an attempt is finished all the same, so
  // that a run always gets on. JobFailed when the loss is no longer a number, or by train.stop_when; no checkpoint and
  // no evaluation is made of such a step. A resumed run continues bitwise as the uninterrupted one on the CPU.
  [[nodiscard]] Result<Outcome> run(const TrainerHooks& hooks, const std::atomic<StopWish>& wish);

  const TrainingState& state() const { return m_state; }
  nn::Decoder& decoder() { return m_decoder; }

 private:
  Trainer(nn::Decoder& decoder, const config::RunConfig& config, data::TokenShard shard,
          std::filesystem::path checkpoints);
  // Forward and backward of one batch; the mean loss, a scalar on the device. Nothing if `wish` came amid it.
  std::optional<torch::Tensor> passes(BatchLoader& batches, const std::atomic<StopWish>& wish);
  [[nodiscard]] Result<void> watch(const TrainerHooks& hooks, const StepReport& report);
  [[nodiscard]] Result<void> checkpoint(const TrainerHooks& hooks);
  [[nodiscard]] Result<void> evaluate(const TrainerHooks& hooks);

  nn::Decoder& m_decoder;
  config::RunConfig m_config;
  data::TokenShard m_shard;
  data::SequenceSampler m_sampler;
  std::filesystem::path m_checkpoints;
  step::Parameters m_parameters;
  AdamW m_optimizer;
  Passes m_passes;
  TrainingState m_state;
  LossWatch m_watch;
  std::int64_t m_stepsOfAttempt = 0;
  std::int64_t m_evaluatedStep = -1, m_savedStep = -1;
};

}  // namespace weft::train
