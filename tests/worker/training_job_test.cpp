// weft-worker as a process: a training from job.json to its last event.
#include <gmock/gmock.h>

#include <cmath>

#include "engine/device/device.h"
#include "engine/nn/checkpoint.h"
#include "engine/train/training_checkpoint.h"
#include "tests/worker/worker_under_test.h"

namespace fs = std::filesystem;
using namespace weft;
using namespace weft::worker_test;
using protocol::CheckpointEvent;
using protocol::EvaluationEvent;
using protocol::FinishedEvent;
using protocol::HelloEvent;
using protocol::MeasurementEvent;
using protocol::MetricEvent;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Gt;
using ::testing::HasSubstr;
using ::testing::Lt;

class TrainingJob : public WorkerTest {};

TEST_F(TrainingJob, SaysEverythingFromHelloToFinished) {
  config::RunConfig config = tinyConfig();
  config.train.logEvery = 3;
  writeTraining("run", config);
  ASSERT_EQ(run("run"), 0) << log("run");
  const Events said = events("run");
  EXPECT_EQ(said.damaged, 0);
  ASSERT_FALSE(said.all.empty());
  const auto* hello = std::get_if<HelloEvent>(&said.all.front().body);
  ASSERT_NE(hello, nullptr);
  EXPECT_EQ(hello->protocol, protocol::kEventProtocol);
  EXPECT_EQ(hello->attempt, 1);
  EXPECT_GT(hello->pid, 1);
  EXPECT_THAT(hello->torch, HasSubstr("2."));
  EXPECT_EQ(hello->device, "CPU (1 thread)");
  EXPECT_TRUE(std::holds_alternative<FinishedEvent>(said.all.back().body));
  EXPECT_EQ(said.ends(), 1u);
  for (std::size_t i = 1; i < said.all.size(); ++i) EXPECT_GE(said.all[i].time, said.all[i - 1].time);

  std::vector<std::int64_t> steps;
  for (const MetricEvent& metric : said.of<MetricEvent>()) {
    steps.push_back(metric.step);
    EXPECT_EQ(metric.tokens, metric.step * 4 * 32);
    for (const char* key : {"train/loss", "train/learning_rate", "train/gradient_norm", "train/tokens_per_second"}) {
      ASSERT_EQ(metric.values.count(key), 1u) << key;
      EXPECT_GT(metric.values.at(key), 0) << key;
    }
  }
  EXPECT_THAT(steps, ElementsAre(1, 3, 6, 9, 12));

  double part = 0;
  for (const protocol::ProgressEvent& progress : said.of<protocol::ProgressEvent>()) {
    if (progress.phase != "training" && progress.phase != "evaluating" && progress.phase != "measuring KV memory")
      continue;
    EXPECT_GE(progress.done / progress.total, part) << progress.phase << ": an evaluation does not set the run back";
    part = progress.done / progress.total;
    EXPECT_GE(progress.heartbeat_s, 30);
  }
  EXPECT_EQ(part, 1);

  const auto evaluations = said.of<EvaluationEvent>();
  ASSERT_EQ(evaluations.size(), 3u);  // 5, 10, 12
  for (const EvaluationEvent& evaluation : evaluations) {
    EXPECT_EQ(evaluation.tokens, 512);
    EXPECT_NEAR(evaluation.perplexity, std::exp(evaluation.loss_nats), 1e-9 * evaluation.perplexity);
    // The byte tokenizer: a token is a byte.
    EXPECT_NEAR(evaluation.values.at("bits_per_byte"), evaluation.loss_nats / std::log(2.0), 1e-9);
    EXPECT_THAT(evaluation.values.at("unigram_perplexity"), AllOf(Gt(10), Lt(30)));
    EXPECT_THAT(evaluation.values.at("entropy_floor_nats"), AllOf(Gt(0.1), Lt(0.5)));
  }

  const auto checkpoints = said.of<CheckpointEvent>();
  ASSERT_EQ(checkpoints.size(), 1u);
  EXPECT_EQ(checkpoints[0].path, "checkpoints/step-12");
  EXPECT_EQ(checkpoints[0].step, 12);
  std::int64_t bytes = 0;
  for (const auto& entry : fs::directory_iterator(runFolder("run") / checkpoints[0].path))
    bytes += static_cast<std::int64_t>(entry.file_size());
  EXPECT_EQ(checkpoints[0].bytes, bytes);

  const FinishedEvent finished = said.of<FinishedEvent>()[0];
  EXPECT_EQ(finished.outcome, "completed");
  EXPECT_EQ(finished.summary.at("step"), 12);
  EXPECT_EQ(finished.summary.at("tokens"), 12 * 4 * 32);
  EXPECT_EQ(finished.summary.at("perplexity"), evaluations.back().perplexity);
  const auto loaded = nn::loadModel(runFolder("run") / "checkpoints/step-12", torch::kCPU).value();
  EXPECT_EQ(finished.summary.at("parameters"), loaded.decoder->parameterCount());
  EXPECT_EQ(loaded.config.model.vocabulary, 257) << "resolved to the tokenizer's";
}

