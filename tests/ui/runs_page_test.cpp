#include "ui/runs/runs_page.h"

#include <gtest/gtest.h>

#include <QAction>
#include <QApplication>
#include <QClipboard>
#include <QLabel>
#include <QLineEdit>
#include <QMessageBox>
#include <QPushButton>
#include <QTest>

#include "tests/ui/window_fixture.h"
#include "ui/parts/filter_field.h"
#include "ui/parts/run_actions.h"
#include "ui/runs/filter_tabs.h"
#include "ui/runs/run_panel.h"
#include "ui/runs/run_table_view.h"

namespace weft::ui {
namespace {

using test::TestProject;
using test::waitUntil;

class RunsPageTest : public testing::Test {
 protected:
  void open() {
    m_session = std::make_unique<ProjectSession>(m_project.project());
    m_page.setSession(m_session.get());
    m_page.resize(1360, 800);
    m_page.show();
    const auto stored = m_project.store().runs();
    ASSERT_TRUE(waitUntil([&] { return m_session->snapshot()->runs.size() == stored->size(); }));
  }
  ~RunsPageTest() override { m_page.setSession(nullptr); }

  QStringList names() const {
    QStringList names;
    for (int row = 0; row < m_page.table()->model()->rowCount(); ++row)
      names << QString::fromStdString(runOf(m_page.table()->model()->index(row, 0))->name);
    return names;
  }
  void select(const QString& name) {
    const int row = static_cast<int>(names().indexOf(name));
    m_page.table()->selectionModel()->setCurrentIndex(m_page.table()->model()->index(row, 2),
                                                      QItemSelectionModel::ClearAndSelect | QItemSelectionModel::Rows);
    m_page.table()->setFocus();
  }
  QAction* action(const QString& text) const {
    for (QAction* action : m_page.pageActions())
      if (action->text().startsWith(text)) return action;
    return nullptr;
  }
  store::RunSummary stored(const QString& name) { return *m_project.store().findRun(name.toStdString()); }
  // The footer's line edit, in use while something is asked.
  QLineEdit* answer() const {
    for (QLineEdit* edit : m_page.findChildren<QLineEdit*>())
      if (edit != m_page.filterField() && edit->isVisible()) return edit;
    return nullptr;
  }

