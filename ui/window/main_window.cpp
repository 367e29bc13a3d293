#include "ui/window/main_window.h"

#include <QActionGroup>
#include <QApplication>
#include <QCloseEvent>
#include <QComboBox>
#include <QDir>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QMenu>
#include <QMenuBar>
#include <QPainter>
#include <QPushButton>
#include <QStackedWidget>
#include <QStandardPaths>
#include <QVBoxLayout>
#include <algorithm>
#include <set>

#include "ui/models/project_opener.h"
#include "ui/models/run_text.h"
#include "ui/parts/file_dialog.h"
#include "ui/parts/icons.h"
#include "ui/parts/widgets.h"
#include "ui/window/app_settings.h"
#include "ui/window/keys_overlay.h"
#include "ui/window/message_bar.h"
#include "ui/window/new_project_dialog.h"
#include "ui/window/rail.h"
#include "ui/window/settings_page.h"
#include "ui/window/start_page.h"
#include "ui/window/status_strip.h"
#include "ui/window/theme_controller.h"

namespace weft::ui {
namespace {

const QString kStart = QStringLiteral("Start");

// The palette's field in the menu bar: looks like a text field, opens the palette.
class SearchButton : public QPushButton {
 public:
  using QPushButton::QPushButton;
  QSize sizeHint() const override { return {272, metrics::control}; }

 protected:
  void paintEvent(QPaintEvent*) override {
    const Theme& theme = Theme::current();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(QPen(hasFocus() ? theme.accent : theme.controlEdge, hasFocus() ? 2 : 1));
    painter.setBrush(underMouse() ? theme.hover : theme.panel);
    painter.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4);
    paintIcon(painter, QRectF(9, (height() - 16) / 2.0, 16, 16), QStringLiteral("search"), theme.text2);
    painter.setFont(bodyFont());
    painter.setPen(theme.text2);
    painter.drawText(rect().adjusted(32, 0, 0, 0), Qt::AlignVCenter | Qt::AlignLeft,
                     QStringLiteral("Runs, maps, actions"));
    painter.setFont(captionFont());
    painter.setPen(theme.text3);
    painter.drawText(rect().adjusted(0, 0, -9, 0), Qt::AlignVCenter | Qt::AlignRight, QStringLiteral("Ctrl+K"));
  }
};

// "Project cla-1b" with the recent projects below.
class ProjectSwitcher : public QPushButton {
 public:
  using QPushButton::QPushButton;
  QSize sizeHint() const override { return {168, metrics::control}; }

 protected:
  void paintEvent(QPaintEvent*) override {
    const Theme& theme = Theme::current();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(QPen(hasFocus() ? theme.accent : theme.controlEdge, hasFocus() ? 2 : 1));
    painter.setBrush(underMouse() ? theme.hover : theme.panel);
    painter.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4);
    painter.setFont(bodyFont());
    painter.setPen(theme.text3);
    const QString label = QStringLiteral("Project");
    painter.drawText(rect().adjusted(10, 0, 0, 0), Qt::AlignVCenter | Qt::AlignLeft, label);
    const int left = 10 + painter.fontMetrics().horizontalAdvance(label) + 6;
    painter.setPen(text().isEmpty() ? theme.text3 : theme.text);
    painter.drawText(rect().adjusted(left, 0, 0, 0), Qt::AlignVCenter | Qt::AlignLeft,
                     text().isEmpty() ? QStringLiteral("none")
                                      : painter.fontMetrics().elidedText(text(), Qt::ElideMiddle, width() - left - 28));
    paintIcon(painter, QRectF(width() - 24, (height() - 14) / 2.0, 14, 14), QStringLiteral("chevron-down"),
              theme.text2);
  }
};

class Logo : public QWidget {
 public:
  using QWidget::QWidget;
  QSize sizeHint() const override { return {metrics::rail, metrics::menuBar}; }

 protected:
  void paintEvent(QPaintEvent*) override {
    QPainter painter(this);
    paintIcon(painter, QRectF((width() - 22) / 2.0, (height() - 22) / 2.0, 22, 22), QStringLiteral("logo"),
              Theme::current().accent);
  }
};

class CornerBox : public QWidget {
 public:
  using QWidget::QWidget;

 protected:
  void paintEvent(QPaintEvent*) override {
    QPainter painter(this);
    painter.fillRect(rect(), Theme::current().window);
  }
};

