#include <gtest/gtest.h>

#include <cmath>

#include "tests/ui/monitor_fixture.h"
#include "ui/monitor/metric_chart.h"
#include "ui/monitor/run_series.h"
#include "ui/monitor/smoothed_curve.h"
#include "ui/plot/curve.h"
#include "ui/plot/smoothing.h"

namespace weft::ui {
namespace {

using test::waitUntil;

constexpr store::RunId kRun{1};

store::MetricSeries loss(std::int64_t from, std::int64_t to, double time, double value = 3) {
  store::MetricSeries series{.name = kLossMetric, .points = {}};
  for (std::int64_t step = from; step <= to; ++step)
    series.points.push_back({.step = step, .value = value, .time = time + static_cast<double>(step - from)});
  return series;
}

store::RunSummary at(std::int64_t step, int attempt = 1) {
  store::RunSummary run;
  run.id = kRun;
  run.step = step;
  run.tokens = step * 2048;
  run.attempt = attempt;
  return run;
}

TEST(RunSeries, AsksForEverythingOnceAndThenOnlyForWhatIsNew) {
  RunSeries series(kRun);
  series.setSummary(at(100));
  ASSERT_EQ(series.requests().size(), 1u);
  EXPECT_TRUE(series.requests()[0].metric.empty());
  EXPECT_EQ(series.requests()[0].fromStep, -1);
  EXPECT_TRUE(series.add({loss(1, 100, 1000)}, true));
  series.setSummary(at(120));
  ASSERT_EQ(series.requests().size(), 2u);
  EXPECT_EQ(series.requests()[0].metric, kLossMetric);
  EXPECT_EQ(series.requests()[0].fromStep, 100);
  EXPECT_EQ(series.requests()[1].fromStep, 100) << "a new metric may have appeared";
  const std::uint64_t generation = series.metric(kLossMetric)->generation;
  // Both requests bring the same points.
  EXPECT_TRUE(series.add({loss(101, 120, 1100), loss(101, 120, 1100)}, false));
  EXPECT_EQ(series.metric(kLossMetric)->points.size(), 120u);
  EXPECT_EQ(series.metric(kLossMetric)->generation, generation) << "nothing but additions";
  EXPECT_FALSE(series.add({}, false));
}

TEST(RunSeries, LetsAResumedRunGoBackToItsCheckpoint) {
  RunSeries series(kRun);
  series.setSummary(at(100));
  series.add({loss(1, 100, 1000, 3)}, true);
  // Attempt 2 goes on from step 80; the store still holds 86 to 100 of attempt 1.
  series.setSummary(at(100, 2));
  EXPECT_TRUE(series.wantsAll());
  series.add({loss(1, 100, 1000, 3)}, true);
  EXPECT_EQ(series.lastStep(), 100) << "until it writes, the curve stays";
  EXPECT_TRUE(series.wantsAll()) << "and it has not written yet";
  store::MetricSeries mixed = loss(1, 100, 1000, 3);
  for (std::int64_t step = 81; step <= 85; ++step)
    mixed.points[static_cast<std::size_t>(step - 1)] = {step, 2, 5000.0 + static_cast<double>(step)};
  series.setSummary(at(85, 2));
  EXPECT_TRUE(series.add({mixed}, true));
  EXPECT_EQ(series.lastStep(), 85) << "what attempt 1 did after the checkpoint is not part of the run";
  EXPECT_EQ(series.metric(kLossMetric)->points.back().value, 2);
  EXPECT_FALSE(series.wantsAll());
  // From now on only the new points again; the rest of attempt 1 comes with them and is left out.
  series.setSummary(at(86, 2));
  EXPECT_EQ(series.requests()[0].fromStep, 85);
  store::MetricSeries next{.name = kLossMetric, .points = {{86, 2, 5086}}};
  for (std::int64_t step = 87; step <= 100; ++step)
    next.points.push_back({step, 3, 1000.0 + static_cast<double>(step)});
  series.add({next}, false);
  EXPECT_EQ(series.lastStep(), 86);
}

TEST(RunSeries, LoadsARunThatWasResumedBeforeItIsLookedAt) {
  RunSeries series(kRun);
  series.setSummary(at(100, 2));
  series.add({loss(1, 100, 1000, 3)}, true);
  EXPECT_TRUE(series.wantsAll()) << "nobody can tell yet which attempt the last points are from";
  store::MetricSeries later = loss(1, 80, 1000, 3);
  for (const auto& point : loss(81, 130, 5000, 2).points) later.points.push_back(point);
  series.setSummary(at(130, 2));
  series.add({later}, true);
  EXPECT_FALSE(series.wantsAll());
  EXPECT_EQ(series.metric(kLossMetric)->points[90].value, 2);
}

TEST(RunSeries, KeepsThePointsOfAFirstAttemptWhoseClockWasSetBack) {
  RunSeries series(kRun);
  series.setSummary(at(3));
  series.add({{.name = kLossMetric, .points = {{1, 3, 1000}, {2, 3, 400}, {3, 3, 401}}}}, true);
  EXPECT_EQ(series.lastStep(), 3);
}

TEST(SmoothedCurve, ContinuesAsIfItHadBeenMadeAtOnce) {
  RunSeries series(kRun);
  series.setSummary(at(60));
  store::MetricSeries first = loss(1, 60, 1000);
  for (auto& point : first.points) point.value = std::sin(static_cast<double>(point.step));
  first.points[20].value = std::nan("");
  series.add({first}, true);
  SmoothedCurve growing;
  EXPECT_TRUE(growing.update(series, kLossMetric, XAxis::Steps, 0.9));
  const CurveData* same = growing.smooth().get();
  store::MetricSeries rest = loss(61, 90, 1060, 5);
  series.add({rest}, false);
  EXPECT_TRUE(growing.update(series, kLossMetric, XAxis::Steps, 0.9));
  EXPECT_FALSE(growing.update(series, kLossMetric, XAxis::Steps, 0.9)) << "nothing new";
  EXPECT_EQ(growing.smooth().get(), same) << "points were added, not all made again";
  const auto expected = movingAverage(series.metric(kLossMetric)->points, 0.9);
  ASSERT_EQ(growing.smooth()->size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if (std::isnan(expected[i]))
      EXPECT_TRUE(std::isnan(growing.smooth()->y(i)));
    else
      EXPECT_DOUBLE_EQ(growing.smooth()->y(i), expected[i]);
  }
}

TEST(NiceEnd, MovesInStepsAndNeverCutsTheCurve) {
  double end = 0;
  int moves = 0;
  for (double last = 1; last < 10'000; last += 7) {
    const double next = niceEnd(last, 0, end);
    EXPECT_GE(next, last);
    EXPECT_LE(next, std::max(10.0, last * 1.75));
    moves += next != end;
    end = next;
  }
  EXPECT_LT(moves, 45);
  EXPECT_EQ(niceEnd(4410, 7153, 0), 7153) << "the planned end once it is near";
  EXPECT_LT(niceEnd(300, 7153, 0), 500) << "but not from the start";
}

class MonitorSeriesTest : public test::MonitorTest {};

TEST_F(MonitorSeriesTest, GoesBackWithAResumedRunWhileThePageIsOpen) {
  const store::RunId live = startRun({.name = "live"});
  addSteps(live, 0, 100, 300, now_s() - 100, 2.5);
  open();
  ASSERT_TRUE(waitForStep(live, 100));
  auto service = m_project.store().service();
  ASSERT_TRUE(service.attemptEnded({.job = m_project.jobOf(live),
                                    .state = store::RunState::Paused,
                                    .outcome = "paused",
                                    .code = {},
                                    .failure = {},
                                    .detail = {}}));
  ASSERT_TRUE(*service.changeState(m_project.jobOf(live), {store::RunState::Paused}, store::RunState::Queued));
  ASSERT_EQ(m_project.start(0), live);
  addSteps(live, 80, 85, 300, now_s(), 9.5);
  ASSERT_TRUE(waitForStep(live, 85)) << pointsOf(live);
  EXPECT_GT(m_page.lossChart()->lastReading(live)->raw, 9) << "the second attempt's values";
  addSteps(live, 85, 140, 300, now_s(), 9.5);
  ASSERT_TRUE(waitForStep(live, 140));
  EXPECT_GT(m_page.lossChart()->reading(live, 95)->raw, 9) << "not the first attempt's";
  EXPECT_LT(m_page.lossChart()->reading(live, 70)->raw, 9);
}

TEST_F(MonitorSeriesTest, AppendsNewPointsToTheCurveThatIsThere) {
  const store::RunId live = startRun({.name = "live"});
  addSteps(live, 0, 100);
  open();
  ASSERT_TRUE(waitForStep(live, 100));
  const auto curve = [&] {
    for (int i = 0; i < m_page.lossChart()->plottableCount(); ++i)
      if (auto* found = qobject_cast<Curve*>(m_page.lossChart()->plottable(i));
          found && found->form() == Curve::Form::Band)
        return found->data();
    return static_cast<const CurveData*>(nullptr);
  };
  const CurveData* before = curve();
  ASSERT_NE(before, nullptr);
  addSteps(live, 100, 130);
  ASSERT_TRUE(waitForStep(live, 130));
  EXPECT_EQ(curve(), before);
  EXPECT_EQ(before->size(), 130u);
}

// The store is read on the session's thread; the GUI thread only takes over values and draws columns of pixels. What
// one turn of the window takes at most: ./dev bench ui.
TEST_F(MonitorSeriesTest, TheWindowTurnsWhileAHugeRunIsLoadedAndShown) {
  constexpr std::int64_t kSteps = 200'000;
  const store::RunId live = startRun({.name = "huge", .steps = kSteps});
  addSteps(live, 0, kSteps, kSteps);
  m_session = std::make_unique<ProjectSession>(m_project.project());
  m_page.setSession(m_session.get());
  m_page.show();
  int turns = 0;
  QTimer timer;
  QObject::connect(&timer, &QTimer::timeout,
                   [&] { turns += pointsOf(live) < static_cast<std::size_t>(kSteps) ? 1 : 0; });
  timer.start(0);
  ASSERT_TRUE(waitForStep(live, kSteps));
  EXPECT_GT(turns, 3) << "it is not one long stop";
  for (int i = 1; i <= 5; ++i) {
    addSteps(live, kSteps + i - 1, kSteps + i, kSteps);
    ASSERT_TRUE(waitForStep(live, kSteps + i));
  }
}

}  // namespace
}  // namespace weft::ui
