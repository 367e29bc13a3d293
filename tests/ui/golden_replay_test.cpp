// The studio over recorded runs (tests/golden): what real workers wrote, through store and models, to the pages.
#include <gtest/gtest.h>

#include <QAbstractItemModelTester>
#include <QApplication>
#include <QMenu>
#include <QPushButton>
#include <QSettings>
#include <QTest>
#include <filesystem>

#include "engine/service/replay.h"
#include "tests/ui/diagram_fixture.h"
#include "tests/ui/window_fixture.h"
#include "ui/compare/compare_page.h"
#include "ui/models/run_sort_proxy.h"
#include "ui/models/run_text.h"
#include "ui/monitor/loss_chart.h"
#include "ui/monitor/monitor_page.h"
#include "ui/parts/filter_field.h"
#include "ui/runs/run_table_view.h"
#include "ui/runs/runs_page.h"
#include "ui/window/app_settings.h"
#include "ui/window/main_window.h"

namespace weft::ui {
namespace {

using test::waitUntil;

class GoldenReplay : public DiagramTest {
 protected:
  void SetUp() override {
    DiagramTest::SetUp();
    settings::setStartsEngine(false);
    for (const char* recording : {"finished", "resumed", "diverged"}) {
      const auto id = service::replay(
          m_project.project(), m_project.store(),
          {.events = std::filesystem::path(WEFT_TEST_SOURCE_DIR) / "golden" / recording / "events.jsonl"});
      ASSERT_TRUE(id) << id.error().message;
      m_runs.push_back(*id);
    }
    m_window = std::make_unique<MainWindow>(
        *m_theme, std::vector<Page*>{m_table = new RunsPage(nullptr), m_monitor = new MonitorPage, new ComparePage});
    m_window->show();
    m_window->openProject(m_project.folder());
    ASSERT_TRUE(waitUntil([&] { return m_window->session() && m_window->session()->snapshot()->runs.size() == 3; }));
  }
  void TearDown() override {
    m_window.reset();
    QSettings().remove(QStringLiteral("runs"));  // sorted by every column
    DiagramTest::TearDown();
  }
  QString cell(store::RunId run, RunColumn column) const {
    const QAbstractItemModel* model = m_table->table()->model();
    for (int row = 0; row < model->rowCount(); ++row)
      if (runOf(model->index(row, 0))->id == run) return model->index(row, static_cast<int>(column)).data().toString();
    return {};
  }

