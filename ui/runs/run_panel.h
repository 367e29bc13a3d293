// ui/runs/run_panel.h -- everything about one run beside the table: map, numbers with what they are, evaluations, note,
// configuration, log.
#pragma once

#include <QPointer>
#include <QWidget>

#include "ui/models/project_session.h"

class QFormLayout;
class QPlainTextEdit;
class QTabWidget;
class QTabBar;
class QStackedWidget;

namespace weft::ui {

class TextLabel;
class MapPicture;

class RunPanel : public QWidget {
  Q_OBJECT
 public:
  explicit RunPanel(QWidget* parent = nullptr);
  void setSession(ProjectSession* session);
  void showRun(store::RunId id);              // {0}: nothing
  void update(const RunsSnapshot& snapshot);  // the shown run may have moved on
  store::RunId run() const { return m_run; }

 Q_SIGNALS:
  void closeRequested();
  void noteEdited(weft::store::RunId run, const QString& note);

 protected:
  bool eventFilter(QObject* watched, QEvent* event) override;

 private:
  void showSummary(const store::RunSummary& run, const QString& label);
  void showDetail(const RunDetail& detail);
  void loadDetail();
  void commitNote();

  QPointer<ProjectSession> m_session;
  store::RunId m_run;
  double m_shownUpdate = 0;  // RunSummary::updated of what the detail shows
  int m_generation = 0;      // an answer for an earlier run is dropped
  QString m_storedNote;
  TextLabel* m_title;
  TextLabel* m_state;
  TextLabel* m_failure;
  MapPicture* m_map;
  QFormLayout* m_numbers;
  QFormLayout* m_history;
  QPlainTextEdit* m_note;
  QPlainTextEdit* m_config;
  QPlainTextEdit* m_log;
  QTabBar* m_tabs;
  QStackedWidget* m_pages;
};

}  // namespace weft::ui
