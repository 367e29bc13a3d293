#include "ui/queue/queue_page.h"

#include <gtest/gtest.h>

#include <QComboBox>
#include <QTest>

#include "tests/ui/window_fixture.h"
#include "ui/queue/lanes_widget.h"

namespace weft::ui {
namespace {

using test::TestProject;
using test::waitUntil;

class QueuePageTest : public testing::Test {
 protected:
  void open() {
    m_session = std::make_unique<ProjectSession>(m_project.project());
    m_page.setSession(m_session.get());
    m_page.resize(1360, 800);
    m_page.show();
    const auto stored = m_project.store().runs();
    ASSERT_TRUE(waitUntil([&] { return m_session->snapshot()->runs.size() == stored->size(); }));
  }
  ~QueuePageTest() override { m_page.setSession(nullptr); }

  QStringList waiting() const {
    QStringList names;
    for (const store::JobId id : m_page.model()->waiting())
      if (const store::Job* job = m_page.model()->jobAt(m_page.model()->rowOf(id)))
        names << m_page.model()->nameOf(*job);
    return names;
  }

  TestProject m_project;
  std::unique_ptr<ProjectSession> m_session;
  QueuePage m_page;
};

TEST_F(QueuePageTest, ReordersWithAltUpAndAltDown) {
  for (const char* name : {"a", "b", "c"}) m_project.addQueued({.name = name});
  open();
  EXPECT_EQ(waiting(), (QStringList{"a", "b", "c"}));
  m_page.table()->selectRun(m_project.store().findRun("c")->id);
  m_page.table()->setFocus();
  QTest::keyClick(m_page.table(), Qt::Key_Up, Qt::AltModifier);
  ASSERT_TRUE(waitUntil([&] {
    return waiting() == QStringList({"a", "c", "b"});
  })) << waiting().join(u' ').toStdString();
  QTest::keyClick(m_page.table(), Qt::Key_Up, Qt::AltModifier);
  ASSERT_TRUE(waitUntil([&] { return waiting() == QStringList({"c", "a", "b"}); }));
  ASSERT_EQ(m_page.table()->currentRun()->name, "c") << "the selection moves with its job";
  QTest::keyClick(m_page.table(), Qt::Key_Up, Qt::AltModifier);
  QTest::keyClick(m_page.table(), Qt::Key_Down, Qt::AltModifier);
  EXPECT_TRUE(waitUntil([&] { return waiting() == QStringList({"a", "c", "b"}); })) << "up at the top did nothing";
}

TEST_F(QueuePageTest, PutsTheRunningJobOnItsLaneAndSelectsItByClick) {
  m_project.addQueued({.name = "live"});
  const store::RunId live = m_project.start(60);
  m_project.addQueued({.name = "next"});
  open();
  m_page.lanes()->grab();
  const QueuePlan plan = planQueue(*m_session->snapshot(), 1'790'000'200);
  ASSERT_NE(plan.find(m_project.jobOf(live)), nullptr);
  EXPECT_TRUE(plan.find(m_project.jobOf(live))->isRunning);
  m_page.table()->selectRun(m_project.store().findRun("next")->id);
  // Any point of the running job's bar that the widget itself reports.
  QPoint inside(-1, -1);
  for (int x = 0; x < m_page.lanes()->width() && inside.x() < 0; x += 3)
    if (m_page.lanes()->jobAt(QPointF(x, 50)) == m_project.jobOf(live)) inside = QPoint(x, 50);
  ASSERT_GE(inside.x(), 0);
  QTest::mouseClick(m_page.lanes(), Qt::LeftButton, {}, inside);
  ASSERT_NE(m_page.table()->currentRun(), nullptr);
  EXPECT_EQ(m_page.table()->currentRun()->id, live);
}

TEST_F(QueuePageTest, OffersPauseStopAndKillForARunningJobOnly) {
  m_project.addQueued({.name = "live"});
  m_project.start(60);
  m_project.addQueued({.name = "next"});
  open();
  const auto commands = [&](const char* name) {
    std::vector<JobCommand> offered;
    for (const JobButton& button : jobButtons(*m_project.store().training(m_project.store().findRun(name)->id)))
      offered.push_back(button.command);
    return offered;
  };
  EXPECT_EQ(commands("live"), (std::vector<JobCommand>{JobCommand::Pause, JobCommand::Stop, JobCommand::Kill}));
  EXPECT_EQ(commands("next"), (std::vector<JobCommand>{JobCommand::Hold, JobCommand::Remove}));
}

TEST_F(QueuePageTest, StoresARequestWhenAButtonOfARowIsClicked) {
  m_project.addQueued({.name = "live"});
  const store::RunId live = m_project.start(60);
  open();
  const QModelIndex cell = m_page.model()->index(m_page.model()->rowOf(live), static_cast<int>(QueueColumn::Actions));
  const QRect area = m_page.table()->visualRect(cell);
  // The first of three buttons: Pause.
  std::optional<QPoint> pause;
  for (int x = area.left(); x < area.right() && !pause; ++x)
    if (QueueDelegate::buttonAt(area, {x, area.center().y()}, *m_page.model()->jobAt(m_page.model()->rowOf(live))) ==
        JobCommand::Pause)
      pause = QPoint(x + 4, area.center().y());
  ASSERT_TRUE(pause);
  QTest::mouseClick(m_page.table()->viewport(), Qt::LeftButton, {}, *pause);
  ASSERT_TRUE(waitUntil([&] { return !m_project.store().service().openRequests()->empty(); }));
  const auto requests = m_project.store().service().openRequests();
  EXPECT_EQ(requests->front().kind, store::RequestKind::Pause);
  EXPECT_EQ(requests->front().job, m_project.jobOf(live));
}

TEST_F(QueuePageTest, ChangesThePriorityOfTheChosenJob) {
  for (const char* name : {"a", "b"}) m_project.addQueued({.name = name});
  open();
  m_page.table()->selectRun(m_project.store().findRun("b")->id);
  auto* priority = m_page.findChild<QComboBox*>();
  ASSERT_NE(priority, nullptr);
  priority->setCurrentIndex(2);
  Q_EMIT priority->activated(2);
  EXPECT_TRUE(waitUntil([&] { return waiting() == QStringList({"b", "a"}); })) << "high priority goes first";
}

}  // namespace
}  // namespace weft::ui
