// How long a run takes and whether it fits, before it starts.
#include "engine/service/run_estimate.h"

#include <gmock/gmock.h>

#include "tests/service/service_fixture.h"

namespace weft::service::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

const Surroundings kCpu{.lanes = {"cpu"}, .tokenizerVocabulary = {}},
    kGpu{.lanes = {"cuda:0", "cpu"}, .tokenizerVocabulary = {}};

ResolvedRun demo(const std::function<void(config::RunConfig&)>& change = {}) {
  config::RunConfig config = config::preset("demo-mqa-cla2").value();
  config.device.device = "cpu";
  if (change) change(config);
  return resolveRun(config, kCpu).value();
}

TEST(RunWork, CountsEachTrainedTokenAndEachEvaluation) {
  const ResolvedRun run = demo([](auto& config) {
    config.train.steps = 70;
    config.train.evaluateEvery = 20;    // 20, 40, 60, and 70 as the last
    config.train.checkpointEvery = 30;  // 30, and 60 again
    config.evaluation.tokens = 1000;
  });
  const RunWork work = workOf(run);
  EXPECT_EQ(work.trainingTokens, 70.0 * 16 * 128);
  EXPECT_DOUBLE_EQ(work.trainingFlops, work.trainingTokens * run.cost.flops.train);
  EXPECT_EQ(work.evaluations, 5);
  EXPECT_DOUBLE_EQ(work.evaluationFlops, 5 * 1000 * run.cost.flops.prefill);
  EXPECT_EQ(workOf(demo([](auto& config) { config.train.steps = 0; })).evaluations, 1) << "no training: one evaluation";
  EXPECT_EQ(workOf(demo([](auto& config) { config.train.evaluateEvery = 0; })).evaluations, 1);
  const ResolvedRun whole = demo([](auto& config) { config.evaluation.tokens = 0; });
  EXPECT_DOUBLE_EQ(workOf(whole).evaluationFlops, 3 * 0.05 * 2'000'000 * whole.cost.flops.prefill)
      << "all of the corpus' held-out part";
}

TEST(RunEstimate, IsTheWorkAtTheMeasuredSpeedWithItsBasis) {
  const ResolvedRun run = demo([](auto& config) {
    config.evaluation.tokens = 0;
    config.data.source = "text";
    config.data.files = {"a.txt"};
  });
  const MeasuredSpeed own{.tokensPerSecond = 2560, .flopsPerToken = run.cost.flops.train, .source = "run 12"};
  const RunEstimate estimate = estimateRun(run, own);
  EXPECT_DOUBLE_EQ(estimate.seconds, kStart_s + 300.0 * 16 * 128 / 2560);
  EXPECT_EQ(estimate.sentence(), "about 4 min, at the 2,560 tokens/s of run 12");
  // Of another shape only the FLOP/s carry over.
  const MeasuredSpeed other{
      .tokensPerSecond = 100, .flopsPerToken = 4e8, .source = "a trial of 3 steps", .isOfThisRun = false};
  EXPECT_THAT(estimateRun(run, other).sentence(),
              AllOf(StartsWith("about "), HasSubstr(", at the 40 GFLOP/s of a trial of 3 steps")));
  EXPECT_NEAR(estimateRun(run, other).seconds, kStart_s + workOf(run).total() / 4e10, 1e-9);
}

