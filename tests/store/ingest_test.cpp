// What each kind of row does to a run.
#include <cmath>
#include <limits>

#include "store_fixture.h"

namespace weft::store::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class Ingesting : public StoreTest {
 protected:
  static std::vector<std::int64_t> stepsOf(RunStore& store, RunId run, const std::string& name = "train/loss") {
    std::vector<std::int64_t> steps;
    const MetricSeries series = *store.metric(run, name);
    for (const MetricPoint& point : series.points) steps.push_back(point.step);
    return steps;
  }
  // "step:attempt" of each evaluation.
  static std::vector<std::string> evaluationsOf(RunStore& store, RunId run) {
    std::vector<std::string> found;
    const std::vector<Evaluation> evaluations = *store.evaluations(run);
    for (const Evaluation& one : evaluations)
      found.push_back(std::to_string(one.step) + ":" + std::to_string(one.attempt));
    return found;
  }
};

TEST_F(Ingesting, AHelloMakesAStartingRunRun) {
  RunStore store = open();
  const RunId run = add(store, "a");
  ASSERT_TRUE(store.service().take(jobOf(store, run)));
  ingest(store, run, {HelloRow{.time = 50, .attempt = 1, .build = "0.1", .torch = "2.9", .device = "cpu"}});
  const RunSummary summary = *store.run(run);
  EXPECT_EQ(summary.state, RunState::Running);
  EXPECT_EQ(summary.device, "cpu");
  EXPECT_EQ(summary.heartbeat, 50);
}

TEST_F(Ingesting, ProgressIsAFractionOfItsTotal) {
  RunStore store = open();
  const RunId run = startRun(store, "a");
  ingest(store, run, {ProgressRow{.time = 60, .phase = "training", .done = 30, .total = 120, .promise_s = 10}});
  EXPECT_EQ(store.run(run)->progress, 0.25);
  EXPECT_EQ(store.run(run)->phase, "training");
  EXPECT_EQ(store.run(run)->heartbeat, 60);
  ingest(store, run, {ProgressRow{.time = 61, .phase = "loading"}});
  EXPECT_EQ(store.run(run)->progress, 0) << "of an unknown total";
}

TEST_F(Ingesting, MetricsBecomeSeriesAndTheSummary) {
  RunStore store = open();
  const RunId run = startRun(store, "a");
  ingest(store, run, {metricRow(10, 5), metricRow(20, 3), metricRow(30, 4)});
  EXPECT_THAT(*store.metricNames(run), ElementsAre("train/loss", "train/tokens_per_second"));
  const MetricSeries loss = *store.metric(run, "train/loss");
  EXPECT_EQ(loss.name, "train/loss");
  ASSERT_EQ(loss.points.size(), 3u);
  EXPECT_EQ(loss.points[1].step, 20);
  EXPECT_EQ(loss.points[1].value, 3);
  EXPECT_EQ(loss.points[1].time, 1020);
  const RunSummary summary = *store.run(run);
  EXPECT_EQ(summary.step, 30);
  EXPECT_EQ(summary.tokens, 512 * 30);
  EXPECT_EQ(summary.lastLoss, 4);
  EXPECT_EQ(summary.bestLoss, 3);
  EXPECT_EQ(summary.tokensPerSecond, 1e6 / 31);
  EXPECT_EQ(summary.heartbeat, 1030);
  EXPECT_THAT(summary.sparkline, ElementsAre(5, 3, 4));
}

TEST_F(Ingesting, OnlyThePointsAfterAStepCanBeAskedFor) {
  RunStore store = open();
  const RunId run = startRun(store, "a");
  ingest(store, run, {metricRow(0, 9), metricRow(10, 5), metricRow(20, 3)});
  EXPECT_EQ(store.metric(run, "train/loss")->points.size(), 3u) << "step 0 included";
  EXPECT_EQ(store.metric(run, "train/loss", 0)->points.size(), 2u);
  EXPECT_EQ(store.metric(run, "train/loss", 10)->points.front().step, 20);
  EXPECT_THAT(store.metric(run, "train/loss", 20)->points, IsEmpty());
  EXPECT_THAT(store.metric(run, "no such metric")->points, IsEmpty());
}