QString plain(QString text) { return text.remove(u'&'); }

}  // namespace

MainWindow::MainWindow(ThemeController& theme, std::vector<Page*> pages, QWidget* parent)
    : QMainWindow(parent),
      m_theme(theme),
      m_pages(std::move(pages)),
      m_settings(new SettingsPage(theme)),
      m_start(new StartPage),
      m_rail(new Rail),
      m_stack(new QStackedWidget),
      m_messages(new MessageBar),
      m_status(new StatusStrip) {
  setWindowTitle(QStringLiteral("Weft"));
  setWindowIcon(icon(QStringLiteral("logo"), IconColor::Accent));
  // A laptop's 1920 x 1080 at scale 2 is 960 x 540.
  setMinimumSize(760, 500);
  resize(1440, 900);
  if (const QByteArray geometry = settings::windowGeometry(); !geometry.isEmpty()) restoreGeometry(geometry);

  auto* central = new QWidget;
  auto* rows = new QVBoxLayout(central);
  rows->setContentsMargins(0, 0, 0, 0);
  rows->setSpacing(0);
  auto* line = new Surface(Surface::Fill::Window, Qt::TopEdge);
  line->setFixedHeight(1);
  rows->addWidget(line);
  auto* columns = new QHBoxLayout;
  columns->setSpacing(0);
  columns->addWidget(m_rail);
  auto* content = new QVBoxLayout;
  content->setSpacing(0);
  content->addWidget(m_messages);
  content->addWidget(m_stack, 1);
  columns->addLayout(content, 1);
  rows->addLayout(columns, 1);
  rows->addWidget(m_status);
  setCentralWidget(central);

  m_stack->addWidget(m_start);
  int number = 0;
  for (Page* page : m_pages) {
    m_stack->addWidget(page);
    ++number;
    m_rail->addPage(page->id().name(), page->iconName(),
                    number <= 9 ? QStringLiteral("Ctrl+%1").arg(number) : QString());
  }
  m_stack->addWidget(m_settings);
  m_rail->addAtBottom(m_settings->id().name(), m_settings->iconName());
  m_pages.push_back(m_settings);
  for (Page* page : m_pages) {
    page->setAutoFillBackground(true);
    page->setBackgroundRole(QPalette::Base);
    connect(page, &Page::openPageRequested, this, qOverload<PageId>(&MainWindow::showPage));
    connect(page, &Page::newRunRequested, this, [this] {
      showPage(pages::kDesign);
      if (Page* target = this->page(pages::kDesign)) target->startNewRun();
    });
    connect(page, &Page::messageRaised, this, &MainWindow::raiseMessage);
    connect(page, &Page::showRunsRequested, this, [this](PageId id, const std::vector<store::RunId>& runs) {
      showPage(id);
      if (Page* target = this->page(id)) target->showRuns(runs);
    });
  }

  m_palette = new CommandPalette(this);
  m_palette->setSource([this] { return paletteEntries(); });
  m_keys = new KeysOverlay(this);
  buildMenus();
  buildCorner();
  connect(m_rail, &Rail::pageChosen, this, qOverload<const QString&>(&MainWindow::showPage));
  connect(m_status, &StatusStrip::engineClicked, this, [this] { showPage(pages::kQueue); });
  connect(m_status, &StatusStrip::startClicked, this, [this] {
    if (m_session) m_session->startEngine();
  });
  connect(m_start, &StartPage::newRequested, this, [this] { askNewProject(); });
  connect(m_start, &StartPage::openRequested, this, [this] { askProject(); });
  connect(m_start, &StartPage::exampleRequested, this, &MainWindow::openExample);
  connect(m_start, &StartPage::recentChosen, this, &MainWindow::openProject);
  setSession(nullptr);
  m_rail->setCompact(width() < 1200);
}

MainWindow::~MainWindow() {
  // Pages hold the session only while it lives; tell them before it goes.
  for (Page* page : m_pages) page->setSession(nullptr);
}

QAction* MainWindow::addWindowAction(QMenu* menu, const QString& text, const QKeySequence& key, const QString& iconName,
                                     std::function<void()> act) {
  auto* action = new QAction(text, this);
  if (!iconName.isEmpty()) action->setIcon(icon(iconName));
  action->setShortcut(key);
  connect(action, &QAction::triggered, this, std::move(act));
  if (menu)
    menu->addAction(action);
  else
    addAction(action);
  m_windowActions << action;
  return action;
}

