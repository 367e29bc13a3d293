// The queue, attempts, requests and the service's own row.
#include "store_fixture.h"

namespace weft::store::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class Queue : public StoreTest {
 protected:
  // The names of the queued runs in their order.
  static std::string order(RunStore& store) {
    std::string names;
    const std::vector<ReadyJob> queue = *store.service().queue();
    for (const ReadyJob& ready : queue) names += store.run(ready.job.run)->name;
    return names;
  }
  RunStore fourRuns() const {
    RunStore store = open();
    for (const char* name : {"a", "b", "c", "d"}) add(store, name);
    return store;
  }
  static RunId named(RunStore& store, const std::string& name) { return store.findRun(name)->id; }
};

TEST_F(Queue, IsFirstInFirstOut) {
  RunStore store = fourRuns();
  EXPECT_EQ(order(store), "abcd");
}

TEST_F(Queue, HigherPrioritiesGoFirst) {
  RunStore store = fourRuns();
  add(store, "e", 1);
  ASSERT_TRUE(store.setPriority(named(store, "c"), 1));
  ASSERT_TRUE(store.setPriority(named(store, "a"), -1));
  EXPECT_EQ(order(store), "cebda");
}

TEST_F(Queue, HoldsOnlyQueuedRuns) {
  RunStore store = fourRuns();
  NewRun draft = newRun("draft");
  draft.state = RunState::Draft;
  ASSERT_TRUE(store.addRun(draft));
  ASSERT_TRUE(*store.service().changeState(jobOf(store, named(store, "b")), {RunState::Queued}, RunState::Held));
  ASSERT_TRUE(*store.service().take(jobOf(store, named(store, "a"))));
  EXPECT_EQ(order(store), "cd");
}

TEST_F(Queue, EveryMoveEndsRightBeforeTheOther) {
  // Every run before every other, from every order reached so far: against the same done with a string.
  RunStore store = fourRuns();
  std::string expected = "abcd";
  for (int round = 0; round < 4; ++round) {
    for (const char moved : std::string("abcd")) {
      for (const char other : std::string("dcba.")) {
        if (moved == other) continue;
        const RunId before = other == '.' ? RunId{} : named(store, {other});
        ASSERT_TRUE(store.moveInQueue(named(store, {moved}), before));
        expected.erase(expected.find(moved), 1);
        expected.insert(other == '.' ? expected.size() : expected.find(other), 1, moved);
        ASSERT_EQ(order(store), expected) << moved << " before " << other;
      }
    }
  }
  EXPECT_EQ(countOf(database(), "SELECT count(DISTINCT position) FROM job"), 4);
}

TEST_F(Queue, AMoveBeforeItselfChangesNothing) {
  RunStore store = fourRuns();
  ASSERT_TRUE(store.moveInQueue(named(store, "d"), named(store, "a")));
  for (const char* name : {"a", "b", "c", "d"}) ASSERT_TRUE(store.moveInQueue(named(store, name), named(store, name)));
  EXPECT_EQ(order(store), "dabc");
}

TEST_F(Queue, AMoveAcrossPrioritiesTakesTheOthers) {
  RunStore store = fourRuns();
  ASSERT_TRUE(store.setPriority(named(store, "d"), 5));
  ASSERT_TRUE(store.moveInQueue(named(store, "b"), named(store, "d")));
  EXPECT_EQ(order(store), "bdac");
  ASSERT_TRUE(store.moveInQueue(named(store, "d"), RunId{}));
  EXPECT_EQ(order(store), "bacd");
  ASSERT_TRUE(store.moveInQueue(named(store, "b"), named(store, "c")));
  EXPECT_EQ(order(store), "abcd");
}

TEST_F(Queue, AMoveBeforeARunThatIsNotThereChangesNothing) {
  RunStore store = fourRuns();
  EXPECT_EQ(store.moveInQueue(named(store, "d"), RunId{99}).error().code, ErrorCode::NotFound);
  EXPECT_EQ(order(store), "abcd");
}

