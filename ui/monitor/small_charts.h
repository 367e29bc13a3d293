// ui/monitor/small_charts.h -- a column of small charts below each other, one for every metric that a run on show has,
// with its readings in its title.
#pragma once

#include <QScrollArea>
#include <set>
#include <string>
#include <vector>

#include "ui/monitor/metric_chart.h"

class QVBoxLayout;

namespace weft::ui {

class ChartTitle;
class LinkedCharts;
class SharedCursor;
class TextLabel;

class SmallCharts : public QScrollArea {
  Q_OBJECT
 public:
  SmallCharts(LinkedCharts& link, SharedCursor& cursor, QWidget* parent = nullptr);

  // Every metric of `names` but the loss gets a chart; charts whose metric is no longer among them are hidden.
  void setMetrics(const std::set<std::string>& names);
  void setHidden(const std::string& metric, bool hidden);  // by the user
  bool isHiddenByUser(const std::string& metric) const { return m_hidden.contains(metric); }
  std::vector<std::string> metrics() const;  // in order, hidden ones included
  MetricChart* chart(const std::string& metric) const;
  const ChartTitle* title(const std::string& metric) const;
  // The readings at the cursor, or the last ones.
  void updateReadings();

 Q_SIGNALS:
  void exportRequested(const std::string& metric, const QPoint& globalPosition);

 protected:
  void resizeEvent(QResizeEvent* event) override;

 private:
  struct Box {
    std::string metric;
    int order;
    QWidget* widget;
    ChartTitle* title;
    MetricChart* chart;
    bool isAsked = false;  // a run on show has it
  };
  void arrange();
  int leastHeight(int charts, int axis) const;

  LinkedCharts& m_link;
  SharedCursor& m_cursor;
  QWidget* m_column;
  QVBoxLayout* m_layout;
  TextLabel* m_none;
  std::vector<Box> m_boxes;
  std::set<std::string> m_hidden;
};

}  // namespace weft::ui