  TestProject m_project;
  std::unique_ptr<ProjectSession> m_session;
  RunsPage m_page;
};

TEST_F(RunsPageTest, ShowsTheStoredRunsSortedByStateAndPerplexity) {
  test::fillWithTable1(m_project);
  open();
  EXPECT_EQ(names(), (QStringList{"H128-MHA", "H128-GQA4", "H128-MQA", "H128-MQA-CLA2", "H64-MQA", "H128-MQA-CLA4"}));
}

TEST_F(RunsPageTest, FiltersWhileTypingAndKeepsTheLastResultWhenTheTextIsWrong) {
  test::fillWithTable1(m_project);
  open();
  m_page.filterField()->setText(QStringLiteral("kv_bytes_per_token <= 5120"));
  EXPECT_EQ(names(), (QStringList{"H128-MQA-CLA2", "H64-MQA", "H128-MQA-CLA4"}));
  m_page.filterField()->setText(QStringLiteral("kv_bytes_per_token <= 5120 and archivd"));
  ASSERT_NE(m_page.filterField()->error(), nullptr);
  EXPECT_EQ(names().size(), 3) << "the last good result stays";
  m_page.filterField()->setText(QStringLiteral("kv_bytes_per_token <= 5120 and tags = cla4"));
  EXPECT_EQ(names(), QStringList{"H128-MQA-CLA4"});
}

TEST_F(RunsPageTest, OffersToDropTheClauseThatExcludesTheMost) {
  test::fillWithTable1(m_project);
  open();
  m_page.filterField()->setText(QStringLiteral("layers = 20 and kv_bytes_per_token <= 10"));
  EXPECT_TRUE(m_page.table()->emptyText().contains(QStringLiteral("kv_bytes_per_token <= 10")))
      << m_page.table()->emptyText().toStdString();
  Q_EMIT m_page.table()->emptyButtonClicked();
  EXPECT_EQ(m_page.filterField()->text(), QStringLiteral("layers = 20"));
  EXPECT_EQ(names().size(), 6);
}

TEST_F(RunsPageTest, TabsCountAndSetTheirFilters) {
  test::fillWithTable1(m_project);
  m_project.addQueued({.name = "waiting"});
  open();
  EXPECT_EQ(m_page.filterTabs()->count(0), 7);
  EXPECT_EQ(m_page.filterTabs()->filters()[2].name, QStringLiteral("Queued"));
  EXPECT_EQ(m_page.filterTabs()->count(2), 1);
  Q_EMIT m_page.filterTabs()->activated(m_page.filterTabs()->filters()[2].expression);
  EXPECT_EQ(names(), QStringList{"waiting"});
  EXPECT_EQ(m_page.filterTabs()->current(), 2);
  m_page.filterField()->setText(QStringLiteral("waiting"));
  EXPECT_EQ(m_page.filterTabs()->current(), -1) << "no tab has this expression";
}

TEST_F(RunsPageTest, ShowsARunThatAnotherProcessAddsAndMovesIt) {
  open();
  EXPECT_TRUE(m_page.table()->emptyText().startsWith(QStringLiteral("No runs yet")));
  m_project.addQueued({.name = "from the command line"});
  ASSERT_TRUE(waitUntil([&] { return names() == QStringList{"from the command line"}; }));
  m_project.start(30);
  ASSERT_TRUE(
      waitUntil([&] { return runOf(m_page.table()->model()->index(0, 0))->state == store::RunState::Running; }));
  EXPECT_TRUE(m_page.table()->emptyText().isEmpty());
}

TEST_F(RunsPageTest, ArchivesWithDelAndBringsBackWithUndo) {
  test::fillWithTable1(m_project);
  open();
  select(QStringLiteral("H64-MQA"));
  QTest::keyClick(m_page.table(), Qt::Key_Delete);
  ASSERT_TRUE(waitUntil([&] { return !names().contains(QStringLiteral("H64-MQA")); }));
  EXPECT_TRUE(stored(QStringLiteral("H64-MQA")).archived);
  QTest::keyClick(m_page.table(), Qt::Key_Z, Qt::ControlModifier);
  ASSERT_TRUE(waitUntil([&] { return names().contains(QStringLiteral("H64-MQA")); }));
  EXPECT_FALSE(stored(QStringLiteral("H64-MQA")).archived);
}

TEST_F(RunsPageTest, EditsTagsInTheFooterWithT) {
  test::fillWithTable1(m_project);
  open();
  select(QStringLiteral("H128-MQA"));
  QTest::keyClick(m_page.table(), Qt::Key_T);
  QLineEdit* edit = answer();
  ASSERT_NE(edit, nullptr);
  EXPECT_EQ(edit->text(), QStringLiteral("table-1"));
  edit->setText(QStringLiteral("table-1, small, small,  "));
  QTest::keyClick(edit, Qt::Key_Return);
  ASSERT_TRUE(waitUntil([&] { return stored(QStringLiteral("H128-MQA")).tags.size() == 2; }));
  EXPECT_EQ(stored(QStringLiteral("H128-MQA")).tags, (std::vector<std::string>{"table-1", "small"}));
}

TEST_F(RunsPageTest, DropsTheFooterQuestionOnEscape) {
  test::fillWithTable1(m_project);
  open();
  select(QStringLiteral("H128-MQA"));
  QTest::keyClick(m_page.table(), Qt::Key_T);
  ASSERT_NE(answer(), nullptr);
  answer()->setText(QStringLiteral("lost"));
  QTest::keyClick(answer(), Qt::Key_Escape);
  EXPECT_EQ(answer(), nullptr);
  EXPECT_EQ(stored(QStringLiteral("H128-MQA")).tags, std::vector<std::string>{"table-1"});
}

TEST_F(RunsPageTest, MakesARunTheBaselineAndUndoGivesTheFormerOneBack) {
  test::fillWithTable1(m_project);
  ASSERT_TRUE(m_project.store().setBaseline(stored(QStringLiteral("H128-MHA")).id));
  open();
  select(QStringLiteral("H128-MQA"));
  QTest::keyClick(m_page.table(), Qt::Key_B);
  ASSERT_TRUE(waitUntil([&] { return stored(QStringLiteral("H128-MQA")).baseline; }));
  EXPECT_FALSE(stored(QStringLiteral("H128-MHA")).baseline) << "there is one baseline";
  QTest::keyClick(m_page.table(), Qt::Key_Z, Qt::ControlModifier);
  EXPECT_TRUE(waitUntil([&] { return stored(QStringLiteral("H128-MHA")).baseline; }));
}

TEST_F(RunsPageTest, ComparesASelectedPairInTheFooterAndHandsItToCompare) {
  test::fillWithTable1(m_project);
  open();
  std::vector<store::RunId> handed;
  QString target;
  QObject::connect(&m_page, &Page::showRunsRequested, [&](PageId page, const std::vector<store::RunId>& runs) {
    target = page.name();
    handed = runs;
  });
  const std::vector<store::RunId> pair{stored(QStringLiteral("H128-MQA-CLA2")).id,
                                       stored(QStringLiteral("H64-MQA")).id};
  m_page.showRuns(pair);
  EXPECT_EQ(m_page.table()->selectedRuns(), pair);
  bool said = false;
  for (const QLabel* label : m_page.findChildren<QLabel*>())
    said |= label->text().contains(QStringLiteral("H128-MQA-CLA2 against H64-MQA at 5,120 B/token"));
  EXPECT_TRUE(said);
  QTest::keyClick(m_page.table(), Qt::Key_C);
  EXPECT_EQ(target, QStringLiteral("Compare"));
  EXPECT_EQ(handed, pair);
}

TEST_F(RunsPageTest, PreviewsWithSpaceAndStoresTheNoteWhenItsFieldIsLeft) {
  test::fillWithTable1(m_project);
  open();
  select(QStringLiteral("H128-MQA"));
  EXPECT_FALSE(m_page.panel()->isVisible());
  QTest::keyClick(m_page.table(), Qt::Key_Space);
  ASSERT_TRUE(m_page.panel()->isVisible());
  EXPECT_EQ(m_page.panel()->run(), stored(QStringLiteral("H128-MQA")).id);
  Q_EMIT m_page.panel()->noteEdited(m_page.panel()->run(), QStringLiteral("the reference"));
  EXPECT_TRUE(waitUntil([&] { return stored(QStringLiteral("H128-MQA")).note == "the reference"; }));
}

// What was asked of a run later is told by itself; training's own curve stays as it was.
TEST_F(RunsPageTest, PreviewTellsTasksBesideTheHeldOutCurve) {
  test::fillWithTable1(m_project);
  const store::RunId id = stored(QStringLiteral("H128-MQA")).id;
  const std::optional<double> perplexity = stored(QStringLiteral("H128-MQA")).perplexity;
  store::Evaluation task{.step = 60,
                         .attempt = 0,
                         .split = "valid.jsonl",
                         .task = "piqa",
                         .values = {{"acc", 0.25}, {"acc_stderr", 0.125}, {"items", 8}}};
  ASSERT_TRUE(m_project.store().addEvaluation(id, task));
  store::Evaluation pages{.step = 60,
                          .attempt = 0,
                          .split = "wiki.txt",
                          .task = "wikitext",
                          .perplexity = 9,
                          .values = {{"word_perplexity", 31.5}, {"bits_per_byte", 0.875}}};
  ASSERT_TRUE(m_project.store().addEvaluation(id, pages));
  open();
  select(QStringLiteral("H128-MQA"));
  QTest::keyClick(m_page.table(), Qt::Key_Space);
  const auto says = [&](const QString& text) {
    const auto labels = m_page.panel()->findChildren<QLabel*>();
    return std::any_of(labels.begin(), labels.end(), [&](const QLabel* label) { return label->text() == text; });
  };
  EXPECT_TRUE(waitUntil([&] { return says(QStringLiteral("acc 0.2500 ±0.1250 on valid.jsonl at step 60")); }));
  EXPECT_TRUE(says(QStringLiteral("piqa")));
  EXPECT_TRUE(says(QStringLiteral("word perplexity 31.50, 0.8750 bits per byte on wiki.txt at step 60")));
  EXPECT_EQ(stored(QStringLiteral("H128-MQA")).perplexity, perplexity);
}

TEST_F(RunsPageTest, CopiesTheSelectedRowsAsCsv) {
  test::fillWithTable1(m_project);
  open();
  select(QStringLiteral("H64-MQA"));
  action(QStringLiteral("Copy rows"))->trigger();
  const QString csv = QApplication::clipboard()->text();
  EXPECT_TRUE(csv.contains(QStringLiteral(",H64-MQA,finished,"))) << csv.toStdString();
  EXPECT_EQ(csv.count(u'\n'), 2);
}

TEST_F(RunsPageTest, OffersOnlyWhatTheStateAllows) {
  test::fillWithTable1(m_project);
  open();
  select(QStringLiteral("H64-MQA"));
  EXPECT_FALSE(action(QStringLiteral("Stop"))->isEnabled());
  EXPECT_FALSE(action(QStringLiteral("Kill"))->isEnabled());
  m_project.addQueued({.name = "live"});
  m_project.start(10);
  ASSERT_TRUE(waitUntil([&] { return names().contains(QStringLiteral("live")); }));
  ASSERT_TRUE(waitUntil([&] {
    return stored(QStringLiteral("live")).state == store::RunState::Running &&
           names().first() == QStringLiteral("live");
  }));
  select(QStringLiteral("live"));
  EXPECT_TRUE(action(QStringLiteral("Stop"))->isEnabled());
  EXPECT_TRUE(action(QStringLiteral("Kill"))->isEnabled());
  EXPECT_FALSE(action(QStringLiteral("Resume"))->isEnabled());
}

TEST_F(RunsPageTest, RefusesToArchiveARunningRunInOneSentence) {
  m_project.addQueued({.name = "live"});
  m_project.start(10);
  open();
  select(QStringLiteral("live"));
  QString sentence;
  QObject::connect(&m_page, &Page::messageRaised, [&](const QString& text, bool) { sentence = text; });
  QTest::keyClick(m_page.table(), Qt::Key_Delete);
  EXPECT_TRUE(sentence.contains(QStringLiteral("stop it first"))) << sentence.toStdString();
}

TEST_F(RunsPageTest, ShowsTheFailureInWords) {
  const store::RunId id = m_project.addQueued({.name = "big"});
  m_project.start(1);
  m_project.fail(id, "Out of memory at step 1: 96.2 GiB asked for, 79.6 GiB free.");
  open();
  const QModelIndex cell = m_page.table()->model()->index(0, static_cast<int>(RunColumn::Progress));
  EXPECT_TRUE(cell.data().toString().startsWith(QStringLiteral("Out of memory at step 1")));
}

TEST(ConfirmKill, AsksWithCancelAsTheDefaultAndKillsOnlyOnKill) {
  QWidget window;
  window.show();
  store::RunSummary run;
  run.name = "H128-MHA";
  run.steps = 100;
  int killed = 0;
  // A closed box is deleted only when the outermost event loop turns again: the visible one counts.
  const auto box = [&]() -> QMessageBox* {
    for (QMessageBox* one : window.findChildren<QMessageBox*>())
      if (one->isVisible()) return one;
    return nullptr;
  };
  confirmKill(&window, {run}, [&] { ++killed; });
  ASSERT_NE(box(), nullptr);
  EXPECT_EQ(box()->defaultButton(), box()->button(QMessageBox::Cancel));
  QTest::keyClick(box(), Qt::Key_Return);
  ASSERT_TRUE(waitUntil([&] { return box() == nullptr; }));
  EXPECT_EQ(killed, 0);
  confirmKill(&window, {run}, [&] { ++killed; });
  for (QAbstractButton* button : box()->buttons())
    if (button->text() == QStringLiteral("Kill")) QTest::mouseClick(button, Qt::LeftButton);
  EXPECT_EQ(killed, 1);
}

TEST_F(RunsPageTest, IsNamedForScreenReadersAndReachableWithTab) {
  open();
  EXPECT_FALSE(m_page.table()->accessibleName().isEmpty());
  EXPECT_FALSE(m_page.filterField()->accessibleName().isEmpty());
  EXPECT_FALSE(m_page.filterTabs()->accessibleName().isEmpty());
  for (const QWidget* widget : {static_cast<QWidget*>(m_page.table()), static_cast<QWidget*>(m_page.filterField()),
                                static_cast<QWidget*>(m_page.filterTabs())})
    EXPECT_TRUE(widget->focusPolicy() & Qt::TabFocus);
  for (const QPushButton* button : m_page.findChildren<QPushButton*>())
    EXPECT_FALSE(button->isVisible() && button->text().isEmpty() && button->accessibleName().isEmpty());
}

}  // namespace
}  // namespace weft::ui