TEST_F(Ingesting, RunsDoNotMixTheirSeries) {
  RunStore store = open();
  const RunId a = startRun(store, "a");
  const RunId b = startRun(store, "b");
  ingest(store, a, {metricRow(1, 5), metricRow(2, 4)});
  ingest(store, b, {metricRow(1, 7), MetricRow{.time = 1, .step = 3, .tokens = 3, .values = {{"only b", 1}}}});
  EXPECT_THAT(stepsOf(store, a), ElementsAre(1, 2));
  EXPECT_THAT(stepsOf(store, b), ElementsAre(1));
  EXPECT_THAT(*store.metricNames(a), ElementsAre("train/loss", "train/tokens_per_second"));
  EXPECT_EQ(store.metricNames(b)->size(), 3u);
}

TEST_F(Ingesting, ADivergedRunIsStoredAsItIs) {
  RunStore store = open();
  const RunId run = startRun(store, "a");
  const double inf = std::numeric_limits<double>::infinity();
  ingest(store, run, {metricRow(1, 5), metricRow(2, inf), metricRow(3, NAN), evaluationRow(3, NAN)});
  const auto points = store.metric(run, "train/loss")->points;
  ASSERT_EQ(points.size(), 3u);
  EXPECT_EQ(points[1].value, inf);
  EXPECT_TRUE(std::isnan(points[2].value));
  RunSummary summary = *store.run(run);
  EXPECT_TRUE(std::isnan(*summary.lastLoss));
  EXPECT_EQ(summary.bestLoss, 5);
  EXPECT_THAT(summary.sparkline, ElementsAre(5));
  EXPECT_TRUE(std::isnan(*summary.perplexity));
  EXPECT_EQ(summary.bestPerplexity, std::nullopt);
  ingest(store, run, {evaluationRow(4, 20), evaluationRow(5, NAN)});
  summary = *store.run(run);
  EXPECT_EQ(summary.bestPerplexity, 20);
  EXPECT_TRUE(std::isnan(*summary.perplexity));
}

TEST_F(Ingesting, NoNumberOfAWorkerCanBlockItsRun) {
  RunStore store = open();
  const RunId run = startRun(store, "a");
  const double inf = std::numeric_limits<double>::infinity();
  for (const double odd : {static_cast<double>(NAN), inf, -inf}) {
    MetricRow metric = metricRow(1, odd);
    metric.time = odd;
    EvaluationRow evaluation = evaluationRow(1, odd);
    evaluation.evaluation.time = odd;
    ingest(store, run,
           {HelloRow{.time = odd}, ProgressRow{.time = odd, .done = odd, .total = inf, .promise_s = odd}, metric,
            evaluation,
            MeasurementRow{{.name = "kv_memory",
                            .time = odd,
                            .values = {{"bytes_per_token_storage", odd}, {"bytes_per_token_analytic", odd}}}},
            CheckpointRow{{.step = 1, .path = "p", .time = odd}}, AlertRow{.time = odd, .level = "warning"},
            EndRow{.time = odd}});
  }
  const RunSummary summary = *store.run(run);
  EXPECT_EQ(summary.heartbeat, 999) << "the last that made sense";
  EXPECT_EQ(summary.progress, 0);
  EXPECT_EQ(summary.kvBytesPerToken, 128.5);
}

TEST_F(Ingesting, NoStepOfAWorkerCanTakeAwayWhatIsBeforeIt) {
  RunStore store = open();
  const RunId run = startRun(store, "a");
  constexpr std::int64_t kLast = std::numeric_limits<std::int64_t>::max();
  ingest(store, run, {metricRow(10, 5), metricRow(-4, 6)});
  ASSERT_EQ(nextAttempt(store, run), 2);
  hello(store, run, 2);
  EvaluationRow far = evaluationRow(0, 20);
  far.evaluation.step = kLast;
  MetricRow farther = metricRow(0, 4);
  farther.step = kLast;
  ingest(store, run, {far, farther, metricRow(11, 3)});
  EXPECT_THAT(stepsOf(store, run), ElementsAre(10, 11, kLast));
}

