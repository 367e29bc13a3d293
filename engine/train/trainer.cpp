#include "engine/train/trainer.h"

#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <utility>

#include "engine/config/schedule.h"

namespace weft::train {

Trainer::Trainer(nn::Decoder& decoder, const config::RunConfig& config, data::TokenShard shard,
                 std::filesystem::path checkpoints)
    : m_decoder(decoder),
      m_config(config),
      m_shard(std::move(shard)),
      m_sampler(m_shard.size(), config.train.sequenceLength, static_cast<std::uint64_t>(config.train.seed)),
      m_checkpoints(std::move(checkpoints)),
      m_optimizer(decoder.parameters(), config.train) {}

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

torch::Tensor Trainer::step() {
  const config::TrainConfig& train = m_config.train;
  const std::int64_t micro = train.microBatch > 0 ? train.microBatch : train.batchSequences,
                     length = train.sequenceLength;
  const std::int64_t parts = train.batchSequences / micro;
  torch::Tensor total;
  for (std::int64_t part = 0; part < parts; ++part) {
    torch::Tensor rows = torch::empty(
        {micro, length + 1}, torch::TensorOptions().dtype(torch::kLong).pinned_memory(m_decoder.device().is_cuda()));
    for (std::int64_t row = 0; row < micro; ++row) {
      const std::int64_t number = m_state.step * train.batchSequences + part * micro + row;
      m_shard.copy(m_sampler.offsetOf(number),
                   {rows.mutable_data_ptr<std::int64_t>() + row * (length + 1), static_cast<std::size_t>(length + 1)});
    }
    rows = rows.to(m_decoder.device(), /*non_blocking=*/true);
    // Every micro batch has equally many tokens, so the mean of the means is the mean over the batch.
    const torch::Tensor loss = m_decoder.loss(rows.narrow(1, 0, length), rows.narrow(1, 1, length));
    (loss / static_cast<double>(parts)).backward();
    const torch::Tensor share = loss.detach() / static_cast<double>(parts);
    total = total.defined() ? total + share : share;
  }
  return total;
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

Result<Outcome> Trainer::run(const TrainerHooks& hooks, const std::atomic<StopWish>& wish) {
  using Clock = std::chrono::steady_clock;
  const config::TrainConfig& train = m_config.train;
  const std::int64_t tokensPerStep = train.batchSequences * train.sequenceLength;
  Clock::time_point since = Clock::now();
  std::int64_t stepsSince = 0;
  const auto isDue = [&](std::int64_t every) { return every > 0 && m_state.step % every == 0; };

  while (m_state.step < train.steps) {
    const double rate = config::learningRate(train, m_state.step);
    const torch::Tensor loss = step();
    const torch::Tensor norm = m_optimizer.step(rate);
    ++m_state.step;
    ++stepsSince;
    m_state.tokens += tokensPerStep;
    const StopWish asked = wish.load();
    const bool isLast = m_state.step == train.steps, stopsHere = asked != StopWish::None && !isLast;
    const bool logs = isDue(train.logEvery) || m_state.step == 1 || isLast;
    const bool saves = isDue(train.checkpointEvery) || isLast || stopsHere;
    const bool evaluates = isDue(train.evaluateEvery) || isDue(train.checkpointEvery) || isLast;
    if (!logs && !saves && !evaluates) continue;

    // The only wait for the device in the loop; the clock stops after it, so that tokens/s counts finished work.
    StepReport report{.step = m_state.step,
                      .tokens = m_state.tokens,
                      .loss_nats = loss.item<double>(),
                      .learningRate = rate,
                      .gradientNorm = norm.item<double>()};
    const bool isFinite = std::isfinite(report.loss_nats) && std::isfinite(report.gradientNorm);
    if (logs || !isFinite) {
      const Clock::time_point now = Clock::now();
      report.tokensPerSecond =
          static_cast<double>(stepsSince * tokensPerStep) / std::chrono::duration<double>(now - since).count();
      since = now;
      stepsSince = 0;
      if (hooks.onStep) hooks.onStep(report);
    }
    if (!isFinite) {
      return fail(
          ErrorCode::JobFailed,
          fmt::format(
              "At step {} the loss is {} and the gradient norm {}; a lower train.learning_rate (it was {:g}) or "
              "a longer train.warmup_fraction usually helps.",
              report.step, report.loss_nats, report.gradientNorm, rate));
    }
    const Clock::time_point before = Clock::now();
    if (evaluates) WEFT_TRY(evaluate(hooks));
    if (saves) WEFT_TRY(checkpoint(hooks));
    since += Clock::now() - before;
    if (stopsHere) return asked == StopWish::Pause ? Outcome::Paused : Outcome::Stopped;
  }
  return Outcome::Completed;
}

}  // namespace weft::train
