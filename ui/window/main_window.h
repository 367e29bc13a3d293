// ui/window/main_window.h -- the studio's one window: menu bar, rail, pages, status, palette. It owns the open
// project's session; app/studio makes the pages and hands them over.
#pragma once

#include <QMainWindow>
#include <memory>
#include <vector>

#include "ui/models/project_session.h"
#include "ui/parts/page.h"
#include "ui/window/command_palette.h"

class QMenu;
class QPushButton;
class QStackedWidget;

namespace weft::ui {

class KeysOverlay;
class MessageBar;
class Rail;
class SettingsPage;
class StartPage;
class StatusStrip;
class ThemeController;

class MainWindow : public QMainWindow {
  Q_OBJECT
 public:
  // The pages, in the order of the rail; the window takes them over.
  MainWindow(ThemeController& theme, std::vector<Page*> pages, QWidget* parent = nullptr);
  ~MainWindow() override;

  // Opens in the background; a failure is a sentence in the message bar and the window stays as it is.
  void openProject(const QString& folder);
  void openExample();
  void closeProject();
  ProjectSession* session() const { return m_session.get(); }

  void showPage(PageId page);
  // By what the rail calls it, as on the command line; the start page, or a page that there is none of: nothing.
  void showPage(const QString& name);
  QString currentPage() const;
  Page* page(PageId id) const { return page(id.name()); }
  Page* page(const QString& name) const;
  void showError(const QString& sentence);

  CommandPalette* palette_() const { return m_palette; }
  StartPage* startPage() const { return m_start; }
  StatusStrip* status() const { return m_status; }
  MessageBar* messageBar() const { return m_messages; }
  Rail* rail() const { return m_rail; }
  KeysOverlay* keysOverlay() const { return m_keys; }

 Q_SIGNALS:
  void projectOpened(const QString& folder);
  void projectFailed(const QString& sentence);

 protected:
  void closeEvent(QCloseEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;

 private:
  void buildMenus();
  void buildCorner();
  void refreshProjectMenu();
  QAction* addWindowAction(QMenu* menu, const QString& text, const QKeySequence& key, const QString& iconName,
                           std::function<void()> act);
  void adopt(Result<store::Project> project);
  void setOpening(const QString& name);
  void setSession(std::unique_ptr<ProjectSession> session);
  void applySnapshot(const std::shared_ptr<const RunsSnapshot>& snapshot);
  void raiseMessage(const QString& sentence, bool isError);
  void askNewProject();
  void askProject();
  void nextArea();
  void showKeys();
  void chooseTheme(int choice);
  std::vector<PaletteEntry> paletteEntries() const;

  ThemeController& m_theme;
  std::vector<Page*> m_pages;  // owned by the stack
  std::unique_ptr<ProjectSession> m_session;
  std::unique_ptr<ProjectSession> m_opening;  // until it says opened() or failed()
  SettingsPage* m_settings;
  StartPage* m_start;
  Rail* m_rail;
  QStackedWidget* m_stack;
  MessageBar* m_messages;
  StatusStrip* m_status;
  CommandPalette* m_palette;
  KeysOverlay* m_keys;
  QPushButton* m_search;
  QPushButton* m_switcher;
  QMenu* m_projectMenu = nullptr;
  QMenu* m_recentMenu = nullptr;
  QMenu* m_switchMenu = nullptr;
  QList<QAction*> m_windowActions;
  QString m_lastPage;
  bool m_engineAsked = false;
};

}  // namespace weft::ui