TEST_F(TrainingJob, LearnsTheSyntheticCorpusFarBelowItsUnigramPerplexityAndNotBelowItsFloor) {
  config::RunConfig config = tinyConfig();
  config.model.hidden = 64;
  config.model.feedForward = 128;
  config.data.syntheticTokens = 400'000;
  config.train.steps = 150;
  config.train.sequenceLength = 64;
  config.train.batchSequences = 8;
  config.train.learningRate = 8e-3;
  config.train.evaluateEvery = 75;
  config.evaluation.tokens = 4096;
  trained("run", config);
  const auto evaluations = events("run").of<EvaluationEvent>();
  ASSERT_EQ(evaluations.size(), 2u);
  const EvaluationEvent& last = evaluations.back();
  EXPECT_LT(last.perplexity, 0.35 * last.values.at("unigram_perplexity"));
  EXPECT_LT(last.perplexity, evaluations.front().perplexity);
  EXPECT_GT(last.loss_nats, last.values.at("entropy_floor_nats"));
}

TEST_F(TrainingJob, MeasuresTheKvMemoryOfItsMapAndCache) {
  config::RunConfig config = tinyConfig();
  config.train.steps = 1;
  config.cache.measureBatch = 3;
  config.cache.measureContext = 40;
  // Producers x (K and V) x heads x width x 4 bytes.
  for (const auto& [sharing, bytesPerToken] :
       {std::pair("identity", 4 * 2 * 16 * 4), std::pair("cla2", 2 * 2 * 16 * 4), std::pair("0_0_0_0", 2 * 16 * 4)}) {
    config.model.sharing = sharing;
    trained(sharing, config);
    const auto measured = events(sharing).of<MeasurementEvent>();
    ASSERT_EQ(measured.size(), 1u);
    EXPECT_EQ(measured[0].name, "kv_memory");
    EXPECT_EQ(measured[0].values.at("analytic"), bytesPerToken * 3 * 40) << sharing;
    EXPECT_EQ(measured[0].values.at("storage"), bytesPerToken * 3 * 40) << sharing;
    EXPECT_EQ(measured[0].values.at("bytes_per_token_analytic"), bytesPerToken) << sharing;
    EXPECT_EQ(measured[0].values.at("bytes_per_token_storage"), bytesPerToken) << sharing;
    EXPECT_EQ(measured[0].values.at("batch"), 3);
    EXPECT_EQ(measured[0].values.at("context"), 40);
    EXPECT_EQ(measured[0].values.count("device"), 1u);
    EXPECT_EQ(measured[0].labels.at("cache"), "dense");
    EXPECT_EQ(measured[0].labels.at("dtype"), "float32");
  }
}

TEST_F(TrainingJob, EvaluatesThroughTheRunsCacheWithoutTrainingFromAnothersWeights) {
  config::RunConfig config = tinyConfig();
  config.train.steps = 60;
  config.train.batchSequences = 8;
  const fs::path weights = trained("plain", config);
  const double plain = events("plain").of<EvaluationEvent>().back().perplexity;

  config.train.steps = 0;
  config.train.initFrom = weights.string();
  writeTraining("again", config);
  ASSERT_EQ(run("again"), 0) << log("again");
  EXPECT_EQ(events("again").of<EvaluationEvent>().back().perplexity, plain) << "the same weights on the same tokens";

  config.cache.plugin = "int8_cache";
  writeTraining("int8", config);
  ASSERT_EQ(run("int8"), 0) << log("int8");
  const Events said = events("int8");
  ASSERT_EQ(said.of<EvaluationEvent>().size(), 1u);
  const double int8 = said.of<EvaluationEvent>()[0].perplexity;
  EXPECT_NE(int8, plain);
  EXPECT_NEAR(int8, plain, 0.02 * plain);
  const MeasurementEvent measured = said.of<MeasurementEvent>().at(0);
  EXPECT_EQ(measured.labels.at("cache"), "int8_cache");
  EXPECT_EQ(measured.values.at("storage"), 2 * 2 * (16 + 2) * 32);
  EXPECT_EQ(measured.values.at("analytic"), measured.values.at("storage"));
  EXPECT_TRUE(said.of<MetricEvent>().empty());
  EXPECT_TRUE(said.of<CheckpointEvent>().empty());
  EXPECT_EQ(said.of<FinishedEvent>().at(0).summary.at("perplexity"), int8);
  EXPECT_EQ(said.of<FinishedEvent>().at(0).summary.at("step"), 0);
}

