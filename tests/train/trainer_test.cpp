#include "engine/train/trainer.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <chrono>
#include <cmath>
#include <limits>
#include <map>
#include <thread>

#include "engine/device/device.h"
#include "tests/train/training_fixture.h"

using namespace weft;
using namespace weft::train_test;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Key;
using ::testing::UnorderedElementsAre;

class Trainer : public TrainingTest {};

TEST_F(Trainer, LearnsFarBelowTheUnigramLossOfItsTokens) {
  config::RunConfig config = tinyConfig();
  config.train.steps = 150;
  config.train.batchSequences = 16;
  const auto decoder = makeDecoder(config, 1);
  Record record;
  const auto trainer = makeTrainer(*decoder, config);
  ASSERT_EQ(run(*trainer, hooksFor(*decoder, record)).value(), train::Outcome::Completed);
  // 19 ids, each nearly as frequent as the other; a reader who knows the rule needs 0.125 ln(8 * 19) + 0.875 ln(1 /
  // 0.88) = 0.74 nats.
  EXPECT_NEAR(record.steps.at(1).loss_nats, std::log(19.0), 0.1);
  EXPECT_LT(record.steps.at(150).loss_nats, 1.1);
  EXPECT_EQ(trainer->state().tokens, 150 * 16 * 8);
}

TEST_F(Trainer, SeesNoDifferenceBetweenOneLargeBatchAndAccumulatedMicroBatches) {
  // float64, so that only the order of sums differs: a few 1e-16 a step, which Adam's division by a small sqrt(v) may
  // enlarge.
  config::RunConfig whole = tinyConfig(), parts = tinyConfig();
  whole.train.batchSequences = parts.train.batchSequences = 6;
  parts.train.microBatch = 2;
  Record wholeRecord, partsRecord;
  const auto wholeDecoder = makeDecoder(whole, 1, torch::kDouble), partsDecoder = makeDecoder(parts, 1, torch::kDouble);
  ASSERT_TRUE(run(*makeTrainer(*wholeDecoder, whole, "whole"), hooksFor(*wholeDecoder, wholeRecord)));
  ASSERT_TRUE(run(*makeTrainer(*partsDecoder, parts, "parts"), hooksFor(*partsDecoder, partsRecord)));
  for (const auto& [step, report] : wholeRecord.steps) {
    EXPECT_NEAR(report.loss_nats, partsRecord.steps.at(step).loss_nats, 1e-9) << step;
    EXPECT_NEAR(report.gradientNorm, partsRecord.steps.at(step).gradientNorm, 1e-9) << step;
    EXPECT_EQ(report.tokens, partsRecord.steps.at(step).tokens);
  }
  for (std::size_t i = 0; i < wholeDecoder->parameters().size(); ++i) {
    const auto &a = wholeDecoder->parameters()[i], &b = partsDecoder->parameters()[i];
    EXPECT_TRUE(torch::allclose(a.value, b.value, 0, 1e-8)) << a.name;
  }
}

TEST_F(Trainer, TrainsOnTheSamplersWindowsInItsOrder) {
  // The loss of step 1 is that of the untrained decoder on the first four windows of the sampler.
  const config::RunConfig config = tinyConfig();
  const auto decoder = makeDecoder(config, 1, torch::kDouble), untrained = makeDecoder(config, 1, torch::kDouble);
  Record record;
  ASSERT_TRUE(run(*makeTrainer(*decoder, config), hooksFor(*decoder, record)));
  const data::TokenShard shard = openShard();
  const data::SequenceSampler sampler(shard.size(), 8, 1);
  double sum = 0;
  for (std::int64_t row = 0; row < 4; ++row) {
    std::vector<std::int64_t> ids(9);
    shard.copy(sampler.offsetOf(row), ids);
    const torch::Tensor all = torch::tensor(ids, torch::kLong).unsqueeze(0);
    sum += untrained->loss(all.narrow(1, 0, 8), all.narrow(1, 1, 8)).item<double>();
  }
  EXPECT_NEAR(record.steps.at(1).loss_nats, sum / 4, 1e-12);
}