TEST(RunEstimate, IsRoundedAsFarAsAnEstimateCarries) {
  EXPECT_EQ(aboutDuration(0.2), "1 s");
  EXPECT_EQ(aboutDuration(7.6), "8 s");
  EXPECT_EQ(aboutDuration(47), "45 s");
  EXPECT_EQ(aboutDuration(58), "1 min");
  EXPECT_EQ(aboutDuration(100), "1 min 30 s");
  EXPECT_EQ(aboutDuration(250), "4 min");
  EXPECT_EQ(aboutDuration(3580), "1 h");
  EXPECT_EQ(aboutDuration(7900), "2 h 10 min");
  EXPECT_EQ(aboutDuration(100'000), "1 d 4 h");
}

TEST(MemoryFit, IsTheMemoryModelsPeakOfTheDevicesTypesInASentence) {
  const ResolvedRun run = demo();
  const MemoryFit fit = fitOf(run, DeviceMemory{16e9, 8e9, "this machine"}).value();
  sharing::TrainingRequest request = {.sequence = 128, .microBatch = 16, .computeType = sharing::ElementType::Float32};
  request.attention = sharing::AttentionKernel::Blocks;
  EXPECT_EQ(fit.needed.peak(), sharing::trainingMemory(run.shape, run.map, request)->peak())
      << "float32, the written-out step: what a CPU does";
  EXPECT_TRUE(fit.fits);
  EXPECT_THAT(fit.sentence(), AllOf(StartsWith("fits: 0."), HasSubstr(" GiB of the 14.9 GiB of this machine")));
  const MemoryFit full = fitOf(run, DeviceMemory{16e9, 1e6, "this machine"}).value();
  EXPECT_TRUE(full.fits);
  EXPECT_FALSE(full.fitsNow);
  EXPECT_THAT(full.sentence(), HasSubstr("of which only 0.00 GiB are free now"));
  const MemoryFit small = fitOf(run, DeviceMemory{1e7, 1e7, "this machine"}).value();
  EXPECT_FALSE(small.fits);
  EXPECT_THAT(small.sentence(), AllOf(StartsWith("does not fit: it needs 0."),
                                      HasSubstr("a smaller micro batch or sequence length needs less")));
  EXPECT_TRUE(fitOf(run, std::nullopt)->fits) << "nothing is claimed of a device that is not known";
  const auto here = deviceMemory(run);
  ASSERT_TRUE(here);
  EXPECT_GT(here->total_bytes, here->available_bytes);
}

class EarlierRuns : public ServiceTest {
 protected:
  // A finished run of this configuration that trained at this speed.
  store::RunId add(const config::RunConfig& config, double tokensPerSecond) {
    setWorker(
        say(protocol::HelloEvent{.device = "CPU (2 threads)"}) +
        say(protocol::MetricEvent{
            .step = 1, .tokens = 2048, .values = {{"train/loss", 5}, {"train/tokens_per_second", tokensPerSecond}}}) +
        say(protocol::FinishedEvent{}));
    const Result<store::RunId> id = service::submit(*m_project, *m_store, config);
    EXPECT_TRUE(id) << id.error().message;
    const auto service = makeService();
    EXPECT_TRUE(turnUntilState(*service, *id, store::RunState::Finished));
    return *id;
  }
};

TEST_F(EarlierRuns, GiveTheSpeedOfTheirOwnShapeBeforeThatOfANewerOtherOne) {
  const ResolvedRun run = demo();
  EXPECT_EQ(speedOfEarlierRuns(*m_store, run).value().has_value(), false) << "no run, no speed";
  config::RunConfig wider = run.config;
  wider.model.hidden = 192;
  const store::RunId same = add(run.config, 9000), other = add(wider, 5000);
  const MeasuredSpeed speed = speedOfEarlierRuns(*m_store, run)->value();
  EXPECT_TRUE(speed.isOfThisRun);
  EXPECT_EQ(speed.tokensPerSecond, 9000);
  EXPECT_EQ(speed.source, "run " + std::to_string(same.value));
  // Another batch: the nearest step by FLOPs, and only its FLOP/s.
  const ResolvedRun larger = demo([](auto& config) { config.train.batchSequences = 32; });
  const MeasuredSpeed scaled = speedOfEarlierRuns(*m_store, larger)->value();
  EXPECT_FALSE(scaled.isOfThisRun);
  EXPECT_EQ(scaled.source, "run " + std::to_string(other.value));
  EXPECT_NEAR(estimateRun(larger, scaled).seconds, kStart_s + workOf(larger).total() / scaled.flopsPerSecond(), 1e-9);
  // A step a hundred times as long, another type, another device: nothing that was measured says how fast that is.
  EXPECT_FALSE(speedOfEarlierRuns(*m_store, demo([](auto& config) { config.train.batchSequences = 4096; })).value());
  EXPECT_FALSE(speedOfEarlierRuns(*m_store, demo([](auto& config) { config.device.dtype = "bfloat16"; })).value());
  config::RunConfig onGpu = run.config;
  onGpu.device.device = "cuda";
  EXPECT_FALSE(speedOfEarlierRuns(*m_store, resolveRun(onGpu, kGpu).value()).value());
}

TEST_F(EarlierRuns, ATrialIsADirectJobThatCanBeCanceled) {
  setWorker(say(protocol::HelloEvent{}) +
            say(protocol::FinishedEvent{.summary = {{"tokens_per_second", 1234}, {"steps", 5}, {"is_scaled", 0}}}));
  ::setenv("WEFT_WORKER", m_worker.c_str(), 1);
  const Result<MeasuredSpeed> speed = tryOutSpeed(demo());
  ASSERT_TRUE(speed) << speed.error().message;
  EXPECT_EQ(speed->tokensPerSecond, 1234);
  EXPECT_EQ(speed->source, "a trial of 5 steps");
  EXPECT_TRUE(speed->isOfThisRun);
  setWorker("while :; do sleep 0.01; done\n");
  std::atomic<bool> isCanceled = true;
  const Result<MeasuredSpeed> canceled = tryOutSpeed(demo(), &isCanceled);
  ASSERT_FALSE(canceled);
  EXPECT_EQ(canceled.error().code, ErrorCode::Canceled);
  ::unsetenv("WEFT_WORKER");
}

}  // namespace
}  // namespace weft::service::test
