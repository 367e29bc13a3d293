#include "engine/service/service.h"

#include <gmock/gmock.h>
#include <signal.h>

#include "tests/service/service_fixture.h"

namespace weft::service::test {
namespace {

using store::RequestKind;
using store::RunState;
using ::testing::AllOf;
using ::testing::HasSubstr;

class QueueService : public ServiceTest {};

const protocol::HelloEvent kHello{.attempt = 1, .pid = 1, .build = "b", .torch = "t", .device = "CPU"};
protocol::MetricEvent metric(std::int64_t step, double loss) {
  return {.step = step, .tokens = 100 * step, .values = {{"train/loss", loss}}};
}

TEST_F(QueueService, BringsAQueuedRunToItsEndAndStoresWhatItsWorkerWrote) {
  setWorker(say(kHello) + say(metric(1, 3.5)) +
            say(protocol::EvaluationEvent{.step = 1, .loss_nats = 2, .perplexity = 7.5, .tokens = 10}) +
            say(protocol::CheckpointEvent{.step = 1, .path = "checkpoints/step-1", .bytes = 12}) +
            say(protocol::FinishedEvent{}));
  const store::RunId id = submit();
  const auto service = makeService();
  ASSERT_TRUE(turnUntilState(*service, id, RunState::Finished));
  EXPECT_EQ(run(id).perplexity, 7.5);
  EXPECT_EQ(run(id).lastLoss, 3.5);
  EXPECT_EQ(m_store->metric(id, "train/loss").value().points.size(), 1u);
  EXPECT_EQ(m_store->checkpoints(id).value().front().path, "checkpoints/step-1");
  const store::Attempt attempt = m_store->attempts(id).value().front();
  EXPECT_EQ(attempt.outcome, "completed");
  EXPECT_EQ(attempt.torch, "t");
  EXPECT_GT(attempt.ended, 0);
  ASSERT_TRUE(service->tick());
  EXPECT_TRUE(service->isIdle());
}

TEST_F(QueueService, LaysOutTheFolderThatTheWorkerReads) {
  setWorker("cp \"$1/config.toml\" \"$1/job.json\" '" + m_folder->path().string() + "'\n" +
            say(protocol::FinishedEvent{}));
  const store::RunId id = submit("the name");
  const auto service = makeService();
  ASSERT_TRUE(turnUntilState(*service, id, RunState::Finished));
  const config::RunConfig config = config::loadRunConfig(m_folder->path() / "config.toml").value();
  EXPECT_EQ(config.name, "the name");
  EXPECT_EQ(config.model.sharing, "0_0_2_2");
  EXPECT_EQ(config.model.vocabulary, 257);
  EXPECT_THAT(readFile(m_folder->path() / "job.json").value(),
              AllOf(HasSubstr("\"attempt\": 1"), HasSubstr("\"device\": \"cpu\"")));
}

TEST_F(QueueService, TakesRunsByPriorityAndThenInTheirOrderOneALane) {
  setWorker(say(kHello) + waitForGo() + say(protocol::FinishedEvent{}));
  const store::RunId first = submit("first"), second = submit("second"), urgent = submit("urgent");
  ASSERT_TRUE(m_store->setPriority(urgent, 5));
  const auto service = makeService();
  ASSERT_TRUE(turnUntilState(*service, urgent, RunState::Running));
  EXPECT_EQ(run(first).state, RunState::Queued);
  go();
  ASSERT_TRUE(turnUntilState(*service, second, RunState::Finished));
  EXPECT_LE(m_store->attempts(urgent).value().front().ended, m_store->attempts(first).value().front().started);
  EXPECT_LE(m_store->attempts(first).value().front().ended, m_store->attempts(second).value().front().started);
}

TEST_F(QueueService, LetsARunPassThatWaitsForABusyLane) {
  setWorker(say(kHello) + waitForGo() + say(protocol::FinishedEvent{}));
  const store::RunId gpu = submit("gpu", "cuda:0"), waits = submit("waits", "cuda"), cpu = submit("cpu", "cpu");
  const auto service = makeService({"cuda:0", "cpu"});
  ASSERT_TRUE(turnUntilState(*service, gpu, RunState::Running));
  ASSERT_TRUE(turnUntilState(*service, cpu, RunState::Running));
  EXPECT_EQ(run(waits).state, RunState::Queued);
  go();
  ASSERT_TRUE(turnUntilState(*service, waits, RunState::Finished));
}

TEST_F(QueueService, FailsARunWhoseDeviceThisMachineDoesNotHave) {
  setWorker(say(protocol::FinishedEvent{}));
  const store::RunId id = submit("far", "cuda:3"), next = submit("next");
  const auto service = makeService();
  ASSERT_TRUE(turnUntilState(*service, id, RunState::Failed));
  EXPECT_THAT(run(id).failure, AllOf(HasSubstr("cuda:3"), HasSubstr("cpu")));
  ASSERT_TRUE(turnUntilState(*service, next, RunState::Finished));
}

TEST_F(QueueService, MarksADeadWorkerFailedWithItsSignalAndItsLastWords) {
  setWorker(say(kHello) + "echo 'malloc(): corrupted' >&2\nkill -SEGV $$\n");
  const store::RunId id = submit();
  const auto service = makeService();
  ASSERT_TRUE(turnUntilState(*service, id, RunState::Failed));
  EXPECT_THAT(run(id).failure, AllOf(HasSubstr("signal 11"), HasSubstr("malloc(): corrupted")));
}

TEST_F(QueueService, MarksAWorkerFailedThatEndsWithoutALastEvent) {
  setWorker(say(kHello) + "exit 9\n");
  const store::RunId id = submit();
  const auto service = makeService();
  ASSERT_TRUE(turnUntilState(*service, id, RunState::Failed));
  EXPECT_THAT(run(id).failure, HasSubstr("exit code 9"));
  EXPECT_EQ(m_store->attempts(id).value().front().outcome, "failed");
}

TEST_F(QueueService, KeepsTheReasonThatAWorkerGaveItself) {
  setWorker(say(kHello) +
            say(protocol::FailedEvent{
                .code = "out_of_memory", .message = "The device ran out of memory at step 3.", .step = 3}) +
            "exit 3\n");
  const store::RunId id = submit();
  const auto service = makeService();
  ASSERT_TRUE(turnUntilState(*service, id, RunState::Failed));
  EXPECT_EQ(run(id).failure, "The device ran out of memory at step 3.");
  EXPECT_EQ(m_store->attempts(id).value().front().code, "out_of_memory");
}

TEST_F(QueueService, StopsPausesAndResumesARun) {
  setWorker("trap 'stopped=1' TERM\ntrap 'paused=1' USR1\n" + say(kHello) +
            "while [ -z \"$stopped$paused\" ]; do sleep 0.01; done\nif [ -n \"$paused\" ]; then " +
            say(protocol::FinishedEvent{.outcome = "paused"}) + "else " +
            say(protocol::FinishedEvent{.outcome = "stopped"}) + "fi\n");
  const store::RunId id = submit();
  const auto service = makeService();
  ASSERT_TRUE(turnUntilState(*service, id, RunState::Running));
  ASSERT_TRUE(m_store->request(RequestKind::Pause, id));
  ASSERT_TRUE(turnUntilState(*service, id, RunState::Paused));
  ASSERT_TRUE(m_store->request(RequestKind::Resume, id));
  ASSERT_TRUE(turnUntilState(*service, id, RunState::Running));
  EXPECT_EQ(run(id).attempt, 2);
  ASSERT_TRUE(m_store->request(RequestKind::Stop, id));
  ASSERT_TRUE(turnUntilState(*service, id, RunState::Stopped));
  EXPECT_EQ(run(id).failure, "");
  EXPECT_TRUE(m_store->service().openRequests().value().empty());
}

TEST_F(QueueService, KillsARunThatDoesNotListen) {
  setWorker("trap '' TERM USR1\n" + say(kHello) + "while true; do sleep 0.05; done\n");
  const store::RunId id = submit();
  const auto service = makeService();
  ASSERT_TRUE(turnUntilState(*service, id, RunState::Running));
  const ProcessId worker = workerOf(id);
  ASSERT_TRUE(m_store->request(RequestKind::Stop, id));
  ASSERT_TRUE(turnUntilState(*service, id, RunState::Stopping));
  ASSERT_TRUE(m_store->request(RequestKind::Kill, id));
  ASSERT_TRUE(turnUntilState(*service, id, RunState::Killed));
  EXPECT_FALSE(isRunning(worker));
}

TEST_F(QueueService, ChangesRunsThatDoNotRun) {
  setWorker(say(kHello) + waitForGo() + say(protocol::FinishedEvent{}));
  const store::RunId busy = submit("busy"), held = submit("held"), dropped = submit("dropped");
  const auto service = makeService();
  ASSERT_TRUE(turnUntilState(*service, busy, RunState::Running));
  ASSERT_TRUE(m_store->request(RequestKind::Pause, held));
  ASSERT_TRUE(m_store->request(RequestKind::Stop, dropped));
  ASSERT_TRUE(turnUntilState(*service, held, RunState::Held));
  ASSERT_TRUE(turnUntilState(*service, dropped, RunState::Stopped));
  go();
  ASSERT_TRUE(turnUntilState(*service, busy, RunState::Finished));
  ASSERT_TRUE(turnUntil(*service, [&] { return service->isIdle(); }));
  EXPECT_EQ(run(held).state, RunState::Held);
  ASSERT_TRUE(m_store->request(RequestKind::Resume, held));
  ASSERT_TRUE(turnUntilState(*service, held, RunState::Finished));
}

TEST_F(QueueService, ANewServiceTakesOverTheWorkerOfADeadOneAndLosesNoEvent) {
  setWorker(say(kHello) + say(metric(1, 3)) + say(metric(2, 2)) + waitForGo() + say(metric(3, 1)) +
            say(protocol::FinishedEvent{}));
  const store::RunId id = submit();
  auto first = makeService();
  ASSERT_TRUE(turnUntil(*first, [&] { return run(id).step == 2; }));
  const ProcessId worker = workerOf(id);
  first.reset();  // as if it had been killed: it does nothing at its end
  EXPECT_TRUE(isRunning(worker));
  const auto second = makeService();
  ASSERT_TRUE(second->tick());
  EXPECT_EQ(run(id).state, RunState::Running);
  EXPECT_FALSE(second->isIdle());
  go();
  ASSERT_TRUE(turnUntilState(*second, id, RunState::Finished));
  const auto points = m_store->metric(id, "train/loss").value().points;
  ASSERT_EQ(points.size(), 3u);
  EXPECT_EQ(points.back().value, 1);
  EXPECT_EQ(m_store->attempts(id).value().size(), 1u);
}

TEST_F(QueueService, AWorkerThatVanishedUnwatchedIsLostAndCanBeResumed) {
  setWorker(say(kHello) + say(metric(1, 3)) + "[ -e '" + (m_project->folder() / "go").string() + "' ] && " +
            say(protocol::FinishedEvent{}) + "while true; do sleep 0.05; done\n");
  const store::RunId id = submit();
  auto first = makeService();
  ASSERT_TRUE(turnUntilState(*first, id, RunState::Running));
  const ProcessId worker = workerOf(id);
  first.reset();
  ASSERT_TRUE(sendSignal(worker, SIGKILL));
  // It was this process's child all the same: what a new service cannot see is taken away here.
  for (int i = 0; i < 2000 && !takeEnd(worker); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  auto second = makeService();
  ASSERT_TRUE(turnUntilState(*second, id, RunState::Lost));
  EXPECT_THAT(run(id).failure, HasSubstr("resume"));
  EXPECT_EQ(run(id).step, 1);
}

TEST_F(QueueService, AnAttemptThatWasTakenButNeverStartedIsQueuedAgain) {
  setWorker(say(protocol::HelloEvent{.attempt = 2}) + say(protocol::FinishedEvent{}));
  const store::RunId id = submit();
  ASSERT_TRUE(m_store->service().take(jobOf(id)).value());  // and then the service died
  EXPECT_EQ(run(id).state, RunState::Starting);
  const auto service = makeService();
  ASSERT_TRUE(turnUntilState(*service, id, RunState::Finished));
  EXPECT_EQ(run(id).attempt, 2);
}

TEST_F(QueueService, AWishThatADeadServiceNotedReachesTheWorker) {
  setWorker("trap 'stopped=1' TERM\n" + say(kHello) + "while [ -z \"$stopped\" ]; do sleep 0.01; done\n" +
            say(protocol::FinishedEvent{.outcome = "stopped"}));
  const store::RunId id = submit();
  auto first = makeService();
  ASSERT_TRUE(turnUntilState(*first, id, RunState::Running));
  first.reset();
  ASSERT_TRUE(m_store->service().want(jobOf(id), "stop"));
  const auto second = makeService();
  ASSERT_TRUE(turnUntilState(*second, id, RunState::Stopped));
}

TEST_F(QueueService, SkipsALineThatIsNoEventAndSaysSo) {
  setWorker(say(kHello) + "say 'this is no event'\n" + say(metric(1, 3)) + say(protocol::FinishedEvent{}));
  const store::RunId id = submit();
  const auto service = makeService();
  ASSERT_TRUE(turnUntilState(*service, id, RunState::Finished));
  EXPECT_EQ(run(id).step, 1);
  const auto alerts = m_store->alerts().value();
  ASSERT_EQ(alerts.size(), 1u);
  EXPECT_THAT(alerts.front().message, HasSubstr("byte"));
}

TEST_F(QueueService, AWorkerProgramThatIsGoneFailsTheRunWithItsName) {
  m_worker = m_folder->path() / "nowhere/weft-worker";
  const store::RunId id = submit();
  const auto service = makeService();
  ASSERT_TRUE(turnUntilState(*service, id, RunState::Failed));
  EXPECT_THAT(run(id).failure, HasSubstr("nowhere/weft-worker"));
}

TEST_F(QueueService, AnOldWishToShutDownIsNotMeantForANewService) {
  setWorker(say(kHello) + say(protocol::FinishedEvent{}));
  ASSERT_TRUE(m_store->request(RequestKind::ShutDown, store::RunId{}));
  std::this_thread::sleep_for(std::chrono::milliseconds(2));  // the clock's resolution
  const store::RunId id = submit();
  const auto service = makeService();
  ASSERT_TRUE(turnUntilState(*service, id, RunState::Finished));
  EXPECT_FALSE(service->isAskedToEnd());
  EXPECT_TRUE(m_store->service().openRequests().value().empty());
}

// ---- jobs that are no trainings

// A worker that trains as `training` says, and for any other kind of job does as `other` says.
std::string byKind(const std::string& training, const std::string& other) {
  return "if grep -q '\"kind\": \"train\"' \"$1/job.json\"; then\n" + training + "else\n" + other + "fi\n";
}

TEST_F(QueueService, AnEvaluationWaitsForItsTrainingAndStandsBesideItsCourse) {
  setWorker(byKind(
      say(kHello) + say(metric(3, 2.5)) +
          say(protocol::EvaluationEvent{
              .step = 3, .split = "valid", .task = "perplexity", .loss_nats = 2, .perplexity = 7.5}) +
          say(protocol::FinishedEvent{}),
      "cp \"$1/job.json\" '" + m_folder->path().string() + "'\n" + say(kHello) +
          say(protocol::ProgressEvent{.phase = "evaluate", .done = 1, .total = 4}) +
          say(protocol::EvaluationEvent{
              .step = 3, .task = "wikitext", .loss_nats = 3, .perplexity = 20, .values = {{"word_perplexity", 55}}}) +
          say(protocol::FinishedEvent{})));
  const store::RunId id = submit("MQA");
  const std::string body =
      protocol::toJobJson({.body = protocol::EvaluateJob{.model = "somewhere", .task = "wikitext"}});
  const store::JobId job =
      m_store
          ->addJob({.kind = protocol::EvaluateJob::kKind, .run = id, .body = body, .needs = {jobOf(id)}, .priority = 9})
          .value();
  EXPECT_EQ(m_store->service().queue()->size(), 1u) << "whatever its priority, it waits";
  const auto service = makeService();
  ASSERT_TRUE(turnUntil(*service, [&] { return store::isTerminal(m_store->job(job)->state); }));
  EXPECT_EQ(m_store->job(job)->state, store::JobState::Finished) << m_store->job(job)->failure;
  EXPECT_EQ(m_store->job(job)->lanes, std::vector<std::string>{"cpu"});
  EXPECT_EQ(m_store->job(job)->phase, "evaluate");
  EXPECT_EQ(run(id).state, RunState::Finished);
  EXPECT_EQ(run(id).perplexity, 7.5) << "the run's course is its training's";
  EXPECT_EQ(run(id).phase, "");
  EXPECT_EQ(run(id).values->at("wikitext/word_perplexity"), 55);
  EXPECT_EQ(m_store->evaluations(id)->size(), 2u);
  EXPECT_EQ(m_store->attempts(id)->size(), 1u);
  EXPECT_EQ(m_store->attempts(job)->size(), 1u);
  EXPECT_THAT(readFile(m_folder->path() / "job.json").value(),
              AllOf(HasSubstr("\"kind\": \"evaluate\""), HasSubstr("\"model\": \"somewhere\""),
                    HasSubstr("\"device\": \"cpu\"")));
  EXPECT_THAT(m_log, ::testing::Contains(HasSubstr("Job 2 (evaluate, run 1) is finished.")));
  EXPECT_TRUE(std::filesystem::exists(m_project->runs() / "jobs" / std::to_string(job.value) / "events.jsonl"));
}

TEST_F(QueueService, AJobWhoseNeedFailedFailsAndSaysWhy) {
  setWorker(say(protocol::FailedEvent{.code = "out_of_memory", .message = "The device is full."}));
  const store::RunId id = submit();
  const store::JobId job = m_store->addJob({.kind = "measure", .run = id, .body = "{}", .needs = {jobOf(id)}}).value();
  const auto service = makeService();
  ASSERT_TRUE(turnUntil(*service, [&] { return store::isTerminal(m_store->job(job)->state); }));
  EXPECT_EQ(m_store->job(job)->failure, "Job 2 (measure, run 1) was not begun: run 1, which it needs, is failed.");
}

TEST_F(QueueService, AJobThatIsNoneFailsWithASentenceAndStopsNoOther) {
  setWorker(say(kHello) + say(protocol::FinishedEvent{}));
  const store::JobId job =
      m_store->addJob({.kind = "measure", .body = R"({"kind": "measure", "bathces": [1]})"}).value();
  const store::RunId id = submit();
  const auto service = makeService();
  ASSERT_TRUE(turnUntilState(*service, id, RunState::Finished));
  EXPECT_EQ(m_store->job(job)->state, store::JobState::Failed);
  EXPECT_THAT(m_store->job(job)->failure, AllOf(HasSubstr("job 1 (measure)"), HasSubstr("bathces")));
}

TEST_F(QueueService, AJobIsStoppedAndTakenOverLikeATraining) {
  setWorker(byKind(":\n", "trap 'stopped=1' TERM\n" + say(kHello) + "while [ -z \"$stopped\" ]; do sleep 0.01; done\n" +
                              say(protocol::FailedEvent{.code = "canceled", .message = "It was asked to end."})));
  const std::string body = protocol::toJobJson({.body = protocol::MeasureJob{.config = "config.toml"}});
  const store::JobId job = m_store->addJob({.kind = "measure", .body = body}).value();
  auto first = makeService();
  ASSERT_TRUE(turnUntil(*first, [&] { return m_store->job(job)->state == store::JobState::Running; }));
  first.reset();
  ASSERT_TRUE(m_store->request(RequestKind::Stop, job));
  const auto second = makeService();
  ASSERT_TRUE(turnUntil(*second, [&] { return store::isTerminal(m_store->job(job)->state); }));
  EXPECT_EQ(m_store->job(job)->state, store::JobState::Stopped);
}

TEST_F(QueueService, WritesNothingWhileNothingHappens) {
  setWorker(say(kHello) + waitForGo() + say(protocol::FinishedEvent{}));
  const store::RunId id = submit();
  const auto service = makeService();
  ASSERT_TRUE(turnUntilState(*service, id, RunState::Running));
  const std::int64_t before = m_store->dataVersion().value();
  for (int turn = 0; turn < 50; ++turn) ASSERT_TRUE(service->tick());
  EXPECT_EQ(m_store->dataVersion().value(), before) << "a heartbeat would wake every reader";
  go();
  EXPECT_TRUE(turnUntilState(*service, id, RunState::Finished));
}

TEST_F(QueueService, SaysWhoServesInTheStore) {
  const auto service = makeService({"cuda:0", "cpu"});
  ASSERT_TRUE(service->tick());
  const store::EngineState state = m_store->engineState().value();
  EXPECT_EQ(state.pid, ::getpid());
  ASSERT_EQ(state.devices.size(), 2u);
  EXPECT_THAT(state.devices[0], ::testing::StartsWith("cuda:0"));
  EXPECT_THAT(state.devices[1], AllOf(::testing::StartsWith("cpu "), HasSubstr("core"), HasSubstr("iB")));
  ASSERT_TRUE(m_store->request(RequestKind::ShutDown, store::RunId{}));
  ASSERT_TRUE(service->tick());
  EXPECT_TRUE(service->isAskedToEnd());
}

}  // namespace
}  // namespace weft::service::test
