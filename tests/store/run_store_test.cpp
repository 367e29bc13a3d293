// What the faces write and read.
#include <cmath>
#include <limits>

#include "engine/store/database.h"
#include "engine/store/run_fields.h"
#include "store_fixture.h"

namespace weft::store::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Store : public StoreTest {};

TEST_F(Store, AnAddedRunComesBackWithEveryField) {
  RunStore store = open();
  NewRun run = newRun("käse 'quoted\" \n name");
  run.priority = 4;
  run.state = RunState::Draft;
  const RunId id = *store.addRun(run);
  EXPECT_EQ(id.value, 1);
  const RunSummary got = *store.run(id);
  EXPECT_EQ(got.id, id);
  EXPECT_EQ(got.name, run.name);
  EXPECT_EQ(got.kind, "train");
  EXPECT_EQ(got.kvType, "int8");
  EXPECT_EQ(got.state, RunState::Draft);
  EXPECT_EQ(got.map, "0_0_2_2");
  EXPECT_EQ(got.generator, "cla2");
  EXPECT_EQ(got.cache, "int8");
  EXPECT_EQ(got.layers, 4);
  EXPECT_EQ(got.queryHeads, 8);
  EXPECT_EQ(got.kvHeads, 2);
  EXPECT_EQ(got.headWidth, 16);
  EXPECT_EQ(got.hidden, 128);
  EXPECT_EQ(got.parameters, 1'234'567'890'123);
  EXPECT_EQ(got.kvBytesPerToken, 128.5);
  EXPECT_EQ(got.seed, -3);
  EXPECT_EQ(got.steps, 200);
  EXPECT_EQ(got.priority, 4);
  EXPECT_THAT(got.tags, ElementsAre("a tag", "zweite Marke"));
  EXPECT_EQ(*store.configToml(id), run.configToml);
  EXPECT_GT(got.created, 1.7e9);
  EXPECT_EQ(got.updated, got.created);
  // Not yet:
  EXPECT_EQ(got.started, 0);
  EXPECT_EQ(got.ended, 0);
  EXPECT_EQ(got.heartbeat, 0);
  EXPECT_EQ(got.attempt, 0);
  EXPECT_EQ(got.step, 0);
  EXPECT_EQ(got.tokens, 0);
  EXPECT_EQ(got.progress, 0);
  for (const std::optional<double>& number :
       {got.lastLoss, got.bestLoss, got.perplexity, got.bestPerplexity, got.unigramPerplexity, got.entropyFloor_nats,
        got.tokensPerSecond, got.kvBytesPerTokenMeasured}) {
    EXPECT_EQ(number, std::nullopt);
  }
  EXPECT_THAT(got.sparkline, IsEmpty());
  EXPECT_EQ(got.device + got.phase + got.note + got.failure, "");
  EXPECT_FALSE(got.starred || got.archived || got.baseline);
}

TEST_F(Store, RunsAreListedInTheOrderOfTheirNumbers) {
  RunStore store = open();
  for (const char* name : {"a", "b", "c"}) add(store, name);
  std::vector<std::string> names;
  const std::vector<RunSummary> runs = *store.runs();
  for (const RunSummary& run : runs) names.push_back(std::to_string(run.id.value) + run.name);
  EXPECT_THAT(names, ElementsAre("1a", "2b", "3c"));
}

TEST_F(Store, EveryEditIsKept) {
  RunStore store = open();
  const RunId id = add(store, "a");
  ASSERT_TRUE(store.setTags(id, {"x", "", "y, z"}));
  ASSERT_TRUE(store.setNote(id, "a note\nof two lines"));
  ASSERT_TRUE(store.setStarred(id, true));
  ASSERT_TRUE(store.setArchived(id, true));
  ASSERT_TRUE(store.setPriority(id, -7));
  ASSERT_TRUE(store.setBaseline(id));
  RunSummary run = *open().run(id);
  EXPECT_THAT(run.tags, ElementsAre("x", "", "y, z"));
  EXPECT_EQ(run.note, "a note\nof two lines");
  EXPECT_TRUE(run.starred);
  EXPECT_TRUE(run.archived);
  EXPECT_TRUE(run.baseline);
  EXPECT_EQ(run.priority, -7);
  ASSERT_TRUE(store.setStarred(id, false));
  ASSERT_TRUE(store.setArchived(id, false));
  ASSERT_TRUE(store.setTags(id, {}));
  run = *store.run(id);
  EXPECT_FALSE(run.starred);
  EXPECT_FALSE(run.archived);
  EXPECT_THAT(run.tags, IsEmpty());
}