TEST_F(Ingesting, EvaluationsKeepTheLastAndTheBestPerplexity) {
  RunStore store = open();
  const RunId run = startRun(store, "a");
  EvaluationRow last = evaluationRow(30, 25);
  last.evaluation.values["unigram_perplexity"] = 900;
  last.evaluation.values["entropy_floor_nats"] = 1.25;
  ingest(store, run, {evaluationRow(10, 40), evaluationRow(20, 20), last});
  const RunSummary summary = *store.run(run);
  EXPECT_EQ(summary.perplexity, 25);
  EXPECT_EQ(summary.bestPerplexity, 20);
  EXPECT_EQ(summary.unigramPerplexity, 900);
  EXPECT_EQ(summary.entropyFloor_nats, 1.25);
  const Evaluation first = store.evaluations(run)->front();
  EXPECT_EQ(first.step, 10);
  EXPECT_EQ(first.attempt, 1);
  EXPECT_EQ(first.split, "valid");
  EXPECT_EQ(first.task, "perplexity");
  EXPECT_EQ(first.loss_nats, 4);
  EXPECT_EQ(first.tokens, 4096);
  EXPECT_EQ(first.values.at("bits_per_byte"), 1.5);
}

TEST_F(Ingesting, TheKvMeasurementEntersTheSummary) {
  RunStore store = open();
  const RunId run = startRun(store, "a");
  ingest(store, run,
         {MeasurementRow{{.name = "throughput",
                          .time = 1,
                          .values = {{"bytes_per_token_storage", 1}, {"bytes_per_token_analytic", 2}}}}});
  EXPECT_EQ(store.run(run)->kvBytesPerTokenMeasured, std::nullopt);
  EXPECT_EQ(store.run(run)->kvBytesPerToken, 128.5);
  ingest(store, run,
         {MeasurementRow{{.name = "kv_memory",
                          .time = 2,
                          .values = {{"bytes_per_token_storage", 96}, {"bytes_per_token_analytic", 95.5}},
                          .labels = {{"device", "cpu"}}}}});
  EXPECT_EQ(store.run(run)->kvBytesPerTokenMeasured, 96);
  EXPECT_EQ(store.run(run)->kvBytesPerToken, 95.5) << "the cache's own formula";
  ASSERT_EQ(store.measurements(run)->size(), 2u);
  EXPECT_EQ(store.measurements(run)->back().labels.at("device"), "cpu");
  EXPECT_EQ(store.measurements(run)->back().attempt, 1);
}

TEST_F(Ingesting, ACheckpointMadeAgainReplacesTheFormer) {
  RunStore store = open();
  const RunId run = startRun(store, "a");
  ingest(store, run,
         {CheckpointRow{{20, "checkpoints/step-20", 100, 5}}, CheckpointRow{{10, "checkpoints/step-10", 100, 4}},
          CheckpointRow{{20, "checkpoints/step-20", 120, 9}}});
  const auto checkpoints = *store.checkpoints(run);
  ASSERT_EQ(checkpoints.size(), 2u);
  EXPECT_EQ(checkpoints[0].step, 10);
  EXPECT_EQ(checkpoints[1].path, "checkpoints/step-20");
  EXPECT_EQ(checkpoints[1].bytes, 120);
  EXPECT_EQ(checkpoints[1].time, 9);
}

// --- attempts that continue