TEST_F(Queue, TakingARunBeginsAnAttempt) {
  RunStore store = fourRuns();
  const RunId a = named(store, "a");
  EXPECT_EQ(**store.service().take(jobOf(store, a)), 1);
  const RunSummary run = *store.run(a);
  EXPECT_EQ(run.state, RunState::Starting);
  EXPECT_EQ(run.attempt, 1);
  EXPECT_GT(run.started, 1.7e9);
  ASSERT_EQ(store.attempts(a)->size(), 1u);
  EXPECT_EQ(store.attempts(a)->front().number, 1);
}

TEST_F(Queue, ARunIsTakenOnce) {
  RunStore first = fourRuns();
  RunStore second = open();
  const RunId a = named(first, "a");
  EXPECT_TRUE(*first.service().take(jobOf(first, a)));
  EXPECT_EQ(*second.service().take(jobOf(second, a)), std::nullopt);
  EXPECT_EQ(*second.service().take(jobOf(second, RunId{99})), std::nullopt);
  EXPECT_EQ(second.run(a)->attempt, 1);
}

TEST_F(Queue, AnAttemptIsKeptFromItsStartToItsEnd) {
  RunStore store = fourRuns();
  const RunId a = named(store, "a");
  EXPECT_EQ(store.service().activeJob(jobOf(store, a)).error().code, ErrorCode::NotFound);
  ASSERT_TRUE(store.service().take(jobOf(store, a)));
  ASSERT_TRUE(store.service().attemptStarted(
      {.job = jobOf(store, a), .pid = 4711, .pidStart = "123456", .host = "box", .lanes = {"cuda:1"}}));
  ActiveJob active = *store.service().activeJob(jobOf(store, a));
  EXPECT_EQ(active.job.run, a);
  EXPECT_EQ(active.job.state, RunState::Starting);
  EXPECT_EQ(active.attempt.number, 1);
  EXPECT_EQ(active.attempt.pid, 4711);
  EXPECT_EQ(active.attempt.pidStart, "123456");
  EXPECT_GT(active.attempt.started, 1.7e9);
  ingest(store, a,
         {HelloRow{.time = 5, .attempt = 1, .build = "0.1", .torch = "2.9.1", .device = "NVIDIA H100"},
          ProgressRow{.time = 6, .phase = "training", .done = 1, .total = 4, .promise_s = 30}});
  active = *store.service().activeJob(jobOf(store, a));
  EXPECT_EQ(active.job.state, RunState::Running);
  EXPECT_EQ(active.job.heartbeat, 6);
  EXPECT_EQ(active.job.promise_s, 30);
  ingest(store, a,
         {EndRow{.time = 7,
                 .outcome = "failed",
                 .code = "out_of_memory",
                 .message = "The device is full.",
                 .detail = "2 GiB"}});
  active = *store.service().activeJob(jobOf(store, a));
  EXPECT_EQ(active.attempt.outcome, "failed");
  EXPECT_EQ(active.attempt.code, "out_of_memory");
  ASSERT_TRUE(store.service().attemptEnded({.job = jobOf(store, a),
                                            .state = RunState::Failed,
                                            .outcome = "failed",
                                            .code = "out_of_memory",
                                            .failure = "The device is full.",
                                            .detail = "2 GiB"}));
  const RunSummary run = *store.run(a);
  EXPECT_EQ(run.state, RunState::Failed);
  EXPECT_EQ(run.failure, "The device is full.");
  EXPECT_GE(run.ended, run.started);
  const Attempt attempt = store.attempts(a)->front();
  EXPECT_EQ(attempt.device, "NVIDIA H100");
  EXPECT_EQ(attempt.torch, "2.9.1");
  EXPECT_EQ(attempt.build, "0.1");
  EXPECT_EQ(attempt.outcome, "failed");
  EXPECT_EQ(attempt.message, "The device is full.");
  EXPECT_EQ(attempt.detail, "2 GiB");
  EXPECT_GT(attempt.ended, 1.7e9);
}

