// A project of years: 5,000 runs with a million points. How long its questions take: bench store.
#include "store_fixture.h"

namespace weft::store::test {
namespace {

class Scale : public StoreTest {
 protected:
  static constexpr int kRuns = 5'000;

  // Rows as ingest would have written them, at once.
  void addRuns() const {
    { RunStore store = open(); }
    execute(database(), R"(
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
      INSERT INTO run (name, config, map, generator, cache, layers, query_heads, kv_heads, head_width, hidden, parameters,
                       kv_bytes_per_token, seed, steps, tags, created, updated)
      SELECT 'run ' || i, hex(zeroblob(1000)), '0_0_2_2_4_4_6_6_8_8', 'cla2', '', 10, 8,
             2, 64, 512, 1000000, 640, 1, 1000, '["a","b"]', 1, 1 FROM n;
      INSERT INTO job (kind, run, state, position, created)
      SELECT 'train', id, CASE WHEN id > 4980 THEN 'queued' ELSE 'finished' END, id, 1 FROM run;
      INSERT INTO run_summary (run, step, last_loss, sparkline) SELECT id, 200, 3.0, zeroblob(1024) FROM run)");
  }
  void addPoints() const {
    execute(database(), R"(
      INSERT INTO metric_name (name) VALUES ('train/loss'), ('train/learning_rate'), ('train/gradient_norm'), ('train/tokens_per_second');
      WITH RECURSIVE s(step) AS (SELECT 1 UNION ALL SELECT step + 1 FROM s WHERE step < 50)
      INSERT INTO metric SELECT run.id, metric_name.id, step, 3.0 + step, 1.0 FROM run JOIN metric_name JOIN s ORDER BY 1, 2, 3)");
  }
};

TEST_F(Scale, AMillionPointsAreEachFoundWithTheirRun) {
  addRuns();
  addPoints();
  ASSERT_EQ(countOf(database(), "SELECT count(*) FROM metric"), 1'000'000);
  RunStore store = open();
  EXPECT_EQ(store.runs()->size(), static_cast<std::size_t>(kRuns));
  EXPECT_EQ(store.metric(RunId{2500}, "train/loss")->points.size(), 50u);
  EXPECT_EQ(store.metricNames(RunId{2500})->size(), 4u);
  EXPECT_EQ(store.service().queue()->size(), 20u);
}

// What makes one series cheap beside a million points, whatever the machine: it is searched, never scanned.
TEST_F(Scale, ASeriesIsFoundByItsIndex) {
  { RunStore store = open(); }
  SQLite::Database file(database().string());
  SQLite::Statement plan(
      file, "EXPLAIN QUERY PLAN SELECT step, value, time FROM metric WHERE run = 1 AND metric = 1 ORDER BY step");
  std::string steps;
  while (plan.executeStep()) steps += plan.getColumn(3).getString() + "\n";
  EXPECT_THAT(steps, testing::HasSubstr("SEARCH metric USING"));
  EXPECT_THAT(steps, testing::Not(testing::HasSubstr("SCAN")));
  EXPECT_THAT(steps, testing::Not(testing::HasSubstr("TEMP B-TREE")));
}

TEST_F(Scale, ANightOfEventsIsStoredWhole) {
  RunStore store = open();
  const RunId run = startRun(store, "a");
  std::vector<Row> rows;
  constexpr std::int64_t kSteps = 20'000;
  for (std::int64_t step = 1; step <= kSteps; ++step) rows.emplace_back(metricRow(step, 5));
  ingest(store, run, rows);
  EXPECT_EQ(store.metric(run, "train/loss")->points.size(), static_cast<std::size_t>(kSteps));
}

}  // namespace
}  // namespace weft::store::test
