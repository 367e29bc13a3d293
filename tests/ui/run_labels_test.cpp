// Runs of one name are told apart wherever the studio names them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <QAbstractItemModelTester>
#include <QTest>

#include "tests/ui/monitor_fixture.h"
#include "ui/models/queue_model.h"
#include "ui/models/run_table_model.h"
#include "ui/queue/lanes_widget.h"
#include "ui/queue/queue_page.h"
#include "ui/queue/queue_table.h"
#include "ui/runs/run_panel.h"

namespace weft::ui {
namespace {

using test::SampleRun;
using test::TestProject;
using test::waitUntil;

SampleRun seeded(std::int64_t seed, const char* name = "MQA") { return {.name = name, .seed = seed}; }

std::unique_ptr<ProjectSession> openSession(TestProject& project) {
  auto session = std::make_unique<ProjectSession>(project.project());
  const std::size_t stored = project.store().runs()->size();
  EXPECT_TRUE(waitUntil([&] { return session->snapshot()->runs.size() == stored; }));
  return session;
}

TEST(LabelsOfASnapshot, NameARunAsTheProjectTellsItApart) {
  TestProject project;
  const store::RunId first = project.addQueued(seeded(1)), second = project.addQueued(seeded(2)),
                     other = project.addQueued(seeded(1, "MHA"));
  const auto session = openSession(project);
  EXPECT_EQ(session->snapshot()->label(first), "MQA s1");
  EXPECT_EQ(session->snapshot()->label(second), "MQA s2");
  EXPECT_EQ(session->snapshot()->label(other), "MHA");
  EXPECT_EQ(session->snapshot()->distinction(second), "s2");
  EXPECT_EQ(session->snapshot()->label(store::RunId{99}), "");
  EXPECT_EQ(RunsSnapshot{}.label(store::RunSummary{.id = {1}, .name = "alone"}), "alone");
}

TEST(LabelsInRuns, ARunThatJoinsRenamesTheOneThatWasThere) {
  TestProject project;
  const store::RunId first = project.addQueued(seeded(1));
  const auto session = openSession(project);
  RunTableModel model;
  QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::Fatal);
  model.setSnapshot(session->snapshot());
  const auto nameOf = [&](store::RunId run) {
    return model.index(model.rowOf(run), static_cast<int>(RunColumn::Name)).data().toString();
  };
  EXPECT_EQ(nameOf(first), "MQA");
  std::vector<QModelIndex> told;
  QObject::connect(&model, &QAbstractItemModel::dataChanged, [&](const QModelIndex& cell) { told.push_back(cell); });
  const store::RunId second = project.addQueued(seeded(2));
  ASSERT_TRUE(waitUntil([&] { return session->snapshot()->runs.size() == 2; }));
  model.setSnapshot(session->snapshot());
  EXPECT_EQ(nameOf(first), "MQA s1");
  EXPECT_EQ(nameOf(second), "MQA s2");
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0], model.index(model.rowOf(first), static_cast<int>(RunColumn::Name)));
  EXPECT_EQ(model.index(0, static_cast<int>(RunColumn::Name)).data(RunTableModel::DistinctionRole).toString(), "s2");
}

TEST(LabelsInQueue, StandInTableLanesAndPanel) {
  TestProject project;
  project.addQueued(seeded(1));
  const store::RunId running = project.start(30);
  const store::RunId waiting = project.addQueued(seeded(2));
  const auto session = openSession(project);
  QueuePage page;
  page.setSession(session.get());
  page.resize(1360, 800);
  page.show();
  const auto jobOf = [&](store::RunId run) {
    return page.model()->index(page.model()->rowOf(run), static_cast<int>(QueueColumn::Job)).data().toString();
  };
  ASSERT_TRUE(waitUntil([&] { return page.model()->rowOf(waiting) >= 0; }));
  EXPECT_EQ(jobOf(running), "MQA s1");
  EXPECT_EQ(jobOf(waiting), "MQA s2");
  const QString lanes = page.findChild<LanesWidget*>()->accessibleDescription();
  EXPECT_TRUE(lanes.contains("MQA s1 running") && lanes.contains("MQA s2 planned")) << lanes.toStdString();
  page.table()->selectRun(waiting);
  const auto labels = page.findChildren<QLabel*>();
  EXPECT_TRUE(std::any_of(labels.begin(), labels.end(), [](const QLabel* label) { return label->text() == "MQA s2"; }));
  page.setSession(nullptr);
}

class LabelsInMonitor : public test::MonitorTest {};

TEST_F(LabelsInMonitor, StandInCardsHeaderReadingsChartsAndLog) {
  const store::RunId first = startRun(seeded(1)), second = startRun(seeded(2));
  open();
  ASSERT_TRUE(waitUntil([&] { return m_page.jobs()->card(first) && m_page.jobs()->card(second); }));
  EXPECT_EQ(m_page.jobs()->card(first)->label(), "MQA s1");
  EXPECT_TRUE(m_page.jobs()->card(second)->accessibleName().startsWith("MQA s2, "))
      << m_page.jobs()->card(second)->accessibleName().toStdString();
  QStringList curves;
  for (const ChartRun& run : m_page.charts()->runs()) curves << run.name;
  curves.sort();
  EXPECT_EQ(curves, (QStringList{"MQA s1", "MQA s2"}));
  QTest::mouseClick(m_page.jobs()->card(second), Qt::LeftButton, {}, QPoint(120, 10));
  const auto shows = [](const QWidget& where, const QString& text) {
    const auto labels = where.findChildren<QLabel*>();
    return std::any_of(labels.begin(), labels.end(), [&](const QLabel* label) { return label->text() == text; });
  };
  EXPECT_TRUE(m_page.strip()->factsText().contains("current: MQA s2")) << m_page.strip()->factsText().toStdString();
  EXPECT_TRUE(shows(*m_page.log(), "MQA s2"));
}

}  // namespace
}  // namespace weft::ui
