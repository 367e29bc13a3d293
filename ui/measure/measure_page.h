// ui/measure/measure_page.h -- what was measured of the runs' inference: a plot and a table over the same rows. Which
// runs take part is all of them, a filter, or what another page handed over.
#pragma once

#include <QPointer>
#include <functional>
#include <vector>

#include "ui/measure/measure_plot.h"
#include "ui/models/project_session.h"
#include "ui/models/run_filter.h"
#include "ui/parts/page.h"

class QComboBox;
class QPushButton;
class QSortFilterProxyModel;
class QTableView;

namespace weft::ui {

class FilterField;
class MeasureForm;
class MeasureModel;
class PageHeader;
class TextLabel;

class MeasurePage : public Page {
  Q_OBJECT
 public:
  explicit MeasurePage(QWidget* parent = nullptr);

  PageId id() const override { return pages::kMeasure; }
  QString iconName() const override { return QStringLiteral("measure"); }
  void setSession(ProjectSession* session) override;
  // Only these, until the filter is emptied or changed.
  void showRuns(const std::vector<store::RunId>& runs) override;
  void exportPlot(const QString& path);

  MeasureForm* form() const { return m_form; }
  MeasurePlot* plot() const { return m_plot; }
  MeasureModel* model() const { return m_model; }
  QTableView* table() const { return m_table; }
  FilterField* filterField() const { return m_filter; }
  QComboBox* xBox() const { return m_x; }
  QComboBox* yBox() const { return m_y; }
  QComboBox* atBox() const { return m_at; }

 private:
  QWidget* buildHeader();
  QWidget* buildFilterRow();
  QWidget* buildPlotSide();
  QWidget* buildTableSide();
  void buildActions();
  void openingChanged() override;
  void load();
  void applyMeasurements(std::vector<RunMeasurements> measurements);
  void refresh();
  void fillAt();
  void propose();
  void applyView();
  bool takesPart(const store::RunSummary& run) const;
  void askExport(const QString& format);
  void exportTable();
  void write(const QString& path, const QByteArray& content);
  std::vector<store::RunId> selectedRuns() const;

  QPointer<ProjectSession> m_session;
  std::shared_ptr<const RunsSnapshot> m_snapshot;
  std::vector<RunMeasurements> m_measurements;
  RunFilter m_runFilter;
  std::vector<store::RunId> m_handedOver;
  bool m_isLoading = false, m_isStale = false;
  MeasureModel* m_model;
  QSortFilterProxyModel* m_proxy;
  PageHeader* m_header = nullptr;
  FilterField* m_filter = nullptr;
  MeasureForm* m_form = nullptr;
  TextLabel* m_count = nullptr;
  TextLabel* m_atLabel = nullptr;
  QComboBox* m_x = nullptr;
  QComboBox* m_y = nullptr;
  QComboBox* m_at = nullptr;
  QPushButton* m_exportButton = nullptr;
  MeasurePlot* m_plot = nullptr;
  QTableView* m_table = nullptr;
};

}  // namespace weft::ui
