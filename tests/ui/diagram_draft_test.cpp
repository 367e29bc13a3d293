// The draft of a design: one a project, one of no project, none overwritten by another window.
#include <sys/wait.h>
#include <unistd.h>

#include <QDir>
#include <QLockFile>
#include <QTest>
#include <fstream>

#include "engine/sharing/generators.h"
#include "tests/ui/diagram_fixture.h"
#include "tests/ui/window_fixture.h"
#include "ui/diagram/design_draft.h"
#include "ui/diagram/design_page.h"
#include "ui/diagram/generator_bar.h"
#include "ui/diagram/map_field.h"
#include "ui/models/project_session.h"

namespace weft::ui {
namespace {

namespace fs = std::filesystem;
using test::TestProject;
using test::waitUntil;

// A window as far as the draft knows one: the page and the session of its project.
class Window {
 public:
  Window() {
    QObject::connect(&m_page, &Page::messageRaised, [this](const QString& sentence, bool) { m_said << sentence; });
    m_page.resize(1368, 812);
    m_page.show();
  }
  ~Window() { m_page.setSession(nullptr); }
  void open(const store::Project& project) {
    auto session = std::make_unique<ProjectSession>(project);
    m_page.setSession(session.get());
    m_session = std::move(session);
  }
  void close() {
    m_page.setSession(nullptr);
    m_session.reset();
  }
  void draw(const QString& map) {
    MapField* field = m_page.generatorBar()->mapField();
    field->setFocus();
    field->selectAll();
    QTest::keyClicks(field, map);
    ASSERT_EQ(text(), map.toStdString());
  }
  std::string text() { return m_page.document()->text(); }
  bool shows(const char* map) {
    return waitUntil([&] { return text() == map; });
  }
  bool said(const QString& part) {
    return waitUntil([&] { return m_said.filter(part).size() > 0; });
  }
  const QStringList& allSaid() const { return m_said; }
  DesignPage& page() { return m_page; }

 private:
  DesignPage m_page;
  std::unique_ptr<ProjectSession> m_session;
  QStringList m_said;
};

constexpr const char* kFirst = "0_0_0_0_4_4_4_4_8_8_8_8_12_12_12_12_16_16_16_16";
constexpr const char* kOne = "0_0_0_3_3_3_6_6_6_9_9_9_12_12_12_15_15_15_18_18";
constexpr const char* kTwo = "0_0_0_0_0_5_5_5_5_5_10_10_10_10_10_15_15_15_15_15";
constexpr const char* kNone = "0_1_2_3_3_3_3_3_8_8_8_8_8_13_13_13_13_13_18_18";

class DesignDraftTest : public DiagramTest {
 protected:
  void SetUp() override {
    DiagramTest::SetUp();
    Window window;
    m_fresh = window.text();
    m_layers = window.page().document()->map().layerCount();
    ASSERT_EQ(m_layers, 20) << "the maps of this test are for the first preset";
  }
  static bool isIn(const QString& file, const char* map) {
    return waitUntil([&] {
      QFile stored(file);
      return stored.open(QIODevice::ReadOnly) && stored.readAll().contains((std::string("\"") + map + '"').c_str());
    });
  }
  static QString draftOf(const TestProject& project) {
    return project.folder() + QStringLiteral("/drafts/design.json");
  }
  static void writeDraft(const QString& file, const std::string& content) {
    QDir().mkpath(QFileInfo(file).path());
    std::ofstream(file.toStdString()) << content;
  }

