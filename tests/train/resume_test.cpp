// Resuming at step k equals the uninterrupted run: weights, moments and what was said, bit for bit.
#include <ATen/Parallel.h>
#include <gmock/gmock.h>

#include <stdexcept>

#include "tests/train/training_fixture.h"

using namespace weft;
using namespace weft::train_test;
using ::testing::HasSubstr;

namespace {

// Accumulation, evaluations between the checkpoints, warm-up and cosine both crossed.
config::RunConfig resumableConfig() {
  config::RunConfig config = tinyConfig();
  config.train.steps = 13;
  config.train.batchSequences = 6;
  config.train.microBatch = 2;
  config.train.evaluateEvery = 3;
  config.train.checkpointEvery = 4;
  return config;
}

void expectSameRecords(const Record& resumed, const Record& whole, std::int64_t after) {
  for (std::int64_t step = after + 1; step <= 13; ++step) {
    ASSERT_EQ(resumed.steps.count(step), 1u) << step;
    const train::StepReport &a = resumed.steps.at(step), &b = whole.steps.at(step);
    EXPECT_EQ(a.loss_nats, b.loss_nats) << step;
    EXPECT_EQ(a.gradientNorm, b.gradientNorm) << step;
    EXPECT_EQ(a.learningRate, b.learningRate) << step;
    EXPECT_EQ(a.tokens, b.tokens) << step;
    EXPECT_EQ(resumed.evaluations.count(step), whole.evaluations.count(step)) << step;
    if (whole.evaluations.count(step) == 1) {
      EXPECT_EQ(resumed.evaluations.at(step), whole.evaluations.at(step)) << step;
    }
  }
}

}  // namespace

class Resume : public TrainingTest {
 protected:
  struct End {
    Record record;
    std::map<std::string, torch::Tensor> state;
  };
  // What the last checkpoint of a run holds: weights and moments.
  std::map<std::string, torch::Tensor> stateIn(const std::filesystem::path& checkpoint,
                                               const config::RunConfig& config) {
    const auto decoder = makeDecoder(config, 77);
    step::Parameters parameters(decoder->parameters());
    train::AdamW optimizer(parameters, config.train);
    EXPECT_TRUE(train::restoreCheckpoint(checkpoint, *decoder, optimizer));
    return stateOf(*decoder, optimizer);
  }
  End uninterrupted(const config::RunConfig& config) {
    const auto decoder = makeDecoder(config, 1);
    End end;
    const auto trainer = makeTrainer(*decoder, config, "whole");
    EXPECT_EQ(run(*trainer, hooksFor(*decoder, end.record)).value(), train::Outcome::Completed);
    end.state = stateIn(folder() / "whole/step-13", config);
    return end;
  }
  // A new process: other initial weights, so that nothing but the checkpoint can make it equal.
  End resumed(const config::RunConfig& config, const std::string& checkpoints, std::int64_t expectedStep) {
    const auto decoder = makeDecoder(config, 999);
    End end;
    const auto trainer = makeTrainer(*decoder, config, checkpoints);
    EXPECT_TRUE(trainer->resume().value().found);
    EXPECT_EQ(trainer->state().step, expectedStep);
    EXPECT_EQ(run(*trainer, hooksFor(*decoder, end.record)).value(), train::Outcome::Completed);
    end.state = stateIn(folder() / checkpoints / "step-13", config);
    return end;
  }
};

class ResumeOnThreads : public Resume, public ::testing::WithParamInterface<int> {};

TEST_P(ResumeOnThreads, ContinuesBitwiseAfterAStopAtAnyStep) {
  at::set_num_threads(GetParam());
  config::RunConfig config = resumableConfig();
  if (GetParam() > 1) {
    config.model.feedForward = 2048;  // wide enough that products and gates are shared between threads
    config.train.batchSequences = 2;
    config.train.microBatch = 1;
  }
  const End whole = uninterrupted(config);
  for (const std::int64_t stop : {1, 2, 3, 4, 8, 11, 12}) {
    if (GetParam() > 1 && stop != 8) continue;
    SCOPED_TRACE(stop);
    const std::string checkpoints = "stopped-" + std::to_string(stop);
    const auto decoder = makeDecoder(config, 1);
    const auto trainer = makeTrainer(*decoder, config, checkpoints);
    // A wish from within the report of a step ends the run there; one from the start lets the first step happen.
    std::atomic<train::StopWish> wish{stop == 1 ? train::StopWish::Pause : train::StopWish::None};
    Record before;
    train::TrainerHooks hooks = hooksFor(*decoder, before);
    hooks.onStep = [&, record = hooks.onStep](const train::StepReport& report) {
      record(report);
      if (report.step == stop) wish = train::StopWish::Stop;
    };
    EXPECT_NE(trainer->run(hooks, wish).value(), train::Outcome::Completed);
    ASSERT_EQ(trainer->state().step, stop);

    const End end = resumed(config, checkpoints, stop);
    expectSameRecords(end.record, whole.record, stop);
    EXPECT_TRUE(areBitwiseEqual(end.state, whole.state));
    // Together both attempts evaluated exactly what one run does.
    std::map<std::int64_t, double> evaluations = before.evaluations;
    evaluations.insert(end.record.evaluations.begin(), end.record.evaluations.end());
    EXPECT_EQ(evaluations, whole.record.evaluations);
  }
}

INSTANTIATE_TEST_SUITE_P(, ResumeOnThreads, ::testing::Values(1, 2));