TEST_F(Trainer, OnCudaFollowsTheCpu) {
  const Result<c10::Device> device = device::chooseDevice("cuda");
  if (!device) GTEST_SKIP() << "this machine has no CUDA device";
  config::RunConfig config = tinyConfig();
  config.train.microBatch = 2;
  const auto here = makeDecoder(config, 1);
  const auto there = nn::Decoder::create(here->spec(), 1, *device).value();
  Record hereRecord, thereRecord;
  ASSERT_TRUE(run(*makeTrainer(*here, config, "here"), hooksFor(*here, hereRecord)));
  train::TrainerHooks hooks = hooksFor(*there, thereRecord);
  hooks.evaluate = {};
  ASSERT_TRUE(run(*makeTrainer(*there, config, "there"), hooks));
  // float32 on both; Adam's first steps enlarge rounding where a gradient is near zero.
  for (const auto& [step, report] : hereRecord.steps) {
    EXPECT_NEAR(report.loss_nats, thereRecord.steps.at(step).loss_nats, 2e-3) << step;
    EXPECT_NEAR(report.gradientNorm, thereRecord.steps.at(step).gradientNorm, 1e-2) << step;
  }
}

TEST_F(Trainer, ReportsEvaluatesAndSavesWhenItIsDue) {
  config::RunConfig config = tinyConfig();
  config.train.steps = 11;
  config.train.logEvery = 4;
  config.train.evaluateEvery = 3;
  config.train.checkpointEvery = 5;
  const auto decoder = makeDecoder(config, 1);
  Record record;
  ASSERT_TRUE(run(*makeTrainer(*decoder, config), hooksFor(*decoder, record)));
  EXPECT_THAT(record.steps, UnorderedElementsAre(Key(1), Key(4), Key(8), Key(11)));
  // A checkpoint has a perplexity, so that the best one is known.
  EXPECT_THAT(record.evaluations, UnorderedElementsAre(Key(3), Key(5), Key(6), Key(9), Key(10), Key(11)));
  EXPECT_THAT(record.checkpoints, ElementsAre(5, 10, 11));
  EXPECT_EQ(record.steps.at(8).tokens, 8 * 4 * 8);
  EXPECT_GT(record.steps.at(11).tokensPerSecond, 0);
}

TEST_F(Trainer, SavesTheStepThatIsDoneWhenAskedToStopOrPause) {
  for (const auto& [wanted, outcome] : {std::pair(train::StopWish::Stop, train::Outcome::Stopped),
                                        std::pair(train::StopWish::Pause, train::Outcome::Paused)}) {
    const config::RunConfig config = tinyConfig();
    const auto decoder = makeDecoder(config, 1);
    const std::string folderName = wanted == train::StopWish::Stop ? "stop" : "pause";
    const auto trainer = makeTrainer(*decoder, config, folderName);
    std::atomic<train::StopWish> wish{train::StopWish::None};
    Record record;
    train::TrainerHooks hooks = hooksFor(*decoder, record);
    hooks.onStep = [&](const train::StepReport& report) {
      if (report.step == 5) wish = wanted;
    };
    EXPECT_EQ(trainer->run(hooks, wish).value(), outcome);
    EXPECT_EQ(trainer->state().step, 5);
    EXPECT_THAT(record.checkpoints, ElementsAre(5));
    EXPECT_TRUE(std::filesystem::exists(folder() / folderName / "step-5" / "model.safetensors"));
  }
}

TEST_F(Trainer, GivesUpTheStepInHandWithinAMicroBatchAndGoesOnAsIfNothingHadHappened) {
  // A batch of very many micro batches, and somebody who asks while they run: the whole step would take seconds.
  config::RunConfig config = tinyConfig();
  config.train.batchSequences = 1 << 12;
  config.train.microBatch = 1;
  const auto decoder = makeDecoder(config, 1);
  const auto trainer = makeTrainer(*decoder, config, "within");
  std::atomic<train::StopWish> wish{train::StopWish::None};
  Record record;
  train::TrainerHooks hooks = hooksFor(*decoder, record);
  std::thread asking;
  std::map<std::string, torch::Tensor> after;
  hooks.onStep = [&](const train::StepReport&) {
    for (const nn::NamedParameter& parameter : decoder->parameters())
      after[parameter.name] = parameter.value.detach().clone();
    asking = std::thread([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      wish = train::StopWish::Stop;
    });
  };
  EXPECT_EQ(trainer->run(hooks, wish).value(), train::Outcome::Stopped);
  asking.join();
  EXPECT_EQ(trainer->state().step, 1);
  EXPECT_THAT(record.checkpoints, ElementsAre(1));
  for (const nn::NamedParameter& parameter : decoder->parameters())
    EXPECT_TRUE(torch::equal(parameter.value, after[parameter.name])) << parameter.name;
}

