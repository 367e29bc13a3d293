// Every other dialog of the studio, as a person meets it: opened by key or button, answered with typed text and Enter,
// refused, left with Escape.
#include <QAction>
#include <QComboBox>
#include <QLineEdit>
#include <QMessageBox>
#include <QPushButton>
#include <QTableView>
#include <fstream>

#include "tests/ui/compare_fixture.h"
#include "tests/ui/diagram_fixture.h"
#include "tests/ui/dialog_fixture.h"
#include "ui/diagram/design_page.h"
#include "ui/diagram/queue_panel.h"
#include "ui/figures/figures_page.h"
#include "ui/measure/measure_page.h"
#include "ui/monitor/monitor_page.h"
#include "ui/queue/queue_page.h"
#include "ui/runs/runs_page.h"
#include "ui/window/app_settings.h"
#include "ui/window/main_window.h"
#include "ui/window/message_bar.h"
#include "ui/window/settings_page.h"
#include "ui/window/status_strip.h"

namespace weft::ui {
namespace {

namespace fs = std::filesystem;
using test::escape;
using test::noDialog;
using test::openDialog;
using test::press;
using test::retype;
using test::type;
using test::waitUntil;

class DialogsTest : public DiagramTest {
 protected:
  void SetUp() override {
    DiagramTest::SetUp();
    QSettings().remove(QStringLiteral("compare"));
    settings::setStartsEngine(false);
    settings::setWindowGeometry({});
    settings::setProjectsFolder(QString::fromStdString(folder().string()));
    m_window = std::make_unique<MainWindow>(
        *m_theme,
        std::vector<Page*>{m_design = new DesignPage, m_runs = new RunsPage(nullptr), new MonitorPage, new ComparePage,
                           new MeasurePage, m_figures = new FiguresPage, m_queue = new QueuePage(nullptr)});
    for (const char* name : {"Design", "Runs", "Monitor", "Compare", "Measure", "Figures", "Queue"})
      QObject::connect(m_window->page(QString::fromLatin1(name)), &Page::messageRaised,
                       [this](const QString& sentence, bool) { m_said = sentence; });
    m_window->show();
    m_window->activateWindow();
    ASSERT_TRUE(QTest::qWaitForWindowActive(m_window.get()));
  }
  void TearDown() override {
    m_window.reset();
    DiagramTest::TearDown();
  }

  void openTable1() {
    for (const test::SampleRun& sample : test::table1WithConfigs()) m_project.addFinished(sample);
    open();
  }
  void open() {
    m_window->openProject(m_project.folder());
    const auto stored = m_project.store().runs();
    ASSERT_TRUE(waitUntil(
        [&] { return m_window->session() && m_window->session()->snapshot()->runs.size() == stored->size(); }));
  }
  fs::path folder() const { return m_folder.path(); }
  QString path(const char* name) const { return QString::fromStdString((folder() / name).string()); }
  std::string content(const char* name) const { return readFile(folder() / name).value_or(""); }
  bool isWritten(const char* name) {
    return waitUntil([&] { return m_said.contains(path(name)) && fs::exists(folder() / name); });
  }
  // The page's key; falls to the window if nothing of the page has the keyboard.
  void showAndPress(const char* page, Qt::Key key, Qt::KeyboardModifiers modifiers) {
    ASSERT_TRUE(noDialog());
    m_window->showPage(QString::fromLatin1(page));
    ASSERT_TRUE(waitUntil([&] { return QApplication::focusWidget() != nullptr; }));
    press(key, modifiers);
  }
  template <class Widget>
  std::vector<Widget*> shown(QWidget* in, const QString& text) {
    std::vector<Widget*> found;
    for (Widget* widget : in->findChildren<Widget*>())
      if (widget->isVisible() && widget->text() == text) found.push_back(widget);
    return found;
  }

