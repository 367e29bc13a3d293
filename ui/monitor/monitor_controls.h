// ui/monitor/monitor_controls.h -- how the curves are shown: what x counts, how much the past weighs, raw band,
// logarithmic y; which charts; export.
#pragma once

#include <QWidget>
#include <string>
#include <vector>

#include "ui/monitor/metric_chart.h"

class QCheckBox;
class QComboBox;
class QMenu;
class QPushButton;
class QSlider;

namespace weft::ui {

class TextLabel;

class MonitorControls : public QWidget {
  Q_OBJECT
 public:
  explicit MonitorControls(QWidget* parent = nullptr);

  const ChartOptions& options() const { return m_options; }  // as they were left last time
  void setOptions(const ChartOptions& options);              // told as optionsChanged()
  // For the menu of charts: name in the store, shown or not.
  void setCharts(const std::vector<std::pair<std::string, bool>>& charts);
  QMenu* exportMenu() const { return m_exportMenu; }
  QSlider* smoothing() const { return m_smoothing; }

 Q_SIGNALS:
  void optionsChanged(const weft::ui::ChartOptions& options);
  void chartToggled(const std::string& metric, bool isShown);
  void exportRequested(const QString& format);  // of the loss chart

 private:
  void apply();

  ChartOptions m_options;
  QComboBox* m_x;
  QSlider* m_smoothing;
  TextLabel* m_weight;
  QCheckBox *m_raw, *m_logY;
  QMenu *m_chartsMenu, *m_exportMenu;
  QPushButton* m_charts;
};

// The menu's entries: PDF, SVG, PNG, CSV.
void addExportFormats(QMenu* menu, QObject* context, std::function<void(const QString& format)> chosen);

}  // namespace weft::ui