void MainWindow::buildMenus() {
  QMenuBar* bar = menuBar();
  bar->setNativeMenuBar(false);
  m_projectMenu = bar->addMenu(QStringLiteral("&Project"));
  addWindowAction(m_projectMenu, QStringLiteral("&New project..."), QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_N),
                  QStringLiteral("plus"), [this] { askNewProject(); });
  addWindowAction(m_projectMenu, QStringLiteral("&Open project..."), QKeySequence::Open, QStringLiteral("folder"),
                  [this] { askProject(); });
  addWindowAction(m_projectMenu, QStringLiteral("Open the e&xample"), {}, QStringLiteral("book"),
                  [this] { openExample(); });
  m_recentMenu = m_projectMenu->addMenu(QStringLiteral("&Recent projects"));
  addWindowAction(m_projectMenu, QStringLiteral("&Close project"), {}, QString(), [this] { closeProject(); });
  m_projectMenu->addSeparator();
  addWindowAction(m_projectMenu, QStringLiteral("&Quit"), QKeySequence::Quit, QString(), [this] { close(); });

  QMenu* edit = bar->addMenu(QStringLiteral("&Edit"));
  QMenu* view = bar->addMenu(QStringLiteral("&View"));
  QMenu* run = bar->addMenu(QStringLiteral("&Run"));
  QMenu* tools = bar->addMenu(QStringLiteral("&Tools"));
  QMenu* help = bar->addMenu(QStringLiteral("&Help"));

  int number = 0;
  for (Page* page : m_pages) {
    if (page == m_settings) continue;
    ++number;
    addWindowAction(
        view, page->id().name(),
        number <= 9 ? QKeySequence(static_cast<int>(Qt::CTRL) | static_cast<int>(Qt::Key_0 + number)) : QKeySequence(),
        page->iconName(), [this, name = page->id().name()] { showPage(name); });
  }
  view->addSeparator();
  addWindowAction(view, QStringLiteral("Last page"), QKeySequence(Qt::CTRL | Qt::Key_Tab), {}, [this] {
    if (!m_lastPage.isEmpty()) showPage(m_lastPage);
  });
  addWindowAction(view, QStringLiteral("Next area"), Qt::Key_F6, {}, [this] { nextArea(); });
  addWindowAction(view, QStringLiteral("Full screen"), Qt::Key_F11, {},
                  [this] { setWindowState(windowState() ^ Qt::WindowFullScreen); });
  view->addSeparator();
  QMenu* themes = view->addMenu(QStringLiteral("Theme"));
  const QStringList names{QStringLiteral("As the system"), QStringLiteral("Light"), QStringLiteral("Dark")};
  auto* group = new QActionGroup(this);
  for (int i = 0; i < names.size(); ++i) {
    QAction* action = addWindowAction(themes, names[i], {}, {}, [this, i] { chooseTheme(i); });
    action->setCheckable(true);
    group->addAction(action);
  }
  connect(themes, &QMenu::aboutToShow, this,
          [this, group] { group->actions().at(static_cast<int>(m_theme.choice()))->setChecked(true); });

  // The page's own actions, as it declared them; filled for the page in front.
  const auto fill = [this](QMenu* menu, PageMenu which) {
    menu->clear();
    if (const Page* page = this->page(currentPage())) menu->addActions(page->pageActions(which));
    if (menu->isEmpty()) menu->addAction(QStringLiteral("Nothing on this page"))->setEnabled(false);
  };
  connect(edit, &QMenu::aboutToShow, this, [edit, fill] { fill(edit, PageMenu::Edit); });
  connect(run, &QMenu::aboutToShow, this, [this, run, fill] {
    fill(run, PageMenu::Run);
    run->addSeparator();
    QAction* start = run->addAction(icon(QStringLiteral("engine")), QStringLiteral("Start the engine"), this, [this] {
      if (m_session) m_session->startEngine();
    });
    start->setEnabled(m_session && !m_session->snapshot()->engineRunning);
  });

  addWindowAction(tools, QStringLiteral("Command palette"), QKeySequence(Qt::CTRL | Qt::Key_K),
                  QStringLiteral("search"), [this] { m_palette->popUp(); });
  addWindowAction(tools, QStringLiteral("Settings"), QKeySequence(Qt::CTRL | Qt::Key_Comma), QStringLiteral("settings"),
                  [this] { showPage(m_settings->id().name()); });
  addWindowAction(help, QStringLiteral("Keys of this page"), Qt::Key_F1, QStringLiteral("help"),
                  [this] { showKeys(); });
  addWindowAction(help, QStringLiteral("About Weft"), {}, QStringLiteral("info"), [this] {
    raiseMessage(QStringLiteral("Weft %1, GPL-3.0-or-later: a workbench for cross-layer KV sharing.")
                     .arg(QApplication::applicationVersion()),
                 false);
  });
  // Menus that are filled when they open hold nothing until then; their actions' keys belong to the pages.
  for (QMenu* menu : {edit, run}) menu->addAction(QStringLiteral("Nothing on this page"))->setEnabled(false);
}