  // Enter on a name that cannot be is answered by a sentence; after Enter the dialog has the keyboard again.
  void isRefused(const char* sentence) {
    press(Qt::Key_Return);
    auto* box = openDialog<QMessageBox>();
    ASSERT_NE(box, nullptr) << sentence;
    EXPECT_EQ(box->text().toStdString(), sentence);
    press(Qt::Key_Return);
    ASSERT_NE(openDialog<QFileDialog>(), nullptr) << "it waits for another name";
  }

  // One export: Escape writes nothing, a typed path without its ending and Enter write it; a file that is there already
  // is replaced after a yes only.
  void exportsWith(const char* page, Qt::Key key, Qt::KeyboardModifiers modifiers, const char* name,
                   const std::string& begins) {
    SCOPED_TRACE(page);
    showAndPress(page, key, modifiers);
    ASSERT_NE(openDialog<QFileDialog>(), nullptr);
    escape();
    ASSERT_TRUE(noDialog());
    EXPECT_FALSE(fs::exists(folder() / name));

    showAndPress(page, key, modifiers);
    ASSERT_NE(openDialog<QFileDialog>(), nullptr);
    retype(path(fs::path(name).stem().c_str()));  // without its ending
    press(Qt::Key_Return);
    ASSERT_TRUE(noDialog());
    ASSERT_TRUE(isWritten(name)) << m_said.toStdString();
    EXPECT_EQ(content(name).substr(0, begins.size()), begins);

    std::ofstream(folder() / name) << "of before";
    m_said.clear();
    showAndPress(page, key, modifiers);
    ASSERT_NE(openDialog<QFileDialog>(), nullptr);
    retype(path(name));
    for (const Qt::Key no : {Qt::Key_Escape, Qt::Key_Return}) {
      press(Qt::Key_Return);
      auto* box = openDialog<QMessageBox>();
      ASSERT_NE(box, nullptr);
      EXPECT_EQ(box->text(), QStringLiteral("Replace “%1”?").arg(QString::fromLatin1(name)));
      press(no);
      ASSERT_NE(openDialog<QFileDialog>(), nullptr) << "it waits for another name";
      EXPECT_EQ(content(name), "of before");
    }
    press(Qt::Key_Return);
    ASSERT_NE(openDialog<QMessageBox>(), nullptr);
    const auto isReplaceFocused = [] {
      auto* button = qobject_cast<QPushButton*>(QApplication::focusWidget());
      return button && button->text() == QStringLiteral("Replace");
    };
    for (int i = 0; i < 4 && !isReplaceFocused(); ++i) press(Qt::Key_Tab);
    ASSERT_TRUE(isReplaceFocused()) << "Replace is reached with Tab";
    press(Qt::Key_Return);
    ASSERT_TRUE(noDialog());
    ASSERT_TRUE(isWritten(name)) << m_said.toStdString();
    EXPECT_EQ(content(name).substr(0, begins.size()), begins);
  }

