// ui/window/page.h -- one entry of the rail. A page owns its widgets and never touches disk, SQL or the network: it
// asks the session.
#pragma once

#include <QAction>
#include <QList>
#include <QString>
#include <QWidget>
#include <functional>
#include <vector>

#include "engine/store/run_id.h"

namespace weft::ui {

class ProjectSession;

class Page : public QWidget {
  Q_OBJECT
 public:
  explicit Page(QWidget* parent = nullptr) : QWidget(parent) {}
  virtual QString pageName() const = 0;  // "Design", "Runs", "Monitor", "Compare", "Measure", "Figures", "Queue"
  virtual QString iconName() const = 0;  // resources/icons/NAME.svg
  // nullptr: no project is open. Called again when another is opened.
  virtual void setSession(ProjectSession* session) = 0;
  // For menus and the command palette; every action has a text, most a shortcut.
  virtual QList<QAction*> pageActions() const { return {}; }
  // "Look at these runs": Compare and Monitor select them, Design takes the first one's configuration, Runs selects
  // their rows. A page that shows no runs ignores it. The page is brought to the front first.
  virtual void showRuns(const std::vector<store::RunId>&) {}
  // The name of a project that is being opened, until setSession() comes; empty: none is.
  void setOpening(const QString& project);
  // "New run...", "Add job...": the page that makes runs opens its form, with the keyboard in it.
  virtual void startNewRun() {}

 Q_SIGNALS:
  void openPageRequested(const QString& pageName);
  // The window opens Design and calls its startNewRun().
  void newRunRequested();
  // The window opens the page of that name and calls its showRuns().
  void showRunsRequested(const QString& pageName, const std::vector<weft::store::RunId>& runs);
  // One sentence for the status bar; errors are shown until the next message.
  void messageRaised(const QString& sentence, bool isError);

 protected:
  // "Opening cla-1b ..." while that is so, else `otherwise`: what a page without a session says.
  QString withoutProject(const QString& otherwise) const;
  // Its texts say something else now.
  virtual void openingChanged() {}
  // Runs `work` at once if the page is on show, else when it is shown next; of several only the last. A page that
  // nobody looks at costs nothing.
  void whenShown(std::function<void()> work);
  void showEvent(QShowEvent* event) override;

 private:
  QString m_opening;
  std::function<void()> m_work;
};

}  // namespace weft::ui
