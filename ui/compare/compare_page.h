// ui/compare/compare_page.h -- perplexity against KV memory: plot, table and pair are one selection. Which runs take
// part is all of them, a filter, or what was ticked or handed over by another page.
#pragma once

#include <QPointer>
#include <functional>
#include <vector>

#include "ui/compare/compare_plot.h"
#include "ui/compare/pair_selection.h"
#include "ui/models/configuration_groups.h"
#include "ui/models/project_session.h"
#include "ui/models/run_filter.h"
#include "ui/paper/figure.h"
#include "ui/parts/page.h"

class QCheckBox;
class QComboBox;
class QMenu;
class QPushButton;
class QSplitter;

namespace weft::ui {

class CompareModel;
class CompareTable;
class FilterField;
class PageHeader;
class PairPanel;
class RunPicker;
class TextLabel;

class ComparePage : public Page {
  Q_OBJECT
 public:
  explicit ComparePage(QWidget* parent = nullptr);
  ~ComparePage() override;

  PageId id() const override { return pages::kCompare; }
  QString iconName() const override { return QStringLiteral("compare"); }
  void setSession(ProjectSession* session) override;
  // One or two are chosen among the runs of the plot (and join them if they are not there); more become the runs of the
  // plot.
  void showRuns(const std::vector<store::RunId>& runs) override;

  enum class Choice { All, Filter, Ticked };
  Choice choice() const { return m_choice; }
  // The plot as a file's content, as it is set up now.
  FigureOptions figureOptions() const;
  std::vector<FigureRun> figureRuns() const;
  void exportPlot(const QString& path);

  PairSelection* selection() const { return m_selection; }
  const ConfigurationGroups& groups() const { return *m_groups; }
  ComparePlot* plot() const { return m_plot; }
  CompareTable* table() const { return m_table; }
  CompareModel* model() const { return m_model; }
  PairPanel* panel() const { return m_panel; }
  FilterField* filterField() const { return m_filter; }
  RunPicker* picker() const { return m_picker; }

 private:
  QWidget* buildHeader();
  QWidget* buildPlotSide();
  QWidget* buildTableSide();
  void buildActions();
  QAction* addAction(const QString& text, const QKeySequence& key, const QString& iconName, std::function<void()> act,
                     PageMenu menu = PageMenu::Run);
  QAction* m_copyTable = nullptr;
  void openingChanged() override;
  void applySnapshot(const std::shared_ptr<const RunsSnapshot>& snapshot);
  bool takesPart(const store::RunSummary& run) const;
  void setChoice(Choice choice);
  void setTicked(std::vector<store::RunId> runs);
  void refresh();
  bool refreshFew();
  void updateTexts();
  void updatePanel();
  void updateVerdict(store::RunId a, store::RunId b);
  bool areOneConfiguration(const store::RunSummary& a, const store::RunSummary& b) const;
  void applyGroups();
  void updateBaselineBox();
  void chooseFirstPair();
  void applyView();
  void setBaseline(store::RunId run);
  void addSecond();
  void fillRunsMenu();
  void askExport(const QString& format);
  void exportTable();
  void showColumnsMenu(QWidget* button);
  void saveView() const;
  void restoreView();

  QPointer<ProjectSession> m_session;
  std::shared_ptr<const RunsSnapshot> m_snapshot;
  Choice m_choice = Choice::All;
  RunFilter m_runFilter;
  std::vector<store::RunId> m_ticked;
  std::vector<store::RunSummary> m_runs;  // that take part
  RunRows m_refreshed;                    // the runs that model, plot and groups were last made of
  bool m_hasChosen = false;               // somebody has touched the selection

  PairSelection* m_selection;
  ConfigurationGroups* m_groups;
  CompareModel* m_model;
  PageHeader* m_header;
  QMenu* m_runsMenu;
  FilterField* m_filter;
  QWidget* m_filterRow;
  QComboBox* m_x;
  QComboBox* m_y;
  std::vector<QCheckBox*> m_checks;  // frontier, dominated, labels, paper
  ComparePlot* m_plot;
  TextLabel* m_hint;
  QPushButton* m_emptyButton;
  PairPanel* m_panel;
  CompareTable* m_table;
  TextLabel* m_count;
  QComboBox* m_baselineBox;
  RunPicker* m_picker;
  QSplitter* m_upper;
  QSplitter* m_whole;
  QPushButton* m_runsButton;
  std::vector<QPushButton*> m_exports;  // need a point
  std::vector<QAction*> m_runActions;   // need a chosen run
};

}  // namespace weft::ui
