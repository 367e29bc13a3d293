#include <gtest/gtest.h>

#include <QAction>
#include <QApplication>
#include <QComboBox>
#include <QHeaderView>
#include <QLabel>
#include <QLineEdit>
#include <QListView>
#include <QPushButton>
#include <QTest>
#include <fstream>
#include <set>

#include "tests/ui/window_fixture.h"
#include "ui/queue/queue_page.h"
#include "ui/runs/run_table_view.h"
#include "ui/runs/runs_page.h"
#include "ui/window/app_settings.h"
#include "ui/window/keys_overlay.h"
#include "ui/window/main_window.h"
#include "ui/window/message_bar.h"
#include "ui/window/rail.h"
#include "ui/window/settings_page.h"
#include "ui/window/start_page.h"
#include "ui/window/status_strip.h"
#include "ui/window/theme_controller.h"

namespace weft::ui {
namespace {

using test::TestProject;
using test::waitUntil;

class MainWindowTest : public testing::Test {
 protected:
  MainWindowTest() {
    for (const QString& folder : settings::recentProjects()) settings::removeRecentProject(folder);
    // No test may start an engine.
    settings::setStartsEngine(false);
    settings::setWindowGeometry({});
    m_runs = new RunsPage(nullptr);
    m_window = std::make_unique<MainWindow>(m_theme, std::vector<Page*>{m_runs, new QueuePage(nullptr)});
    m_window->show();
    m_window->activateWindow();
    EXPECT_TRUE(QTest::qWaitForWindowActive(m_window.get()));
  }
  void open(const QString& folder) {
    QString opened;
    const auto connection =
        QObject::connect(m_window.get(), &MainWindow::projectOpened, [&](const QString& path) { opened = path; });
    m_window->openProject(folder);
    ASSERT_TRUE(waitUntil([&] { return opened == folder; }));
    QObject::disconnect(connection);
  }
  QStringList found(const QString& query) {
    m_window->palette_()->popUp();
    m_window->palette_()->field()->setText(query);
    QStringList texts;
    for (int row = 0; row < m_window->palette_()->model()->rowCount(); ++row)
      if (const PaletteEntry* entry = m_window->palette_()->model()->entryAt(row)) texts << entry->text;
    return texts;
  }

