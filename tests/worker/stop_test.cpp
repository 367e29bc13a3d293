// weft-worker as a process: stopped, paused, killed, and continued.
#include <gmock/gmock.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <iterator>

#include "engine/nn/checkpoint.h"
#include "engine/nn/safetensors.h"
#include "engine/train/training_checkpoint.h"
#include "tests/worker/worker_under_test.h"

namespace fs = std::filesystem;
using namespace weft;
using namespace weft::worker_test;
using protocol::AlertEvent;
using protocol::CheckpointEvent;
using protocol::EvaluationEvent;
using protocol::FinishedEvent;
using protocol::HelloEvent;
using protocol::MetricEvent;
using ::testing::HasSubstr;

class StoppedWorker : public WorkerTest {
 protected:
  // Long enough to be caught in the middle.
  static config::RunConfig longConfig() {
    config::RunConfig config = tinyConfig();
    config.train.steps = 400;
    config.train.evaluateEvery = 50;
    return config;
  }
  std::size_t count(const std::string& name, const std::string& type) const {
    const std::string text = readFile(runFolder(name) / "events.jsonl").value_or(""),
                      wanted = "{\"type\":\"" + type + "\"";
    std::size_t found = 0;
    for (std::size_t at = text.find(wanted); at != std::string::npos; at = text.find(wanted, at + 1)) ++found;
    return found;
  }
  // Values that must not depend on interruptions, by step; later attempts replace what they did again.
  static std::map<std::int64_t, std::vector<double>> curve(const Events& events) {
    std::map<std::int64_t, std::vector<double>> curve;
    for (const MetricEvent& metric : events.of<MetricEvent>()) {
      curve[metric.step] = {metric.values.at("train/loss"), metric.values.at("train/learning_rate"),
                            metric.values.at("train/gradient_norm"), static_cast<double>(metric.tokens)};
    }
    return curve;
  }
  static std::map<std::int64_t, double> evaluations(const Events& events) {
    std::map<std::int64_t, double> found;
    for (const EvaluationEvent& evaluation : events.of<EvaluationEvent>())
      found[evaluation.step] = evaluation.perplexity;
    return found;
  }
  void expectSameEnd(const std::string& a, const std::string& b, std::int64_t step) const {
    for (const char* file : {"model.safetensors", "trainer.safetensors", "trainer.json"}) {
      const fs::path inside = fs::path("checkpoints") / ("step-" + std::to_string(step)) / file;
      EXPECT_EQ(readFile(runFolder(a) / inside).value(), readFile(runFolder(b) / inside).value()) << file;
    }
    EXPECT_EQ(curve(events(a)), curve(events(b)));
    EXPECT_EQ(evaluations(events(a)), evaluations(events(b)));
  }
};

TEST_F(StoppedWorker, BySigtermOrSigusr1SavesSaysSoAndContinuesExactly) {
  config::RunConfig config = longConfig();
  config.train.batchSequences = 6;
  config.train.microBatch = 2;
  trained("whole", config);

  writeTraining("run", config);
  {
    WorkerProcess worker(runFolder("run"));
    ASSERT_TRUE(worker.runsUntil([&] { return count("run", "metric") >= 60; })) << log("run");
    worker.signal(SIGUSR1);
    EXPECT_EQ(worker.wait(), 0) << log("run");
  }
  Events said = events("run");
  ASSERT_EQ(said.ends(), 1u);
  FinishedEvent paused = std::get<FinishedEvent>(said.all.back().body);
  EXPECT_EQ(paused.outcome, "paused");
  const auto step = static_cast<std::int64_t>(paused.summary.at("step"));
  EXPECT_GE(step, 60);
  ASSERT_LT(step, 400);
  ASSERT_EQ(said.of<CheckpointEvent>().size(), 1u);
  EXPECT_EQ(said.of<CheckpointEvent>()[0].step, step);

  writeTraining("run", config, 2);
  {
    WorkerProcess worker(runFolder("run"));
    ASSERT_TRUE(worker.runsUntil([&] { return count("run", "metric") >= static_cast<std::size_t>(step) + 40; }))
        << log("run");
    worker.signal(SIGTERM);
    EXPECT_EQ(worker.wait(), 0) << log("run");
  }
  said = events("run");
  EXPECT_EQ(said.ends(), 2u);
  EXPECT_EQ(std::get<FinishedEvent>(said.all.back().body).outcome, "stopped");
  EXPECT_EQ(said.of<HelloEvent>().at(1).attempt, 2);

  writeTraining("run", config, 3);
  EXPECT_EQ(run("run"), 0) << log("run");
  EXPECT_EQ(std::get<FinishedEvent>(events("run").all.back().body).outcome, "completed");
  EXPECT_EQ(events("run").damaged, 0);
  expectSameEnd("run", "whole", 400);
}

