// However the lines of a run are cut into batches, told twice, told too early or interrupted: in the end each counts
// once.
#include <random>

#include "store_fixture.h"

namespace weft::store::test {
namespace {

using Random = std::mt19937;

int oneOf(Random& random, int from, int to) { return std::uniform_int_distribution<int>(from, to)(random); }

// The life of one run: the rows of each attempt.
std::vector<std::vector<Row>> randomLife(Random& random) {
  std::vector<std::vector<Row>> attempts(static_cast<std::size_t>(oneOf(random, 1, 3)));
  std::int64_t step = 0;
  for (std::size_t i = 0; i < attempts.size(); ++i) {
    std::vector<Row>& rows = attempts[i];
    rows.emplace_back(
        HelloRow{.time = 1, .attempt = static_cast<int>(i) + 1, .build = "b", .torch = "t", .device = "cpu"});
    step -= std::min<std::int64_t>(step, oneOf(random, 0, 8));  // what was done after the last checkpoint
    for (int left = oneOf(random, 0, 30); left > 0; --left) {
      ++step;
      rows.emplace_back(metricRow(step, oneOf(random, 1, 1000) / 100.0));
      if (oneOf(random, 0, 3) == 0)
        rows.emplace_back(ProgressRow{.time = 2, .phase = "training", .done = static_cast<double>(step), .total = 90});
      if (oneOf(random, 0, 5) == 0) rows.emplace_back(evaluationRow(step, oneOf(random, 10, 90)));
      if (oneOf(random, 0, 7) == 0)
        rows.emplace_back(CheckpointRow{{step, "checkpoints/step", oneOf(random, 1, 99), 3}});
      if (oneOf(random, 0, 9) == 0)
        rows.emplace_back(AlertRow{.time = 4, .step = step, .level = "warning", .message = "hot"});
    }
    if (oneOf(random, 0, 1) == 0)
      rows.emplace_back(MeasurementRow{{.name = "kv_memory", .time = 5, .values = {{"bytes_per_token_storage", 64}}}});
    if (oneOf(random, 0, 1) == 0) rows.emplace_back(EndRow{.time = 6, .outcome = "stopped"});
  }
  return attempts;
}

class ExactlyOnce : public StoreTest {
 protected:
  // Every attempt in one batch.
  std::string told(const std::vector<std::vector<Row>>& life) const {
    std::filesystem::remove(database());
    RunStore store = open();
    const RunId run = add(store, "a");
    for (const std::vector<Row>& rows : life) {
      EXPECT_TRUE(store.service().take(jobOf(store, run)).value_or(std::nullopt));
      ingest(store, run, rows);
      EXPECT_TRUE(
          store.service().attemptEnded({.job = jobOf(store, run), .state = RunState::Queued, .outcome = "lost"}));
    }
    return contentOf(database());
  }
};

TEST_F(ExactlyOnce, AnyCutIntoBatchesWithAnyMishapGivesTheSameStore) {
  for (unsigned seed = 1; seed <= 30 && !HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const std::vector<std::vector<Row>> life = randomLife(random);
    const std::string expected = told(life);
    std::filesystem::remove(database());
    std::optional<RunStore> store(open());
    const RunId run = add(*store, "a");
    std::int64_t stored = 0;
    const auto tell = [&](std::int64_t from, const std::vector<Row>& rows) {
      return store->service().ingest(
          {.job = jobOf(*store, run), .from = from, .to = from + static_cast<std::int64_t>(rows.size()), .rows = rows});
    };
    for (const std::vector<Row>& rows : life) {
      ASSERT_TRUE(store->service().take(jobOf(*store, run)).value_or(std::nullopt));
      for (auto next = rows.begin(); next != rows.end();) {
        const std::vector<Row> batch(
            next, next + oneOf(random, 1, static_cast<int>(std::min<std::ptrdiff_t>(rows.end() - next, 12))));
        const std::string before = contentOf(database());
        switch (oneOf(random, 0, 4)) {
          case 0:  // the service died before: nothing was told
            store.reset();
            store.emplace(open());
            break;
          case 1: {  // it dies in the middle of a transaction
            execute(database(),
                    "CREATE TRIGGER mishap BEFORE INSERT ON metric WHEN abs(random() % 4) = 0 BEGIN SELECT "
                    "raise(ABORT, 'mishap'); END");
            const Result<void> result = tell(stored, batch);
            execute(database(), "DROP TRIGGER mishap");
            if (result) {
              stored += static_cast<std::int64_t>(batch.size());
              next += static_cast<std::ptrdiff_t>(batch.size());
              continue;
            }
            EXPECT_EQ(result.error().code, ErrorCode::Internal);
            break;
          }
          case 2: {  // it tells from where nothing has come yet
            const Result<void> result = tell(stored + oneOf(random, 1, 5), batch);
            ASSERT_FALSE(result);
            EXPECT_EQ(result.error().code, ErrorCode::Busy);
            break;
          }
          case 3: {  // it died after the commit and does not know that it was done
            ASSERT_TRUE(tell(stored, batch));
            const std::string after = contentOf(database());
            EXPECT_EQ(tell(stored, batch).error().code, ErrorCode::Busy);
            EXPECT_EQ(contentOf(database()), after);
            stored += static_cast<std::int64_t>(batch.size());
            next += static_cast<std::ptrdiff_t>(batch.size());
            continue;
          }
          default:
            break;
        }
        ASSERT_EQ(contentOf(database()), before);
        ASSERT_EQ(*store->service().eventsOffset(jobOf(*store, run)), stored);
        ASSERT_TRUE(tell(stored, batch));
        stored += static_cast<std::int64_t>(batch.size());
        next += static_cast<std::ptrdiff_t>(batch.size());
      }
      ASSERT_TRUE(
          store->service().attemptEnded({.job = jobOf(*store, run), .state = RunState::Queued, .outcome = "lost"}));
    }
    EXPECT_EQ(contentOf(database()), expected);
  }
}

// Batch n of an endless run; told at offset n.
std::vector<Row> batchOf(std::int64_t n) {
  std::vector<Row> rows;
  for (std::int64_t step = 5 * n; step < 5 * n + 5; ++step)
    rows.emplace_back(metricRow(step, 10.0 / (1.0 + static_cast<double>(step))));
  rows.emplace_back(evaluationRow(5 * n + 4, 100.0 / (1.0 + static_cast<double>(n))));
  rows.emplace_back(AlertRow{.time = 1, .step = n, .level = "note", .message = "batch"});
  return rows;
}

int tellForEver(const std::filesystem::path& database, RunId run, std::int64_t end) {
  Result<RunStore> store = RunStore::open(database);
  if (!store) return 1;
  const JobId job = jobOf(*store, run);
  const Result<std::int64_t> from = store->service().eventsOffset(job);
  if (!from) return 2;
  for (std::int64_t n = *from; n < end; ++n) {
    if (!store->service().ingest({.job = job, .from = n, .to = n + 1, .rows = batchOf(n)})) return 3;
  }
  return 0;
}

TEST_F(ExactlyOnce, AKilledWriterLeavesRowsAndOffsetInAgreement) {
  constexpr std::int64_t kBatches = 400;
  RunId run;
  {
    RunStore store = open();
    run = startRun(store, "a");
    execute(database(), "UPDATE job SET events_offset = 0");
  }
  Random random(7);
  int kills = 0;
  for (std::int64_t seen = 0; seen < kBatches - 100; ++kills) {
    Child writer([&] { return tellForEver(database(), run, kBatches); });
    {
      RunStore store = open();
      const JobId job = jobOf(store, run);
      // It has come some way, and then is anywhere in a transaction.
      const std::int64_t wanted = seen + oneOf(random, 1, 40);
      const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
      while (*store.service().eventsOffset(job) < wanted) ASSERT_LT(std::chrono::steady_clock::now(), deadline);
      for (int i = oneOf(random, 0, 30); i > 0; --i) ASSERT_TRUE(store.service().eventsOffset(job));
      writer.kill();
    }
    RunStore store = open();
    const std::int64_t offset = *store.service().eventsOffset(jobOf(store, run));
    ASSERT_GE(offset, seen);
    ASSERT_EQ(store.metric(run, "train/loss")->points.size(), static_cast<std::size_t>(5 * offset));
    ASSERT_EQ(store.evaluations(run)->size(), static_cast<std::size_t>(offset));
    ASSERT_EQ(store.alerts()->size(), static_cast<std::size_t>(offset));
    ASSERT_EQ(store.run(run)->step, offset == 0 ? 0 : 5 * offset - 1);
    seen = offset;
  }
  EXPECT_GT(kills, 8);
  SQLite::Database check(database());
  EXPECT_EQ(check.execAndGet("PRAGMA integrity_check").getString(), "ok");
  ASSERT_EQ(tellForEver(database(), run, kBatches), 0);
  const std::string interrupted = contentOf(database());
  check = SQLite::Database(":memory:");

  std::filesystem::remove(database());
  {
    RunStore store = open();
    ASSERT_EQ(startRun(store, "a"), run);
    execute(database(), "UPDATE job SET events_offset = 0");
  }
  ASSERT_EQ(tellForEver(database(), run, kBatches), 0);
  EXPECT_TRUE(contentOf(database()) == interrupted) << "the interrupted store differs from the undisturbed one";
}

TEST_F(ExactlyOnce, TwoServicesThatFollowTheSameRunStoreItOnce) {
  constexpr std::int64_t kBatches = 100;
  RunId run;
  {
    RunStore store = open();
    run = startRun(store, "a");
    execute(database(), "UPDATE job SET events_offset = 0");
  }
  const auto follow = [&] {
    Result<RunStore> store = RunStore::open(database());
    if (!store) return 1;
    for (;;) {
      const std::int64_t n = *store->service().eventsOffset(jobOf(*store, run));
      if (n >= kBatches) return 0;
      const Result<void> stored =
          store->service().ingest({.job = jobOf(*store, run), .from = n, .to = n + 1, .rows = batchOf(n)});
      if (!stored && stored.error().code != ErrorCode::Busy) return 2;
    }
  };
  Child first(follow);
  Child second(follow);
  EXPECT_EQ(first.wait(), 0);
  EXPECT_EQ(second.wait(), 0);
  RunStore store = open();
  EXPECT_EQ(store.metric(run, "train/loss")->points.size(), static_cast<std::size_t>(5 * kBatches));
  EXPECT_EQ(store.alerts()->size(), static_cast<std::size_t>(kBatches));
}

}  // namespace
}  // namespace weft::store::test