  ThemeController m_theme{ThemeChoice::Light};
  RunsPage* m_runs;
  std::unique_ptr<MainWindow> m_window;
};

TEST_F(MainWindowTest, BeginsWithThreeChoicesAndAnEmptyRail) {
  EXPECT_EQ(m_window->currentPage(), QStringLiteral("Start"));
  EXPECT_EQ(m_window->size(), QSize(1440, 900));
  QStringList choices;
  for (const QAbstractButton* button : m_window->startPage()->findChildren<QAbstractButton*>())
    choices << button->text();
  EXPECT_EQ(choices, (QStringList{"New project", "Open project", "Open the example"}));
  EXPECT_FALSE(m_window->rail()->button(QStringLiteral("Runs"))->isChecked());
  EXPECT_EQ(m_window->status()->engineText(), QStringLiteral("No project"));
}

TEST_F(MainWindowTest, OpensAProjectAndRemembersIt) {
  TestProject first, second;
  first.addFinished({.name = "MHA", .generator = "identity"});
  open(first.folder());
  EXPECT_EQ(m_window->currentPage(), QStringLiteral("Runs"));
  EXPECT_EQ(m_runs->table()->model()->rowCount(), 1);
  EXPECT_EQ(m_window->windowTitle(), QStringLiteral("cla-1b - Weft"));
  open(second.folder());
  EXPECT_EQ(m_runs->table()->model()->rowCount(), 0) << "the rows of the former project are gone";
  open(first.folder());
  EXPECT_EQ(settings::recentProjects(), (QStringList{first.folder(), second.folder()})) << "latest first, each once";
}

TEST_F(MainWindowTest, SaysWhatItOpensAndShowsBarsUntilTheListIsThere) {
  TestProject project;
  project.addFinished({.name = "MHA", .generator = "identity"});
  const auto saysNoProject = [&] {
    QString all = m_runs->table()->emptyText() + m_window->status()->engineText();
    for (const QLabel* label : m_window->findChildren<QLabel*>())
      if (label->isVisible()) all += label->text();
    return all.contains(QStringLiteral("no project"), Qt::CaseInsensitive);
  };
  m_window->showPage(QStringLiteral("Runs"));
  EXPECT_TRUE(saysNoProject());
  m_window->openProject(project.folder());
  const auto isSaid = [&](const QString& text) {
    const QList<QLabel*> labels = m_runs->findChildren<QLabel*>();
    return std::any_of(labels.begin(), labels.end(),
                       [&](const QLabel* label) { return label->isVisible() && label->text() == text; });
  };
  EXPECT_FALSE(saysNoProject());
  EXPECT_TRUE(isSaid(QStringLiteral("Opening cla-1b ...")));
  EXPECT_EQ(m_window->status()->engineText(), QStringLiteral("Opening cla-1b ..."));
  EXPECT_TRUE(m_runs->table()->isLoading());
  const QImage bars = m_runs->table()->viewport()->grab().toImage();
  EXPECT_TRUE(bars.save(QString::fromStdString(testing::TempDir()) + QStringLiteral("/weft-opening.png")));
  const QColor track = Theme::current().track;
  int grey = 0;
  for (int x = 0; x < bars.width(); ++x)
    grey += bars.pixelColor(x, m_runs->table()->verticalHeader()->defaultSectionSize() / 2) == track;
  EXPECT_GT(grey, 100) << "bars in the first row";
  ASSERT_TRUE(waitUntil([&] { return m_window->session() != nullptr; }));
  EXPECT_EQ(m_runs->table()->model()->rowCount(), 1) << "the list is there as soon as the words go";
  EXPECT_FALSE(m_runs->table()->isLoading());
  EXPECT_FALSE(isSaid(QStringLiteral("Opening cla-1b ...")));
  EXPECT_NE(m_window->status()->engineText(), QStringLiteral("Opening cla-1b ..."));
}

TEST_F(MainWindowTest, SaysAgainThatNoProjectIsOpenWhenOneCannotBeOpened) {
  const TemporaryFolder empty = *TemporaryFolder::create();
  m_window->showPage(QStringLiteral("Runs"));
  m_window->openProject(QString::fromStdString(empty.path().string()));
  EXPECT_TRUE(m_runs->table()->isLoading());
  ASSERT_TRUE(waitUntil([&] { return m_window->messageBar()->isVisible(); }));
  EXPECT_FALSE(m_runs->table()->isLoading());
  EXPECT_TRUE(m_runs->table()->emptyText().startsWith(QStringLiteral("No project is open.")))
      << m_runs->table()->emptyText().toStdString();
  EXPECT_EQ(m_window->status()->engineText(), QStringLiteral("No project"));
}

TEST_F(MainWindowTest, OffersRecentProjectsOnTheStartPage) {
  TestProject project;
  open(project.folder());
  m_window->closeProject();
  EXPECT_EQ(m_window->currentPage(), QStringLiteral("Start"));
  EXPECT_EQ(m_window->session(), nullptr);
  QAbstractButton* recent = nullptr;
  ASSERT_TRUE(waitUntil([&] {
    for (QAbstractButton* button : m_window->startPage()->findChildren<QAbstractButton*>())
      if (button->toolTip() == project.folder() && button->isVisible() && button->height() > 0) recent = button;
    return recent != nullptr;
  }));
  QTest::mouseClick(recent, Qt::LeftButton);
  EXPECT_TRUE(waitUntil([&] { return m_window->session() != nullptr; }));
}

TEST_F(MainWindowTest, SaysInABarWhyAFolderCannotBeOpenedAndKeepsTheProject) {
  TestProject project;
  open(project.folder());
  const TemporaryFolder empty = *TemporaryFolder::create();
  m_window->openProject(QString::fromStdString(empty.path().string()));
  ASSERT_TRUE(waitUntil([&] { return m_window->messageBar()->isVisible(); }));
  EXPECT_TRUE(m_window->messageBar()->sentence().contains(QStringLiteral("weft.db")))
      << m_window->messageBar()->sentence().toStdString();
  ASSERT_NE(m_window->session(), nullptr);
  EXPECT_EQ(m_window->session()->project().folder(), project.project().folder());
  EXPECT_EQ(QApplication::activeModalWidget(), nullptr) << "an error is never a dialog";
}

TEST_F(MainWindowTest, SaysInABarThatAStoreIsBroken) {
  const TemporaryFolder folder = *TemporaryFolder::create();
  std::ofstream(folder.path() / "weft.db") << "no database at all, but a file of that name";
  QString sentence;
  QObject::connect(m_window.get(), &MainWindow::projectFailed, [&](const QString& text) { sentence = text; });
  m_window->openProject(QString::fromStdString(folder.path().string()));
  ASSERT_TRUE(waitUntil([&] { return !sentence.isEmpty(); }));
  EXPECT_EQ(m_window->messageBar()->sentence(), sentence);
  EXPECT_EQ(m_window->session(), nullptr);
}

TEST_F(MainWindowTest, ChangesPagesWithControlAndANumber) {
  QTest::keyClick(m_window.get(), Qt::Key_2, Qt::ControlModifier);
  EXPECT_EQ(m_window->currentPage(), QStringLiteral("Queue"));
  EXPECT_TRUE(m_window->rail()->button(QStringLiteral("Queue"))->isChecked());
  QTest::keyClick(m_window.get(), Qt::Key_1, Qt::ControlModifier);
  EXPECT_EQ(m_window->currentPage(), QStringLiteral("Runs"));
  QTest::mouseClick(m_window->rail()->button(QStringLiteral("Settings")), Qt::LeftButton);
  EXPECT_EQ(m_window->currentPage(), QStringLiteral("Settings"));
}

TEST_F(MainWindowTest, FindsRunsPagesAndActionsInThePalette) {
  TestProject project;
  test::fillWithTable1(project);
  open(project.folder());
  QTest::keyClick(m_window.get(), Qt::Key_K, Qt::ControlModifier);
  ASSERT_TRUE(m_window->palette_()->isVisible());
  EXPECT_EQ(found(QStringLiteral("h128 cla")), (QStringList{"H128-MQA-CLA4", "H128-MQA-CLA2"}));
  EXPECT_TRUE(found(QStringLiteral("queue")).contains(QStringLiteral("Queue")));
  EXPECT_TRUE(found(QStringLiteral("> tags")).contains(QStringLiteral("Edit tags")));
  EXPECT_TRUE(found(QStringLiteral("@ tags")).isEmpty()) << "@ means runs only";
  EXPECT_EQ(found(QStringLiteral("=cla4")), QStringList{"cla4"});
  EXPECT_TRUE(found(QStringLiteral("nothing like this")).isEmpty());
}

TEST_F(MainWindowTest, ThePaletteTellsSeedsOfOneNameApart) {
  TestProject project;
  for (const std::int64_t seed : {1, 2}) project.addFinished({.name = "MQA", .seed = seed});
  open(project.folder());
  EXPECT_EQ(found(QStringLiteral("@ mqa")), (QStringList{"MQA s2", "MQA s1"}));
  EXPECT_EQ(found(QStringLiteral("@ mqa s1")), QStringList{"MQA s1"});
  QTest::keyClick(m_window->palette_()->field(), Qt::Key_Return);
  ASSERT_EQ(m_runs->table()->selectedRuns().size(), 1u);
  EXPECT_EQ(m_window->session()->snapshot()->find(m_runs->table()->selectedRuns()[0])->seed, 1);
}

TEST_F(MainWindowTest, OpensWhatThePaletteFindsWithEnter) {
  TestProject project;
  test::fillWithTable1(project);
  open(project.folder());
  m_window->showPage(QStringLiteral("Queue"));
  found(QStringLiteral("H64-MQA"));
  QTest::keyClick(m_window->palette_()->field(), Qt::Key_Return);
  EXPECT_FALSE(m_window->palette_()->isVisible());
  EXPECT_EQ(m_window->currentPage(), QStringLiteral("Runs"));
  ASSERT_EQ(m_runs->table()->selectedRuns().size(), 1u);
  EXPECT_EQ(m_window->session()->snapshot()->find(m_runs->table()->selectedRuns()[0])->name, "H64-MQA");
}

TEST_F(MainWindowTest, ClosesThePaletteOnEscape) {
  found(QStringLiteral("runs"));
  QTest::keyClick(m_window->palette_()->field(), Qt::Key_Escape);
  EXPECT_FALSE(m_window->palette_()->isVisible());
}

TEST_F(MainWindowTest, ShowsTheKeysOfThePageWithF1) {
  m_window->showPage(QStringLiteral("Runs"));
  QTest::keyClick(m_window.get(), Qt::Key_F1);
  ASSERT_TRUE(m_window->keysOverlay()->isVisible());
  QStringList keys;
  for (const auto& line : m_window->keysOverlay()->pageLines()) keys << line.keys;
  for (const char* key : {"Space", "Enter", "C", "T", "Del", "B"})
    EXPECT_TRUE(keys.contains(QString::fromLatin1(key))) << key;
  QTest::keyClick(m_window->keysOverlay(), Qt::Key_Escape);
  EXPECT_FALSE(m_window->keysOverlay()->isVisible());
}

TEST_F(MainWindowTest, WalksThroughItsAreasWithF6) {
  m_window->showPage(QStringLiteral("Runs"));
  std::set<QString> areas;
  for (int i = 0; i < 3; ++i) {
    QTest::keyClick(m_window.get(), Qt::Key_F6);
    QWidget* focus = m_window->focusWidget();
    ASSERT_NE(focus, nullptr);
    areas.insert(m_window->rail()->isAncestorOf(focus) ? QStringLiteral("rail")
                 : m_runs->isAncestorOf(focus)         ? QStringLiteral("page")
                                                       : QStringLiteral("menu"));
  }
  EXPECT_EQ(areas.size(), 3u);
}

TEST_F(MainWindowTest, ChangesTheThemeWhileItIsOpen) {
  m_window->showPage(QStringLiteral("Runs"));
  const QColor light = m_window->grab().toImage().pixelColor(200, 60);
  EXPECT_EQ(light, Theme::light().panel);
  auto* settings = qobject_cast<SettingsPage*>(m_window->page(QStringLiteral("Settings")));
  ASSERT_NE(settings, nullptr);
  settings->themeBox()->setCurrentIndex(2);
  EXPECT_EQ(m_window->grab().toImage().pixelColor(200, 60), Theme::dark_().panel);
  EXPECT_EQ(settings::theme(), ThemeChoice::Dark) << "remembered";
  settings->themeBox()->setCurrentIndex(1);
  EXPECT_EQ(m_window->grab().toImage().pixelColor(200, 60), light);
}

TEST_F(MainWindowTest, ShrinksTheRailInANarrowWindow) {
  m_window->resize(1100, 700);
  EXPECT_EQ(m_window->rail()->width(), 49);
  m_window->resize(1440, 900);
  EXPECT_EQ(m_window->rail()->width(), 73);
}

TEST_F(MainWindowTest, CountsWaitingRunsOnTheRailAndRunningOnesInTheStatus) {
  TestProject project;
  for (const char* name : {"a", "b", "c"}) project.addQueued({.name = name});
  project.start(5);
  open(project.folder());
  EXPECT_EQ(m_window->rail()->button(QStringLiteral("Queue"))->badge(), 2);
  EXPECT_EQ(m_window->status()->engineText(), QStringLiteral("Engine: stopped, 2 queued"));
}

TEST_F(MainWindowTest, RemembersItsSizeForTheNextTime) {
  // Within the screen, which is 800 x 800 without a display: Qt 6.8 makes a remembered window fit.
  const QSize size(760, 640);
  m_window->resize(size);
  ASSERT_EQ(m_window->size(), size);
  m_window->close();
  const MainWindow next(m_theme, {new RunsPage(nullptr)});
  EXPECT_EQ(next.size(), size);
}

TEST(FindEntries, RanksBeginningsOfWordsFirstAndNeedsAllWords) {
  const auto entry = [](const char* text) {
    return PaletteEntry{PaletteEntry::Kind::Action, QString::fromLatin1(text), {}, {}, {}, {}, {}};
  };
  const std::vector<PaletteEntry> all{entry("Stop queue"), entry("Unqueue"), entry("Queue the map"), entry("Export")};
  QStringList texts;
  for (const PaletteEntry& found : findEntries(all, QStringLiteral("queue"))) texts << found.text;
  EXPECT_EQ(texts, (QStringList{"Queue the map", "Stop queue", "Unqueue"}));
  EXPECT_EQ(findEntries(all, QStringLiteral("queue map")).size(), 1u);
  EXPECT_EQ(findEntries(all, QStringLiteral("queue"), 1).size(), 1u);
}

}  // namespace
}  // namespace weft::ui
