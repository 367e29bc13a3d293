#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <QApplication>
#include <QCheckBox>
#include <QClipboard>
#include <QComboBox>
#include <QLabel>
#include <QListWidget>
#include <QPushButton>
#include <QTest>
#include <QWheelEvent>

#include "tests/ui/compare_fixture.h"
#include "ui/compare/compare_model.h"
#include "ui/compare/compare_table.h"
#include "ui/compare/pair_panel.h"
#include "ui/parts/filter_field.h"
#include "ui/parts/run_picker.h"

namespace weft::ui {
namespace {

using test::ComparePageTest;
using test::waitUntil;
using testing::ElementsAre;

class Compare : public ComparePageTest {
 protected:
  QString cell(const char* name, CompareColumn column) {
    return m_page.model()->index(m_page.model()->rowOf(id(name)), static_cast<int>(column)).data().toString();
  }
  std::vector<store::RunId> selectedRows() {
    std::vector<store::RunId> runs;
    for (const QModelIndex& row : m_page.table()->selectionModel()->selectedRows())
      runs.push_back(m_page.table()->runAt(row.row())->id);
    std::sort(runs.begin(), runs.end());
    return runs;
  }
  static std::vector<store::RunId> sorted(std::vector<store::RunId> runs) {
    std::sort(runs.begin(), runs.end());
    return runs;
  }
  void clickRow(const char* name, Qt::KeyboardModifiers modifiers = {}) {
    const QModelIndex index =
        m_page.table()->model()->index(m_page.table()->proxyRowOf(id(name)), static_cast<int>(CompareColumn::Run));
    m_page.table()->scrollTo(index);
    QTest::mouseClick(m_page.table()->viewport(), Qt::LeftButton, modifiers,
                      m_page.table()->visualRect(index).center());
  }
};

TEST_F(Compare, DrawsEveryRunAndMarksTheFrontier) {
  fill();
  open();
  EXPECT_EQ(m_page.plot()->data().points.size(), 14U);
  EXPECT_EQ(m_page.plot()->data().frontier.size(), 8U);
  EXPECT_EQ(cell("H90-MQA-CLA2", CompareColumn::Frontier), "yes");
  EXPECT_EQ(cell("H32-MQA", CompareColumn::Frontier), "dominated");
  EXPECT_TRUE(m_page.plot()->emptyText().isEmpty());
}

TEST_F(Compare, DoesItsWorkWhenItIsShownAndNotBefore) {
  fill();
  m_session = std::make_unique<ProjectSession>(m_project.project());
  m_page.setSession(m_session.get());
  ASSERT_TRUE(waitUntil([&] { return m_session->snapshot()->runs.size() == 14; }));
  EXPECT_EQ(m_page.model()->rowCount(), 0) << "ten thousand runs must not be laid out for a page that nobody sees";
  m_page.show();
  EXPECT_EQ(m_page.model()->rowCount(), 14);
  EXPECT_EQ(m_page.plot()->data().points.size(), 14U);
  m_page.hide();
  m_project.addFinished({.name = "later", .kvBytesPerToken = 1280, .perplexity = 15, .steps = 5});
  ASSERT_TRUE(waitUntil([&] { return m_session->snapshot()->runs.size() == 15; }));
  EXPECT_EQ(m_page.model()->rowCount(), 14);
  m_page.show();
  EXPECT_EQ(m_page.model()->rowCount(), 15);
}

TEST_F(Compare, OpensOnThePairOfEqualMemoryThatDiffersTheMost) {
  fill();
  open();
  EXPECT_EQ(m_page.selection()->a(), id("H64-MQA-CLA2"));
  EXPECT_EQ(m_page.selection()->b(), id("H32-MQA"));
  EXPECT_EQ(m_page.panel()->heading(), "equal KV memory, 2,560 B/token");
  ASSERT_TRUE(m_page.plot()->reading());
  EXPECT_EQ(m_page.plot()->reading()->headline("B"), "at 2,560 B/token: 13.89 vs 14.37");
  const QString sentence =
      "H64-MQA-CLA2 against H32-MQA: the same KV bytes as H32-MQA; one run each, so their perplexities are not "
      "compared";
  EXPECT_EQ(m_page.plot()->reading()->sentence(&m_page.groups()), sentence);
  EXPECT_EQ(m_page.panel()->sentence(), sentence + ".");
}

TEST_F(Compare, AClickOnAPointSelectsItsRowAndASecondCtrlClickMakesThePair) {
  fill();
  open();
  QTest::mouseClick(m_page.plot(), Qt::LeftButton, {}, at("H128-MHA"));
  EXPECT_THAT(selectedRows(), ElementsAre(id("H128-MHA")));
  EXPECT_EQ(m_page.selection()->b(), store::RunId{});
  QTest::mouseClick(m_page.plot(), Qt::LeftButton, Qt::ControlModifier, at("H128-GQA4"));
  EXPECT_EQ(m_page.selection()->a(), id("H128-MHA"));
  EXPECT_EQ(m_page.selection()->b(), id("H128-GQA4"));
  EXPECT_EQ(selectedRows(), sorted({id("H128-MHA"), id("H128-GQA4")}));
  EXPECT_EQ(cell("H128-GQA4", CompareColumn::Mark), "B");
  EXPECT_EQ(m_page.panel()->valueText(0, 0), "13.15");
  EXPECT_EQ(m_page.panel()->valueText(0, 1), "13.36");
  QTest::mouseClick(m_page.plot(), Qt::LeftButton, {}, m_page.plot()->plotArea().bottomLeft() + QPoint(8, -8));
  EXPECT_EQ(m_page.selection()->a(), store::RunId{}) << "a click into the blue chooses nothing";
  EXPECT_TRUE(selectedRows().empty());
}

TEST_F(Compare, ThePlotFollowsTheTableAndAThirdRowTakesThePlaceOfB) {
  fill();
  open();
  clickRow("H46-MQA");
  EXPECT_EQ(m_page.selection()->a(), id("H46-MQA"));
  EXPECT_EQ(m_page.plot()->cursorX(), 3680);
  clickRow("H64-MQA", Qt::ControlModifier);
  EXPECT_EQ(m_page.selection()->b(), id("H64-MQA"));
  clickRow("H128-MQA", Qt::ControlModifier);
  EXPECT_EQ(m_page.selection()->a(), id("H46-MQA"));
  EXPECT_EQ(m_page.selection()->b(), id("H128-MQA"));
  EXPECT_EQ(selectedRows(), sorted({id("H46-MQA"), id("H128-MQA")}));
}

TEST_F(Compare, ArrowKeysWalkAlongTheFrontierAndWithShiftAlongTheFamily) {
  fill();
  open();
  QTest::mouseClick(m_page.plot(), Qt::LeftButton, {}, at("H90-MQA-CLA2"));
  QTest::keyClick(m_page.plot(), Qt::Key_Right);
  EXPECT_EQ(m_page.selection()->a(), id("H128-MQA-CLA2"));
  QTest::keyClick(m_page.plot(), Qt::Key_Left);
  QTest::keyClick(m_page.plot(), Qt::Key_Left);
  EXPECT_EQ(m_page.selection()->a(), id("H128-MQA-CLA3")) << "the frontier goes through another family";
  QTest::mouseClick(m_page.plot(), Qt::LeftButton, {}, at("H64-MQA"));
  QTest::keyClick(m_page.plot(), Qt::Key_Right, Qt::ShiftModifier);
  EXPECT_EQ(m_page.selection()->a(), id("H128-MQA")) << "along its own curve, though it is dominated";
  for (int i = 0; i < 5; ++i) QTest::keyClick(m_page.plot(), Qt::Key_Left, Qt::ShiftModifier);
  EXPECT_EQ(m_page.selection()->a(), id("H32-MQA")) << "and stops at its end";
}

TEST_F(Compare, CHoldsASecondRunAgainstTheFirstAndArrowsThenMoveIt) {
  fill();
  open();
  QTest::mouseClick(m_page.plot(), Qt::LeftButton, {}, at("H256-MQA-CLA2"));
  QTest::keyClick(m_page.plot(), Qt::Key_C);
  EXPECT_EQ(m_page.selection()->b(), id("H512-MQA-CLA2"));
  QTest::keyClick(m_page.plot(), Qt::Key_Right);
  EXPECT_EQ(m_page.selection()->a(), id("H256-MQA-CLA2"));
  EXPECT_EQ(m_page.selection()->b(), id("H128-GQA4"));
  QTest::keyClick(m_page.plot(), Qt::Key_X);
  EXPECT_EQ(m_page.selection()->a(), id("H128-GQA4"));
  QTest::keyClick(m_page.plot(), Qt::Key_Escape);
  EXPECT_EQ(m_page.selection()->b(), store::RunId{});
  QTest::keyClick(m_page.plot(), Qt::Key_Escape);
  EXPECT_EQ(m_page.selection()->a(), store::RunId{});
}

TEST_F(Compare, BMakesTheBaselineAndEveryNumberIsToldAgainstIt) {
  fill();
  open();
  EXPECT_EQ(cell("H128-MQA", CompareColumn::PerplexityDelta), "") << "no baseline, no difference";
  const int delta = static_cast<int>(CompareColumn::KvBytesDelta);
  EXPECT_TRUE(m_page.table()->isColumnHidden(delta)) << "and no empty columns";
  QTest::mouseClick(m_page.plot(), Qt::LeftButton, {}, at("H128-MQA"));
  QTest::keyClick(m_page.plot(), Qt::Key_B);
  ASSERT_TRUE(waitUntil([&] { return m_page.model()->baseline() == id("H128-MQA"); }));
  EXPECT_TRUE(m_project.store().findRun("H128-MQA")->baseline) << "it is the project's baseline, for every page";
  EXPECT_FALSE(m_page.table()->isColumnHidden(delta));
  EXPECT_EQ(cell("H128-MQA", CompareColumn::PerplexityDelta), "baseline");
  EXPECT_EQ(cell("H64-MQA-CLA2", CompareColumn::PerplexityDelta), "+0.35");
  EXPECT_EQ(cell("H256-MQA-CLA2", CompareColumn::PerplexityDelta), "−0.03");
  EXPECT_EQ(cell("H64-MQA-CLA2", CompareColumn::KvBytesDelta), "−75%");
  EXPECT_EQ(cell("H64-MQA-CLA2", CompareColumn::KvMeasuredDelta), "−75%");
  EXPECT_EQ(cell("H128-MHA", CompareColumn::KvBytesDelta), "×16.0");
  EXPECT_EQ(cell("H128-MHA", CompareColumn::ParametersDelta), "0");
  EXPECT_EQ(cell("H128-MHA", CompareColumn::SpeedDelta), "0");
  EXPECT_EQ(m_page.table()->runAt(0)->name, "H128-MQA") << "pinned on top";
  m_page.table()->sortByColumn(static_cast<int>(CompareColumn::Perplexity), Qt::DescendingOrder);
  EXPECT_EQ(m_page.table()->runAt(0)->name, "H128-MQA");
  EXPECT_EQ(m_page.table()->runAt(1)->name, "H32-MQA");
  clickRow("H64-MQA");
  EXPECT_EQ(m_page.panel()->heading(), "against the baseline, 5,120 against 10,240 B/token");
  auto* box = m_page.findChild<QComboBox*>("");
  for (QComboBox* other : m_page.findChildren<QComboBox*>())
    if (other->accessibleName() == "Baseline") box = other;
  EXPECT_EQ(box->currentText(), "H128-MQA");
  box->setCurrentIndex(0);
  Q_EMIT box->activated(0);
  EXPECT_TRUE(waitUntil([&] { return m_page.model()->baseline() == store::RunId{}; }));
}

TEST_F(Compare, TheHandleDragsTheCursorWhichReadsBothCurvesBetweenTheirPoints) {
  fill();
  open();
  ComparePlot* plot = m_page.plot();
  plot->replot();
  const QPoint handle = plot->handleBox().center().toPoint();
  const double target = plot->xAxis->coordToPixel(7240);
  QTest::mousePress(plot, Qt::LeftButton, {}, handle);
  for (int i = 1; i <= 8; ++i)
    QTest::mouseMove(plot, QPoint(qRound(handle.x() + (target - handle.x()) * i / 8), handle.y()));
  QTest::mouseRelease(plot, Qt::LeftButton, {}, QPoint(qRound(target), handle.y()));
  ASSERT_TRUE(plot->cursorX());
  EXPECT_NEAR(*plot->cursorX(), 7240, 60);
  ASSERT_EQ(plot->reading()->lines.size(), 2U);
  EXPECT_TRUE(plot->reading()->lines[0].isInterpolated);
  EXPECT_NEAR(plot->reading()->lines[0].y, 13.555, 0.01) << "MQA-CLA2, half way between 5,120 and 10,240";
  EXPECT_NEAR(plot->reading()->lines[1].y, 13.675, 0.01) << "MQA";
  EXPECT_TRUE(plot->reading()->headline("B").contains("<i>13.5")) << plot->reading()->headline("B").toStdString();
  EXPECT_EQ(m_page.selection()->a(), id("H64-MQA-CLA2")) << "dragging chooses nothing";
  const QCPRange range = plot->xAxis->range();
  EXPECT_TRUE(plot->isFitted()) << "and pans nothing";
  EXPECT_EQ(range.lower, plot->xAxis->range().lower);
}

TEST_F(Compare, TheCursorSnapsToAPointNearby) {
  fill();
  open();
  ComparePlot* plot = m_page.plot();
  plot->replot();
  QTest::mousePress(plot, Qt::LeftButton, {}, plot->handleBox().center().toPoint());
  QTest::mouseMove(plot, QPoint(qRound(plot->xAxis->coordToPixel(40960)) + 5, plot->plotArea().center().y()));
  QTest::mouseRelease(plot, Qt::LeftButton, {},
                      QPoint(qRound(plot->xAxis->coordToPixel(40960)) + 5, plot->plotArea().center().y()));
  EXPECT_EQ(plot->cursorX(), 40960);
}

TEST_F(Compare, WheelZoomsDragPansAndDoubleClickFits) {
  fill();
  open();
  ComparePlot* plot = m_page.plot();
  plot->replot();
  const double size = plot->yAxis->range().size();
  const QPoint middle = plot->plotArea().center() + QPoint(60, -10);
  QWheelEvent wheel(middle, plot->mapToGlobal(middle), {}, QPoint(0, 240), Qt::NoButton, Qt::NoModifier,
                    Qt::NoScrollPhase, false);
  QApplication::sendEvent(plot, &wheel);
  EXPECT_LT(plot->yAxis->range().size(), size * 0.9);
  const double lower = plot->yAxis->range().lower;
  QTest::mousePress(plot, Qt::LeftButton, {}, middle);
  QTest::mouseMove(plot, middle + QPoint(0, 20));
  QTest::mouseMove(plot, middle + QPoint(0, 60));
  QTest::mouseRelease(plot, Qt::LeftButton, {}, middle + QPoint(0, 60));
  EXPECT_GT(plot->yAxis->range().lower, lower);
  QTest::mouseDClick(plot, Qt::LeftButton, {}, middle);
  EXPECT_NEAR(plot->yAxis->range().size(), size, 1e-9);
}

TEST_F(Compare, ShowsWhatDiffersInThePairsConfigurations) {
  fill();
  open();
  m_page.showRuns({id("H64-MQA-CLA2"), id("H32-MQA")});
  ASSERT_TRUE(waitUntil([&] { return m_page.panel()->settings().settingCount() > 40; }));
  QStringList keys;
  for (int row = 0; row < m_page.panel()->settings().rowCount(); ++row)
    keys << m_page.panel()->settings().index(row, 0).data().toString();
  EXPECT_EQ(keys, (QStringList{"model.query_heads", "model.head_width", "model.sharing"}));
  EXPECT_EQ(m_page.panel()->settings().index(1, 1).data().toString(), "64");
  EXPECT_EQ(m_page.panel()->settings().index(1, 2).data().toString(), "32");
  EXPECT_EQ(m_page.panel()->settings().index(2, 1).data().toString(), "cla2") << "without quotes";
  m_page.panel()->differencesOnly()->click();
  EXPECT_EQ(m_page.panel()->settings().rowCount(), m_page.panel()->settings().settingCount());
}

TEST_F(Compare, TakesItsRunsFromAFilterOrAListOrAnotherPage) {
  fill();
  open();
  EXPECT_EQ(m_page.model()->rowCount(), 14);
  QTest::keyClick(m_page.plot(), Qt::Key_F, Qt::ControlModifier);
  EXPECT_TRUE(m_page.filterField()->isVisible());
  m_page.filterField()->setText("generator = cla2");
  EXPECT_EQ(m_page.model()->rowCount(), 5);
  m_page.filterField()->setText("generator = cla2 and (");
  EXPECT_EQ(m_page.model()->rowCount(), 5) << "a wrong filter keeps the last result";
  m_page.filterField()->setText("generator = nothing");
  EXPECT_EQ(m_page.plot()->emptyText(), "No run matches the filter.");

  m_page.showRuns({id("H128-MHA"), id("H128-MQA"), id("H128-MQA-CLA2")});
  EXPECT_EQ(m_page.choice(), ComparePage::Choice::Ticked);
  EXPECT_EQ(m_page.model()->rowCount(), 3);
  m_page.showRuns({id("H64-MQA")});
  EXPECT_EQ(m_page.model()->rowCount(), 4) << "one that was not there joins the others";
  EXPECT_EQ(m_page.selection()->a(), id("H64-MQA"));

  QPushButton anchor;
  m_page.picker()->popUp(&anchor, m_session->snapshot()->runs, {id("H64-MQA")});
  QListWidget* list = m_page.picker()->list();
  ASSERT_EQ(list->count(), 14);
  EXPECT_EQ(list->item(0)->checkState(), Qt::Checked) << "ticked ones first";
  m_page.picker()->field()->setText("cla4");
  int visible = 0;
  for (int row = 0; row < list->count(); ++row)
    if (!list->item(row)->isHidden()) {
      ++visible;
      list->item(row)->setCheckState(Qt::Checked);
    }
  EXPECT_EQ(visible, 1);
  EXPECT_EQ(m_page.model()->rowCount(), 2);
  m_page.picker()->hide();
}

TEST_F(Compare, AnArchivedRunLeavesAndASelectionThatIsGoneIsDropped) {
  fill();
  open();
  m_page.showRuns({id("H32-MQA")});
  ASSERT_TRUE(m_project.store().setArchived(id("H32-MQA"), true));
  ASSERT_TRUE(waitUntil([&] { return m_page.model()->rowCount() == 13; }));
  EXPECT_EQ(m_page.selection()->a(), store::RunId{});
  EXPECT_EQ(m_page.plot()->data().find(id("H32-MQA")), nullptr);
}

TEST_F(Compare, ANewPointAppearsWithoutMovingAViewThatTheUserHasZoomed) {
  fill();
  open();
  ComparePlot* plot = m_page.plot();
  plot->replot();
  const QPoint middle = plot->plotArea().center();
  QWheelEvent wheel(middle, plot->mapToGlobal(middle), {}, QPoint(0, 240), Qt::NoButton, Qt::NoModifier,
                    Qt::NoScrollPhase, false);
  QApplication::sendEvent(plot, &wheel);
  const QCPRange zoomed = plot->xAxis->range();
  m_project.addFinished({.name = "tiny", .kvBytesPerToken = 640, .perplexity = 17, .steps = 5});
  ASSERT_TRUE(waitUntil([&] { return plot->data().points.size() == 15; }));
  EXPECT_EQ(plot->xAxis->range().lower, zoomed.lower);
  QTest::mouseDClick(plot, Qt::LeftButton, {}, middle);
  EXPECT_LT(plot->xAxis->range().lower, 640) << "fitting shows it";
  m_project.addFinished({.name = "huge", .kvBytesPerToken = 1'000'000, .perplexity = 12, .steps = 5});
  ASSERT_TRUE(waitUntil([&] { return plot->data().points.size() == 16; }));
  EXPECT_GT(plot->xAxis->range().upper, 1'000'000) << "a fitted view grows with its points";
}

TEST_F(Compare, ALiveRunHasARowFromTheStartAndAPointWithItsFirstEvaluation) {
  m_project.addQueued({.name = "live", .perplexity = std::nullopt});
  const store::RunId live = m_project.start(30);
  open();
  EXPECT_TRUE(m_page.plot()->emptyText().startsWith("No run has a perplexity yet."))
      << m_page.plot()->emptyText().toStdString();
  EXPECT_TRUE(m_page.plot()->emptyText().endsWith("1 run is training.") ||
              m_page.plot()->emptyText().contains("1 run is training"));
  EXPECT_EQ(m_page.model()->rowCount(), 1);
  EXPECT_EQ(cell("live", CompareColumn::Frontier), "running");
  m_project.ingest(
      live,
      {store::EvaluationRow{
          {.step = 30, .split = "valid", .task = "perplexity", .loss_nats = 3, .perplexity = 20.1, .tokens = 99}}});
  ASSERT_TRUE(waitUntil([&] { return m_page.plot()->data().points.size() == 1; }));
  EXPECT_TRUE(m_page.plot()->emptyText().isEmpty());
  bool hints = false;
  for (const QLabel* label : m_page.findChildren<QLabel*>())
    hints |= label->isVisible() && label->text().startsWith("One run is drawn.");
  EXPECT_TRUE(hints) << "one run says what to add";
}

TEST_F(Compare, AnEmptyProjectKeepsItsHeadersAndPointsToDesign) {
  open();
  EXPECT_EQ(m_page.plot()->emptyText(), "No runs yet. Draw a map in Design and queue it.");
  EXPECT_EQ(m_page.table()->emptyText(), m_page.plot()->emptyText());
  QString opened;
  QObject::connect(&m_page, &Page::openPageRequested, [&](PageId page) { opened = page.name(); });
  for (QPushButton* button : m_page.findChildren<QPushButton*>())
    if (button->isVisible() && button->text() == "Open Design") QTest::mouseClick(button, Qt::LeftButton);
  EXPECT_EQ(opened, "Design");
  m_page.setSession(nullptr);
  EXPECT_TRUE(m_page.plot()->emptyText().startsWith("No project is open."));
}

TEST_F(Compare, ExportsThePlotAsItIsSetUpAndSaysWhatWasChecked) {
  fill();
  ASSERT_TRUE(m_project.store().setBaseline(id("H128-MQA")));
  open();
  ASSERT_TRUE(waitUntil([&] { return m_page.model()->baseline().value != 0; }));
  QString said;
  bool isError = true;
  QObject::connect(&m_page, &Page::messageRaised, [&](const QString& sentence, bool error) {
    said = sentence;
    isError = error;
  });
  for (const char* format : {"pdf", "svg", "png", "csv"}) {
    said.clear();
    const QString path = m_project.folder() + "/figures/plot." + format;
    m_page.exportPlot(path);
    ASSERT_TRUE(waitUntil([&] { return !said.isEmpty(); })) << format;
    EXPECT_FALSE(isError) << said.toStdString();
    EXPECT_TRUE(said.startsWith("Exported to " + path + ": ")) << said.toStdString();
    EXPECT_GT(readFile(path.toStdString())->size(), 500U);
  }
  EXPECT_TRUE(readFile((m_project.folder() + "/figures/plot.csv").toStdString())
                  ->starts_with("id,name,map,kv_bytes_per_token,perplexity,family,on_frontier,"
                                "perplexity_minus_baseline\n"));
  QTest::keyClick(m_page.plot(), Qt::Key_C, Qt::ControlModifier);
  EXPECT_EQ(QApplication::clipboard()->text().count('\n'), 15);
  EXPECT_TRUE(QApplication::clipboard()->text().contains(",0.35,2560,-0.75,2560,-0.75,"))
      << QApplication::clipboard()->text().toStdString();
}

TEST_F(Compare, HandsItsRunsToFiguresAndThePairToMonitor) {
  fill();
  open();
  QString target;
  std::vector<store::RunId> handed;
  QObject::connect(&m_page, &Page::showRunsRequested, [&](PageId page, const std::vector<store::RunId>& runs) {
    target = page.name();
    handed = runs;
  });
  for (QPushButton* button : m_page.findChildren<QPushButton*>())
    if (button->text() == "Save as figure...") QTest::mouseClick(button, Qt::LeftButton);
  EXPECT_EQ(target, "Figures");
  EXPECT_EQ(handed.size(), 14U);
  m_page.plot()->setFocus();
  QTest::keyClick(m_page.plot(), Qt::Key_Return);
  EXPECT_EQ(target, "Monitor");
  EXPECT_THAT(handed, ElementsAre(id("H64-MQA-CLA2"), id("H32-MQA")));
}

}  // namespace
}  // namespace weft::ui
