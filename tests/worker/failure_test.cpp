// weft-worker as a process: whatever is wrong, the last event says it in one sentence and the exit code is 3.
#include <gmock/gmock.h>

#include <cmath>
#include <csignal>

#include "engine/train/training_checkpoint.h"
#include "tests/worker/worker_under_test.h"

namespace fs = std::filesystem;
using namespace weft;
using namespace weft::worker_test;
using ::testing::EndsWith;
using ::testing::HasSubstr;

class FailingWorker : public WorkerTest {};

TEST_F(FailingWorker, WithoutARunFolderSaysWhatItTakes) {
  // No folder, so no events and no log: the exit code is that of a wrong input.
  EXPECT_EQ(run("nowhere"), 2);
  EXPECT_FALSE(fs::exists(runFolder("nowhere")));
}

TEST_F(FailingWorker, WithoutAJobSaysSo) {
  fs::create_directories(runFolder("run"));
  EXPECT_EQ(run("run"), 3);
  checkFailure("run", ErrorCode::NotFound, "job.json");
}

TEST_F(FailingWorker, WithABrokenJobSaysWhatIsWrongWithIt) {
  int number = 0;
  for (const auto& [content, code, part] : std::vector<std::tuple<std::string, ErrorCode, std::string>>{
           {"", ErrorCode::Corrupt, "is no JSON object"},
           {"{\"kind\": \"tra", ErrorCode::Corrupt, "is no JSON object"},
           {"[1, 2]", ErrorCode::Corrupt, "is no JSON object"},
           {"{}", ErrorCode::Corrupt, "which kind of job"},
           {R"({"kind": 3})", ErrorCode::Corrupt, "which kind of job"},
           {R"({"kind": "bake"})", ErrorCode::InvalidInput, "no kind of job \"bake\""},
           {R"({"kind": "train", "atempt": 2})", ErrorCode::InvalidInput, "\"attempt\" is perhaps meant"},
           {R"({"kind": "generate"})", ErrorCode::InvalidInput, "has no \"model\""},
           {R"({"kind": "generate", "model": 7})", ErrorCode::InvalidInput, "\"model\" must be a string"},
           {R"({"kind": "measure", "config": "layers = "})", ErrorCode::InvalidInput, "job.json, line 1"}}) {
    const std::string name = "run" + std::to_string(number++);
    fs::create_directories(runFolder(name));
    ASSERT_TRUE(writeFileAtomically(runFolder(name) / "job.json", content));
    expectFailure(name, code, part);
  }
}

TEST_F(FailingWorker, WithAWrongTypeInTheJobOfATrainingSaysWhichKey) {
  writeTraining("attempt", tinyConfig());
  writeJob("attempt", {{"kind", "train"}, {"attempt", "first"}});
  expectFailure("attempt", ErrorCode::InvalidInput, "\"attempt\" must be a whole number");
  writeTraining("shards", tinyConfig());
  writeJob("shards", {{"kind", "train"}, {"shards", nullptr}});
  expectFailure("shards", ErrorCode::InvalidInput, "\"shards\" must be a string");
}

TEST_F(FailingWorker, WithoutOrWithABrokenConfigurationNamesTheFileAndTheField) {
  writeJob("missing", {{"kind", "train"}});
  expectFailure("missing", ErrorCode::NotFound, "config.toml");
  writeJob("broken", {{"kind", "train"}});
  ASSERT_TRUE(writeFileAtomically(runFolder("broken") / "config.toml", "[train\nsteps = 3\n"));
  expectFailure("broken", ErrorCode::InvalidInput, "config.toml, line 1");
  writeJob("unknown", {{"kind", "train"}});
  ASSERT_TRUE(writeFileAtomically(runFolder("unknown") / "config.toml", "[train]\nstep = 3\n"));
  expectFailure("unknown", ErrorCode::InvalidInput, "train.steps");
  config::RunConfig config = tinyConfig();
  config.model.kvHeads = 3;
  writeTraining("unfit", config);
  expectFailure("unfit", ErrorCode::InvalidInput, "model.kv_heads");
}

TEST_F(FailingWorker, WithoutWhatTheConfigurationNamesSaysWhichFile) {
  config::RunConfig config = tinyConfig();
  config.data.tokenizer = "no-tokenizer.json";
  writeTraining("tokenizer", config);
  expectFailure("tokenizer", ErrorCode::NotFound, "no-tokenizer.json");

  config = tinyConfig();
  config.data.source = "text";
  config.data.files = {"no-corpus.txt"};
  writeTraining("corpus", config);
  expectFailure("corpus", ErrorCode::NotFound, "no-corpus.txt");

  config = tinyConfig();
  config.train.initFrom = "no-checkpoint";
  writeTraining("weights", config);
  expectFailure("weights", ErrorCode::NotFound, "no-checkpoint");

  config = tinyConfig();
  config.cache.plugin = "no_cache";
  writeTraining("plugin", config);
  expectFailure("plugin", ErrorCode::NotFound, "no KV-cache plugin \"no_cache\"");
  EXPECT_THAT(log("plugin"), HasSubstr("int8_cache")) << "it says what is there";

  config = tinyConfig();
  config.device.device = "cuda:77";
  writeTraining("device", config);
  expectFailure("device", ErrorCode::Unsupported, "cuda:77");
}