TEST_F(Queue, AWishIsKeptUntilTheAttemptEnds) {
  RunStore store = fourRuns();
  const RunId a = startRun(store, "running");
  ASSERT_TRUE(store.service().want(jobOf(store, a), "stop"));
  EXPECT_EQ(store.run(a)->state, RunState::Stopping);
  EXPECT_EQ(store.service().activeJob(jobOf(store, a))->job.wanted, "stop");
  ASSERT_TRUE(store.service().want(jobOf(store, a), "kill"));
  EXPECT_EQ(store.service().activeJob(jobOf(store, a))->job.wanted, "kill");
  ASSERT_TRUE(store.service().attemptEnded({.job = jobOf(store, a), .state = RunState::Killed, .outcome = "killed"}));
  EXPECT_EQ(store.service().activeJob(jobOf(store, a))->job.wanted, "");
  ASSERT_TRUE(store.service().want(jobOf(store, a), "stop"));
  EXPECT_EQ(store.run(a)->state, RunState::Killed) << "nothing can be wanted of a run that has ended";
}

TEST_F(Queue, AHelloDoesNotUndoAWish) {
  RunStore store = fourRuns();
  const RunId a = named(store, "a");
  ASSERT_TRUE(store.service().take(jobOf(store, a)));
  ASSERT_TRUE(store.service().want(jobOf(store, a), "stop"));
  hello(store, a, 1);
  EXPECT_EQ(store.run(a)->state, RunState::Stopping);
}

TEST_F(Queue, ActiveRunsAreThoseWithAnAttempt) {
  RunStore store = fourRuns();
  const RunId b = named(store, "b");
  const RunId c = named(store, "c");
  ASSERT_TRUE(store.service().take(jobOf(store, c)));
  ASSERT_TRUE(store.service().take(jobOf(store, b)));
  ASSERT_TRUE(store.service().attemptEnded({.job = jobOf(store, c), .state = RunState::Queued, .outcome = "lost"}));
  const auto active = *store.service().activeJobs();
  ASSERT_EQ(active.size(), 1u);
  EXPECT_EQ(active[0].job.run, b);
}

TEST_F(Queue, ANewAttemptLeavesBehindWhatTheLastOnePromisedAndFailed) {
  RunStore store = fourRuns();
  const RunId a = startRun(store, "again");
  ingest(store, a, {ProgressRow{.time = 6, .phase = "training", .done = 3, .total = 4, .promise_s = 900}});
  ASSERT_TRUE(store.service().attemptEnded(
      {.job = jobOf(store, a), .state = RunState::Failed, .outcome = "failed", .failure = "It crashed."}));
  ASSERT_TRUE(*store.service().changeState(jobOf(store, a), {RunState::Paused, RunState::Failed}, RunState::Queued));
  RunSummary run = *store.run(a);
  EXPECT_EQ(run.state, RunState::Queued);
  EXPECT_EQ(run.failure, "") << "a run that waits has not failed";
  EXPECT_EQ(run.ended, 0);
  const double started = run.started;
  EXPECT_EQ(**store.service().take(jobOf(store, a)), 2);
  run = *store.run(a);
  EXPECT_EQ(run.started, started) << "the first attempt's";
  EXPECT_EQ(run.phase, "");
  EXPECT_EQ(run.progress, 0);
  const ActiveJob active = *store.service().activeJob(jobOf(store, a));
  EXPECT_EQ(active.job.promise_s, 0);
  EXPECT_EQ(active.job.heartbeat, 0);
  EXPECT_EQ(active.attempt.number, 2);
  EXPECT_EQ(active.attempt.outcome, "");
  EXPECT_EQ(store.attempts(a)->front().outcome, "failed");
}

TEST_F(Queue, AStateChangesOnlyFromThoseThatAreNamed) {
  RunStore store = fourRuns();
  const RunId a = named(store, "a");
  EXPECT_FALSE(*store.service().changeState(jobOf(store, a), {RunState::Held, RunState::Paused}, RunState::Stopped));
  EXPECT_FALSE(*store.service().changeState(jobOf(store, a), {}, RunState::Stopped));
  EXPECT_EQ(store.run(a)->state, RunState::Queued);
  EXPECT_TRUE(*store.service().changeState(jobOf(store, a), {RunState::Held, RunState::Queued}, RunState::Stopped));
  EXPECT_EQ(store.run(a)->state, RunState::Stopped);
  EXPECT_GT(store.run(a)->ended, 1.7e9);
}

