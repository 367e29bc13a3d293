// A project of years: 5,000 runs with a million points.
#include <chrono>
#include <cstdio>

#include "store_fixture.h"

namespace weft::store::test {
namespace {

using Clock = std::chrono::steady_clock;

class Scale : public StoreTest {
 protected:
  static constexpr int kRuns = 5'000;

  // The fastest of five, in milliseconds.
  template <class Work>
  static double fastest_ms(Work&& work) {
    double best = 1e9;
    for (int i = 0; i < 5; ++i) {
      const auto start = Clock::now();
      work();
      best = std::min(best, std::chrono::duration<double, std::milli>(Clock::now() - start).count());
    }
    return best;
  }

  // Rows as ingest would have written them, at once.
  void addRuns() const {
    { RunStore store = open(); }
    execute(database(), R"(
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
      INSERT INTO run (name, kind, state, config, map, generator, cache, layers, query_heads, kv_heads, head_width, hidden, parameters,
                       kv_bytes_per_token, seed, steps, tags, created, updated, position)
      SELECT 'run ' || i, 'train', CASE WHEN i > 4980 THEN 'queued' ELSE 'finished' END, hex(zeroblob(1000)), '0_0_2_2_4_4_6_6_8_8', 'cla2', '', 10, 8,
             2, 64, 512, 1000000, 640, 1, 1000, '["a","b"]', 1, 1, i FROM n;
      INSERT INTO run_summary (run, step, last_loss, sparkline) SELECT id, 200, 3.0, zeroblob(1024) FROM run)");
  }
  void addPoints() const {
    execute(database(), R"(
      INSERT INTO metric_name (name) VALUES ('train/loss'), ('train/learning_rate'), ('train/gradient_norm'), ('train/tokens_per_second');
      WITH RECURSIVE s(step) AS (SELECT 1 UNION ALL SELECT step + 1 FROM s WHERE step < 50)
      INSERT INTO metric SELECT run.id, metric_name.id, step, 3.0 + step, 1.0 FROM run JOIN metric_name JOIN s ORDER BY 1, 2, 3)");
  }
};

TEST_F(Scale, TheRunListDoesNotGrowSlowerWithTheSeries) {
  addRuns();
  double without_ms = 0;
  {
    RunStore store = open();
    without_ms = fastest_ms([&] { ASSERT_EQ(store.runs()->size(), static_cast<std::size_t>(kRuns)); });
  }
  addPoints();
  ASSERT_EQ(countOf(database(), "SELECT count(*) FROM metric"), 1'000'000);
  RunStore store = open();
  const double with_ms = fastest_ms([&] { ASSERT_EQ(store.runs()->size(), static_cast<std::size_t>(kRuns)); });
  const double series_ms = fastest_ms([&] { ASSERT_EQ(store.metric(RunId{2500}, "train/loss")->points.size(), 50u); });
  const double names_ms = fastest_ms([&] { ASSERT_EQ(store.metricNames(RunId{2500})->size(), 4u); });
  const double queue_ms = fastest_ms([&] { ASSERT_EQ(store.service().queue()->size(), 20u); });
  const double open_ms = fastest_ms([&] { RunStore other = open(); });
  std::printf("runs() of %d runs: %.1f ms with 0 points, %.1f ms with 1,000,000; one series %.2f ms, names %.2f ms, queue %.2f ms, open %.2f ms\n",
              kRuns, without_ms, with_ms, series_ms, names_ms, queue_ms, open_ms);
  EXPECT_LT(with_ms, 3 * without_ms + 20) << "a million points more cost it nothing but noise";
  EXPECT_LT(series_ms, with_ms) << "one series is found by its index";
  EXPECT_LT(names_ms, with_ms);
}

TEST_F(Scale, ManyEventsAreStoredFast) {
  RunStore store = open();
  const RunId run = startRun(store, "a");
  std::vector<Row> rows;
  constexpr std::int64_t kSteps = 20'000;
  for (std::int64_t step = 1; step <= kSteps; ++step) rows.emplace_back(metricRow(step, 5));
  const auto start = Clock::now();
  ingest(store, run, rows);
  const double spent_s = std::chrono::duration<double>(Clock::now() - start).count();
  std::printf("%.0f metric events a second\n", static_cast<double>(kSteps) / spent_s);
  EXPECT_EQ(store.metric(run, "train/loss")->points.size(), static_cast<std::size_t>(kSteps));
  EXPECT_LT(spent_s, 10) << "a service that comes back must catch up with a night";
}

}  // namespace
}  // namespace weft::store::test
