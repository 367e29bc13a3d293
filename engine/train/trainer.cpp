#include "engine/train/trainer.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

#include "engine/config/schedule.h"

namespace weft::train {

namespace {

std::int64_t microBatchOf(const config::TrainConfig& train) {
  return train.microBatch > 0 ? train.microBatch : train.batchSequences;
}

}  // namespace

Trainer::Trainer(nn::Decoder& decoder, const config::RunConfig& config, data::TokenShard shard,
                 std::filesystem::path checkpoints)
    : m_decoder(decoder),
      m_config(config),
      m_shard(std::move(shard)),
      m_sampler(m_shard.size(), config.train.sequenceLength,
                static_cast<std::uint64_t>(config.train.dataSeed > 0 ? config.train.dataSeed : config.train.seed)),
      m_checkpoints(std::move(checkpoints)),
      m_parameters(decoder.parameters()),
      m_optimizer(m_parameters, config.train),
      m_passes(decoder, m_parameters, microBatchOf(config.train), config.train.sequenceLength) {}

Result<std::unique_ptr<Trainer>> Trainer::create(nn::Decoder& decoder, const config::RunConfig& config,
                                                 data::TokenShard shard, std::filesystem::path checkpoints) {
  if (shard.size() < config.train.sequenceLength + 1) {
    return fail(
        ErrorCode::InvalidInput,
        fmt::format(
            "The training text has {} tokens, too few for one sequence of {} (train.sequence_length) and its target.",
            shard.size(), config.train.sequenceLength));
  }
  return std::unique_ptr<Trainer>(new Trainer(decoder, config, std::move(shard), std::move(checkpoints)));
}

Result<Resumed> Trainer::resume() {
  Resumed resumed;
  std::vector<std::filesystem::path> all = listCheckpoints(m_checkpoints);
  for (; !all.empty(); all.pop_back()) {
    const Result<TrainingState> state = restoreCheckpoint(all.back(), m_decoder, m_optimizer);
    if (state) {
      m_state = *state;
      m_savedStep = m_state.step;
      resumed.found = true;
      return resumed;
    }
    resumed.refused.push_back(state.error());
  }
  if (!resumed.refused.empty()) return tl::unexpected(resumed.refused.front());
  return resumed;
}

std::optional<torch::Tensor> Trainer::passes(BatchLoader& batches, const std::atomic<StopWish>& wish) {
  const std::int64_t parts = m_config.train.batchSequences / microBatchOf(m_config.train);
  m_passes.begin();
  for (std::int64_t part = 0; part < parts; ++part) {
    if (part > 0 && m_stepsOfAttempt > 0 && wish.load() != StopWish::None) return std::nullopt;
    // Every micro batch has equally many tokens, so the mean of the means is the mean over the batch.
    m_passes.add(batches.next(), 1 / static_cast<double>(parts));
  }
  return m_passes.finish();
}

Result<void> Trainer::evaluate(const TrainerHooks& hooks) {
  if (m_evaluatedStep == m_state.step || !hooks.evaluate) return {};
  WEFT_ASSIGN(m_state.perplexity, hooks.evaluate(m_state.step));
  m_evaluatedStep = m_state.step;
  return {};
}

Result<void> Trainer::checkpoint(const TrainerHooks& hooks) {
  if (m_savedStep == m_state.step) return {};
  TrainingState state = m_state;
  if (m_evaluatedStep != m_state.step) state.perplexity.reset();
  WEFT_ASSIGN(const SavedCheckpoint saved, saveCheckpoint(m_checkpoints, m_decoder, m_optimizer, m_config, state));
  m_savedStep = m_state.step;
  if (hooks.onCheckpoint) hooks.onCheckpoint(saved, state);
  return pruneCheckpoints(m_checkpoints);
}

Result<void> Trainer::watch(const TrainerHooks& hooks, const StepReport& report) {
  const std::optional<Warning> warning = m_watch.onStep(report.step, report.loss_nats, report.stepTime_s);
  if (!warning) return {};
  const std::vector<std::string>& ends = m_config.train.stopWhen;
  if (std::find(ends.begin(), ends.end(), toString(warning->trouble)) != ends.end())
    return fail(ErrorCode::JobFailed, fmt::format("{} train.stop_when ends the run here.", warning->sentence));
  if (hooks.onWarning) hooks.onWarning(*warning, report.step);
  return {};
}

Result<Outcome> Trainer::run(const TrainerHooks& hooks, const std::atomic<StopWish>& wish) {
  using Clock = std::chrono::steady_clock;
  const config::TrainConfig& train = m_config.train;
  const std::int64_t tokensPerStep = train.batchSequences * train.sequenceLength;
  BatchLoader batches(
      m_shard, m_sampler,
      {.rows = microBatchOf(train), .length = train.sequenceLength, .first = m_state.step * train.batchSequences},
      m_decoder.device());
  Clock::time_point since = Clock::now();
  std::int64_t stepsSince = 0;
  const auto isDue = [&](std::int64_t every) { return every > 0 && m_state.step % every == 0; };
  torch::Tensor loss, norm;
  double rate = 0;
  const auto requireNumbers = [&](const StepReport& report) -> Result<void> {
    if (std::isfinite(report.loss_nats) && std::isfinite(report.gradientNorm)) return {};
    return fail(ErrorCode::JobFailed,
                fmt::format("At step {} the loss is {} and the gradient norm {}; a lower train.learning_rate (it was "
                            "{:g}) or a longer train.warmup_fraction usually helps.",
                            report.step, report.loss_nats, report.gradientNorm, rate));
  };
  // A wait for the device.
  const auto reportNow = [&] {
    return StepReport{.step = m_state.step,
                      .tokens = m_state.tokens,
                      .loss_nats = loss.item<double>(),
                      .learningRate = rate,
                      .gradientNorm = norm.item<double>()};
  };

  while (m_state.step < train.steps) {
    if (const StopWish asked = wish.load(); asked != StopWish::None && m_stepsOfAttempt > 0) {
      WEFT_TRY(requireNumbers(reportNow()));
      WEFT_TRY(checkpoint(hooks));
      return asked == StopWish::Pause ? Outcome::Paused : Outcome::Stopped;
    }
    const std::optional<torch::Tensor> made = passes(batches, wish);
    if (!made) continue;
    loss = *made;
    rate = config::learningRate(train, m_state.step);
    norm = m_optimizer.step(rate);
    ++m_state.step;
    ++m_stepsOfAttempt;
    ++stepsSince;
    m_state.tokens += tokensPerStep;
    const bool isLast = m_state.step == train.steps;
    const bool logs = isDue(train.logEvery) || m_state.step == 1 || isLast;
    const bool saves = isDue(train.checkpointEvery) || isLast;
    const bool evaluates = isDue(train.evaluateEvery) || isDue(train.checkpointEvery) || isLast;
    if (!logs && !saves && !evaluates) continue;

    // The only wait for the device in the loop; the clock stops after it, so that tokens/s counts finished work.
    StepReport report = reportNow();
    const Result<void> numbers = requireNumbers(report);
    if (logs || !numbers) {
      const Clock::time_point now = Clock::now();
      report.stepTime_s = std::chrono::duration<double>(now - since).count() / static_cast<double>(stepsSince);
      report.tokensPerSecond = static_cast<double>(tokensPerStep) / report.stepTime_s;
      since = now;
      stepsSince = 0;
      if (hooks.onStep) hooks.onStep(report);
      WEFT_TRY(numbers);
      WEFT_TRY(watch(hooks, report));
    }
    const Clock::time_point before = Clock::now();
    if (evaluates) WEFT_TRY(evaluate(hooks));
    if (saves) WEFT_TRY(checkpoint(hooks));
    since += Clock::now() - before;
  }
  return Outcome::Completed;
}

}  // namespace weft::train
