// ui/monitor/monitor_page.h -- live curves: jobs at the left, the loss large, small charts on the same x, one cursor
// through all, alerts, readings, the log.
#pragma once

#include <QPointer>
#include <set>

#include "ui/models/project_session.h"
#include "ui/parts/page.h"

class QPushButton;
class QStackedWidget;
class QTimer;

namespace weft::ui {

class AlertList;
class AlertModel;
class ChartTitle;
class JobList;
class LinkedCharts;
class LogView;
class LossChart;
class MonitorControls;
class PageHeader;
class ReadingsTable;
class RunStrip;
class SeriesLoader;
class SharedCursor;
class SmallCharts;
class Surface;
class TextLabel;

class MonitorPage : public Page {
  Q_OBJECT
 public:
  explicit MonitorPage(QWidget* parent = nullptr);
  ~MonitorPage() override;
  PageId id() const override { return pages::kMonitor; }
  QString iconName() const override { return QStringLiteral("monitor"); }
  void setSession(ProjectSession* session) override;
  void showRuns(const std::vector<store::RunId>& runs) override;

  JobList* jobs() const { return m_jobs; }
  LossChart* lossChart() const { return m_loss; }
  SmallCharts* smallCharts() const { return m_small; }
  LinkedCharts* charts() const { return m_charts; }
  SharedCursor* cursor() const { return m_cursor; }
  MonitorControls* controls() const { return m_controls; }
  RunStrip* strip() const { return m_strip; }
  ReadingsTable* readings() const { return m_readings; }
  AlertList* alerts() const { return m_alerts; }
  LogView* log() const { return m_log; }
  QPushButton* engineButton() const { return m_engineButton; }
  QString emptyText() const;  // what stands instead of everything, if anything does

 protected:
  void showEvent(QShowEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;

 private:
  QWidget* buildJobs();
  QWidget* buildCentre();
  QWidget* buildSide();
  QWidget* buildEmpty();
  void buildActions();
  void connectParts();

  void openingChanged() override;
  void applySnapshot(const std::shared_ptr<const RunsSnapshot>& snapshot);
  void chooseByItself();
  void updateEmpty();
  void updateEngine();
  void updateRuns();  // the charts show what the list says
  void updateMarks();
  void updateCurrent();
  void updateMetrics();
  void updateReadings();
  void loadLog();
  QString chartHint() const;
  void request(store::RequestKind kind, store::RunId run);
  void showAlert(std::int64_t id);
  void exportChart(const std::string& metric, const QString& format);
  void placeSide();

  QPointer<ProjectSession> m_session;
  std::shared_ptr<const RunsSnapshot> m_snapshot;
  SeriesLoader* m_loader;
  LinkedCharts* m_charts;
  SharedCursor* m_cursor;

  PageHeader* m_header;
  MonitorControls* m_controls;
  QStackedWidget* m_stack;
  QWidget *m_content, *m_empty, *m_side;
  TextLabel* m_emptyText;
  QPushButton* m_emptyButton;
  JobList* m_jobs;
  Surface* m_engine;
  TextLabel* m_engineText;
  QPushButton* m_engineButton;
  Surface* m_alertsBox;
  TextLabel* m_alertsCount;
  AlertModel* m_alertModel;
  AlertList* m_alerts;
  RunStrip* m_strip;
  ChartTitle* m_lossTitle;
  LossChart* m_loss;
  ReadingsTable* m_readings;
  SmallCharts* m_small;
  LogView* m_log;
  QTimer* m_clock;
  QTimer* m_readingsTimer;
  store::RunId m_logRun;
  double m_logUpdate = -1;
  int m_logGeneration = 0;
  bool m_plotsLatest = false;  // the one run on show was taken because nothing runs
  bool m_isSideWanted = true;
};

}  // namespace weft::ui
