// ui/diagram/design_page.h -- the page where a sharing pattern is drawn and priced, and from which runs are queued.
// Works without a project.
#pragma once

#include <QPointer>
#include <memory>
#include <string>

#include "engine/store/run_store.h"
#include "ui/diagram/sharing_document.h"
#include "ui/parts/page.h"

class QHBoxLayout;
class QLineEdit;
class QPushButton;
class QStackedWidget;

namespace weft::ui {

class CostPanel;
class DesignDraft;
class GeneratorBar;
class HintLine;
class PresetBrowser;
class QueuePanel;
class SelectionPanel;
class SharingStack;
class TextLabel;
struct DraftContent;

class DesignPage : public Page {
  Q_OBJECT
 public:
  explicit DesignPage(QWidget* parent = nullptr);
  ~DesignPage() override;

  PageId id() const override { return pages::kDesign; }
  QString iconName() const override { return QStringLiteral("design"); }
  void setSession(ProjectSession* session) override;
  void showRuns(const std::vector<store::RunId>& runs) override;  // the first one's configuration
  void startNewRun() override { openQueue(); }

  SharingDocument* document() const { return m_document; }
  SharingStack* stack() const { return m_stack; }
  GeneratorBar* generatorBar() const { return m_bar; }
  CostPanel* costPanel() const { return m_costs; }
  QueuePanel* queuePanel() const { return m_queue; }
  PresetBrowser* presetBrowser() const { return m_presets; }
  bool isQueueOpen() const;

 public Q_SLOTS:
  // "Open in Design": the run's model, map and training become the design, in one undo step.
  void loadRun(const weft::store::RunSummary& run, const std::string& configToml);
  void openQueue();
  void closeQueue();
  void copyMap();
  void copyMapAsJson();
  void exportDiagram();

 protected:
  void showEvent(QShowEvent* event) override;

 private:
  void makeActions();
  QAction* addPageAction(PageMenu menu, const QString& text, const QKeySequence& key, const QString& iconName);
  QWidget* makeHeader();
  QWidget* makeLeft();
  QWidget* makeRight();
  void refreshHeader();
  DraftContent draft() const;  // of what is on the screen
  void keepDraft();
  void sayNotice();
  void showDraft(const DraftContent& content);
  void takeDraft(const DraftContent& content);  // of the project that was opened, or of none

  SharingDocument* m_document;
  DesignDraft* m_draft;
  QPointer<ProjectSession> m_session;
  QAction *m_undo, *m_redo, *m_copy, *m_copyJson, *m_export, *m_queueAction, *m_nextError, *m_firstFix, *m_table,
      *m_formulas, *m_focusMap;
  QLineEdit* m_name;
  TextLabel* m_family;
  TextLabel* m_state;
  PresetBrowser* m_presets;
  QPushButton* m_queueButton;
  GeneratorBar* m_bar;
  SharingStack* m_stack;
  QStackedWidget* m_views;  // stack, table
  HintLine* m_hints;
  QStackedWidget* m_side;  // panels, queue
  CostPanel* m_costs;
  SelectionPanel* m_selection;
  QueuePanel* m_queue;
  QString m_notice;              // of the draft, not yet said
  QString m_queuedText;          // "queued as run 12" until the next edit
  bool m_isTouched = false;      // since the last draft was asked for: one that arrives after an edit is not taken
  bool m_isRestoring = false;    // the document changes because a draft is shown, not because somebody edits
  bool m_isFromProject = false;  // another project was open before: its design does not go along
  bool m_isCarried = false;      // drawn without a project: comes along into the one that is opened
  std::unique_ptr<DraftContent> m_first;  // the first preset, for a project that has no draft
};

}  // namespace weft::ui