TEST_F(Ingesting, AResumedAttemptTakesBackWhatFollowedItsCheckpoint) {
  RunStore store = open();
  const RunId run = startRun(store, "a");
  // The checkpoint is at 20; 30 and 40 are lost with the attempt.
  ingest(store, run,
         {metricRow(10, 5), metricRow(20, 4), evaluationRow(20, 40), metricRow(30, 1), metricRow(40, 2),
          evaluationRow(40, 10)});
  EXPECT_EQ(store.run(run)->bestLoss, 1);
  ASSERT_EQ(nextAttempt(store, run), 2);
  hello(store, run, 2);
  EXPECT_THAT(stepsOf(store, run), ElementsAre(10, 20, 30, 40)) << "only what is done again is taken back";
  ingest(store, run, {metricRow(30, 3)});
  EXPECT_THAT(stepsOf(store, run), ElementsAre(10, 20, 30));
  EXPECT_THAT(stepsOf(store, run, "train/tokens_per_second"), ElementsAre(10, 20, 30));
  EXPECT_EQ(store.metric(run, "train/loss")->points.back().value, 3);
  EXPECT_THAT(evaluationsOf(store, run), ElementsAre("20:1"));
  RunSummary summary = *store.run(run);
  EXPECT_EQ(summary.step, 30);
  EXPECT_EQ(summary.bestLoss, 3);
  EXPECT_EQ(summary.lastLoss, 3);
  EXPECT_EQ(summary.perplexity, 40);
  EXPECT_EQ(summary.bestPerplexity, 40);
  EXPECT_THAT(summary.sparkline, ElementsAre(5, 4, 3));
  ingest(store, run, {metricRow(40, 2.5), evaluationRow(40, 30)});
  EXPECT_THAT(stepsOf(store, run), ElementsAre(10, 20, 30, 40));
  EXPECT_THAT(evaluationsOf(store, run), ElementsAre("20:1", "40:2"));
  summary = *store.run(run);
  EXPECT_EQ(summary.bestPerplexity, 30);
}

TEST_F(Ingesting, AnAttemptThatContinuesWithoutLossTakesNothingBack) {
  RunStore store = open();
  const RunId run = startRun(store, "a");
  ingest(store, run, {metricRow(10, 5), evaluationRow(10, 50), metricRow(20, 4), evaluationRow(20, 40)});
  ASSERT_EQ(nextAttempt(store, run), 2);
  hello(store, run, 2);
  ingest(store, run, {metricRow(30, 3), evaluationRow(30, 30)});
  EXPECT_THAT(stepsOf(store, run), ElementsAre(10, 20, 30));
  EXPECT_THAT(evaluationsOf(store, run), ElementsAre("10:1", "20:1", "30:2"));
}

TEST_F(Ingesting, AnAttemptThatOnlyEvaluatesAgainKeepsTheMetricsOfItsStep) {
  RunStore store = open();
  const RunId run = startRun(store, "a");
  ingest(store, run, {metricRow(10, 5), metricRow(20, 4), evaluationRow(20, 40), metricRow(30, 3)});
  ASSERT_EQ(nextAttempt(store, run), 2);
  hello(store, run, 2);
  ingest(store, run, {evaluationRow(20, 39)});
  EXPECT_THAT(stepsOf(store, run), ElementsAre(10, 20));
  EXPECT_THAT(evaluationsOf(store, run), ElementsAre("20:2"));
  const RunSummary summary = *store.run(run);
  EXPECT_EQ(summary.step, 20);
  EXPECT_EQ(summary.lastLoss, 4);
  EXPECT_EQ(summary.bestLoss, 4);
  EXPECT_EQ(summary.perplexity, 39);
}

TEST_F(Ingesting, AnAttemptThatBeginsAgainReplacesEverything) {
  RunStore store = open();
  const RunId run = startRun(store, "a");
  ingest(store, run, {metricRow(10, 1), evaluationRow(10, 5), metricRow(20, 1)});
  ASSERT_EQ(nextAttempt(store, run), 2);
  hello(store, run, 2);
  ingest(store, run, {metricRow(1, 9)});
  EXPECT_THAT(stepsOf(store, run), ElementsAre(1));
  EXPECT_THAT(*store.evaluations(run), IsEmpty());
  const RunSummary summary = *store.run(run);
  EXPECT_EQ(summary.bestLoss, 9);
  EXPECT_EQ(summary.perplexity, std::nullopt);
  EXPECT_EQ(summary.bestPerplexity, std::nullopt);
  EXPECT_THAT(summary.sparkline, ElementsAre(9));
}

