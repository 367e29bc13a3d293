// New project as a person makes one: keys in the dialog, every refusal, every way out.
#include <QAbstractButton>
#include <QLabel>
#include <QPushButton>
#include <QWindow>
#include <fstream>
#include <optional>
#include <set>

#include "tests/ui/diagram_fixture.h"
#include "tests/ui/dialog_fixture.h"
#include "ui/diagram/design_page.h"
#include "ui/runs/runs_page.h"
#include "ui/window/app_settings.h"
#include "ui/window/main_window.h"
#include "ui/window/message_bar.h"
#include "ui/window/new_project_dialog.h"
#include "ui/window/rail.h"
#include "ui/window/start_page.h"

namespace weft::ui {
namespace {

namespace fs = std::filesystem;
using test::press;
using test::retype;
using test::type;
using test::waitUntil;

class NewProjectTest : public DiagramTest {
 protected:
  void SetUp() override {
    DiagramTest::SetUp();
    settings::setStartsEngine(false);
    settings::setWindowGeometry({});
    for (const QString& folder : settings::recentProjects()) settings::removeRecentProject(folder);
    settings::setProjectsFolder(path("studies"));
    fs::create_directory(folder() / "studies");
    m_window = std::make_unique<MainWindow>(*m_theme, std::vector<Page*>{new DesignPage, new RunsPage(nullptr)});
    m_window->show();
    m_window->activateWindow();
    ASSERT_TRUE(QTest::qWaitForWindowActive(m_window.get()));
    m_window->startPage()->setFocus();
  }
  void TearDown() override {
    m_window.reset();
    DiagramTest::TearDown();
  }

  fs::path folder() const { return m_folder.path(); }
  fs::path studies() const { return folder() / "studies"; }
  QString path(const char* name) const { return QString::fromStdString((folder() / name).string()); }
  NewProjectDialog* dialog() const {
    for (auto* found : m_window->findChildren<NewProjectDialog*>())
      if (found->isVisible()) return found;
    return nullptr;
  }
  void openWithKeys() {
    press(Qt::Key_N, Qt::ControlModifier | Qt::ShiftModifier);
    ASSERT_NE(dialog(), nullptr);
    ASSERT_TRUE(dialog()->nameField()->hasFocus());
  }
  // Waits for the dialog's sentence; what it says instead, if it never comes.
  QString says(const QString& part) {
    waitUntil([&] { return !dialog() || dialog()->statement().contains(part); });
    return dialog() ? dialog()->statement() : QStringLiteral("the dialog is closed");
  }
  bool isOpen(const fs::path& project) {
    return waitUntil([&] {
      return m_window->session() && m_window->session()->project().folder() == fs::weakly_canonical(project);
    });
  }
  QPushButton* wayOut(const QString& text) const {
    for (QPushButton* button : dialog()->findChildren<QPushButton*>())
      if (button->isVisible() && button->text() == text) return button;
    return nullptr;
  }
  void keepPicture(const QString& name) {
    QCoreApplication::processEvents();
    EXPECT_TRUE(m_window->grab().save(screenshotFile(name)));
  }
  static std::vector<std::string> namesIn(const fs::path& folder) {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename().string());
    std::sort(names.begin(), names.end());
    return names;
  }