TEST_F(FailingWorker, WithWhatDoesNotFitSaysBothNumbers) {
  config::RunConfig config = tinyConfig();
  config.model.vocabulary = 100;
  writeTraining("vocabulary", config);
  expectFailure("vocabulary", ErrorCode::InvalidInput, "model.vocabulary is 100, and the tokenizer byte has 257 ids");

  config = tinyConfig();
  config.train.sequenceLength = 100'000;
  writeTraining("short", config);
  expectFailure("short", ErrorCode::InvalidInput, "too few for one sequence of 100000");

  config = tinyConfig();
  const fs::path other = trained("other", config);
  config.model.hidden = 48;
  config.train.initFrom = other.string();
  writeTraining("shape", config);
  expectFailure("shape", ErrorCode::Corrupt, "this model needs [257, 48]");
}

TEST_F(FailingWorker, WhoseLossIsNoNumberSaysAtWhichStep) {
  config::RunConfig config = tinyConfig();
  config.train.learningRate = 1e30;
  config.train.clipNorm = 0;
  config.train.logEvery = 100;
  config.train.checkpointEvery = 1;
  writeTraining("run", config);
  EXPECT_EQ(run("run"), 3);
  checkFailure("run", ErrorCode::JobFailed, "At step ");
  const auto failed = events("run").of<protocol::FailedEvent>().at(0);
  EXPECT_GT(failed.step, 1);
  EXPECT_LT(failed.step, 12);
  EXPECT_THAT(failed.message, HasSubstr("At step " + std::to_string(failed.step) + " the loss is"));
  const protocol::MetricEvent last = events("run").of<protocol::MetricEvent>().back();
  EXPECT_EQ(last.step, failed.step);
  EXPECT_FALSE(std::isfinite(last.values.at("train/loss")) && std::isfinite(last.values.at("train/gradient_norm")));
  // What was saved before is still numbers, and the next attempt may begin there.
  for (const auto& checkpoint : events("run").of<protocol::CheckpointEvent>()) EXPECT_LT(checkpoint.step, failed.step);
}

TEST_F(FailingWorker, OnAFullDiskSaysSoAndKeepsWhatWasThere) {
  config::RunConfig config = tinyConfig();
  config.model.feedForward = 1024;
  writeTraining("warm", config);
  ASSERT_EQ(run("warm"), 0);  // the shards are there, and fit
  writeTraining("run", config);
  // Events fit into 64 KiB, weights do not.
  EXPECT_EQ(run("run", 64 << 10), 3);
  checkFailure("run", ErrorCode::Io, "model.safetensors cannot be written");
  EXPECT_TRUE(train::listCheckpoints(runFolder("run") / "checkpoints").empty());
  EXPECT_TRUE(fs::is_empty(runFolder("run") / "checkpoints")) << "the half is removed, to give its space back";
}

TEST_F(FailingWorker, WhoseEventsCannotBeWrittenDoesNotSayItSucceeded) {
  if (!fs::exists("/dev/full")) GTEST_SKIP() << "no /dev/full on this system";
  writeTraining("run", tinyConfig());
  fs::create_symlink("/dev/full", runFolder("run") / "events.jsonl");
  EXPECT_EQ(run("run"), 3);
  EXPECT_THAT(log("run"), HasSubstr("weft-worker: events.jsonl cannot be written: No space left on device.\n"));
  EXPECT_THAT(log("run"), EndsWith("  The end could not be written to events.jsonl, so the run counts as failed.\n"));
  EXPECT_EQ(train::listCheckpoints(runFolder("run") / "checkpoints").size(), 1u) << "the training itself is not lost";
}

TEST_F(FailingWorker, WithADamagedCheckpointRefusesToContinue) {
  trained("run", tinyConfig());
  fs::resize_file(runFolder("run") / "checkpoints/step-12/model.safetensors", 777);
  fs::remove(runFolder("run") / "events.jsonl");
  fs::remove(runFolder("run") / "log.txt");
  writeTraining("run", tinyConfig(), 2);
  expectFailure("run", ErrorCode::Corrupt, "step-12/model.safetensors");
}

TEST_F(FailingWorker, ThatAsksForTooMuchMemorySaysSo) {
  writeJob("run", {{"kind", "measure"},
                   {"config", config::toToml(tinyConfig())},
                   {"batches", {16'000'000}},
                   {"contexts", {16'000'000}}});
  expectFailure("run", ErrorCode::OutOfMemory, "a smaller batch or context needs less");
}

TEST_F(FailingWorker, ThatIsStoppedBeforeItsAnswerSaysSo) {
  const fs::path model = trained("run", tinyConfig());
  writeJob("generate", {{"kind", "generate"}, {"model", model.string()}, {"ids", {1, 2, 3}}, {"tokens", 20'000}});
  WorkerProcess worker(runFolder("generate"));
  ASSERT_TRUE(worker.runsUntil([&] { return !events("generate").of<protocol::ProgressEvent>().empty(); }))
      << log("generate");
  worker.signal(SIGTERM);
  EXPECT_EQ(worker.wait(), 3);
  const auto failed = events("generate").of<protocol::FailedEvent>();
  ASSERT_EQ(failed.size(), 1u);
  EXPECT_EQ(failed[0].code, "canceled");
}
