// The sentences of log.txt, and what a program that ended without a word said last.
#include "engine/service/run_log.h"

#include <gmock/gmock.h>

#include "tests/service/service_fixture.h"

namespace weft::service::test {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

protocol::Event at(double time, decltype(protocol::Event::body) body) { return {time, std::move(body)}; }

TEST(RunLogLine, IsStampedAndWholeAndToldApartFromWhatOthersPrint) {
  const std::string line = runLogLine(1'700'000'000, "Checkpoint at step 5:\nhere.");
  EXPECT_THAT(line, EndsWith("  Checkpoint at step 5: here.\n")) << "one line";
  EXPECT_TRUE(isRunLogLine(line));
  for (const char* other : {"", "CUDA error: out of memory", "2026-11-26", "2026-11-26 21:05:09",
                            "[W1126 21:05:09.123 x.cpp:1] Warning: y"})
    EXPECT_FALSE(isRunLogLine(other)) << other;
}

TEST(LogSentence, SaysWhatAReaderWantsOfAnEventAndLeavesCurvesToTheCurves) {
  EXPECT_EQ(
      logSentence(at(1,
                     protocol::HelloEvent{
                         .attempt = 2, .pid = 7, .build = "0.1.0", .torch = "2.11.0", .device = "CPU (2 threads)"})),
      "Attempt 2: Weft 0.1.0, torch 2.11.0, process 7, on CPU (2 threads).");
  EXPECT_EQ(
      logSentence(
          at(1, protocol::EvaluationEvent{.step = 1200, .loss_nats = 1.8625, .perplexity = 6.4398, .tokens = 16384})),
      "Evaluated at step 1,200: perplexity 6.44 (1.8625 nats) over 16,384 tokens.");
  EXPECT_EQ(
      logSentence(at(1, protocol::CheckpointEvent{.step = 300, .path = "checkpoints/step-300", .bytes = 8 << 20})),
      "Checkpoint at step 300: checkpoints/step-300, 8 MiB.");
  EXPECT_EQ(logSentence(at(1, protocol::AlertEvent{.step = 3, .message = "The loss jumped."})),
            "Warning at step 3: The loss jumped.");
  EXPECT_EQ(logSentence(at(1,
                           protocol::MeasurementEvent{
                               .name = "kv_memory",
                               .values = {{"batch", 1}, {"context", 128}, {"analytic", 65536}, {"storage", 65536}}})),
            "Measured KV memory, batch 1, context 128: 64 KiB by formula, 64 KiB of storage.");
  EXPECT_EQ(logSentence(at(1, protocol::MetricEvent{.step = 1})), std::nullopt);
  EXPECT_EQ(logSentence(at(1, protocol::ProgressEvent{})), std::nullopt);
}

TEST(RunLogEnd, HasTheTimeAndTheSpeedOfThisAttempt) {
  RunLogEnd end;
  end.listen(at(100, protocol::HelloEvent{}));
  const auto metric = [](std::int64_t step, double rate) {
    return protocol::MetricEvent{.step = step, .tokens = step * 2048, .values = {{"train/tokens_per_second", rate}}};
  };
  end.listen(at(101, metric(101, 10)));  // an attempt that resumed, and torch's first step
  end.listen(at(102, metric(102, 1024)));
  end.listen(at(103, metric(103, 2048)));
  const protocol::Event finished =
      at(172, protocol::FinishedEvent{.summary = {{"step", 103}, {"tokens", 103 * 2048}, {"perplexity", 6.4398}}});
  EXPECT_EQ(end.sentence(finished),
            "Completed at step 103 after 1 min 12 s: 210,944 tokens at 1,365 tokens/s, perplexity 6.44.");
  EXPECT_EQ(end.sentence(at(172, protocol::FinishedEvent{.outcome = "stopped",
                                                         .summary = {{"step", 103}, {"tokens", 103 * 2048}}})),
            "Stopped at step 103 after 1 min 12 s: 210,944 tokens at 1,365 tokens/s.");
  EXPECT_EQ(
      end.sentence(at(172, protocol::FailedEvent{.code = "out_of_memory", .message = "The device ran out of memory."})),
      "Failed at step 103 after 1 min 12 s: The device ran out of memory.");
  EXPECT_EQ(end.sentence(at(172, protocol::CheckpointEvent{})), std::nullopt);
}

TEST(LastComplaint, IsNoSentenceOfTheRunsCourse) {
  const TemporaryFolder folder = TemporaryFolder::create().value();
  const auto file = folder.path() / "log.txt";
  const auto complaint = [&](const std::string& text) {
    EXPECT_TRUE(writeFileAtomically(file, text));
    return lastComplaint(file);
  };
  EXPECT_EQ(lastComplaint(file), "") << "no file";
  const std::string begin = runLogLine(1000, "Attempt 1: Weft 0.1.0."),
                    course = runLogLine(1001, "Evaluated at step 100: perplexity 6.44.");
  EXPECT_EQ(complaint(begin + course), "") << "an innocent line is no reason";
  EXPECT_EQ(complaint(begin + "terminate called\n" + course + "\n\n"), "terminate called");
  EXPECT_EQ(complaint("terminate called\n" + begin + course), "") << "of an earlier attempt";
  EXPECT_EQ(complaint("killed by hand"), "killed by hand");
  EXPECT_EQ(complaint(begin + std::string(500, 'x') + "\n").size(), 300u);
}

class LogOfARun : public ServiceTest {
 protected:
  std::string log(store::RunId id) const { return readFile(m_project->runFolder(id) / "log.txt").value_or(""); }
  static std::string logs(const std::string& sentence) { return "printf '%s' '" + runLogLine(1000, sentence) + "'\n"; }
};

TEST_F(LogOfARun, EndsWithWhatTheServiceSawWhereTheWorkerSaidNothing) {
  setWorker(logs("Attempt 1: Weft.") + say(protocol::HelloEvent{}) + logs("Evaluated at step 100: perplexity 6.44.") +
            "kill -9 $$\n");
  const store::RunId id = submit();
  const auto service = makeService();
  ASSERT_TRUE(turnUntilState(*service, id, store::RunState::Failed));
  EXPECT_EQ(run(id).failure, "The worker was killed (signal 9), by somebody or by the system for lack of memory.")
      << "no line of its course as reason";
  EXPECT_THAT(log(id), HasSubstr("  Ended after "));
  EXPECT_THAT(log(id),
              EndsWith("s: The worker was killed (signal 9), by somebody or by the system for lack of memory.\n"));
}

TEST_F(LogOfARun, QuotesWhatTheWorkerComplainedOf) {
  setWorker(logs("Attempt 1: Weft.") + "echo 'terminate called without an active exception' >&2\n" +
            logs("Evaluated.") + "exit 134\n");
  const store::RunId id = submit();
  const auto service = makeService();
  ASSERT_TRUE(turnUntilState(*service, id, store::RunState::Failed));
  EXPECT_THAT(run(id).failure, EndsWith("Its log ends with: terminate called without an active exception"));
}

TEST_F(LogOfARun, IsLeftAsItIsWhereTheWorkerToldItsEnd) {
  setWorker(logs("Attempt 1: Weft.") + say(protocol::HelloEvent{}) + logs("Completed.") +
            say(protocol::FinishedEvent{}));
  const store::RunId id = submit();
  const auto service = makeService();
  ASSERT_TRUE(turnUntilState(*service, id, store::RunState::Finished));
  EXPECT_THAT(log(id), EndsWith("  Completed.\n"));
}

}  // namespace
}  // namespace weft::service::test