TEST_F(StoppedWorker, BeforeItsFirstStepEndsAtOnce) {
  config::RunConfig config = longConfig();
  config.data.syntheticTokens = 200'000'000;
  writeTraining("run", config);
  WorkerProcess worker(runFolder("run"));
  ASSERT_TRUE(worker.runsUntil([&] { return count("run", "progress") >= 1; })) << log("run");
  worker.signal(SIGTERM);
  EXPECT_EQ(worker.wait(), 0) << log("run");
  const Events said = events("run");
  EXPECT_EQ(said.ends(), 1u);
  EXPECT_EQ(std::get<FinishedEvent>(said.all.back().body).outcome, "stopped");
  EXPECT_TRUE(said.of<MetricEvent>().empty());
}

TEST_F(StoppedWorker, KilledLeavesReadableEventsAndTheNextAttemptContinuesToTheSameEnd) {
  config::RunConfig config = longConfig();
  config.train.checkpointEvery = 40;
  trained("whole", config);
  writeTraining("run", config);
  {
    WorkerProcess worker(runFolder("run"));
    ASSERT_TRUE(worker.runsUntil([&] { return count("run", "checkpoint") >= 2; })) << log("run");
    worker.signal(SIGKILL);
    EXPECT_EQ(worker.wait(), 128 + SIGKILL);
  }
  EXPECT_EQ(events("run").ends(), 0u);
  EXPECT_EQ(events("run").damaged, 0);
  writeTraining("run", config, 2);
  EXPECT_EQ(run("run"), 0) << log("run");
  EXPECT_EQ(events("run").ends(), 1u);
  expectSameEnd("run", "whole", 400);
}

TEST_F(StoppedWorker, KilledAgainAndAgainWhileItSavesNeverLeavesHalfACheckpoint) {
  // A model of which saving takes far longer than a step, saved at every step: most kills meet a checkpoint in the
  // making or in removal.
  config::RunConfig config = tinyConfig();
  config.model.feedForward = 4096;
  config.train.steps = 10'000;
  config.train.batchSequences = 1;
  config.train.sequenceLength = 4;
  config.train.evaluateEvery = 0;
  config.train.checkpointEvery = 1;
  config.evaluation.tokens = 8;
  std::int64_t newest = 0;
  const fs::path checkpoints = runFolder("run") / "checkpoints";
  for (int attempt = 1; attempt <= 6; ++attempt) {
    SCOPED_TRACE(attempt);
    writeTraining("run", config, attempt);
    const std::size_t before = count("run", "checkpoint");
    {
      WorkerProcess worker(runFolder("run"));
      // Kills meet different places: right after an event, or as soon as something unfinished is seen.
      const bool meetsHalf = attempt % 2 == 0;
      ASSERT_TRUE(worker.runsUntil([&] {
        if (count("run", "checkpoint") < before + 1 + static_cast<std::size_t>(attempt % 3)) return false;
        if (!meetsHalf) return true;
        std::error_code error;
        for (const auto& entry : fs::directory_iterator(checkpoints, error)) {
          if (entry.is_directory(error) && !fs::exists(entry.path() / "trainer.json", error)) return true;
        }
        return false;
      })) << log("run");
      worker.signal(SIGKILL);
      EXPECT_EQ(worker.wait(), 128 + SIGKILL);
    }
    EXPECT_EQ(events("run").ends(), 0u);
    const std::vector<fs::path> all = train::listCheckpoints(checkpoints);
    ASSERT_FALSE(all.empty());
    for (const fs::path& checkpoint : all) {
      EXPECT_TRUE(nn::loadModel(checkpoint, torch::kCPU)) << checkpoint;
      EXPECT_TRUE(nn::readSafetensors(checkpoint / "trainer.safetensors")) << checkpoint;
      EXPECT_TRUE(fs::exists(checkpoint / "trainer.json")) << checkpoint;
    }
    const std::int64_t step = std::stoll(all.back().filename().string().substr(5));
    EXPECT_GT(step, newest) << "each attempt goes on where the last one was";
    newest = step;
  }
}