TEST_F(Ingesting, AResumeLeavesOtherRunsAndWhatFacesAddedAlone) {
  RunStore store = open();
  const RunId other = startRun(store, "other");
  ingest(store, other, {metricRow(10, 5), metricRow(30, 5), evaluationRow(30, 5)});
  const RunId run = startRun(store, "a");
  ingest(store, run, {metricRow(10, 5), metricRow(30, 4)});
  ASSERT_TRUE(
      store.addEvaluation(run, {.step = 30, .attempt = 1, .split = "test", .task = "wikitext", .perplexity = 1}));
  ASSERT_EQ(nextAttempt(store, run), 2);
  hello(store, run, 2);
  ingest(store, run, {metricRow(20, 4)});
  EXPECT_THAT(stepsOf(store, run), ElementsAre(10, 20));
  EXPECT_EQ(store.evaluations(run)->size(), 1u);
  EXPECT_EQ(store.run(run)->bestPerplexity, std::nullopt);
  EXPECT_THAT(stepsOf(store, other), ElementsAre(10, 30));
  EXPECT_EQ(store.evaluations(other)->size(), 1u);
}

TEST_F(Ingesting, MetricsOfOneAttemptMayComeInAnyOrder) {
  RunStore store = open();
  const RunId run = startRun(store, "a");
  ingest(store, run, {metricRow(20, 4), metricRow(10, 5), metricRow(20, 3)});
  EXPECT_THAT(stepsOf(store, run), ElementsAre(10, 20));
  EXPECT_EQ(store.metric(run, "train/loss")->points.back().value, 3) << "the same point told twice is one";
}

TEST_F(Ingesting, WhatAFormerAttemptSaidLateIsItsOwn) {
  RunStore store = open();
  const RunId run = startRun(store, "a");
  // Its file could not be read when it ended: its last lines come when the second attempt has been taken.
  ASSERT_EQ(nextAttempt(store, run), 2);
  ingest(store, run, {evaluationRow(20, 40), EndRow{.time = 7, .outcome = "completed"}});
  EXPECT_EQ(store.service().activeJob(jobOf(store, run))->attempt.outcome, "") << "the second attempt has not ended";
  EXPECT_EQ(store.attempts(run)->front().outcome, "completed");
  EXPECT_THAT(evaluationsOf(store, run), ElementsAre("20:1"));
  EXPECT_EQ(store.run(run)->state, RunState::Starting);
  hello(store, run, 2);
  ingest(store, run, {EndRow{.time = 9, .outcome = "stopped"}});
  EXPECT_EQ(store.service().activeJob(jobOf(store, run))->attempt.outcome, "stopped");
  EXPECT_EQ(store.attempts(run)->front().outcome, "completed");
}

TEST_F(Ingesting, ALateHelloOfAFormerAttemptDoesNotStartTheNext) {
  RunStore store = open();
  const RunId run = add(store, "a");
  ASSERT_TRUE(store.service().take(jobOf(store, run)));
  ASSERT_EQ(nextAttempt(store, run), 2);
  hello(store, run, 1);
  EXPECT_EQ(store.run(run)->state, RunState::Starting);
  EXPECT_EQ(store.attempts(run)->front().torch, "2.9");
  hello(store, run, 2);
  EXPECT_EQ(store.run(run)->state, RunState::Running);
}

TEST_F(Ingesting, AHelloWithoutItsNumberIsThePresentAttempts) {
  RunStore store = open();
  const RunId run = startRun(store, "a");
  ASSERT_EQ(nextAttempt(store, run), 2);
  hello(store, run, 0);
  EXPECT_EQ(store.run(run)->state, RunState::Running);
  ASSERT_EQ(nextAttempt(store, run), 3);
  hello(store, run, 1);
  EXPECT_EQ(store.run(run)->state, RunState::Running) << "attempt 1 has said hello before";
  ingest(store, run, {EndRow{.outcome = "completed"}});
  EXPECT_EQ(store.attempts(run)->back().outcome, "completed");
}

}  // namespace
}  // namespace weft::store::test
