// ui/queue/queue_page.h -- devices as lanes, the job list in its order, and for the chosen job what Pause, Stop and
// Kill would do.
#pragma once

#include <QPointer>

#include "ui/models/project_session.h"
#include "ui/parts/page.h"
#include "ui/queue/queue_plan.h"
#include "ui/queue/queue_table.h"

class QComboBox;
class QFormLayout;
class QPushButton;
class QTimer;

namespace weft::ui {

class LanesWidget;
class PageHeader;
class TextLabel;

class QueuePage : public Page {
  Q_OBJECT
 public:
  explicit QueuePage(QWidget* parent = nullptr);
  PageId id() const override { return pages::kQueue; }
  QString iconName() const override { return QStringLiteral("queue"); }
  void setSession(ProjectSession* session) override;
  void showRuns(const std::vector<store::RunId>& runs) override;

  QueueTable* table() const { return m_table; }
  QueueModel* model() const { return m_model; }
  LanesWidget* lanes() const { return m_lanes; }

 private:
  QWidget* buildPanel();
  void buildActions();
  void openingChanged() override;
  void applySnapshot(const std::shared_ptr<const RunsSnapshot>& snapshot);
  void updateTimes();
  void updatePanel();
  void execute(JobCommand command, store::JobId job);
  void executeOnCurrent(JobCommand command);
  void moveBy(int step);
  void move(store::JobId job, store::JobId before);

  QPointer<ProjectSession> m_session;
  std::shared_ptr<const RunsSnapshot> m_snapshot;
  QueuePlan m_plan;
  QueueModel* m_model;
  PageHeader* m_header;
  QPushButton* m_engineButton;
  LanesWidget* m_lanes;
  QueueTable* m_table;
  QWidget* m_panel;
  TextLabel* m_jobName;
  TextLabel* m_jobState;
  struct CommandRow {
    JobCommand command;
    QWidget* row;
    TextLabel* text;
  };
  std::vector<CommandRow> m_commands;
  QFormLayout* m_details;
  QComboBox* m_priority;
  TextLabel* m_noJob;
  QWidget* m_job;
  QTimer* m_clock;
};

}  // namespace weft::ui