TEST_F(TrainingJob, EvaluatesAndMeasuresADenseCacheInItsOwnType) {
  config::RunConfig config = tinyConfig();
  trained("float32", config);
  config.cache.dtype = "bfloat16";
  trained("bfloat16", config);
  const Events wide = events("float32"), narrow = events("bfloat16");
  EXPECT_EQ(2 * narrow.of<MeasurementEvent>().at(0).values.at("storage"),
            wide.of<MeasurementEvent>().at(0).values.at("storage"));
  EXPECT_EQ(narrow.of<MeasurementEvent>().at(0).labels.at("dtype"), "bfloat16");
  EXPECT_EQ(narrow.of<MetricEvent>().back().values.at("train/loss"),
            wide.of<MetricEvent>().back().values.at("train/loss"));
  EXPECT_NE(narrow.of<EvaluationEvent>().back().perplexity, wide.of<EvaluationEvent>().back().perplexity);
}

TEST_F(TrainingJob, TrainsOnTextWithATokenizerOfItsOwn) {
  config::RunConfig config = tinyConfig();
  std::string text;
  for (int i = 0; i < 400; ++i) text += "the weft crosses the warp " + std::to_string(i % 7) + " times\n";
  ASSERT_TRUE(writeFileAtomically(folder() / "text.txt", text));
  config.data.source = "text";
  config.data.files = {(folder() / "text.txt").string()};
  config.data.tokenizer = (fs::path(WEFT_TEST_SOURCE_DIR) / "fixtures/tokenizer/tiny-tokenizer.json").string();
  config.train.steps = 3;
  const fs::path checkpoint = trained("text", config);
  const EvaluationEvent evaluation = events("text").of<EvaluationEvent>().back();
  EXPECT_EQ(evaluation.values.count("entropy_floor_nats"), 0u) << "nobody knows the entropy of a text";
  EXPECT_EQ(nn::loadModel(checkpoint, torch::kCPU)->config.data.tokenizer, config.data.tokenizer);
  // More than one byte a token: bits per byte are fewer than bits per token.
  EXPECT_LT(evaluation.values.at("bits_per_byte"), 0.9 * evaluation.loss_nats / std::log(2.0));
}

TEST_F(TrainingJob, DoesNotBurnACoreWhileItsThreadsWaitForEachOther) {
  config::RunConfig config = tinyConfig();
  config.train.steps = 100'000;
  writeTraining("run", config);
  WorkerProcess worker(runFolder("run"), {}, {"GOMP_SPINCOUNT", "OMP_WAIT_POLICY"});
  ASSERT_TRUE(worker.runsUntil([&] { return !events("run").all.empty(); })) << log("run");
  // Its own choice, however it was started.
  EXPECT_THAT(readFile(fs::path("/proc") / std::to_string(worker.pid()) / "environ").value(),
              HasSubstr("GOMP_SPINCOUNT=1000"));
  EXPECT_EQ(readFile(fs::path("/proc") / std::to_string(worker.pid()) / "comm").value(), "weft-worker\n");
}

TEST_F(TrainingJob, OnCudaTrainsInBfloat16AndCountsTheAllocatorsBytes) {
  if (!device::chooseDevice("cuda")) GTEST_SKIP() << "this machine has no CUDA device";
  config::RunConfig config = tinyConfig();
  config.device.device = "cuda";
  config.train.steps = 60;
  trained("run", config);
  const Events said = events("run");
  EXPECT_THAT(said.of<HelloEvent>().at(0).device, HasSubstr("cuda:0"));
  EXPECT_LT(said.of<MetricEvent>().back().values.at("train/loss"),
            said.of<MetricEvent>().front().values.at("train/loss") - 1);
  const MeasurementEvent measured = said.of<MeasurementEvent>().at(0);
  EXPECT_EQ(measured.labels.at("dtype"), "bfloat16");
  EXPECT_EQ(measured.values.at("storage"), measured.values.at("analytic"));
  EXPECT_GE(measured.values.at("allocated"), measured.values.at("storage"));
  EXPECT_EQ(measured.values.count("reserved"), 1u);
  // A stopped attempt and its successor run on a device too.
  writeTraining("run", config, 2);
  EXPECT_EQ(run("run"), 0) << log("run");
}

TEST_F(TrainingJob, TwoThatStartTogetherPrepareTheSameDataOnce) {
  writeTraining("a", tinyConfig());
  writeTraining("b", tinyConfig());
  WorkerProcess a(runFolder("a")), b(runFolder("b"));
  EXPECT_EQ(a.wait(), 0) << log("a");
  EXPECT_EQ(b.wait(), 0) << log("b");
  EXPECT_EQ(events("a").of<EvaluationEvent>().back().perplexity, events("b").of<EvaluationEvent>().back().perplexity);
}