TEST_F(Store, ThereIsAtMostOneBaseline) {
  RunStore store = open();
  const RunId a = add(store, "a");
  const RunId b = add(store, "b");
  ASSERT_TRUE(store.setBaseline(a));
  ASSERT_TRUE(store.setBaseline(b));
  EXPECT_FALSE(store.run(a)->baseline);
  EXPECT_TRUE(store.run(b)->baseline);
  EXPECT_EQ(store.setBaseline(RunId{99}).error().code, ErrorCode::NotFound);
  EXPECT_TRUE(store.run(b)->baseline) << "a refused change takes nothing away";
  ASSERT_TRUE(store.setBaseline(RunId{}));
  EXPECT_FALSE(store.run(b)->baseline);
}

TEST_F(Store, WhatIsAskedOfAJobThatIsNotThereNamesIt) {
  RunStore store = open();
  const JobId none{7};
  const std::string sentence = "There is no job 7 in this project.";
  EXPECT_EQ(store.job(none).error().message, sentence);
  EXPECT_EQ(store.service().eventsOffset(none).error().message, sentence);
  EXPECT_EQ(store.service().activeJob(none).error().message, sentence);
  EXPECT_EQ(store.service().changeState(none, {JobState::Queued}, JobState::Held).error().message, sentence);
  EXPECT_EQ(store.addJob({.kind = "measure", .body = "{}", .needs = {none}}).error().message, sentence);
  for (const Result<void>& result :
       {store.setPriority(none, 1), store.moveInQueue(none, JobId{}), store.request(RequestKind::Stop, none),
        store.service().ingest({.job = none, .to = 1}), store.service().addAlert(none, "warning", "w"),
        store.service().attemptStarted({.job = none}), store.service().attemptEnded({.job = none}),
        store.service().want(none, "stop")}) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::NotFound);
    EXPECT_EQ(result.error().message, sentence);
  }
}

TEST_F(Store, WhatIsAskedOfARunThatIsNotThereNamesIt) {
  RunStore store = open();
  const RunId none{7};
  const std::string sentence = "There is no run 7 in this project.";
  EXPECT_EQ(store.run(none).error().message, sentence);
  EXPECT_EQ(store.configToml(none).error().message, sentence);
  EXPECT_EQ(store.training(none).error().message, sentence);
  EXPECT_EQ(store.jobsOf(none).error().message, sentence);
  EXPECT_EQ(store.attempts(none).error().message, sentence);
  EXPECT_EQ(store.addJob({.kind = "measure", .run = none, .body = "{}"}).error().message, sentence);
  for (const Result<void>& result :
       {store.setTags(none, {}), store.setNote(none, ""), store.setStarred(none, true), store.setArchived(none, true),
        store.setPriority(none, 1), store.moveInQueue(none, RunId{}), store.addMeasurement(none, {}),
        store.addEvaluation(none, {}), store.request(RequestKind::Stop, none)}) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::NotFound);
    EXPECT_EQ(result.error().message, sentence);
  }
  EXPECT_THAT(*store.metricNames(none), IsEmpty());
  EXPECT_THAT(store.metric(none, "train/loss")->points, IsEmpty());
}

TEST_F(Store, ARunIsFoundByItsNumberAndByItsName) {
  RunStore store = open();
  const RunId first = add(store, "once");
  const RunId named = add(store, "1000");
  EXPECT_EQ(store.findRun("1")->id, first);
  EXPECT_EQ(store.findRun("once")->id, first);
  EXPECT_EQ(store.findRun("1000")->id, named) << "a name that looks like a number";
}

TEST_F(Store, ARunThatIsNotFoundNamesTheNearest) {
  RunStore store = open();
  EXPECT_EQ(store.findRun("mha").error().message, "There is no run 'mha'; this project has no runs yet.");
  add(store, "mqa-cla2");
  EXPECT_EQ(store.findRun("mqa-cla3").error().message, "There is no run 'mqa-cla3'; the nearest name is 'mqa-cla2'.");
  EXPECT_EQ(store.findRun("something else").error().message,
            "There is no run 'something else'; `weft runs` lists them.");
  EXPECT_EQ(store.findRun("9").error().code, ErrorCode::NotFound);
  EXPECT_EQ(store.findRun("").error().code, ErrorCode::NotFound);
}