  std::string m_fresh;
  int m_layers = 0;
};

TEST_F(DesignDraftTest, OfNoProjectIsFoundByTheNextWindow) {
  {
    Window window;
    window.draw(kNone);
    EXPECT_TRUE(isIn(DesignDraft::files({}).first(), kNone))
        << "written while the window is open: a crash loses half a second";
  }
  Window next;
  EXPECT_TRUE(next.shows(kNone)) << next.text();
}

TEST_F(DesignDraftTest, TheSingleFileOfAnOlderWeftIsTheDraftOfNoProject) {
  {
    Window window;
    window.draw(kNone);
  }
  EXPECT_EQ(QFileInfo(DesignDraft::files({}).first()).fileName(), QStringLiteral("design-draft.json"));
  EXPECT_TRUE(QFile::exists(DesignDraft::files({}).first()));
}

TEST_F(DesignDraftTest, TwoWindowsOnTwoProjectsKeepTheirOwn) {
  TestProject one, two;
  {
    Window first, second;
    first.open(one.project());
    second.open(two.project());
    first.draw(kOne);
    second.draw(kTwo);
  }
  Window first, second;
  second.open(one.project());
  first.open(two.project());
  EXPECT_TRUE(second.shows(kOne)) << second.text();
  EXPECT_TRUE(first.shows(kTwo)) << first.text();
}

TEST_F(DesignDraftTest, EachProjectGivesItsOwnBackInOneWindow) {
  TestProject one, two;
  Window window;
  window.open(one.project());
  window.draw(kOne);
  window.open(two.project());
  EXPECT_TRUE(window.shows(m_fresh.c_str()))
      << "a project without a draft does not inherit another's: " << window.text();
  window.draw(kTwo);
  window.open(one.project());
  EXPECT_TRUE(window.shows(kOne)) << window.text();
  EXPECT_FALSE(window.page().document()->undo().canUndo()) << "undo must not lead into another project's design";
  window.open(two.project());
  EXPECT_TRUE(window.shows(kTwo)) << window.text();
  window.close();
  EXPECT_TRUE(window.shows(m_fresh.c_str())) << window.text();
}

TEST_F(DesignDraftTest, MovesWithItsProject) {
  TestProject made;
  {
    Window window;
    window.open(made.project());
    window.draw(kOne);
  }
  const TemporaryFolder elsewhere = *TemporaryFolder::create();
  fs::copy(made.project().folder(), elsewhere.path() / "moved", fs::copy_options::recursive);
  const auto moved = store::Project::open(elsewhere.path() / "moved");
  ASSERT_TRUE(moved) << moved.error().message;
  Window window;
  window.open(*moved);
  EXPECT_TRUE(window.shows(kOne)) << window.text();
}

TEST_F(DesignDraftTest, WhatWasDrawnWithoutAProjectWaitsForOne) {
  TestProject fresh;
  Window window;
  window.draw(kNone);
  window.open(fresh.project());
  EXPECT_TRUE(isIn(draftOf(fresh), kNone)) << "it belongs to the new project from now on";
  EXPECT_EQ(window.text(), kNone);
}

TEST_F(DesignDraftTest, WhatWasDrawnWithoutAProjectComesOnTopOfTheProjectsOwn) {
  TestProject project;
  {
    Window window;
    window.open(project.project());
    window.draw(kOne);
  }
  Window window;
  window.draw(kNone);
  window.open(project.project());
  ASSERT_TRUE(window.said(QStringLiteral("Undo brings back this project's own")));
  EXPECT_EQ(window.text(), kNone);
  window.page().document()->undo().undo();
  EXPECT_EQ(window.text(), kOne) << "neither is lost";
}

TEST_F(DesignDraftTest, TwoWindowsOnOneProjectSayItAndLoseNeitherDraft) {
  TestProject project;
  {
    Window first;
    first.open(project.project());
    first.draw(kOne);
    ASSERT_TRUE(isIn(draftOf(project), kOne));
    Window second;
    second.open(project.project());
    EXPECT_TRUE(second.shows(kOne)) << "it begins with what the first one drew";
    EXPECT_TRUE(
        second.said(QStringLiteral("Another window is open on this project, too: this one keeps a draft of its own.")));
    second.draw(kTwo);
    first.page().document()->applyGenerator("cla4");
    EXPECT_TRUE(isIn(draftOf(project), kFirst));
    EXPECT_TRUE(isIn(project.folder() + QStringLiteral("/drafts/design-2.json"), kTwo));
    EXPECT_EQ(first.allSaid().filter(QStringLiteral("Another window")).size(), 0) << "the first has nothing to fear";
  }
  Window first, second;
  first.open(project.project());
  ASSERT_TRUE(waitUntil([&] { return first.text() == kFirst || first.text() == kTwo; })) << first.text();
  const bool hasTwo = first.text() == kTwo;
  EXPECT_TRUE(first.said(QStringLiteral("Another draft is kept in")));
  second.open(project.project());
  EXPECT_TRUE(second.shows(hasTwo ? kFirst : kTwo)) << second.text();
}

TEST_F(DesignDraftTest, AWindowThatCrashedHoldsNothing) {
  TestProject project;
  {
    Window window;
    window.open(project.project());
    window.draw(kOne);
  }
  // A process that takes the lock and is gone without giving it back.
  const pid_t child = ::fork();
  if (child == 0) {
    auto* lock = new QLockFile(draftOf(project) + QStringLiteral(".lock"));
    lock->setStaleLockTime(0);
    ::_exit(lock->tryLock(0) ? 0 : 1);
  }
  int status = 1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_EQ(status, 0);
  ASSERT_TRUE(QFile::exists(draftOf(project) + QStringLiteral(".lock")));
  Window window;
  window.open(project.project());
  EXPECT_TRUE(window.shows(kOne)) << window.text();
  EXPECT_EQ(window.allSaid().filter(QStringLiteral("Another window")).size(), 0);
}

TEST_F(DesignDraftTest, AFileThatIsNoDraftIsSaidAndLeftAsItIs) {
  for (const char* content :
       {"no draft at all", "{\"version\": 99}", "", "{\"version\": 1, \"config\": \"name = 7\"}"}) {
    TestProject project;
    writeDraft(draftOf(project), content);
    {
      Window window;
      window.open(project.project());
      EXPECT_TRUE(window.said(QStringLiteral("The file is left as it is: ") + draftOf(project))) << content;
      window.draw(kOne);
    }
    EXPECT_EQ(readFile(draftOf(project).toStdString()).value_or("gone"), content);
    Window next;
    next.open(project.project());
    EXPECT_TRUE(next.shows(kOne)) << content;
    EXPECT_EQ(next.allSaid().filter(QStringLiteral("left as it is")).size(), 0) << "said once";
  }
}

TEST_F(DesignDraftTest, AProjectThatCannotBeWrittenHasItsDraftInTheDataFolder) {
  TestProject project;
  // Root may write everywhere: a file where the folder belongs stops everybody.
  std::ofstream((project.folder() + QStringLiteral("/drafts")).toStdString()) << "in the way";
  {
    Window window;
    window.open(project.project());
    window.draw(kOne);
  }
  const QStringList files = DesignDraft::files(project.folder());
  EXPECT_TRUE(std::any_of(files.begin(), files.end(), [&](const QString& file) {
    return !file.startsWith(project.folder()) && QFile::exists(file);
  }));
  Window next;
  next.open(project.project());
  EXPECT_TRUE(next.shows(kOne)) << next.text();
}

TEST_F(DesignDraftTest, LooksAtAProjectWithoutLeavingAnythingBehind) {
  TestProject project;
  {
    Window window;
    window.open(project.project());
    ASSERT_TRUE(waitUntil([&] { return QFile::exists(draftOf(project) + QStringLiteral(".lock")); }));
  }
  EXPECT_FALSE(QFile::exists(project.folder() + QStringLiteral("/drafts")));
}

}  // namespace
}  // namespace weft::ui