TEST_F(Trainer, TakesTheOrderOfTheDataFromASeedOfItsOwn) {
  const auto lossesOf = [&](std::int64_t seed, std::int64_t dataSeed) {
    config::RunConfig config = tinyConfig();
    config.train.steps = 3;
    config.train.seed = seed;
    config.train.dataSeed = dataSeed;
    const auto decoder = makeDecoder(config, 1);  // the weights stay the same
    Record record;
    EXPECT_TRUE(
        run(*makeTrainer(*decoder, config, fmt::format("order-{}-{}", seed, dataSeed)), hooksFor(*decoder, record)));
    std::vector<double> losses;
    for (const auto& [step, report] : record.steps) losses.push_back(report.loss_nats);
    return losses;
  };
  EXPECT_EQ(lossesOf(1, 0), lossesOf(2, 1));
  EXPECT_EQ(lossesOf(1, 7), lossesOf(2, 7));
  EXPECT_NE(lossesOf(1, 0), lossesOf(1, 7));
}

TEST_F(Trainer, WarnsOfARunThatLosesWhatItLearnedAndEndsItWhereThatIsAsked) {
  config::RunConfig config = tinyConfig();
  config.train.steps = 200;
  config.train.warmupFraction = 0;
  for (const bool ends : {false, true}) {
    config.train.stopWhen = ends ? std::vector<std::string>{"divergence"} : std::vector<std::string>{};
    const auto decoder = makeDecoder(config, 1);
    const auto trainer = makeTrainer(*decoder, config, ends ? "ends" : "warns");
    Record record;
    train::TrainerHooks hooks = hooksFor(*decoder, record);
    std::vector<std::string> warnings;
    hooks.onWarning = [&](const train::Warning& warning, std::int64_t) {
      if (warning.trouble == train::Trouble::Divergence) warnings.push_back(warning.sentence);
    };
    // What a rate far too high does, at a step of our choice.
    hooks.onStep = [&](const train::StepReport& report) {
      const torch::NoGradGuard noGrad;
      if (report.step >= 120) {
        for (nn::NamedParameter& parameter : decoder->parameters()) parameter.value.mul_(1.5);
      }
    };
    const Result<train::Outcome> outcome = run(*trainer, hooks);
    if (ends) {
      ASSERT_FALSE(outcome);
      EXPECT_EQ(outcome.error().code, ErrorCode::JobFailed);
      EXPECT_THAT(outcome.error().message, HasSubstr("lost half of what it had learned"));
      EXPECT_THAT(outcome.error().message, HasSubstr("train.stop_when"));
      EXPECT_LT(trainer->state().step, 200);
      EXPECT_TRUE(warnings.empty());
    } else {
      EXPECT_EQ(warnings.size(), 1u);
    }
  }
}

TEST_F(Trainer, FailsWithStepAndCauseWhenTheLossIsNoNumberAndSavesNothingOfIt) {
  config::RunConfig config = tinyConfig();
  config.train.logEvery = 100;
  config.train.checkpointEvery = 2;
  config.train.evaluateEvery = 1;
  const auto decoder = makeDecoder(config, 1);
  Record record;
  train::TrainerHooks hooks = hooksFor(*decoder, record);
  const auto evaluate = hooks.evaluate;
  hooks.evaluate = [&](std::int64_t step) {
    // From here on every loss is NaN; the next report would be 95 steps away.
    if (step == 5) {
      const torch::NoGradGuard noGrad;
      decoder->parameters().back().value.fill_(std::numeric_limits<float>::quiet_NaN());
    }
    return evaluate(step);
  };
  const auto trainer = makeTrainer(*decoder, config);
  const Result<train::Outcome> outcome = run(*trainer, hooks);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, ErrorCode::JobFailed);
  EXPECT_THAT(outcome.error().message, HasSubstr("At step 6 the loss is nan"));
  EXPECT_THAT(outcome.error().message, HasSubstr("train.learning_rate"));
  EXPECT_EQ(trainer->state().step, 6);
  EXPECT_TRUE(std::isnan(record.steps.at(6).loss_nats)) << "the step that failed is reported even if no report was due";
  EXPECT_THAT(record.checkpoints, ElementsAre(2, 4));
}

TEST_F(Trainer, RefusesAShardTooShortForOneSequence) {
  config::RunConfig config = tinyConfig();
  config.train.sequenceLength = 2000;
  const auto decoder = makeDecoder(config, 1);
  const auto trainer = train::Trainer::create(*decoder, config, openShard(), folder() / "checkpoints");
  ASSERT_FALSE(trainer);
  EXPECT_EQ(trainer.error().code, ErrorCode::InvalidInput);
  EXPECT_THAT(trainer.error().message, HasSubstr("2000 tokens, too few for one sequence of 2000"));
  config.train.sequenceLength = 1999;
  EXPECT_TRUE(train::Trainer::create(*decoder, config, openShard(), folder() / "checkpoints"));
}
