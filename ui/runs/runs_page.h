// ui/runs/runs_page.h -- home: every run of the project as one table row; filter, sort, tag, note, archive, stop,
// compare.
#pragma once

#include <QPointer>
#include <functional>
#include <optional>

#include "ui/models/project_session.h"
#include "ui/models/run_sort_proxy.h"
#include "ui/models/run_table_model.h"
#include "ui/parts/page.h"

class QLineEdit;
class QPushButton;
class QSplitter;
class QStackedWidget;
class QTimer;
class QUndoStack;

namespace weft::ui {

class FilterField;
class FilterTabs;
class PageHeader;
class RunPanel;
class RunTableView;
class TextLabel;

class RunsPage : public Page {
  Q_OBJECT
 public:
  explicit RunsPage(QWidget* parent = nullptr);
  ~RunsPage() override;

  PageId id() const override { return pages::kRuns; }
  QString iconName() const override { return QStringLiteral("runs"); }
  void setSession(ProjectSession* session) override;
  void showRuns(const std::vector<store::RunId>& runs) override;

  // For tests and the window's palette.
  RunTableView* table() const { return m_table; }
  FilterField* filterField() const { return m_filter; }
  FilterTabs* filterTabs() const { return m_tabs; }
  RunPanel* panel() const { return m_panel; }

 private:
  enum class Footer { Selection, Edit };
  struct Edit;  // one undoable change of runs

  void buildActions();
  QWidget* buildTop();
  QWidget* buildFooter();
  QAction* addAction(const QString& text, const QKeySequence& shortcut, const QString& iconName,
                     std::function<void()> act, PageMenu menu = PageMenu::Run);
  void openingChanged() override;
  void applySnapshot(const std::shared_ptr<const RunsSnapshot>& snapshot);
  void updateCounts();
  void showCounts();
  void updateEmptyText();
  void updateSelection();
  void loadSavedFilters();
  void saveFilter(const QString& name);
  void removeFilter(int index);
  void setExpression(const QString& expression);
  std::vector<store::RunSummary> selected() const;
  void pushEdit(const QString& text, std::function<Result<void>(store::RunStore&)> forward,
                std::function<Result<void>(store::RunStore&)> backward);
  void archive();
  void toggleBaseline();
  void toggleStar();
  void askTags();
  void askViewName();
  void askInFooter(const QString& question, const QString& text, std::function<void(const QString&)> accept);
  void setNote(store::RunId run, const QString& note);
  void request(store::RequestKind kind, bool (*applies)(const store::RunSummary&));
  void kill();
  void copyTable();
  void exportTable();
  void showColumnsMenu();
  void saveColumns();
  void restoreColumns();

  // How many runs each saved filter finds; kept up by what changed.
  struct TabCount {
    std::optional<RunFilter> filter;  // nullopt: it is none
    int count = 0;
  };
  std::vector<TabCount> m_tabCounts;
  QPointer<ProjectSession> m_session;
  RunTableModel* m_model;
  RunSortProxy* m_proxy;
  QUndoStack* m_undo;
  QTimer* m_ages;
  std::vector<QAction*> m_runActions;  // need a selection
  QAction* m_compareAction = nullptr;
  QAction* m_stopAction = nullptr;
  QAction* m_pauseAction = nullptr;
  QAction* m_resumeAction = nullptr;
  QAction* m_killAction = nullptr;
  PageHeader* m_header;
  QPushButton* m_compareButton;
  FilterField* m_filter;
  FilterTabs* m_tabs;
  RunTableView* m_table;
  RunPanel* m_panel;
  QSplitter* m_splitter;
  QStackedWidget* m_footer;
  TextLabel* m_selectionText;
  TextLabel* m_selectionStrong;
  TextLabel* m_question;
  QLineEdit* m_answer;
  std::function<void(const QString&)> m_accept;
  std::function<void()> m_emptyAction;
};

}  // namespace weft::ui