TEST_F(Store, MeasurementsAndEvaluationsOfAFaceComeBackWhole) {
  RunStore store = open();
  const RunId id = add(store, "a");
  const double inf = std::numeric_limits<double>::infinity();
  ASSERT_TRUE(store.addMeasurement(id, {.name = "decode",
                                        .attempt = 3,
                                        .time = 12.5,
                                        .values = {{"a", 1.5}, {"b", inf}, {"c", -inf}, {"d", NAN}},
                                        .labels = {{"device", "H100 \"x\""}, {"", "no key"}}}));
  ASSERT_TRUE(store.addEvaluation(id, {.step = 8,
                                       .attempt = 2,
                                       .split = "test",
                                       .task = "wikitext",
                                       .loss_nats = NAN,
                                       .perplexity = inf,
                                       .tokens = 99,
                                       .time = 13.5,
                                       .values = {{"word_perplexity", 20.25}}}));
  const auto measurements = *store.measurements(id);
  ASSERT_EQ(measurements.size(), 1u);
  EXPECT_EQ(measurements[0].name, "decode");
  EXPECT_EQ(measurements[0].attempt, 3);
  EXPECT_EQ(measurements[0].time, 12.5);
  EXPECT_EQ(measurements[0].values.at("a"), 1.5);
  EXPECT_EQ(measurements[0].values.at("b"), inf);
  EXPECT_EQ(measurements[0].values.at("c"), -inf);
  EXPECT_TRUE(std::isnan(measurements[0].values.at("d")));
  EXPECT_EQ(measurements[0].labels, (std::map<std::string, std::string>{{"device", "H100 \"x\""}, {"", "no key"}}));
  const auto evaluations = *store.evaluations(id);
  ASSERT_EQ(evaluations.size(), 1u);
  EXPECT_EQ(evaluations[0].step, 8);
  EXPECT_EQ(evaluations[0].attempt, 2);
  EXPECT_EQ(evaluations[0].split + "/" + evaluations[0].task, "test/wikitext");
  EXPECT_TRUE(std::isnan(evaluations[0].loss_nats));
  EXPECT_EQ(evaluations[0].perplexity, inf);
  EXPECT_EQ(evaluations[0].tokens, 99);
  EXPECT_EQ(evaluations[0].time, 13.5);
  EXPECT_EQ(evaluations[0].values.at("word_perplexity"), 20.25);
  EXPECT_EQ(store.run(id)->perplexity, std::nullopt) << "of another text, perhaps: no part of the run's course";
}

TEST_F(Store, DamagedListsInARowDoNotHideTheRun) {
  RunStore store = open();
  add(store, "a");
  execute(database(),
          "UPDATE run SET tags = '{\"no\": '; UPDATE job SET state = 'dancing'; UPDATE run_summary SET sparkline = "
          "x'0102'");
  const auto runs = *store.runs();
  ASSERT_EQ(runs.size(), 1u);
  EXPECT_THAT(runs[0].tags, IsEmpty());
  EXPECT_THAT(runs[0].sparkline, IsEmpty());
  EXPECT_EQ(runs[0].state, RunState::Lost);
}

TEST_F(Store, TextThatIsNoUtf8DoesNotStopAWrite) {
  RunStore store = open();
  const RunId id = add(store, "a");
  EXPECT_TRUE(store.setTags(id, {"\xff\xfe"}));
  EXPECT_TRUE(store.setNote(id, std::string("a\0b\xff", 4)));
  EXPECT_EQ(store.run(id)->note, std::string("a\0b\xff", 4));
  EXPECT_EQ(store.run(id)->tags.size(), 1u);
}

TEST_F(Store, TheDataVersionChangesWhenAnotherConnectionWrites) {
  RunStore reader = open();
  RunStore writer = open();
  const std::int64_t before = *reader.dataVersion();
  EXPECT_EQ(*reader.dataVersion(), before);
  add(writer, "a");
  const std::int64_t after = *reader.dataVersion();
  EXPECT_NE(after, before);
  EXPECT_TRUE(reader.runs());
  EXPECT_EQ(*reader.dataVersion(), after) << "reading is no change";
}