void MainWindow::buildCorner() {
  menuBar()->setCornerWidget(new Logo, Qt::TopLeftCorner);
  auto* corner = new CornerBox;
  auto* row = new QHBoxLayout(corner);
  row->setContentsMargins(0, 3, 12, 3);
  row->setSpacing(12);
  m_search = new SearchButton;
  m_search->setAccessibleName(QStringLiteral("Search runs, maps and actions"));
  connect(m_search, &QPushButton::clicked, m_palette, &CommandPalette::popUp);
  m_switcher = new ProjectSwitcher;
  m_switchMenu = new QMenu(m_switcher);
  connect(m_switcher, &QPushButton::clicked, this, [this] {
    refreshProjectMenu();
    m_switchMenu->popup(m_switcher->mapToGlobal(QPoint(0, m_switcher->height())));
  });
  connect(m_projectMenu, &QMenu::aboutToShow, this, &MainWindow::refreshProjectMenu);
  row->addWidget(m_search);
  row->addWidget(m_switcher);
  menuBar()->setCornerWidget(corner, Qt::TopRightCorner);
}

void MainWindow::refreshProjectMenu() {
  const QString open = m_session ? QString::fromStdString(m_session->project().folder().string()) : QString();
  for (QMenu* menu : {m_recentMenu, m_switchMenu}) {
    menu->clear();
    for (const QString& folder : settings::recentProjects()) {
      QAction* action =
          menu->addAction(QStringLiteral("%1\t%2").arg(QFileInfo(folder).fileName(), QFileInfo(folder).path()), this,
                          [this, folder] { openProject(folder); });
      action->setCheckable(true);
      action->setChecked(folder == open);
    }
    if (menu->isEmpty()) menu->addAction(QStringLiteral("None yet"))->setEnabled(false);
  }
  m_switchMenu->addSeparator();
  m_switchMenu->addAction(icon(QStringLiteral("plus")), QStringLiteral("New project..."), this,
                          [this] { askNewProject(); });
  m_switchMenu->addAction(icon(QStringLiteral("folder")), QStringLiteral("Open project..."), this,
                          [this] { askProject(); });
}

// What the window says until the project's first answer. A project that is open stays on show meanwhile.
void MainWindow::setOpening(const QString& name) {
  const QString shown = m_session ? QString() : name;
  for (Page* page : m_pages) page->setOpening(shown);
  m_status->setOpening(name);
}

void MainWindow::openProject(const QString& folder) {
  setOpening(QDir(folder).dirName());
  weft::ui::openProject(QDir(folder).absolutePath(), this,
                        [this](Result<store::Project> project) { adopt(std::move(project)); });
}

void MainWindow::openExample() {
  const QString folder = QDir(settings::projectsFolder()).filePath(QStringLiteral("example"));
  m_status->showMessage(QStringLiteral("Preparing the example in %1").arg(folder));
  weft::ui::openExample(folder, this, [this](Result<store::Project> project) { adopt(std::move(project)); });
}