TEST_F(Queue, RequestsAreOpenUntilTheyAreAnswered) {
  RunStore store = fourRuns();
  const RunId a = named(store, "a");
  for (const RequestKind kind : {RequestKind::Pause, RequestKind::Resume, RequestKind::Stop, RequestKind::Kill})
    ASSERT_TRUE(store.request(kind, a));
  ASSERT_TRUE(store.request(RequestKind::ShutDown, RunId{}));
  RunStore service = open();
  const auto requests = *service.service().openRequests();
  std::vector<RequestKind> kinds;
  for (const Request& request : requests) kinds.push_back(request.kind);
  EXPECT_THAT(kinds, ElementsAre(RequestKind::Pause, RequestKind::Resume, RequestKind::Stop, RequestKind::Kill,
                                 RequestKind::ShutDown));
  EXPECT_EQ(requests[0].job, jobOf(store, a));
  EXPECT_EQ(requests[4].job, JobId{});
  EXPECT_GT(requests[0].time, 1.7e9);
  ASSERT_TRUE(service.service().answer(requests[0].id));
  ASSERT_TRUE(service.service().answer(requests[2].id));
  EXPECT_EQ(store.service().openRequests()->size(), 3u);
  EXPECT_EQ(store.service().openRequests()->front().kind, RequestKind::Resume);
}

TEST_F(Queue, ARequestOfAnUnknownKindStopsNothing) {
  RunStore store = fourRuns();
  execute(database(), "INSERT INTO request (kind, job, time) VALUES ('celebrate', 1, 0)");
  EXPECT_THAT(*store.service().openRequests(), IsEmpty());
}

TEST_F(Queue, TheServiceIsKnownByWhatItSaidWhenItBegan) {
  RunStore store = open();
  EXPECT_EQ(store.engineState()->pid, 0);
  ASSERT_TRUE(store.service().setEngineState({.pid = 12, .host = "old", .began = 1}));
  ASSERT_TRUE(store.service().setEngineState({.pid = 34, .host = "box", .began = 99.5, .devices = {"cuda:0", "cpu"}}));
  const EngineState state = *open().engineState();
  EXPECT_EQ(state.pid, 34);
  EXPECT_EQ(state.host, "box");
  EXPECT_EQ(state.began, 99.5);
  EXPECT_THAT(state.devices, ElementsAre("cuda:0", "cpu"));
}

TEST_F(Queue, AlertsOfAllRunsComeInOrderAndFromACertainOneOn) {
  RunStore store = fourRuns();
  const RunId a = startRun(store, "x");
  ingest(store, a, {AlertRow{.time = 3, .step = 12, .level = "error", .message = "The loss is not a number."}});
  ASSERT_TRUE(store.service().addAlert(jobOf(store, named(store, "b")), "warning", "Silence."));
  const auto alerts = *store.alerts();
  ASSERT_EQ(alerts.size(), 2u);
  EXPECT_EQ(alerts[0].run, a);
  EXPECT_EQ(alerts[0].step, 12);
  EXPECT_EQ(alerts[0].level, "error");
  EXPECT_EQ(alerts[0].message, "The loss is not a number.");
  EXPECT_EQ(alerts[0].time, 3);
  EXPECT_EQ(alerts[1].message, "Silence.");
  EXPECT_GT(alerts[1].time, 1.7e9);
  const auto later = *store.alerts(alerts[0].id);
  ASSERT_EQ(later.size(), 1u);
  EXPECT_EQ(later[0].id, alerts[1].id);
  EXPECT_THAT(*store.alerts(alerts[1].id), IsEmpty());
}

}  // namespace
}  // namespace weft::store::test
