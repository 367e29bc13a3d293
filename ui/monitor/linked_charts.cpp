#include "ui/monitor/linked_charts.h"

#include <algorithm>

namespace weft::ui {

LinkedCharts::LinkedCharts(const SeriesLoader& loader, QObject* parent) : QObject(parent), m_loader(loader) {}

void LinkedCharts::add(MetricChart* chart) {
  std::erase_if(m_charts, [](const QPointer<MetricChart>& known) { return !known; });
  m_charts.emplace_back(chart);
  connect(chart, &Plot::viewChanged, this, [this, chart](Qt::Orientations axes, Qt::KeyboardModifiers modifiers) {
    viewChanged(chart, axes, modifiers);
  });
  chart->setOptions(m_options);
  chart->setRuns(m_runs);
  chart->setCurrent(m_current);
  for (const ChartRun& run : m_runs)
    if (const RunSeries* series = m_loader.series(run.id)) chart->update(*series);
  if (!m_isFollowing && m_charts.size() > 1) {
    chart->xAxis->setRange(m_charts.front()->xAxis->range());
    chart->followValues();
  } else {
    follow();
  }
}

void LinkedCharts::setOptions(const ChartOptions& options) {
  if (options == m_options) return;
  const bool isOtherX = options.x != m_options.x;
  m_options = options;
  for (const auto& chart : m_charts)
    if (chart) {
      // Only the large chart shows the loss; the others keep their linear values.
      ChartOptions own = options;
      own.logY = options.logY && chart->metric() == kLossMetric;
      chart->setOptions(own);
    }
  if (isOtherX) m_endX = 0;
  if (isOtherX || m_isFollowing) {
    fit();
    return;
  }
  for (const auto& chart : m_charts)
    if (chart) {
      chart->followValues();
      chart->replot(QCustomPlot::rpQueuedReplot);
    }
}

void LinkedCharts::setRuns(const std::vector<ChartRun>& runs) {
  const bool isSame = std::equal(runs.begin(), runs.end(), m_runs.begin(), m_runs.end(),
                                 [](const ChartRun& a, const ChartRun& b) { return a.id == b.id; });
  m_runs = runs;
  for (const auto& chart : m_charts) {
    if (!chart) continue;
    chart->setRuns(runs);
    for (const ChartRun& run : runs)
      if (const RunSeries* series = m_loader.series(run.id)) chart->update(*series);
  }
  // Other runs are another picture: its view starts anew.
  if (!isSame) {
    m_endX = 0;
    fit();
  }
}

void LinkedCharts::setCurrent(store::RunId run) {
  m_current = run;
  for (const auto& chart : m_charts)
    if (chart) chart->setCurrent(run);
}

void LinkedCharts::update(store::RunId run) {
  const RunSeries* series = m_loader.series(run);
  if (!series) return;
  bool changed = false;
  for (const auto& chart : m_charts)
    if (chart && chart->update(*series)) {
      changed = true;
      if (!m_isFollowing) {
        chart->followValues();
        chart->replot(QCustomPlot::rpQueuedReplot);
      }
    }
  if (changed && m_isFollowing) follow();
}

void LinkedCharts::follow() {
  double last = 0, planned = 0;
  for (const auto& chart : m_charts)
    if (chart) {
      last = std::max(last, chart->lastX());
      planned = std::max(planned, chart->plannedX());
    }
  m_endX = niceEnd(last, planned, m_endX);
  for (const auto& chart : m_charts)
    if (chart) {
      chart->follow(m_endX);
      chart->replot(QCustomPlot::rpQueuedReplot);
    }
}

void LinkedCharts::fit() {
  m_isChanging = true;
  for (const auto& chart : m_charts)
    if (chart) chart->fit();
  m_isChanging = false;
  m_isFollowing = true;
  m_endX = 0;
  follow();
}

void LinkedCharts::viewChanged(MetricChart* source, Qt::Orientations axes, Qt::KeyboardModifiers modifiers) {
  if (m_isChanging) return;
  if (source->isFitted()) return fit();
  if (axes.testFlag(Qt::Horizontal)) {
    m_isFollowing = false;
    source->followValues();
  }
  if (modifiers.testFlag(Qt::AltModifier) || !axes.testFlag(Qt::Horizontal)) return;
  for (const auto& chart : m_charts) {
    if (!chart || chart == source) continue;
    chart->setFitted(false);
    chart->xAxis->setRange(source->xAxis->range());
    chart->followValues();
    chart->replot(QCustomPlot::rpQueuedReplot);
  }
}

}  // namespace weft::ui