TEST_F(Resume, ContinuesBitwiseFromTheLastCheckpointBeforeACrash) {
  const config::RunConfig config = resumableConfig();
  const End whole = uninterrupted(config);
  for (const auto& [crash, saved] : {std::pair<std::int64_t, std::int64_t>(6, 4), {8, 4}, {9, 8}, {13, 12}}) {
    SCOPED_TRACE(crash);
    const std::string checkpoints = "crashed-" + std::to_string(crash);
    const auto decoder = makeDecoder(config, 1);
    const auto trainer = makeTrainer(*decoder, config, checkpoints);
    Record before;
    train::TrainerHooks hooks = hooksFor(*decoder, before);
    hooks.onStep = [crash = crash](const train::StepReport& report) {
      if (report.step == crash) throw std::runtime_error("the process died here");
    };
    EXPECT_THROW((void)run(*trainer, hooks), std::runtime_error);
    const End end = resumed(config, checkpoints, saved);
    expectSameRecords(end.record, whole.record, saved);
    EXPECT_TRUE(areBitwiseEqual(end.state, whole.state));
  }
}

TEST_F(Resume, CanBeInterruptedAgainAndAgain) {
  const config::RunConfig config = resumableConfig();
  const End whole = uninterrupted(config);
  // One step an attempt: a wish that is there from the start still lets one step happen, so that a run always gets on.
  const std::atomic<train::StopWish> wish{train::StopWish::Pause};
  for (std::int64_t step = 1; step <= 13; ++step) {
    const auto decoder = makeDecoder(config, static_cast<std::uint64_t>(step));
    const auto trainer = makeTrainer(*decoder, config, "often");
    const bool found = trainer->resume().value().found;
    EXPECT_EQ(found, step > 1);
    if (!found) {
      const torch::NoGradGuard noGrad;
      const auto first = makeDecoder(config, 1);
      for (std::size_t i = 0; i < first->parameters().size(); ++i)
        decoder->parameters()[i].value.copy_(first->parameters()[i].value);
    }
    Record record;
    EXPECT_EQ(trainer->run(hooksFor(*decoder, record), wish).value(),
              step < 13 ? train::Outcome::Paused : train::Outcome::Completed);
    EXPECT_EQ(trainer->state().step, step);
    EXPECT_EQ(record.steps.at(step).loss_nats, whole.record.steps.at(step).loss_nats);
  }
  EXPECT_TRUE(areBitwiseEqual(stateIn(folder() / "often/step-13", config), whole.state));
}

TEST_F(Resume, OfAFinishedRunDoesNothingMore) {
  const config::RunConfig config = resumableConfig();
  uninterrupted(config);
  const auto decoder = makeDecoder(config, 5);
  const auto trainer = makeTrainer(*decoder, config, "whole");
  ASSERT_TRUE(trainer->resume().value().found);
  Record record;
  EXPECT_EQ(run(*trainer, hooksFor(*decoder, record)).value(), train::Outcome::Completed);
  EXPECT_TRUE(record.steps.empty());
  EXPECT_TRUE(trainer->state().perplexity.has_value());
}

TEST_F(Resume, BeginsAtZeroWhenThereIsNoCheckpoint) {
  const auto decoder = makeDecoder(resumableConfig(), 1);
  const auto trainer = makeTrainer(*decoder, resumableConfig(), "nothing");
  const train::Resumed resumed = trainer->resume().value();
  EXPECT_FALSE(resumed.found);
  EXPECT_TRUE(resumed.refused.empty());
  EXPECT_EQ(trainer->state().step, 0);
}

TEST_F(Resume, TakesTheOlderCheckpointWhenTheNewestIsCutOffAndSaysSo) {
  const config::RunConfig config = resumableConfig();
  const End whole = uninterrupted(config);
  for (const char* file : {"model.safetensors", "trainer.safetensors", "trainer.json"}) {
    SCOPED_TRACE(file);
    const std::string checkpoints = std::string("cut-") + file;
    std::filesystem::copy(folder() / "whole", folder() / checkpoints, std::filesystem::copy_options::recursive);
    const std::filesystem::path damaged = folder() / checkpoints / "step-13" / file;
    std::filesystem::resize_file(damaged, std::filesystem::file_size(damaged) / 2);
    const auto decoder = makeDecoder(config, 999);
    const auto trainer = makeTrainer(*decoder, config, checkpoints);
    const train::Resumed answer = trainer->resume().value();
    EXPECT_TRUE(answer.found);
    EXPECT_EQ(trainer->state().step, 12);
    ASSERT_EQ(answer.refused.size(), 1u);
    EXPECT_EQ(answer.refused[0].code, ErrorCode::Corrupt);
    EXPECT_THAT(answer.refused[0].message, HasSubstr((folder() / checkpoints / "step-13" / file).string()));
    EXPECT_EQ(answer.refused[0].message.find('\n'), std::string::npos);
    Record record;
    ASSERT_TRUE(run(*trainer, hooksFor(*decoder, record)));
    EXPECT_TRUE(areBitwiseEqual(stateIn(folder() / checkpoints / "step-13", config), whole.state));
  }
}

TEST_F(Resume, RefusesWhenNoCheckpointCanBeRead) {
  const config::RunConfig config = resumableConfig();
  uninterrupted(config);
  for (const auto& checkpoint : train::listCheckpoints(folder() / "whole"))
    std::filesystem::resize_file(checkpoint / "model.safetensors", 100);
  const auto decoder = makeDecoder(config, 1);
  const Result<train::Resumed> resumed = makeTrainer(*decoder, config, "whole")->resume();
  ASSERT_FALSE(resumed);
  EXPECT_EQ(resumed.error().code, ErrorCode::Corrupt);
  EXPECT_THAT(resumed.error().message, HasSubstr("step-13"));
}