  TemporaryFolder m_folder = *TemporaryFolder::create("weft-new");
  std::unique_ptr<MainWindow> m_window;
};

#define EXPECT_SAYS(part)                                   \
  do {                                                      \
    const QString said = says(part);                        \
    EXPECT_TRUE(said.contains(part)) << said.toStdString(); \
  } while (false)

TEST_F(NewProjectTest, TypingANameAndEnterMakesAProjectAndOpensDesign) {
  openWithKeys();
  EXPECT_EQ(dialog()->parentField()->text(), path("studies"));
  type(QStringLiteral("cla-heads"));
  EXPECT_SAYS(QStringLiteral("A new folder %1/cla-heads with an empty store").arg(path("studies")));
  keepPicture(QStringLiteral("new-project-light"));
  EXPECT_TRUE(namesIn(studies()).empty()) << "nothing is made while one types";
  press(Qt::Key_Return);
  ASSERT_TRUE(isOpen(studies() / "cla-heads"));
  EXPECT_EQ(dialog(), nullptr);
  EXPECT_TRUE(fs::exists(studies() / "cla-heads" / "weft.db"));
  EXPECT_EQ(m_window->currentPage(), QStringLiteral("Design"));
  EXPECT_EQ(m_window->windowTitle(), QStringLiteral("cla-heads - Weft"));
  EXPECT_FALSE(m_window->messageBar()->isVisible());
}

TEST_F(NewProjectTest, EnterMayComeBeforeTheDiskHasAnswered) {
  openWithKeys();
  type(QStringLiteral("fast"));
  press(Qt::Key_Return);
  EXPECT_TRUE(isOpen(studies() / "fast"));
}

TEST_F(NewProjectTest, TheProposedNameIsOneThatIsFreeAndEnterTakesIt) {
  fs::create_directory(studies() / "project");
  openWithKeys();
  EXPECT_NE(dialog()->nameField()->text(), QStringLiteral("weft"));
  ASSERT_TRUE(waitUntil([&] { return dialog()->nameField()->text() == QStringLiteral("project-2"); }));
  EXPECT_EQ(dialog()->nameField()->selectedText(), QStringLiteral("project-2")) << "the first key replaces it";
  press(Qt::Key_Return);
  EXPECT_TRUE(isOpen(studies() / "project-2"));
  EXPECT_TRUE(fs::is_empty(studies() / "project"));
}

TEST_F(NewProjectTest, ComesFromTheStartPageTheMenuAndThePaletteAlike) {
  for (QAbstractButton* button : m_window->startPage()->findChildren<QAbstractButton*>())
    if (button->text() == QStringLiteral("New project")) QTest::mouseClick(button, Qt::LeftButton);
  ASSERT_NE(dialog(), nullptr);
  press(Qt::Key_Escape);
  ASSERT_EQ(dialog(), nullptr);
  press(Qt::Key_K, Qt::ControlModifier);
  type(QStringLiteral("New project"));
  press(Qt::Key_Return);
  ASSERT_NE(dialog(), nullptr);
  type(QStringLiteral("by-palette"));
  press(Qt::Key_Return);
  EXPECT_TRUE(isOpen(studies() / "by-palette"));
}

TEST_F(NewProjectTest, EscapeAndCancelMakeNothingAndGiveTheKeyboardBack) {
  m_window->showPage(QStringLiteral("Runs"));
  QWidget* before = QApplication::focusWidget();
  ASSERT_NE(before, nullptr);
  openWithKeys();
  type(QStringLiteral("never"));
  press(Qt::Key_Escape);
  EXPECT_EQ(dialog(), nullptr);
  EXPECT_EQ(QApplication::focusWidget(), before);
  openWithKeys();
  QTest::mouseClick(wayOut(QStringLiteral("Cancel")), Qt::LeftButton);
  EXPECT_EQ(dialog(), nullptr);
  EXPECT_TRUE(namesIn(studies()).empty());
}

TEST_F(NewProjectTest, TheWindowBelowRestsWhileItIsOpen) {
  openWithKeys();
  press(Qt::Key_2, Qt::ControlModifier);
  press(Qt::Key_K, Qt::ControlModifier);
  EXPECT_EQ(m_window->currentPage(), QStringLiteral("Start"));
  EXPECT_FALSE(m_window->palette_()->isVisible());
  const QWidget* runs = m_window->rail()->button(QStringLiteral("Runs"));
  QTest::mouseClick(m_window->windowHandle(), Qt::LeftButton, {}, runs->mapTo(m_window.get(), runs->rect().center()));
  EXPECT_EQ(m_window->currentPage(), QStringLiteral("Start"));
  std::set<QWidget*> visited;
  for (int i = 0; i < 12; ++i) {
    press(Qt::Key_Tab);
    ASSERT_TRUE(dialog()->isAncestorOf(QApplication::focusWidget())) << "Tab goes round in the dialog";
    visited.insert(QApplication::focusWidget());
  }
  EXPECT_GE(visited.size(), 5u) << "two fields, Browse, the check box, the buttons";
}

TEST_F(NewProjectTest, AProjectThatIsThereIsOpenedInstead) {
  {
    test::TestProject other;
    other.addFinished({.name = "kept"});
    fs::copy(other.project().folder(), studies() / "cla-1b", fs::copy_options::recursive);
  }
  openWithKeys();
  type(QStringLiteral("cla-1b"));
  EXPECT_SAYS(QStringLiteral("is a Weft project already"));
  EXPECT_EQ(dialog()->button()->text(), QStringLiteral("Open project"));
  EXPECT_FALSE(dialog()->isRefused());
  keepPicture(QStringLiteral("new-project-exists-light"));
  press(Qt::Key_Return);
  ASSERT_TRUE(isOpen(studies() / "cla-1b"));
  EXPECT_TRUE(waitUntil([&] { return m_window->session()->snapshot()->runs.size() == 1; })) << "with its runs";
}

TEST_F(NewProjectTest, NothingIsMadeAmongOtherFilesAndASubfolderIsAWayOut) {
  fs::create_directory(studies() / "notes-2025");
  std::ofstream(studies() / "notes-2025" / "plots.py") << "mine";
  std::ofstream(studies() / "notes-2025" / "draft.tex") << "mine, too";
  openWithKeys();
  type(QStringLiteral("notes-2025"));
  EXPECT_SAYS(QStringLiteral(
      "notes-2025 exists and holds 2 other files, such as draft.tex and plots.py. Weft leaves them alone."));
  EXPECT_TRUE(dialog()->isRefused());
  EXPECT_FALSE(dialog()->button()->isEnabled());
  keepPicture(QStringLiteral("new-project-other-files-light"));
  m_theme->setChoice(ThemeChoice::Dark);
  keepPicture(QStringLiteral("new-project-other-files-dark"));
  m_theme->setChoice(ThemeChoice::Light);
  press(Qt::Key_Return);
  ASSERT_NE(dialog(), nullptr) << "Enter makes nothing here";
  EXPECT_EQ(dialog()->nameField()->text(), QStringLiteral("notes-2025")) << "nothing typed is lost";
  press(Qt::Key_Return, Qt::AltModifier);
  EXPECT_EQ(dialog()->parentField()->text(), path("studies") + QStringLiteral("/notes-2025"));
  EXPECT_SAYS(QStringLiteral("A new folder %1/notes-2025/project with").arg(path("studies")));
  press(Qt::Key_Return);
  ASSERT_TRUE(isOpen(studies() / "notes-2025" / "project"));
  EXPECT_EQ(namesIn(studies() / "notes-2025"), (std::vector<std::string>{"draft.tex", "plots.py", "project"}));
}

TEST_F(NewProjectTest, AnotherNameIsTheSecondWayOut) {
  fs::create_directory(studies() / "notes");
  std::ofstream(studies() / "notes" / "plots.py") << "mine";
  openWithKeys();
  type(QStringLiteral("notes"));
  EXPECT_SAYS(QStringLiteral("holds another file, such as plots.py"));
  ASSERT_NE(wayOut(QStringLiteral("Call it notes-2")), nullptr);
  QTest::mouseClick(wayOut(QStringLiteral("Call it notes-2")), Qt::LeftButton);
  EXPECT_SAYS(QStringLiteral("/notes-2 with"));
  press(Qt::Key_Return);
  ASSERT_TRUE(isOpen(studies() / "notes-2"));
  EXPECT_EQ(namesIn(studies() / "notes"), std::vector<std::string>{"plots.py"});
}

TEST_F(NewProjectTest, EachBadNameHasItsSentenceAndIsNotLost) {
  openWithKeys();
  for (const auto& [name, sentence] :
       std::vector<std::pair<QString, QString>>{{"", "The project needs a name."},
                                                {"  ", "more than blanks"},
                                                {"a/b", "has no slash"},
                                                {"..", "more than dots"},
                                                {" a", "neither begins nor ends with a blank"},
                                                {"a ", "neither begins nor ends with a blank"},
                                                {QString(300, u'x'), "at most 255"}}) {
    retype(name);
    EXPECT_SAYS(sentence);
    EXPECT_TRUE(dialog()->isRefused()) << name.toStdString();
    EXPECT_FALSE(dialog()->button()->isEnabled());
    press(Qt::Key_Return);
    ASSERT_NE(dialog(), nullptr) << name.toStdString();
    EXPECT_EQ(dialog()->nameField()->text(), name);
  }
  EXPECT_TRUE(namesIn(studies()).empty());
  retype(QStringLiteral("good"));
  EXPECT_SAYS(QStringLiteral("/good with"));
  press(Qt::Key_Return);
  EXPECT_TRUE(isOpen(studies() / "good"));
}

TEST_F(NewProjectTest, AParentThatIsMissingIsRefusedUntilOneSaysToMakeIt) {
  openWithKeys();
  type(QStringLiteral("deep"));
  dialog()->parentField()->setFocus();
  retype(path("no/such"));
  EXPECT_SAYS(QStringLiteral("There is no folder %1.").arg(path("no/such")));
  EXPECT_TRUE(dialog()->isRefused());
  press(Qt::Key_Return);
  ASSERT_NE(dialog(), nullptr);
  EXPECT_FALSE(fs::exists(folder() / "no"));
  press(Qt::Key_Return, Qt::AltModifier);
  EXPECT_SAYS(QStringLiteral("is made, too"));
  press(Qt::Key_Return);
  EXPECT_TRUE(isOpen(folder() / "no" / "such" / "deep"));
}

TEST_F(NewProjectTest, TheUsualFolderIsMadeWithoutAQuestionButNotWithoutAWord) {
  settings::setProjectsFolder(path("fresh/home"));
  openWithKeys();
  EXPECT_SAYS(QStringLiteral("(%1 is made, too)").arg(path("fresh/home")));
  EXPECT_FALSE(dialog()->isRefused());
  press(Qt::Key_Return);
  EXPECT_TRUE(isOpen(folder() / "fresh" / "home" / "project"));
}

TEST_F(NewProjectTest, OddParentsSayWhatIsWrong) {
  std::ofstream(folder() / "note.txt") << "mine";
  std::ofstream(studies() / "taken") << "a file";
  openWithKeys();
  type(QStringLiteral("study"));
  dialog()->parentField()->setFocus();
  for (const auto& [parent, sentence] : std::vector<std::pair<QString, QString>>{
           {"", "needs a parent folder"},
           {"research", "is written from the root on"},
           {path("note.txt"), "note.txt is a file; a project is a folder in a folder."},
           {path("note.txt/deeper"), "note.txt is a file; a project is a folder in a folder."}}) {
    retype(parent);
    EXPECT_SAYS(sentence);
    EXPECT_TRUE(dialog()->isRefused());
    press(Qt::Key_Return);
    ASSERT_NE(dialog(), nullptr);
    EXPECT_EQ(dialog()->parentField()->text(), parent);
    EXPECT_EQ(dialog()->nameField()->text(), QStringLiteral("study"));
  }
  retype(path("studies"));
  dialog()->nameField()->setFocus();
  retype(QStringLiteral("taken"));
  EXPECT_SAYS(QStringLiteral("taken is a file; a project is a folder."));
}

TEST_F(NewProjectTest, WhatTheDiskRefusesStandsInTheDialog) {
  openWithKeys();
  type(QStringLiteral("study"));
  dialog()->parentField()->setFocus();
  // Nobody, not even root, makes a folder there.
  retype(QStringLiteral("/proc"));
  press(Qt::Key_Return);
  ASSERT_TRUE(waitUntil([&] { return dialog() && dialog()->isRefused(); }));
  EXPECT_TRUE(dialog()->statement().contains(QStringLiteral("/proc"))) << dialog()->statement().toStdString();
  EXPECT_EQ(dialog()->nameField()->text(), QStringLiteral("study"));
  retype(path("studies"));
  EXPECT_SAYS(QStringLiteral("/study with"));
  press(Qt::Key_Return);
  EXPECT_TRUE(isOpen(studies() / "study"));
}

TEST_F(NewProjectTest, AWeftDbThatIsNoStoreIsLeftAlone) {
  fs::create_directory(studies() / "odd");
  std::ofstream(studies() / "odd" / "weft.db") << "a shopping list";
  openWithKeys();
  type(QStringLiteral("odd"));
  EXPECT_SAYS(QStringLiteral("weft.db"));
  EXPECT_TRUE(dialog()->isRefused());
  press(Qt::Key_Return);
  ASSERT_NE(dialog(), nullptr);
  EXPECT_EQ(namesIn(studies() / "odd"), std::vector<std::string>{"weft.db"});
}

TEST_F(NewProjectTest, FilesThatCameSinceTheLookAreNotBuried) {
  fs::create_directory(studies() / "late");
  std::ofstream(studies() / "late" / "plots.py") << "mine";
  std::optional<Error> error;
  createProject(path("studies"), QStringLiteral("late"), m_window.get(), [&](const Result<store::Project>& project) {
    if (!project) error = project.error();
  });
  ASSERT_TRUE(waitUntil([&] { return error.has_value(); }));
  EXPECT_NE(error->message.find("holds other files by now"), std::string::npos) << error->message;
  EXPECT_EQ(namesIn(studies() / "late"), std::vector<std::string>{"plots.py"});
}

TEST_F(NewProjectTest, LongPathsBreakInsteadOfWideningTheCard) {
  openWithKeys();
  const int width = dialog()->card()->width();
  type(QString(200, u'n'));
  EXPECT_SAYS(QString(200, u'n'));
  QCoreApplication::processEvents();
  EXPECT_EQ(dialog()->card()->width(), width);
  for (const QLabel* label : dialog()->findChildren<QLabel*>())
    if (label->isVisible() && label->wordWrap()) {
      EXPECT_LE(label->minimumSizeHint().width(), label->width()) << label->text().toStdString();
    }
  keepPicture(QStringLiteral("new-project-long"));
  m_window->resize(760, 560);
  QCoreApplication::processEvents();
  EXPECT_TRUE(
      m_window->rect().contains(QRect(dialog()->card()->mapTo(m_window.get(), QPoint()), dialog()->card()->size())));
}

TEST_F(NewProjectTest, BrowseTakesAFolderThatIsTyped) {
  fs::create_directory(folder() / "elsewhere");
  openWithKeys();
  QTest::mouseClick(wayOut(QStringLiteral("Browse...")), Qt::LeftButton);
  ASSERT_NE(test::openDialog<QFileDialog>(), nullptr);
  retype(path("elsewhere"));
  press(Qt::Key_Return);
  ASSERT_TRUE(test::noDialog());
  EXPECT_EQ(dialog()->parentField()->text(), path("elsewhere"));
  EXPECT_SAYS(QStringLiteral("/elsewhere/project with"));
}

}  // namespace
}  // namespace weft::ui
