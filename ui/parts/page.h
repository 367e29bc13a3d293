// ui/parts/page.h -- one entry of the rail. A page owns its widgets and never touches disk, SQL or the network: it
// asks the session.
#pragma once

#include <QAction>
#include <QList>
#include <QString>
#include <QWidget>
#include <functional>
#include <vector>

#include "engine/store/run_id.h"
#include "ui/parts/page_id.h"

namespace weft::ui {

class ProjectSession;

// In which of the window's menus an action of a page stands.
enum class PageMenu { Edit, Run };

class Page : public QWidget {
  Q_OBJECT
 public:
  explicit Page(QWidget* parent = nullptr) : QWidget(parent) {}
  virtual PageId id() const = 0;
  virtual QString iconName() const = 0;  // resources/icons/NAME.svg
  // nullptr: no project is open. Called again when another is opened.
  virtual void setSession(ProjectSession* session) = 0;
  // What the page declared, for menus, the command palette and the list of keys; every action has a text, most a
  // shortcut.
  const QList<QAction*>& pageActions() const { return m_actions; }
  QList<QAction*> pageActions(PageMenu menu) const;
  // "Look at these runs": Compare and Monitor select them, Design takes the first one's configuration, Runs selects
  // their rows. A page that shows no runs ignores it. The page is brought to the front first.
  virtual void showRuns(const std::vector<store::RunId>&) {}
  // The name of a project that is being opened, until setSession() comes; empty: none is.
  void setOpening(const QString& project);
  // "New run...", "Add job...": the page that makes runs opens its form, with the keyboard in it.
  virtual void startNewRun() {}

 Q_SIGNALS:
  void openPageRequested(weft::ui::PageId page);
  // The window opens Design and calls its startNewRun().
  void newRunRequested();
  // The window opens that page and calls its showRuns().
  void showRunsRequested(weft::ui::PageId page, const std::vector<weft::store::RunId>& runs);
  // One sentence for the status bar; errors are shown until the next message.
  void messageRaised(const QString& sentence, bool isError);

 protected:
  // Makes an action of the page and declares it. Its key works where the action is added: on the page, or on the widget
  // whose keys it is meant for.
  QAction* declareAction(PageMenu menu, const QString& text, const QKeySequence& key, const QString& iconName,
                         std::function<void()> act = {});
  void declareAction(PageMenu menu, QAction* action);

  // "Opening cla-1b ..." while that is so, else `otherwise`: what a page without a session says.
  QString withoutProject(const QString& otherwise) const;
  // Its texts say something else now.
  virtual void openingChanged() {}
  // Runs `work` at once if the page is on show, else when it is shown next; of several only the last. A page that
  // nobody looks at costs nothing.
  void whenShown(std::function<void()> work);
  void showEvent(QShowEvent* event) override;

 private:
  QList<QAction*> m_actions;
  std::vector<PageMenu> m_menus;  // of each of them
  QString m_opening;
  std::function<void()> m_work;
};

}  // namespace weft::ui