  test::TestProject m_project;
  std::vector<store::RunId> m_runs;
  std::unique_ptr<MainWindow> m_window;
  RunsPage* m_table = nullptr;
  MonitorPage* m_monitor = nullptr;
};

TEST_F(GoldenReplay, TheRunTableSaysWhatHappenedToEach) {
  m_window->showPage(pages::kRuns);
  const QAbstractItemModelTester tester(m_table->table()->model(),
                                        QAbstractItemModelTester::FailureReportingMode::Fatal);
  ASSERT_TRUE(waitUntil([&] { return m_table->table()->model()->rowCount() == 3; }));
  EXPECT_EQ(cell(m_runs[0], RunColumn::Status), "Finished");
  EXPECT_EQ(cell(m_runs[0], RunColumn::Perplexity), "29.96");
  EXPECT_EQ(cell(m_runs[0], RunColumn::KvMeasured), "256");
  EXPECT_EQ(cell(m_runs[1], RunColumn::Perplexity), "2.19");
  EXPECT_EQ(cell(m_runs[2], RunColumn::Status), "Failed");
  EXPECT_EQ(cell(m_runs[2], RunColumn::Perplexity), "–");
}

TEST_F(GoldenReplay, EveryDescribedFieldIsAColumnThatCanBeShownAndSortedBy) {
  m_window->showPage(pages::kRuns);
  ASSERT_TRUE(waitUntil([&] { return m_table->table()->model()->rowCount() == 3; }));
  auto* proxy = qobject_cast<RunSortProxy*>(m_table->table()->model());
  ASSERT_NE(proxy, nullptr);
  const RunTableModel& model = *qobject_cast<RunTableModel*>(proxy->sourceModel());
  EXPECT_GT(describedRunColumns(), kDrawnRunColumns + 20);
  EXPECT_GT(model.columnCount(), describedRunColumns() + 10) << "metrics, evaluations, measurements";
  EXPECT_EQ(proxy->columnCount(), model.columnCount());
  for (int i = 0; i < model.columnCount(); ++i) {
    const auto column = static_cast<RunColumn>(i);
    EXPECT_EQ(model.columnOfKey(model.keyOf(column)), column);
    EXPECT_EQ(m_table->table()->isColumnHidden(i), i >= kDrawnRunColumns) << model.keyOf(column).toStdString();
    EXPECT_EQ(proxy->headerData(i, Qt::Horizontal).toString().isEmpty(), column == RunColumn::Marks)
        << model.keyOf(column).toStdString();
    proxy->setSortKeys({{column, Qt::AscendingOrder}});
    EXPECT_EQ(proxy->rowCount(), 3);
  }
  const auto attempts = model.columnOfKey(QStringLiteral("attempt"));
  ASSERT_TRUE(attempts);
  proxy->setSortKeys({{*attempts, Qt::DescendingOrder}});
  EXPECT_EQ(runOf(proxy->index(0, 0))->id, m_runs[1]) << "the resumed one had two";
  EXPECT_EQ(cell(m_runs[1], *attempts), "2");
}

// A metric's last value, of which no schema knows, as a column: chosen with the mouse, sorted by, filtered by, and
// there again in the next window.
TEST_F(GoldenReplay, AMetricBecomesAColumnByTheMouse) {
  m_window->showPage(pages::kRuns);
  ASSERT_TRUE(waitUntil([&] { return m_table->table()->model()->rowCount() == 3; }));
  QPushButton* button = nullptr;
  for (auto* one : m_table->findChildren<QPushButton*>())
    if (one->text() == QStringLiteral("Columns")) button = one;
  ASSERT_NE(button, nullptr);
  QTest::mouseClick(button, Qt::LeftButton);
  auto* menu = qobject_cast<QMenu*>(QApplication::activePopupWidget());
  ASSERT_NE(menu, nullptr);
  const auto actionOf = [](QMenu* of, const QString& text) -> QAction* {
    for (QAction* action : of->actions())
      if (action->text() == text) return action;
    return nullptr;
  };
  QAction* train = actionOf(menu, QStringLiteral("train"));
  ASSERT_NE(train, nullptr);
  QTest::mouseClick(menu, Qt::LeftButton, {}, menu->actionGeometry(train).center());
  ASSERT_TRUE(waitUntil([&] { return train->menu()->isVisible(); }));
  QAction* norm = actionOf(train->menu(), QStringLiteral("Gradient norm"));
  ASSERT_NE(norm, nullptr) << "by the title that the metric's description has";
  EXPECT_FALSE(norm->isChecked());
  QTest::mouseClick(train->menu(), Qt::LeftButton, {}, train->menu()->actionGeometry(norm).center());
  menu->close();
  auto* proxy = qobject_cast<RunSortProxy*>(m_table->table()->model());
  const RunTableModel& model = *qobject_cast<RunTableModel*>(proxy->sourceModel());
  const auto column = model.columnOfKey(QStringLiteral("train/gradient_norm"));
  ASSERT_TRUE(column);
  EXPECT_FALSE(m_table->table()->isColumnHidden(static_cast<int>(*column)));
  EXPECT_EQ(proxy->headerData(static_cast<int>(*column), Qt::Horizontal).toString(), "Gradient norm");
  const auto points = m_project.store().metric(m_runs[0], "train/gradient_norm")->points;
  const double last = points.back().value;
  EXPECT_NEAR(cell(m_runs[0], *column).toDouble(), last, 0.01 * last);
  m_table->filterField()->setText(QStringLiteral("train/gradient_norm < %1").arg(last * 1.0001, 0, 'g', 12));
  ASSERT_TRUE(waitUntil([&] { return proxy->rowCount() < 3; }));
  EXPECT_FALSE(cell(m_runs[0], RunColumn::Name).isEmpty());
  m_table->filterField()->setText({});
  m_window.reset();
  m_window = std::make_unique<MainWindow>(*m_theme, std::vector<Page*>{m_table = new RunsPage(nullptr)});
  m_window->show();
  m_window->openProject(m_project.folder());
  ASSERT_TRUE(waitUntil([&] { return m_table->table()->model()->rowCount() == 3; }));
  const RunTableModel& again =
      *qobject_cast<RunTableModel*>(qobject_cast<RunSortProxy*>(m_table->table()->model())->sourceModel());
  const auto shown = again.columnOfKey(QStringLiteral("train/gradient_norm"));
  ASSERT_TRUE(shown);
  EXPECT_FALSE(m_table->table()->isColumnHidden(static_cast<int>(*shown)));
}

TEST_F(GoldenReplay, MonitorDrawsTheCurvesOfTheRecording) {
  m_window->showPage(pages::kMonitor);
  m_monitor->showRuns({m_runs[1]});
  auto* chart = m_monitor->findChild<LossChart*>();
  ASSERT_NE(chart, nullptr);
  EXPECT_TRUE(waitUntil([&] { return chart->hasData(); }));
}

}  // namespace
}  // namespace weft::ui