void MainWindow::adopt(Result<store::Project> project) {
  if (!project) {
    const QString sentence = QString::fromStdString(project.error().message);
    setOpening({});
    showError(sentence);
    Q_EMIT projectFailed(sentence);
    return;
  }
  m_opening = std::make_unique<ProjectSession>(std::move(*project));
  connect(m_opening.get(), &ProjectSession::messageRaised, this, &MainWindow::raiseMessage);
  connect(m_opening.get(), &ProjectSession::failed, this, [this](const QString& sentence) {
    // Still in a signal of the session: it must not be deleted here.
    m_opening.release()->deleteLater();
    setOpening({});
    showError(sentence);
    Q_EMIT projectFailed(sentence);
  });
  connect(m_opening.get(), &ProjectSession::opened, this, [this] {
    const QString folder = QString::fromStdString(m_opening->project().folder().string());
    settings::addRecentProject(folder);
    setSession(std::move(m_opening));
    setOpening({});
    if (currentPage() == kStart) showPage(pages::kRuns);
    Q_EMIT projectOpened(folder);
  });
}

void MainWindow::closeProject() {
  setSession(nullptr);
  showPage(kStart);
}

void MainWindow::setSession(std::unique_ptr<ProjectSession> session) {
  for (Page* page : m_pages) page->setSession(session.get());
  m_session = std::move(session);
  m_engineAsked = false;
  m_messages->hide();
  m_switcher->setText(m_session ? QString::fromStdString(m_session->project().name()) : QString());
  m_switcher->setAccessibleName(m_session ? QStringLiteral("Project %1").arg(m_switcher->text())
                                          : QStringLiteral("No project"));
  setWindowTitle(m_session ? QStringLiteral("%1 - Weft").arg(m_switcher->text()) : QStringLiteral("Weft"));
  m_start->setRecent(settings::recentProjects());
  if (!m_session) {
    m_status->setSnapshot(nullptr);
    m_rail->setBadge(pages::kQueue.name(), 0);
    if (m_stack->currentWidget() == nullptr) showPage(kStart);
    return;
  }
  connect(m_session.get(), &ProjectSession::runsChanged, this, &MainWindow::applySnapshot);
  applySnapshot(m_session->snapshot());
}

void MainWindow::applySnapshot(const std::shared_ptr<const RunsSnapshot>& snapshot) {
  m_status->setSnapshot(snapshot);
  const auto waiting = std::count_if(snapshot->jobs.begin(), snapshot->jobs.end(),
                                     [](const store::Job& job) { return job.state == store::JobState::Queued; });
  m_rail->setBadge(pages::kQueue.name(), static_cast<int>(waiting));
  if (!m_engineAsked && waiting > 0 && !snapshot->engineRunning && settings::startsEngine()) {
    m_engineAsked = true;
    m_session->startEngine();
  }
}

Page* MainWindow::page(const QString& name) const {
  const auto found =
      std::find_if(m_pages.begin(), m_pages.end(), [&](const Page* page) { return page->id().name() == name; });
  return found == m_pages.end() ? nullptr : *found;
}

QString MainWindow::currentPage() const {
  const auto* page = qobject_cast<const Page*>(m_stack->currentWidget());
  return page ? page->id().name() : kStart;
}

void MainWindow::showPage(PageId page) { showPage(page.name()); }

void MainWindow::showPage(const QString& name) {
  const QString before = currentPage();
  if (name == kStart)
    m_stack->setCurrentWidget(m_start);
  else if (Page* target = page(name))
    m_stack->setCurrentWidget(target);
  else
    return;
  // The keyboard goes on where the page's own work is, not on the rail.
  m_stack->currentWidget()->setFocus(Qt::OtherFocusReason);
  if (before != name) m_lastPage = before;
  m_rail->setCurrent(name);
  if (name != kStart) settings::setLastPage(name);
}

void MainWindow::showError(const QString& sentence) { m_messages->showError(sentence); }

void MainWindow::raiseMessage(const QString& sentence, bool isError) {
  if (isError) return showError(sentence);
  m_messages->hide();
  m_status->showMessage(sentence);
}

void MainWindow::askNewProject() {
  auto* dialog = new NewProjectDialog(settings::projectsFolder(), this);
  connect(dialog, &NewProjectDialog::chosen, this, [this](const QString& folder, bool opensDesign) {
    if (opensDesign) showPage(pages::kDesign);
    openProject(folder);
  });
  dialog->popUp();
}

void MainWindow::askProject() {
  askFolder(this, {.title = QStringLiteral("Open a project folder"), .folder = settings::projectsFolder()},
            [this](const QString& folder) { openProject(folder); });
}