// What a reader reads again after each kind of write: the runs that it changed, and no others.
TEST_F(Store, TellsWhichRunsChangedSinceAReaderLooked) {
  RunStore store = open();
  const RunId a = add(store, "a"), b = add(store, "b"), c = add(store, "c");
  const JobId of[] = {jobOf(store, a), jobOf(store, b), jobOf(store, c)};
  RunStore reader = open(RunStore::Mode::ReadOnly);
  const RunChanges all = *reader.runsChangedSince(0);
  ASSERT_EQ(all.runs.size(), 3u);
  EXPECT_EQ(all.revision, *reader.revision());
  std::int64_t seen = all.revision;
  const auto changed = [&] {
    const RunChanges changes = *reader.runsChangedSince(seen);
    EXPECT_GT(changes.revision, seen);
    EXPECT_EQ(changes.revision, *reader.revision());
    seen = changes.revision;
    std::string names;
    for (const RunSummary& run : changes.runs) {
      names += run.name;
      EXPECT_TRUE(isSame(run, *reader.run(run.id))) << "whole, with its values";
    }
    EXPECT_TRUE(reader.runsChangedSince(seen)->runs.empty()) << "once";
    return names;
  };
  ASSERT_TRUE(store.setTags(b, {"x"}));
  EXPECT_EQ(changed(), "b");
  ASSERT_TRUE(store.setNote(a, "x"));
  ASSERT_TRUE(store.setStarred(c, true));
  EXPECT_EQ(changed(), "ac");
  ASSERT_TRUE(store.setArchived(c, true));
  EXPECT_EQ(changed(), "c");
  ASSERT_TRUE(store.setBaseline(a));
  EXPECT_EQ(changed(), "a");
  ASSERT_TRUE(store.setBaseline(b));
  EXPECT_EQ(changed(), "ab") << "one is it no more";
  ASSERT_TRUE(store.setPriority(c, 3));
  EXPECT_EQ(changed(), "c");
  ASSERT_TRUE(store.moveInQueue(b, a));
  EXPECT_EQ(changed(), "abc") << "all that wait behind it have other places";
  ASSERT_TRUE(store.service().take(of[0]));
  EXPECT_EQ(changed(), "a");
  ASSERT_TRUE(store.service().attemptStarted({.job = of[0], .pid = 1, .pidStart = "1", .lanes = {"cpu"}}));
  EXPECT_EQ(changed(), "a");
  ingest(store, a, {metricRow(1, 3)});
  EXPECT_EQ(changed(), "a");
  ASSERT_TRUE(store.service().want(of[0], "stop"));
  EXPECT_EQ(changed(), "a");
  ASSERT_TRUE(store.service().attemptEnded({.job = of[0], .state = RunState::Stopped, .outcome = "stopped"}));
  EXPECT_EQ(changed(), "a");
  ASSERT_TRUE(*store.service().changeState(of[1], {RunState::Queued}, RunState::Held));
  EXPECT_EQ(changed(), "b");
  ASSERT_TRUE(store.addMeasurement(c, {.name = "inference", .values = {{"batch", 4}}}));
  EXPECT_EQ(changed(), "c");
  ASSERT_TRUE(store.addEvaluation(c, {.task = "wikitext", .perplexity = 20}));
  EXPECT_EQ(changed(), "c");
  const JobId measure = *store.addJob({.kind = "measure", .run = b, .body = "{}"});
  EXPECT_EQ(changed(), "") << "a job that waits is news, but none of its run";
  ASSERT_TRUE(store.service().take(measure));
  EXPECT_EQ(changed(), "");
  ASSERT_TRUE(store.service().ingest(
      {.job = measure, .from = 0, .to = 1, .rows = {MeasurementRow{{.name = "inference", .values = {{"batch", 8}}}}}}));
  EXPECT_EQ(changed(), "b");
  EXPECT_EQ(reader.run(b)->values->at("inference/batch"), 8);
  add(store, "d");
  EXPECT_EQ(changed(), "d");
  // What no reader of runs sees.
  ASSERT_TRUE(store.service().setEngineState({.pid = 1}));
  ASSERT_TRUE(store.request(RequestKind::Stop, a));
  EXPECT_EQ(*reader.revision(), seen);
}