  TemporaryFolder m_folder = *TemporaryFolder::create("weft-dialogs");
  test::TestProject m_project;
  std::unique_ptr<MainWindow> m_window;
  DesignPage* m_design = nullptr;
  RunsPage* m_runs = nullptr;
  FiguresPage* m_figures = nullptr;
  QueuePage* m_queue = nullptr;
  QString m_said;
};

TEST_F(DialogsTest, OpenProjectTakesATypedFolder) {
  m_project.addFinished({.name = "kept"});
  press(Qt::Key_O, Qt::ControlModifier);
  ASSERT_NE(openDialog<QFileDialog>(), nullptr);
  retype(m_project.folder());
  press(Qt::Key_Return);
  ASSERT_TRUE(noDialog());
  ASSERT_TRUE(waitUntil([&] { return m_window->session() != nullptr; }));
  EXPECT_EQ(m_window->session()->project().folder(), m_project.project().folder());
}

TEST_F(DialogsTest, OpenProjectSaysWhyAFolderIsNone) {
  fs::create_directory(folder() / "empty");
  press(Qt::Key_O, Qt::ControlModifier);
  ASSERT_NE(openDialog<QFileDialog>(), nullptr);
  retype(path("not-there"));
  isRefused("There is no folder “not-there”.");
  retype(path("empty"));
  press(Qt::Key_Return);
  ASSERT_TRUE(noDialog());
  ASSERT_TRUE(waitUntil([&] { return m_window->messageBar()->isVisible(); }));
  EXPECT_TRUE(m_window->messageBar()->sentence().contains(QStringLiteral("is no Weft project")))
      << m_window->messageBar()->sentence().toStdString();
  EXPECT_EQ(m_window->session(), nullptr);
  press(Qt::Key_O, Qt::ControlModifier);
  ASSERT_NE(openDialog<QFileDialog>(), nullptr);
  escape();
  EXPECT_TRUE(noDialog());
}

TEST_F(DialogsTest, SettingsTakeAnotherFolderOfNewProjects) {
  fs::create_directory(folder() / "studies");
  m_window->showPage(QStringLiteral("Settings"));
  const auto choose = shown<QPushButton>(m_window->page(QStringLiteral("Settings")), QStringLiteral("Choose..."));
  ASSERT_EQ(choose.size(), 1u);
  choose.front()->setFocus();
  press(Qt::Key_Space);
  ASSERT_NE(openDialog<QFileDialog>(), nullptr);
  escape();
  ASSERT_TRUE(noDialog());
  EXPECT_EQ(settings::projectsFolder(), QString::fromStdString(folder().string()));
  choose.front()->setFocus();
  press(Qt::Key_Space);
  ASSERT_NE(openDialog<QFileDialog>(), nullptr);
  retype(path("not-there"));
  isRefused("There is no folder “not-there”.");
  std::ofstream(folder() / "file.txt") << "text";
  retype(path("file.txt"));
  isRefused("“file.txt” is a file.");
  EXPECT_EQ(settings::projectsFolder(), QString::fromStdString(folder().string()));
  retype(path("studies"));
  press(Qt::Key_Return);
  ASSERT_TRUE(noDialog());
  EXPECT_EQ(settings::projectsFolder(), path("studies"));
}

TEST_F(DialogsTest, DesignExportsItsDiagram) {
  exportsWith("Design", Qt::Key_E, Qt::ControlModifier, "diagram.svg", "<?xml");
  // An ending that is no picture: one sentence.
  showAndPress("Design", Qt::Key_E, Qt::ControlModifier);
  ASSERT_NE(openDialog<QFileDialog>(), nullptr);
  retype(path("diagram.jpg"));
  press(Qt::Key_Return);
  ASSERT_TRUE(noDialog());
  EXPECT_TRUE(m_said.contains(QStringLiteral("jpg"))) << m_said.toStdString();
  EXPECT_FALSE(fs::exists(folder() / "diagram.jpg"));
}

TEST_F(DialogsTest, TheChosenKindGivesTheEnding) {
  showAndPress("Design", Qt::Key_E, Qt::ControlModifier);
  auto* dialog = openDialog<QFileDialog>();
  ASSERT_NE(dialog, nullptr);
  auto* kinds = dialog->findChild<QComboBox*>(QStringLiteral("fileTypeCombo"));
  ASSERT_NE(kinds, nullptr);
  kinds->setFocus();
  press(Qt::Key_Down);
  dialog->findChild<QLineEdit*>(QStringLiteral("fileNameEdit"))->setFocus();
  retype(path("diagram"));
  press(Qt::Key_Return);
  ASSERT_TRUE(noDialog());
  EXPECT_TRUE(isWritten("diagram.pdf")) << m_said.toStdString();
}

TEST_F(DialogsTest, RunsExportTheirTable) {
  openTable1();
  exportsWith("Runs", Qt::Key_E, Qt::ControlModifier, "runs.csv", "id,");
}

TEST_F(DialogsTest, RunsExportJsonWhenThatKindIsChosen) {
  openTable1();
  showAndPress("Runs", Qt::Key_E, Qt::ControlModifier);
  auto* dialog = openDialog<QFileDialog>();
  ASSERT_NE(dialog, nullptr);
  dialog->findChild<QComboBox*>(QStringLiteral("fileTypeCombo"))->setFocus();
  press(Qt::Key_Down);
  dialog->findChild<QLineEdit*>(QStringLiteral("fileNameEdit"))->setFocus();
  retype(path("runs"));
  press(Qt::Key_Return);
  ASSERT_TRUE(noDialog());
  ASSERT_TRUE(isWritten("runs.json")) << m_said.toStdString();
  EXPECT_EQ(content("runs.json").substr(0, 1), "[");
}

TEST_F(DialogsTest, CompareExportsItsPlot) {
  openTable1();
  exportsWith("Compare", Qt::Key_E, Qt::ControlModifier, "pareto.pdf", "%PDF");
}

TEST_F(DialogsTest, FiguresExportWhereOneSays) {
  openTable1();
  m_window->showPage(QStringLiteral("Figures"));
  ASSERT_TRUE(waitUntil([&] {
    const auto buttons = shown<QPushButton>(m_figures, QStringLiteral("Export to..."));
    return buttons.size() == 1 && buttons.front()->isEnabled();
  }));
  exportsWith("Figures", Qt::Key_E, Qt::ControlModifier | Qt::ShiftModifier, "paper.pdf", "%PDF");
}

TEST_F(DialogsTest, TheQueuePanelTakesTypedTextAndTokenizer) {
  std::ofstream(folder() / "a.txt") << "text";
  std::ofstream(folder() / "tokenizer.json") << "{}";
  open();
  showAndPress("Design", Qt::Key_Return, Qt::ControlModifier);
  ASSERT_TRUE(m_design->isQueueOpen());
  const auto field = [&](const char* name) -> QLineEdit* {
    for (QLineEdit* edit : m_design->queuePanel()->findChildren<QLineEdit*>())
      if (edit->accessibleName() == QString::fromLatin1(name)) return edit;
    return nullptr;
  };
  ASSERT_NE(field("Files"), nullptr);
  // The button right below the field, as one reaches it.
  const auto browse = [&](const char* name) -> QPushButton* {
    QPushButton* nearest = nullptr;
    const auto below = [&](const QPushButton* button) {
      return button->mapToGlobal(button->rect().center()).y() -
             field(name)->mapToGlobal(field(name)->rect().center()).y();
    };
    for (QPushButton* button : shown<QPushButton>(m_design->queuePanel(), QStringLiteral("Browse…")))
      if (below(button) >= 0 && (!nearest || below(button) < below(nearest))) nearest = button;
    return nearest;
  };
  ASSERT_NE(browse("Files"), nullptr);
  ASSERT_NE(browse("Tokenizer"), nullptr);
  QComboBox* source = nullptr;
  for (QComboBox* box : m_design->queuePanel()->findChildren<QComboBox*>())
    if (box->accessibleName() == QStringLiteral("Data")) source = box;
  ASSERT_NE(source, nullptr);
  source->setFocus();
  press(Qt::Key_Down);
  ASSERT_EQ(source->currentText(), QStringLiteral("Text files"));
  ASSERT_TRUE(waitUntil([&] { return browse("Files")->isEnabled(); }));

  const QString before = field("Files")->text();
  browse("Files")->setFocus();
  press(Qt::Key_Space);
  ASSERT_NE(openDialog<QFileDialog>(), nullptr) << "it holds up nothing: the key returns at once";
  retype(path("not-there.txt"));
  isRefused("There is no file “not-there.txt”.");
  escape();
  ASSERT_TRUE(noDialog());
  EXPECT_EQ(field("Files")->text(), before);
  EXPECT_TRUE(m_design->isQueueOpen()) << "Escape closes the dialog, not the panel";

  browse("Files")->setFocus();
  press(Qt::Key_Space);
  ASSERT_NE(openDialog<QFileDialog>(), nullptr);
  retype(path("a.txt"));
  press(Qt::Key_Return);
  ASSERT_TRUE(noDialog());
  EXPECT_EQ(field("Files")->text().toStdString(), path("a.txt").toStdString());

  std::ofstream(folder() / "b c.txt") << "more text";
  browse("Files")->setFocus();
  press(Qt::Key_Space);
  ASSERT_NE(openDialog<QFileDialog>(), nullptr);
  retype(QStringLiteral("\"%1\" \"%2\"").arg(path("a.txt"), path("b c.txt")));
  press(Qt::Key_Return);
  ASSERT_TRUE(noDialog());
  EXPECT_TRUE(field("Files")->text().contains(path("a.txt"))) << field("Files")->text().toStdString();
  EXPECT_TRUE(field("Files")->text().contains(path("b c.txt"))) << field("Files")->text().toStdString();

  browse("Tokenizer")->setFocus();
  press(Qt::Key_Space);
  ASSERT_NE(openDialog<QFileDialog>(), nullptr);
  retype(path("tokenizer.json"));
  press(Qt::Key_Return);
  ASSERT_TRUE(noDialog());
  EXPECT_EQ(field("Tokenizer")->text(), path("tokenizer.json"));
  browse("Tokenizer")->setFocus();
  press(Qt::Key_Space);
  ASSERT_NE(openDialog<QFileDialog>(), nullptr);
  escape();
  ASSERT_TRUE(noDialog());
  EXPECT_EQ(field("Tokenizer")->text(), path("tokenizer.json"));
}

TEST_F(DialogsTest, KillAsksAndOnlyAYesKills) {
  m_project.addQueued({.name = "live"});
  const store::RunId live = m_project.start(60);
  open();
  const auto requests = [&] { return *m_project.store().service().openRequests(); };
  QAction* kill = nullptr;
  for (QAction* action : m_queue->pageActions())
    if (action->text() == QStringLiteral("Kill the job...")) kill = action;
  ASSERT_NE(kill, nullptr);
  const auto ask = [&] {
    m_window->showPage(QStringLiteral("Queue"));
    press(Qt::Key_K, Qt::ControlModifier);
    type(QStringLiteral("> Kill the job"));
    press(Qt::Key_Return);
    return openDialog<QMessageBox>();
  };
  for (const Qt::Key no : {Qt::Key_Escape, Qt::Key_Return, Qt::Key_Space}) {
    auto* box = ask();
    ASSERT_NE(box, nullptr);
    EXPECT_TRUE(box->text().contains(QStringLiteral("Kill live now?"))) << box->text().toStdString();
    press(no);
    ASSERT_TRUE(noDialog()) << no;
    EXPECT_TRUE(requests().empty()) << "Cancel is what a hasty key means";
  }
  ASSERT_NE(ask(), nullptr);
  const auto isKillFocused = [] {
    auto* button = qobject_cast<QPushButton*>(QApplication::focusWidget());
    return button && button->text() == QStringLiteral("Kill");
  };
  for (int i = 0; i < 4 && !isKillFocused(); ++i) press(Qt::Key_Tab);
  ASSERT_TRUE(isKillFocused()) << "Kill is reached with Tab";
  press(Qt::Key_Return);
  ASSERT_TRUE(noDialog());
  ASSERT_TRUE(waitUntil([&] { return requests().size() == 1; }));
  EXPECT_EQ(requests()[0].kind, store::RequestKind::Kill);
  EXPECT_EQ(requests()[0].job, m_project.jobOf(live));
}

}  // namespace
}  // namespace weft::ui
