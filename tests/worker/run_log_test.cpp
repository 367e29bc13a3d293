// weft-worker as a process: log.txt tells the course of a run to whoever opens it, in order, from the build to the
// speed.
#include "engine/service/run_log.h"

#include <gmock/gmock.h>

#include <csignal>
#include <regex>

#include "engine/base/text.h"
#include "engine/base/version.h"
#include "tests/worker/worker_under_test.h"

using namespace weft;
using namespace weft::worker_test;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class RunLogTest : public WorkerTest {
 protected:
  // The sentences without their stamps; a line of others is a failure, since nobody else has a reason to print.
  std::vector<std::string> sentences(const std::string& name) const {
    std::vector<std::string> found;
    for (const std::string& line : split(log(name), '\n')) {
      if (line.empty()) continue;
      EXPECT_TRUE(service::isRunLogLine(line)) << line;
      found.push_back(line.substr(std::min(line.size(), std::string("2026-11-26 21:05:09  ").size())));
    }
    return found;
  }
  // Each pattern matches a line behind the one before it.
  static void expectInOrder(const std::vector<std::string>& lines, const std::vector<std::string>& patterns) {
    std::size_t at = 0;
    for (const std::string& pattern : patterns) {
      while (at < lines.size() && !std::regex_search(lines[at], std::regex(pattern))) ++at;
      ASSERT_LT(at, lines.size()) << pattern << " in\n" << join(lines, "\n");
      ++at;
    }
  }
};

TEST_F(RunLogTest, TellsATrainingFromTheBuildToItsSpeed) {
  config::RunConfig config = tinyConfig();
  config.train.checkpointEvery = 6;
  writeTraining("run", config);
  ASSERT_EQ(run("run"), 0) << log("run");
  const std::vector<std::string> lines = sentences("run");
  expectInOrder(
      lines,
      {
          std::string("^Attempt 1: Weft ") + version() + ", torch 2\\..*, process \\d+, on CPU \\(1 thread\\)\\.$",
          "^Computes in float32 with 1 thread\\.$",
          "^Data: the built-in corpus, seed 1; data set [0-9a-f]{8,}\\.$",
          "^Tokenizer: byte, 257 ids, hash byte-257\\.$",
          "^Tokens: 57,\\d{3} to train on \\(xxh3 [0-9a-f]{16}\\), 3,\\d{3} held out \\(xxh3 [0-9a-f]{16}\\)\\.$",
          "^Model: [\\d,]+ parameters, 4 layers, map 0_0_2_2 \\(cla2\\); 256 KV bytes per token in float32\\.$",
          "^Predicted memory of a training step: .* at least \\(.* parameters, gradients and moments, .* activations, "
          ".*\\), 4 x 32 "
          "tokens at once\\.$",
          "^Trains to step 12, 4 sequences of 32 tokens a step, seed 1\\.$",
          "^Evaluated at step 5: perplexity [\\d.,]+ \\([\\d.]+ nats\\) over 512 tokens\\.$",
          "^Checkpoint at step 6: checkpoints/step-6, .*\\.$",
          "^Evaluated at step 12: ",
          "^Checkpoint at step 12: checkpoints/step-12, ",
          "^Measured KV memory, batch 1, context 32: .* by formula, .* of storage\\.$",
          "^Completed at step 12 after .*: 1,536 tokens at [\\d,]+ tokens/s, perplexity [\\d.,]+\\.$",
      });
  EXPECT_THAT(lines.back(), StartsWith("Completed"));
}

TEST_F(RunLogTest, HasTheHashesOfTheTokensThatAreTrainedOn) {
  config::RunConfig other = tinyConfig();
  other.data.syntheticSeed = 2;
  trained("a", tinyConfig());
  trained("b", tinyConfig());
  trained("c", other);
  const auto tokens = [&](const std::string& name) {
    for (const std::string& line : sentences(name))
      if (line.starts_with("Tokens: ")) return line;
    return std::string();
  };
  EXPECT_EQ(tokens("a"), tokens("b"));
  EXPECT_NE(tokens("a"), tokens("c"));
}

TEST_F(RunLogTest, EndsWithTheReasonWhereTrainingFails) {
  config::RunConfig config = tinyConfig();
  config.train.learningRate = 1e30;
  writeTraining("run", config);
  EXPECT_EQ(run("run"), 3);
  EXPECT_THAT(sentences("run").back(), StartsWith("Failed at step "));
  EXPECT_THAT(sentences("run").back(), HasSubstr("a lower train.learning_rate"));
  EXPECT_EQ(service::lastComplaint(runFolder("run") / "log.txt"), "")
      << "all that there is to say stands in its events";
}

TEST_F(RunLogTest, SaysThatItWasStoppedAndWhereItGoesOn) {
  config::RunConfig config = tinyConfig();
  config.train.steps = 400;
  writeTraining("run", config);
  WorkerProcess worker(runFolder("run"));
  ASSERT_TRUE(worker.runsUntil([&] { return log("run").find("Evaluated at step 5:") != std::string::npos; }))
      << log("run");
  worker.signal(SIGTERM);
  ASSERT_EQ(worker.wait(), 0) << log("run");
  EXPECT_THAT(sentences("run").back(),
              testing::MatchesRegex("Stopped at step [0-9]+ after .*: [0-9,]+ tokens at [0-9,]+ tokens/s.*"));
  writeTraining("run", config, 2);
  ASSERT_EQ(run("run"), 0) << log("run");
  expectInOrder(sentences("run"), {"^Attempt 1: ", "^Stopped at step ", "^Attempt 2: ",
                                   "^Goes on from step \\d+ to step 400, ", "^Completed at step 400 after "});
}

TEST_F(RunLogTest, ATrialTellsHowFastATrainingGoes) {
  config::RunConfig config = tinyConfig();
  config.model.vocabulary = 257;
  const protocol::FinishedEvent whole = answer("whole", {{"kind", "trial"}, {"config", config::toToml(config)}});
  EXPECT_GT(whole.summary.at("tokens_per_second"), 0);
  EXPECT_GE(whole.summary.at("steps"), 2);
  EXPECT_EQ(whole.summary.at("is_scaled"), 0);
  // Too long for a trial: fewer sequences, layers and tokens, scaled by FLOPs.
  config.model.hidden = 1024;
  config.model.feedForward = 2048;
  config.model.layers = 16;
  config.train.batchSequences = 64;
  config.train.sequenceLength = 256;
  const protocol::FinishedEvent scaled = answer("scaled", {{"kind", "trial"}, {"config", config::toToml(config)}});
  EXPECT_EQ(scaled.summary.at("is_scaled"), 1);
  EXPECT_LT(scaled.summary.at("tokens_per_second"), whole.summary.at("tokens_per_second"));
  config.model.vocabulary = 0;
  writeJob("none", {{"kind", "trial"}, {"config", config::toToml(config)}});
  expectFailure("none", ErrorCode::InvalidInput, "model.vocabulary");
}