TEST_F(StoppedWorker, KilledWhileItRemovesAnOldCheckpointNeverLeavesAHalf) {
  config::RunConfig config = longConfig();
  config.train.checkpointEvery = 1;
  config.evaluation.tokens = 8;
  const fs::path checkpoints = runFolder("run") / "checkpoints";
  const auto filesIn = [](const fs::path& folder) {
    std::error_code error;
    return std::distance(fs::directory_iterator(folder, error), fs::directory_iterator());
  };
  writeTraining("run", config);
  {
    WorkerProcess worker(runFolder("run"));
    ASSERT_TRUE(worker.runsUntil([&] { return count("run", "checkpoint") >= 3; })) << log("run");
    worker.signal(SIGUSR1);
    ASSERT_EQ(worker.wait(), 0);
  }
  // So many files that removing them takes long enough to be met.
  const std::vector<fs::path> old = train::listCheckpoints(checkpoints);
  for (const fs::path& checkpoint : old) {
    for (int i = 0; i < 3000; ++i) std::ofstream(checkpoint / ("filler-" + std::to_string(i)));
  }
  const auto whole = filesIn(old.front());
  ASSERT_GT(whole, 3000);
  writeTraining("run", config, 2);
  {
    WorkerProcess worker(runFolder("run"));
    ASSERT_TRUE(worker.runsUntil([&] {
      return std::any_of(old.begin(), old.end(), [&](const fs::path& path) { return filesIn(path) != whole; });
    })) << log("run");
    worker.signal(SIGKILL);
    ASSERT_EQ(worker.wait(), 128 + SIGKILL);
  }
  for (const fs::path& path : old) EXPECT_TRUE(!fs::exists(path) || filesIn(path) == whole) << path;
  // What it left is cleared away by the next attempt.
  writeTraining("run", config, 3);
  {
    const std::size_t before = count("run", "checkpoint");
    WorkerProcess worker(runFolder("run"));
    ASSERT_TRUE(worker.runsUntil([&] { return count("run", "checkpoint") >= before + 1; })) << log("run");
    worker.signal(SIGUSR1);
    ASSERT_EQ(worker.wait(), 0);
  }
  for (const auto& entry : fs::directory_iterator(checkpoints))
    EXPECT_FALSE(entry.path().filename().string().starts_with('.')) << entry.path();
}

TEST_F(StoppedWorker, WhoseNewestCheckpointIsCutOffContinuesFromTheOlderOneAndSaysSo) {
  config::RunConfig config = tinyConfig();
  config.train.checkpointEvery = 4;
  trained("whole", config);
  trained("run", config);
  fs::resize_file(runFolder("run") / "checkpoints/step-12/trainer.safetensors", 500);
  writeTraining("run", config, 2);
  EXPECT_EQ(run("run"), 0) << log("run");
  const auto alerts = events("run").of<AlertEvent>();
  ASSERT_EQ(alerts.size(), 1u);
  EXPECT_THAT(alerts[0].message, HasSubstr("step-12/trainer.safetensors"));
  EXPECT_THAT(alerts[0].message, HasSubstr("continues from step 8"));
  expectSameEnd("run", "whole", 12);
}

TEST_F(StoppedWorker, WithNothingToContinueFromBeginsAgainAndSaysSo) {
  trained("whole", tinyConfig());
  writeTraining("run", tinyConfig(), 2);
  EXPECT_EQ(run("run"), 0) << log("run");
  const auto alerts = events("run").of<AlertEvent>();
  ASSERT_EQ(alerts.size(), 1u);
  EXPECT_THAT(alerts[0].message, HasSubstr("begins again at step 0"));
  expectSameEnd("run", "whole", 12);
}

TEST_F(StoppedWorker, DoesNotNeedItsInitialWeightsOnceItHasACheckpoint) {
  config::RunConfig config = tinyConfig();
  const fs::path initial = trained("initial", config);
  config.train.initFrom = initial.string();
  trained("run", config);
  fs::remove_all(initial);
  writeTraining("run", config, 2);
  EXPECT_EQ(run("run"), 0) << log("run");
}
