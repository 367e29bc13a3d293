// The studio's sizes of years: a million points, ten thousand runs, eighty layers. Targets of the design: 50 ms a
// frame, 100 ms a filter, 16 ms an edit.
#include <benchmark/benchmark.h>
#include <time.h>

#include <QColor>
#include <QCoreApplication>
#include <cmath>
#include <random>

#include "tests/ui/figures_fixture.h"
#include "tests/ui/window_fixture.h"
#include "ui/compare/compare_plot.h"
#include "ui/compare/pair_selection.h"
#include "ui/diagram/cost_panel.h"
#include "ui/models/run_filter.h"
#include "ui/models/run_sort_proxy.h"
#include "ui/models/run_table_model.h"
#include "ui/monitor/loss_chart.h"
#include "ui/monitor/monitor_page.h"
#include "ui/plot/curve.h"
#include "ui/plot/plot.h"

namespace weft::ui {
namespace {

double threadCpu_ms() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

std::shared_ptr<CurveData> noisyCurve(std::size_t points, std::uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> noise(0, 0.05);
  auto data = std::make_shared<CurveData>();
  for (std::size_t i = 0; i < points; ++i) {
    const auto x = static_cast<double>(i);
    data->append(x, 2.5 + 6 * std::exp(-x * 20 / static_cast<double>(points)) + noise(random));
  }
  return data;
}

// A frame of panning: ten curves with their bands, of as many points as the first argument says, at the scale of the
// second.
void curves(benchmark::State& state) {
  Plot plot(QStringLiteral("Loss"));
  plot.resize(900, 500);
  for (std::uint32_t i = 0; i < 10; ++i) {
    const auto data = noisyCurve(static_cast<std::size_t>(state.range(0)), i + 1);
    QColor color = QColor::fromHsv(static_cast<int>(i) * 36, 200, 200);
    for (const Curve::Form form : {Curve::Form::Line, Curve::Form::Band}) {
      auto* curve = new Curve(&plot, form);
      if (form == Curve::Form::Band) color.setAlpha(60);
      form == Curve::Form::Line ? curve->setPen(QPen(color, 1.5)) : curve->setBrush(color);
      curve->setData(data);
    }
  }
  plot.rescaleAxes();
  plot.setBufferDevicePixelRatio(static_cast<double>(state.range(1)));
  plot.replot();
  double factor = 0.9;
  for (auto _ : state) {
    plot.zoom(Qt::Horizontal, factor, QPointF(plot.plotArea().center()));
    plot.replot();
    factor = 1 / factor;
  }
}
BENCHMARK(curves)->Args({10'000, 1})->Args({1'000'000, 1})->Args({1'000'000, 2})->Unit(benchmark::kMillisecond);

void filterOfTenThousandRuns(benchmark::State& state) {
  RunTableModel model;
  RunSortProxy proxy;
  proxy.setSourceModel(&model);
  auto snapshot = std::make_shared<RunsSnapshot>();
  for (std::int64_t i = 10'000; i >= 1; --i) {
    store::RunSummary run;
    run.id = {i};
    run.name = "run-" + std::to_string(i);
    run.state = store::RunState::Finished;
    run.perplexity = 10 + static_cast<double>(i % 97);
    run.map = "0_0";
    run.position = i;
    snapshot->runs.push_back(run);
  }
  model.setSnapshot(snapshot);
  int limit = 20;
  for (auto _ : state) {
    proxy.setFilter(*RunFilter::parse(QStringLiteral("perplexity < %1 and not archived").arg(limit)));
    limit = 60 - limit;
  }
  if (proxy.rowCount() == 0 || proxy.rowCount() == 10'000) state.SkipWithError("the filter is wrong");
}
BENCHMARK(filterOfTenThousandRuns)->Unit(benchmark::kMillisecond);

// An edit of a map with its costs and the panel that shows them.
void editOfEightyLayers(benchmark::State& state) {
  SharingDocument document;
  CostPanel panel(&document);
  panel.show();
  document.setLayerCount(80);
  int edit = 0;
  for (auto _ : state) document.applyGenerator(++edit % 2 == 0 ? "identity" : "cla4");
}
BENCHMARK(editOfEightyLayers)->Unit(benchmark::kMillisecond);

// Three curves of 350,000 points as a paper wants them: drawn twice and compared.
void figureOfAMillionPoints(benchmark::State& state) {
  std::vector<FigureRun> runs = test::table1Figure();
  runs.resize(3);
  for (FigureRun& run : runs) run.series = test::noisyLoss(350'000, 2.5);
  for (auto _ : state) {
    if (!renderFigure("pdf", {.kind = FigureKind::Curves, .smoothing = 0.9}, runs))
      state.SkipWithError("the figure is refused");
  }
}
BENCHMARK(figureOfAMillionPoints)->Unit(benchmark::kMillisecond);

// A thousand points, drawn anew; `unchanged_ms`: the same snapshot again, which draws nothing.
void compareOfAThousandRuns(benchmark::State& state) {
  PairSelection selection;
  ComparePlot plot(&selection);
  plot.resize(900, 420);
  plot.show();
  std::vector<store::RunSummary> runs;
  const auto samples = test::table1Samples();
  for (std::int64_t i = 0; i < 1000; ++i) {
    store::RunSummary run = test::summaryOf(samples[static_cast<std::size_t>(i) % samples.size()], i + 1);
    run.perplexity = *run.perplexity + 0.001 * static_cast<double>(i % 97);
    run.kvBytesPerToken += static_cast<double>(i / 14);
    runs.push_back(run);
  }
  for (auto _ : state) {
    runs[0].perplexity = *runs[0].perplexity + 0.001;
    plot.setRuns(runs);
    plot.replot();
  }
  const double begin = threadCpu_ms();
  for (int i = 0; i < 10; ++i) plot.setRuns(runs);
  state.counters["unchanged_ms"] = (threadCpu_ms() - begin) / 10;
}
BENCHMARK(compareOfAThousandRuns)->Unit(benchmark::kMillisecond);

// The longest that one turn of the event loop keeps the window, by its own CPU time.
class TurnWatch {
 public:
  void turn() {
    const double begin = threadCpu_ms();
    QCoreApplication::processEvents();
    m_longest_ms = std::max(m_longest_ms, threadCpu_ms() - begin);
  }
  double longest_ms() const { return m_longest_ms; }

 private:
  double m_longest_ms = 0;
};

// A run of 200,000 steps of four metrics is opened in Monitor. The store is read by another thread: `turn_ms` is what
// the window feels.
void monitorOfAHugeRun(benchmark::State& state) {
  constexpr std::int64_t kSteps = 200'000;
  test::TestProject project;
  const store::RunId run = project.addQueued({.name = "huge", .steps = kSteps});
  project.start(kSteps);
  double longest_ms = 0;
  for (auto _ : state) {
    ProjectSession session(project.project());
    MonitorPage page;
    page.setSession(&session);
    page.resize(1368, 812);
    page.show();
    TurnWatch watch;
    const auto isShown = [&] {
      const auto reading = page.lossChart()->lastReading(run);
      return reading && reading->x >= static_cast<double>(kSteps);
    };
    while (!isShown()) watch.turn();
    longest_ms = std::max(longest_ms, watch.longest_ms());
    page.setSession(nullptr);
  }
  state.counters["turn_ms"] = longest_ms;
}
BENCHMARK(monitorOfAHugeRun)->Unit(benchmark::kMillisecond)->Iterations(3);

}  // namespace
}  // namespace weft::ui