TEST_F(Store, JobsAreListedInTheOrderInWhichTheyAreServed) {
  RunStore store = open();
  const RunId a = add(store, "a"), b = add(store, "b");
  const JobId measure = *store.addJob({.kind = "measure",
                                       .run = a,
                                       .body = "{}",
                                       .resources = {.device = "cuda", .devices = 2},
                                       .needs = {jobOf(store, a)},
                                       .priority = 1});
  ASSERT_TRUE(store.service().take(jobOf(store, b)));
  const std::vector<Job> jobs = *store.openJobs();
  ASSERT_EQ(jobs.size(), 3u);
  EXPECT_EQ(jobs[0].run, b) << "it runs";
  EXPECT_EQ(jobs[1].id, measure) << "of higher priority, though it has to wait";
  EXPECT_EQ(jobs[2].run, a);
  EXPECT_EQ(jobs[1].needs, std::vector<JobId>{jobOf(store, a)});
  EXPECT_EQ(jobs[1].resources, (Resources{.device = "cuda", .devices = 2}));
  EXPECT_EQ(nameOf(jobs[1]), "job 103 (measure, run 1)");
  EXPECT_EQ(nameOf(jobs[2]), "run 1");
  EXPECT_EQ(store.jobsOf(a)->size(), 2u);
  EXPECT_EQ(store.service().queue()->size(), 1u) << "only what may begin";
  EXPECT_EQ(store.addJob({.kind = "train", .run = a}).error().code, ErrorCode::InvalidInput);
}

TEST_F(Store, RunNumbersAreNotGivenTwice) {
  RunStore store = open();
  add(store, "a");
  const RunId second = add(store, "b");
  execute(database(), "DELETE FROM run_summary WHERE run = 2; DELETE FROM run WHERE id = 2");
  EXPECT_GT(add(store, "c").value, second.value);
}

TEST_F(Store, AStoreCanBeMoved) {
  RunStore first = open();
  add(first, "a");
  RunStore second = std::move(first);
  EXPECT_EQ(second.runs()->size(), 1u);
  RunStore third = open();
  third = std::move(second);
  EXPECT_EQ(third.runs()->size(), 1u);
}

TEST(RunStates, HaveNamesThatAreReadBack) {
  for (int i = 0; i <= static_cast<int>(RunState::Lost); ++i) {
    const auto state = static_cast<RunState>(i);
    EXPECT_EQ(*parseRunState(toString(state)), state);
  }
  const Result<RunState> unknown = parseRunState("Running");
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, ErrorCode::InvalidInput);
  EXPECT_THAT(unknown.error().message, HasSubstr("draft, queued, held, starting"));
}

TEST(RunStates, AreWaitingActiveOrTerminal) {
  for (const RunState state : {RunState::Starting, RunState::Running, RunState::Stopping}) {
    EXPECT_TRUE(isActive(state));
    EXPECT_FALSE(isTerminal(state));
  }
  for (const RunState state :
       {RunState::Stopped, RunState::Finished, RunState::Failed, RunState::Killed, RunState::Lost}) {
    EXPECT_FALSE(isActive(state));
    EXPECT_TRUE(isTerminal(state));
  }
  for (const RunState state : {RunState::Draft, RunState::Queued, RunState::Held, RunState::Paused})
    EXPECT_FALSE(isActive(state) || isTerminal(state));
}

TEST(StoreErrors, SayWhatHappenedToWhichFileAndKeepSqlitesWords) {
  struct Case {
    int code;
    ErrorCode expected;
    const char* message;
  };
  for (const Case& one :
       {Case{5, ErrorCode::Busy, "/p/weft.db is locked by another program; try again when it is done."},
        Case{6, ErrorCode::Busy, "/p/weft.db is locked by another program; try again when it is done."},
        Case{7, ErrorCode::OutOfMemory, "There is not enough memory to use /p/weft.db."},
        Case{15, ErrorCode::Busy, "/p/weft.db is locked by another program; try again when it is done."},
        Case{8, ErrorCode::Io, "/p/weft.db cannot be written; check the permissions of the file and of its folder."},
        Case{10, ErrorCode::Io, "/p/weft.db cannot be read or written: its disk reports an error."},
        Case{11, ErrorCode::Corrupt, "/p/weft.db is damaged or cut short; replace it by a copy that is whole."},
        Case{13, ErrorCode::Io, "/p/weft.db cannot be written: the disk is full."},
        Case{14, ErrorCode::Io, "/p/weft.db cannot be opened; check the permissions of the file and of its folder."},
        Case{26, ErrorCode::Corrupt, "/p/weft.db is damaged or cut short; replace it by a copy that is whole."},
        Case{19, ErrorCode::Internal, "The store refused a statement: words."}}) {
    const Error error = errorOf(SQLite::Exception("words", one.code), "/p/weft.db");
    EXPECT_EQ(error.code, one.expected) << one.code;
    EXPECT_EQ(error.message, one.message);
    EXPECT_THAT(error.detail, HasSubstr("words"));
  }
}

}  // namespace
}  // namespace weft::store::test
