// ui/monitor/linked_charts.h -- charts that share their x: zoom and pan on one are the view of all (with Alt: of that
// one only), data moves all together.
#pragma once

#include <QObject>
#include <QPointer>
#include <vector>

#include "ui/monitor/metric_chart.h"
#include "ui/monitor/series_loader.h"

namespace weft::ui {

class LinkedCharts : public QObject {
  Q_OBJECT
 public:
  explicit LinkedCharts(const SeriesLoader& loader, QObject* parent = nullptr);

  void add(MetricChart* chart);
  const std::vector<QPointer<MetricChart>>& charts() const { return m_charts; }

  void setOptions(const ChartOptions& options);
  const ChartOptions& options() const { return m_options; }
  void setRuns(const std::vector<ChartRun>& runs);
  const std::vector<ChartRun>& runs() const { return m_runs; }
  void setCurrent(store::RunId run);
  void update(store::RunId run);
  // As a double click on a chart.
  void fit();
  bool isFollowing() const { return m_isFollowing; }

 private:
  void follow();
  void viewChanged(MetricChart* source, Qt::Orientations axes, Qt::KeyboardModifiers modifiers);

  const SeriesLoader& m_loader;
  std::vector<QPointer<MetricChart>> m_charts;
  std::vector<ChartRun> m_runs;
  store::RunId m_current;
  ChartOptions m_options;
  double m_endX = 0;
  bool m_isFollowing = true;  // no zoom or pan since fit()
  bool m_isChanging = false;  // by this object: not the user's doing
};

}  // namespace weft::ui
