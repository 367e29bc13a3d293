// Several connections, threads and processes on one store.
#include <atomic>
#include <thread>

#include "engine/store/project.h"
#include "store_fixture.h"

namespace weft::store::test {
namespace {

class Concurrency : public StoreTest {};

TEST_F(Concurrency, WritersInTwoProcessesLoseNothing) {
  { RunStore store = open(); }
  constexpr int kRuns = 60;
  Gate gates[2];
  const auto write = [&](int who) {
    gates[who].await();
    Result<RunStore> store = RunStore::open(database());
    if (!store) return 1;
    for (int i = 0; i < kRuns; ++i) {
      const Result<RunId> run = store->addRun(newRun("of " + std::to_string(who)));
      if (!run) return 2;
      if (!store->setNote(*run, std::to_string(who)) || !store->request(RequestKind::Stop, *run)) return 3;
      if (!store->service().ingest({.job = jobOf(*store, *run), .from = 0, .to = 1, .rows = {metricRow(i, 1)}}))
        return 4;
    }
    return 0;
  };
  Child first([&] { return write(0); });
  Child second([&] { return write(1); });
  for (Gate& gate : gates) gate.open();
  EXPECT_EQ(first.wait(), 0);
  EXPECT_EQ(second.wait(), 0);
  RunStore store = open();
  const auto runs = *store.runs();
  ASSERT_EQ(runs.size(), 2u * kRuns);
  int ofFirst = 0;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    EXPECT_EQ(runs[i].id.value, static_cast<std::int64_t>(i) + 1);
    EXPECT_EQ("of " + runs[i].note, runs[i].name);
    EXPECT_EQ(store.metric(runs[i].id, "train/loss")->points.size(), 1u);
    ofFirst += runs[i].note == "0";
  }
  EXPECT_EQ(ofFirst, kRuns);
  EXPECT_EQ(store.service().openRequests()->size(), 2u * kRuns);
  EXPECT_EQ(countOf(database(), "SELECT count(DISTINCT position) FROM job"), 2 * kRuns);
}

TEST_F(Concurrency, OneRunIsTakenByOneOfTwoServices) {
  constexpr int kRuns = 50;
  {
    RunStore store = open();
    for (int i = 0; i < kRuns; ++i) add(store, "a");
  }
  const auto takeAll = [&] {
    Result<RunStore> store = RunStore::open(database());
    if (!store) return 201;
    int taken = 0;
    for (int id = 1; id <= kRuns; ++id) {
      const Result<std::optional<int>> attempt = store->service().take(jobOf(*store, RunId{id}));
      if (!attempt) return 202;
      taken += attempt->has_value();
    }
    return taken;
  };
  Child first(takeAll);
  Child second(takeAll);
  EXPECT_EQ(first.wait() + second.wait(), kRuns);
  EXPECT_EQ(countOf(database(), "SELECT count(*) FROM attempt"), kRuns);
}

TEST_F(Concurrency, AWriterWaitsForAnother) {
  RunStore store = open();
  const RunId run = add(store, "a");
  SQLite::Database other(database(), SQLite::OPEN_READWRITE);
  other.exec("BEGIN IMMEDIATE; UPDATE run SET note = 'first'");
  std::atomic<bool> isDone = false;
  std::thread writer([&] {
    RunStore own = open();  // a store belongs to one thread
    EXPECT_TRUE(own.setNote(run, "second"));
    isDone = true;
  });
  // Readers do not wait.
  for (int i = 0; i < 50; ++i) EXPECT_EQ(store.run(run)->note, "");
  EXPECT_FALSE(isDone);
  other.exec("COMMIT");
  writer.join();
  EXPECT_EQ(store.run(run)->note, "second");
}

TEST_F(Concurrency, AReaderSeesAWholeBatchOrNothingOfIt) {
  RunId run;
  {
    RunStore store = open();
    run = startRun(store, "a");
  }
  Child writer([&] {
    Result<RunStore> store = RunStore::open(database());
    if (!store) return 1;
    for (std::int64_t n = 1; n <= 200; ++n) {
      const std::vector<Row> rows{metricRow(2 * n, 1), metricRow(2 * n + 1, 1)};
      if (!store->service().ingest({.job = jobOf(*store, run), .from = n, .to = n + 1, .rows = rows})) return 2;
    }
    return 0;
  });
  RunStore store = open();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  for (std::int64_t step = 0; step < 401;) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline);
    ASSERT_EQ(store.metric(run, "train/loss")->points.size() % 2, 0u);
    const std::int64_t next = store.run(run)->step;
    ASSERT_GE(next, step);
    ASSERT_TRUE(next == 0 || next % 2 == 1) << next;
    step = next;
  }
  EXPECT_EQ(writer.wait(), 0);
}

// A descriptor closed by this process on the database takes the locks of all its connections away: then the other
// process believes that it is the last one, deletes the -wal under our feet, and what we write afterwards is gone.
TEST_F(Concurrency, OpeningASecondStoreLeavesTheLocksOfTheFirst) {
  { RunStore store = open(); }
  Gate visit;
  Child visitor([&] {
    visit.await();
    return RunStore::open(database()) && Project::open(folder()) ? 0 : 1;
  });
  Gate look;
  Child looker([&] {
    look.await();
    Result<RunStore> store = RunStore::open(database());
    return store ? static_cast<int>(store->runs()->size()) : 99;
  });
  RunStore store = open();
  add(store, "before");
  {
    RunStore second = open();
    EXPECT_EQ(second.runs()->size(), 1u);
    EXPECT_TRUE(Project::open(folder()));
  }
  visit.open();
  EXPECT_EQ(visitor.wait(), 0);
  add(store, "after");
  look.open();
  EXPECT_EQ(looker.wait(), 2);
}

}  // namespace
}  // namespace weft::store::test
