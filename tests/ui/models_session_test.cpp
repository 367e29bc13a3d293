#include <SQLiteCpp/SQLiteCpp.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/ui/window_fixture.h"
#include "ui/models/project_session.h"

namespace weft::ui {
namespace {

using test::TestProject;
using test::waitUntil;

TEST(ProjectSession, ShowsWhatTheStoreHoldsAsSoonAsItIsOpen) {
  TestProject project;
  project.addFinished({.name = "MHA", .generator = "identity", .perplexity = 12.5});
  ProjectSession session(project.project());
  EXPECT_TRUE(session.snapshot()->runs.empty()) << "never null, empty until the first read";
  bool opened = false;
  QObject::connect(&session, &ProjectSession::opened, [&] { opened = true; });
  ASSERT_TRUE(waitUntil([&] { return opened; }));
  ASSERT_EQ(session.snapshot()->runs.size(), 1u);
  EXPECT_EQ(session.snapshot()->runs[0].name, "MHA");
  EXPECT_NEAR(session.snapshot()->runs[0].perplexity.value_or(0), 12.5, 1e-9);
}

TEST(ProjectSession, SeesWhatAnotherConnectionWrites) {
  TestProject project;
  ProjectSession session(project.project());
  const store::RunId id = project.addQueued({.name = "later"});
  ASSERT_TRUE(waitUntil([&] { return session.snapshot()->find(id) != nullptr; }));
  EXPECT_EQ(session.snapshot()->find(id)->state, store::RunState::Queued);
  project.start(40);
  ASSERT_TRUE(waitUntil([&] { return session.snapshot()->find(id)->state == store::RunState::Running; }));
  EXPECT_EQ(session.snapshot()->find(id)->step, 40);
}

TEST(ProjectSession, KeepsRunsNewestFirstWithArchivedOnesIncluded) {
  TestProject project;
  const store::RunId first = project.addQueued({.name = "a"}), second = project.addQueued({.name = "b"});
  ASSERT_TRUE(project.store().setArchived(first, true));
  ProjectSession session(project.project());
  ASSERT_TRUE(waitUntil([&] { return session.snapshot()->runs.size() == 2; }));
  EXPECT_EQ(session.snapshot()->runs[0].id, second);
  EXPECT_TRUE(session.snapshot()->runs[1].archived);
}

TEST(ProjectSession, AnswersASeriesFromTheStepThatIsAskedFor) {
  TestProject project;
  const store::RunId id = project.addQueued({});
  project.start(50);
  ProjectSession session(project.project());
  std::vector<store::MetricSeries> answer;
  bool answered = false;
  session.loadSeries({{id, "train/loss", 39}, {id, "", -1}}, &session,
                     [&](Result<std::vector<store::MetricSeries>> series) {
                       ASSERT_TRUE(series);
                       answer = *series;
                       answered = true;
                     });
  ASSERT_TRUE(waitUntil([&] { return answered; }));
  ASSERT_GE(answer.size(), 3u) << "one series asked for by name, then every metric of the run";
  EXPECT_EQ(answer[0].name, "train/loss");
  ASSERT_EQ(answer[0].points.size(), 11u);
  EXPECT_EQ(answer[0].points.front().step, 40);
}

TEST(ProjectSession, LoadsDetailAndTheTailOfTheLog) {
  TestProject project;
  const store::RunId id = project.addFinished({.name = "detail"});
  std::filesystem::create_directories(project.project().runFolder(id));
  std::ofstream(project.project().runFolder(id) / "log.txt") << std::string(100'000, 'x') << "\nlast line\n";
  ProjectSession session(project.project());
  std::optional<RunDetail> detail;
  std::optional<QString> log;
  session.loadDetail(id, &session, [&](Result<RunDetail> answer) { detail = *answer; });
  session.loadLog(id, &session, [&](Result<QString> answer) { log = *answer; });
  ASSERT_TRUE(waitUntil([&] { return detail && log; }));
  EXPECT_EQ(detail->summary.name, "detail");
  EXPECT_EQ(detail->configToml, test::configOf({.name = "detail"}));
  EXPECT_EQ(detail->evaluations.size(), 1u);
  EXPECT_EQ(detail->attempts.size(), 1u);
  EXPECT_EQ(*log, QStringLiteral("last line\n")) << "the half line at the beginning of the tail is left out";
}

TEST(ProjectSession, SaysThatARunIsNotThere) {
  TestProject project;
  ProjectSession session(project.project());
  std::optional<Error> error;
  session.loadDetail({99}, &session, [&](Result<RunDetail> answer) {
    ASSERT_FALSE(answer);
    error = answer.error();
  });
  ASSERT_TRUE(waitUntil([&] { return error.has_value(); }));
  EXPECT_EQ(error->code, ErrorCode::NotFound);
}

TEST(ProjectSession, DropsAnAnswerWhoseAskerIsGone) {
  TestProject project;
  const store::RunId id = project.addQueued({});
  ProjectSession session(project.project());
  bool dropped = true, later = false;
  {
    QObject asker;
    session.loadDetail(id, &asker, [&](Result<RunDetail>) { dropped = false; });
  }
  session.loadDetail(id, &session, [&](Result<RunDetail>) { later = true; });
  ASSERT_TRUE(waitUntil([&] { return later; })) << "answers come in order";
  EXPECT_TRUE(dropped);
}

TEST(ProjectSession, ReturnsAtOnceWhileSomebodyElseHoldsTheWriteLock) {
  TestProject project;
  const store::RunId id = project.addQueued({.name = "locked"});
  ProjectSession session(project.project());
  ASSERT_TRUE(waitUntil([&] { return session.snapshot()->find(id) != nullptr; }));
  SQLite::Database other(project.project().database().string(), SQLite::OPEN_READWRITE);
  other.exec("BEGIN IMMEDIATE");
  // Whoever waited here for the store would wait for this thread's own COMMIT below: until the store gives up, and the
  // write is lost.
  session.edit([id](store::RunStore& store) { return store.setTags(id, {"waited"}); }, QStringLiteral("Tagging"));
  session.request(store::RequestKind::Stop, id);
  session.loadDetail(id, &session, [](Result<RunDetail>) {});
  // The event loop turns while the store is locked.
  int turns = 0;
  QTimer ticker;
  QObject::connect(&ticker, &QTimer::timeout, [&] { ++turns; });
  ticker.start(10);
  ASSERT_TRUE(waitUntil([&] { return turns >= 20; }));
  EXPECT_TRUE(session.snapshot()->find(id)->tags != std::vector<std::string>{"waited"});
  other.exec("COMMIT");
  ASSERT_TRUE(waitUntil([&] { return session.snapshot()->find(id)->tags == std::vector<std::string>{"waited"}; }))
      << "and the write is not lost";
}

TEST(ProjectSession, ShowsItsOwnWritesWithoutWaitingForAnotherConnection) {
  TestProject project;
  const store::RunId id = project.addQueued({});
  ProjectSession session(project.project());
  session.edit([id](store::RunStore& store) { return store.setNote(id, "mine"); }, QStringLiteral("Note"));
  EXPECT_TRUE(waitUntil([&] {
    const auto* run = session.snapshot()->find(id);
    return run && run->note == "mine";
  }));
}

TEST(ProjectSession, RaisesAFailedWriteAsOneSentence) {
  TestProject project;
  ProjectSession session(project.project());
  QString sentence;
  QObject::connect(&session, &ProjectSession::messageRaised, [&](const QString& text, bool isError) {
    EXPECT_TRUE(isError);
    sentence = text;
  });
  session.edit([](store::RunStore& store) { return store.setNote({99}, "nobody"); },
               QStringLiteral("Writing the note"));
  ASSERT_TRUE(waitUntil([&] { return !sentence.isEmpty(); }));
  EXPECT_TRUE(sentence.startsWith(QStringLiteral("Writing the note failed: "))) << sentence.toStdString();
}

TEST(ProjectSession, FailsWithASentenceForAFileThatIsNoStore) {
  TestProject project;
  const TemporaryFolder folder = *TemporaryFolder::create();
  const store::Project other = *store::Project::create(folder.path() / "other");
  std::ofstream(other.database(), std::ios::trunc) << "this is no database, whatever its name says";
  std::filesystem::remove(other.folder() / "weft.db-wal");
  ProjectSession session(other);
  QString sentence;
  QObject::connect(&session, &ProjectSession::failed, [&](const QString& text) { sentence = text; });
  ASSERT_TRUE(waitUntil([&] { return !sentence.isEmpty(); }));
  std::optional<Error> error;
  session.loadDetail({1}, &session, [&](Result<RunDetail> answer) {
    if (!answer) error = answer.error();
  });
  ASSERT_TRUE(waitUntil([&] { return error.has_value(); }));
  EXPECT_EQ(QString::fromStdString(error->message), sentence);
}

TEST(ProjectSession, DoesTheWritesThatWereAskedForBeforeItIsClosed) {
  TestProject project;
  const store::RunId id = project.addQueued({});
  {
    ProjectSession session(project.project());
    session.edit([id](store::RunStore& store) { return store.setNote(id, "last words"); }, QStringLiteral("Note"));
  }
  EXPECT_EQ(project.store().run(id)->note, "last words");
}

TEST(ProjectSession, ClosesWhileTheStoreIsHeldAndStillWritesLater) {
  TestProject project;
  const store::RunId id = project.addQueued({});
  auto session = std::make_unique<ProjectSession>(project.project());
  ASSERT_TRUE(waitUntil([&] { return session->snapshot()->find(id) != nullptr; }));
  SQLite::Database other(project.project().database().string(), SQLite::OPEN_READWRITE);
  other.exec("BEGIN IMMEDIATE");
  session->edit([id](store::RunStore& store) { return store.setNote(id, "late"); }, QStringLiteral("Note"));
  // Closing does not wait for the lock, which is given back only below: the store gives up after 20 seconds, and the
  // note would be lost.
  session.reset();
  EXPECT_NE(project.store().run(id)->note, "late");
  other.exec("COMMIT");
  EXPECT_TRUE(waitUntil([&] { return project.store().run(id)->note == "late"; }));
  // The worker deletes itself on this thread.
  waitUntil([turns = 0]() mutable { return ++turns > 20; });
}

}  // namespace
}  // namespace weft::ui
