// The studio over recorded runs (tests/golden): what real workers wrote, through store and models, to the pages.
#include <gtest/gtest.h>

#include <QAbstractItemModelTester>
#include <QSettings>
#include <filesystem>

#include "engine/service/replay.h"
#include "tests/ui/diagram_fixture.h"
#include "tests/ui/window_fixture.h"
#include "ui/compare/compare_page.h"
#include "ui/models/run_sort_proxy.h"
#include "ui/models/run_text.h"
#include "ui/monitor/loss_chart.h"
#include "ui/monitor/monitor_page.h"
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
  EXPECT_GT(runColumnCount(), kDrawnRunColumns + 20);
  for (int i = 0; i < runColumnCount(); ++i) {
    const auto column = static_cast<RunColumn>(i);
    EXPECT_EQ(columnOfKey(keyOf(column)), column);
    EXPECT_EQ(m_table->table()->isColumnHidden(i), i >= kDrawnRunColumns) << keyOf(column).toStdString();
    EXPECT_EQ(proxy->headerData(i, Qt::Horizontal).toString().isEmpty(), column == RunColumn::Marks)
        << keyOf(column).toStdString();
    proxy->setSortKeys({{column, Qt::AscendingOrder}});
    EXPECT_EQ(proxy->rowCount(), 3);
  }
  const auto attempts = columnOfKey(QStringLiteral("attempt"));
  ASSERT_TRUE(attempts);
  proxy->setSortKeys({{*attempts, Qt::DescendingOrder}});
  EXPECT_EQ(runOf(proxy->index(0, 0))->id, m_runs[1]) << "the resumed one had two";
  EXPECT_EQ(cell(m_runs[1], *attempts), "2");
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