void MainWindow::nextArea() {
  // Areas: menu corner, rail, page, status; within each the first widget that takes focus.
  const std::vector<QWidget*> areas{m_search->parentWidget(), m_rail, m_stack->currentWidget()};
  QWidget* focus = QApplication::focusWidget();
  std::size_t current = areas.size() - 1;
  for (std::size_t i = 0; i < areas.size(); ++i)
    if (focus && (focus == areas[i] || areas[i]->isAncestorOf(focus))) current = i;
  for (std::size_t step = 1; step <= areas.size(); ++step) {
    QWidget* area = areas[(current + step) % areas.size()];
    for (QWidget* next = area->nextInFocusChain(); next && next != area; next = next->nextInFocusChain())
      if (area->isAncestorOf(next) && next->isVisible() && next->isEnabled() && (next->focusPolicy() & Qt::TabFocus))
        return next->setFocus(Qt::TabFocusReason);
  }
}

void MainWindow::showKeys() {
  Page* page = this->page(currentPage());
  QList<QAction*> everywhere = m_windowActions;
  m_keys->showKeys(currentPage(), page ? page->pageActions() : QList<QAction*>(), everywhere);
}

void MainWindow::chooseTheme(int choice) { m_settings->themeBox()->setCurrentIndex(choice); }

std::vector<PaletteEntry> MainWindow::paletteEntries() const {
  auto* self = const_cast<MainWindow*>(this);
  std::vector<PaletteEntry> entries;
  if (m_session) {
    const auto snapshot = m_session->snapshot();
    std::set<std::string> maps;
    for (const store::RunSummary& run : snapshot->runs) {
      const QString detail =
          run.perplexity
              ? QStringLiteral("%1, %2 B").arg(perplexityText(run.perplexity), bytesPerTokenText(run.kvBytesPerToken))
              : QStringLiteral("%1, %2").arg(stateLabel(run.state).toLower(), progressText(run));
      const bool isLive = store::isActive(run.state);
      entries.push_back({PaletteEntry::Kind::Run,
                         snapshot->label(run),
                         detail,
                         {},
                         isLive ? QStringLiteral("monitor") : QStringLiteral("runs"),
                         run.map,
                         [self, id = run.id, isLive] {
                           const PageId target = isLive && self->page(pages::kMonitor) ? pages::kMonitor : pages::kRuns;
                           self->showPage(target);
                           if (Page* page = self->page(target)) page->showRuns({id});
                         }});
      if (maps.insert(run.map).second)
        entries.push_back({PaletteEntry::Kind::Map,
                           QString::fromStdString(run.generator.empty() ? run.map : run.generator),
                           QStringLiteral("%1 layers").arg(run.layers),
                           {},
                           QStringLiteral("design"),
                           run.map,
                           [self, id = run.id] {
                             self->showPage(pages::kDesign);
                             if (Page* page = self->page(pages::kDesign)) page->showRuns({id});
                           }});
    }
  }
  for (Page* page : m_pages) {
    const QString name = page->id().name();
    entries.push_back(
        {PaletteEntry::Kind::Page, name, {}, {}, page->iconName(), {}, [self, name] { self->showPage(name); }});
  }
  const QString front = currentPage();
  const auto addAction = [&](QAction* action, const QString& where) {
    if (action->text().isEmpty() || action->isSeparator() || page(plain(action->text()))) return;
    entries.push_back({PaletteEntry::Kind::Action,
                       plain(action->text()),
                       where,
                       action->shortcut().toString(QKeySequence::NativeText),
                       QStringLiteral("chevron-right"),
                       {},
                       [self, action, where] {
                         if (!where.isEmpty()) self->showPage(where);
                         action->trigger();
                       }});
  };
  // The page in front first: its actions are the likely ones.
  std::vector<Page*> ordered = m_pages;
  std::stable_partition(ordered.begin(), ordered.end(), [&](const Page* page) { return page->id().name() == front; });
  for (Page* page : ordered)
    for (QAction* action : page->pageActions()) addAction(action, page->id().name());
  for (QAction* action : m_windowActions) addAction(action, {});
  return entries;
}

void MainWindow::closeEvent(QCloseEvent* event) {
  settings::setWindowGeometry(saveGeometry());
  QMainWindow::closeEvent(event);
}

void MainWindow::resizeEvent(QResizeEvent* event) {
  QMainWindow::resizeEvent(event);
  m_rail->setCompact(width() < 1200);
}

}  // namespace weft::ui
