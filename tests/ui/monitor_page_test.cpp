#include <QAction>
#include <QApplication>
#include <QClipboard>
#include <QFileDialog>
#include <QMenu>
#include <QMessageBox>
#include <QPushButton>
#include <QSlider>
#include <QTableView>
#include <QWheelEvent>

#include "tests/ui/monitor_fixture.h"
#include "ui/window/theme_controller.h"

namespace weft::ui {
namespace {

using test::waitUntil;
using MonitorPageTest = test::MonitorTest;

QPushButton* buttonOf(QWidget* widget, const QString& text) {
  for (QPushButton* button : widget->findChildren<QPushButton*>())
    if (button->text() == text && button->isVisible()) return button;
  return nullptr;
}

TEST_F(MonitorPageTest, LetsTheCurveGrowWhileTheJobRuns) {
  const store::RunId live = startRun({.name = "live"});
  addSteps(live, 0, 40);
  open();
  ASSERT_TRUE(waitForStep(live, 40));
  EXPECT_EQ(m_page.jobs()->current(), live);
  for (std::int64_t step = 40; step < 200; step += 40) {
    addSteps(live, step, step + 40);
    ASSERT_TRUE(waitForStep(live, step + 40)) << pointsOf(live);
  }
  const MetricChart* norm = m_page.smallCharts()->chart("train/gradient_norm");
  ASSERT_NE(norm, nullptr);
  EXPECT_EQ(norm->lastReading(live)->x, 200) << "small charts grow with it";
  EXPECT_EQ(norm->xAxis->range(), m_page.lossChart()->xAxis->range());
}

TEST_F(MonitorPageTest, KeepsAZoomedViewWhenNewPointsArrive) {
  const store::RunId live = startRun({.name = "live"});
  addSteps(live, 0, 100);
  open();
  ASSERT_TRUE(waitForStep(live, 100));
  LossChart* loss = m_page.lossChart();
  const QPoint middle = loss->plotArea().center();
  QWheelEvent wheel(middle, loss->mapToGlobal(middle), {}, QPoint(0, 240), Qt::NoButton, {}, Qt::NoScrollPhase, false);
  QApplication::sendEvent(loss, &wheel);
  const QCPRange zoomed = loss->xAxis->range();
  EXPECT_EQ(m_page.smallCharts()->chart("train/learning_rate")->xAxis->range(), zoomed) << "zoom on one zooms all";
  addSteps(live, 100, 180);
  ASSERT_TRUE(waitForStep(live, 180));
  EXPECT_EQ(loss->xAxis->range(), zoomed);
  QTest::mouseDClick(loss, Qt::LeftButton, {}, middle);
  EXPECT_EQ(loss->xAxis->range(), QCPRange(0, 300)) << "fitted again: up to the planned end";
}

TEST_F(MonitorPageTest, ZoomsOnlyThisChartWithAlt) {
  const store::RunId live = startRun({.name = "live"});
  addSteps(live, 0, 100);
  open();
  ASSERT_TRUE(waitForStep(live, 100));
  MetricChart* rate = m_page.smallCharts()->chart("train/learning_rate");
  const QCPRange before = m_page.lossChart()->xAxis->range();
  QCoreApplication::processEvents();
  const QPoint middle = rate->plotArea().center();
  QWheelEvent wheel(middle, rate->mapToGlobal(middle), {}, QPoint(0, 120), Qt::NoButton, Qt::AltModifier,
                    Qt::NoScrollPhase, false);
  QApplication::sendEvent(rate, &wheel);
  EXPECT_LT(rate->xAxis->range().size(), before.size());
  EXPECT_EQ(m_page.lossChart()->xAxis->range(), before);
}

TEST_F(MonitorPageTest, ReadsEveryChartAtThePinnedCursorAndCopies) {
  const store::RunId a = startRun({.name = "MQA"});
  addSteps(a, 0, 200);
  const store::RunId b = startRun({.name = "MQA-CLA2"});
  addSteps(b, 0, 120);
  open();
  ASSERT_TRUE(waitForStep(a, 200) && waitForStep(b, 120));
  EXPECT_EQ(m_page.readings()->caption(), QStringLiteral("latest"));
  LossChart* loss = m_page.lossChart();
  const QPoint at(static_cast<int>(loss->xAxis->coordToPixel(100)), loss->plotArea().center().y());
  QTest::mouseMove(loss, at);
  QTest::mouseClick(loss, Qt::LeftButton, {}, at);
  ASSERT_TRUE(m_page.cursor()->isPinned());
  EXPECT_NEAR(*m_page.cursor()->x(), 100, 1);
  const auto* title = m_page.smallCharts()->title("train/tokens_per_second");
  ASSERT_NE(title, nullptr);
  ASSERT_EQ(title->readings().size(), 2u);
  EXPECT_TRUE(title->readings()[0].text.endsWith(QStringLiteral(" k"))) << title->readings()[0].text.toStdString();
  QTest::keyClick(loss, Qt::Key_C, Qt::ControlModifier);
  const QStringList lines = QApplication::clipboard()->text().split(u'\n');
  ASSERT_GE(lines.size(), 3);
  EXPECT_TRUE(lines[0].startsWith(QStringLiteral("Run\tStep\tLoss"))) << lines[0].toStdString();
  EXPECT_TRUE(lines[1].startsWith(QStringLiteral("MQA\t"))) << lines[1].toStdString();
  const auto reading = loss->reading(a, *m_page.cursor()->x());
  EXPECT_TRUE(lines[1].contains(metricValue(reading->raw, Quantity::Number)));
}

TEST_F(MonitorPageTest, OverlaysEveryRunningJobAndPlotsOneAloneByDoubleClick) {
  const store::RunId a = startRun({.name = "a"});
  addSteps(a, 0, 50);
  const store::RunId b = startRun({.name = "b"});
  addSteps(b, 0, 50);
  open();
  ASSERT_TRUE(waitForStep(a, 50) && waitForStep(b, 50));
  EXPECT_EQ(m_page.jobs()->plotted(), (std::vector<store::RunId>{a, b}));
  JobCard* card = m_page.jobs()->card(a);
  QTest::mouseDClick(card, Qt::LeftButton, {}, {120, 60});
  EXPECT_EQ(m_page.jobs()->plotted(), std::vector<store::RunId>{a});
  EXPECT_FALSE(m_page.lossChart()->lastReading(b));
  QTest::mouseClick(m_page.jobs()->card(b), Qt::LeftButton, Qt::ControlModifier, {120, 60});
  EXPECT_EQ(m_page.jobs()->plotted(), (std::vector<store::RunId>{a, b}));
  EXPECT_EQ(m_page.jobs()->current(), b);
  EXPECT_TRUE(m_page.lossChart()->lastReading(b)) << "what was loaded before is there at once";
  QTest::keyClick(m_page.jobs()->card(b), Qt::Key_Up);
  EXPECT_EQ(m_page.jobs()->current(), a);
}

TEST_F(MonitorPageTest, PlotsAJobThatStartsWhileItIsOpen) {
  m_project.addFinished({.name = "old"});
  open();
  ASSERT_TRUE(waitUntil([&] { return m_page.jobs()->plotted().size() == 1; }));
  const store::RunId live = startRun({.name = "new"});
  addSteps(live, 0, 20);
  ASSERT_TRUE(waitForStep(live, 20));
  EXPECT_EQ(m_page.jobs()->plotted(), std::vector<store::RunId>{live})
      << "the old one was shown only because nothing ran";
  EXPECT_EQ(m_page.jobs()->current(), live);
}

TEST_F(MonitorPageTest, ShowsTheRunsThatAnotherPageAsksFor) {
  test::fillWithTable1(m_project);
  open();
  const store::RunId first = m_project.store().findRun("H128-MHA")->id,
                     second = m_project.store().findRun("H64-MQA")->id;
  m_page.showRuns({first, second});
  ASSERT_TRUE(
      waitUntil([&] { return m_page.lossChart()->lastReading(first) && m_page.lossChart()->lastReading(second); }));
  EXPECT_EQ(m_page.jobs()->current(), first);
  EXPECT_EQ(m_page.strip()->titleText(), QStringLiteral("2 runs"));
  EXPECT_TRUE(m_page.strip()->factsText().startsWith(QStringLiteral("2 finished · current: H128-MHA, finished")))
      << m_page.strip()->factsText().toStdString();
}

TEST_F(MonitorPageTest, AsksTheSessionToStopAndPauseAndAsksThePersonBeforeAKill) {
  const store::RunId live = startRun({.name = "live"});
  addSteps(live, 0, 20);
  open();
  ASSERT_TRUE(waitForStep(live, 20));
  JobCard* card = m_page.jobs()->card(live);
  const auto requests = [&] { return *m_project.store().service().openRequests(); };
  QTest::mouseClick(buttonOf(card, QStringLiteral("Kill...")), Qt::LeftButton);
  QMessageBox* box = m_page.findChild<QMessageBox*>();
  ASSERT_NE(box, nullptr);
  EXPECT_EQ(box->defaultButton(), box->button(QMessageBox::Cancel));
  QTest::keyClick(box, Qt::Key_Return);
  EXPECT_TRUE(requests().empty()) << "nothing is killed without a yes";
  QTest::mouseClick(buttonOf(card, QStringLiteral("Stop")), Qt::LeftButton);
  ASSERT_TRUE(waitUntil([&] { return requests().size() == 1; }));
  EXPECT_EQ(requests()[0].kind, store::RequestKind::Stop);
  EXPECT_EQ(requests()[0].job, m_project.jobOf(live));
  m_page.activateWindow();
  card->setFocus();
  ASSERT_TRUE(waitUntil([&] { return card->hasFocus(); }));
  QTest::keyClick(card, Qt::Key_P);
  ASSERT_TRUE(waitUntil([&] { return requests().size() == 2; })) << "P pauses, as in Queue";
  EXPECT_EQ(requests()[1].kind, store::RequestKind::Pause);
}

TEST_F(MonitorPageTest, SaysWhyARunFailedWithTheLastLineOfItsLog) {
  const store::RunId big = startRun({.name = "big"});
  addSteps(big, 0, 30);
  writeLog(big, "step 29  loss 3.1\nstep 30  loss 3.0\nCUDA error: out of memory\n");
  m_project.fail(big, "Out of memory at step 31: 96.2 GiB asked for, 79.6 GiB free.");
  open();
  ASSERT_TRUE(waitForStep(big, 30));
  EXPECT_EQ(m_page.strip()->failureText(),
            QStringLiteral("Out of memory at step 31: 96.2 GiB asked for, 79.6 GiB free."));
  ASSERT_TRUE(waitUntil([&] { return m_page.log()->lastLine() == QStringLiteral("CUDA error: out of memory"); }));
  ASSERT_TRUE(m_page.strip()->resumeButton()->isVisible());
  QTest::mouseClick(m_page.strip()->resumeButton(), Qt::LeftButton);
  ASSERT_TRUE(waitUntil([&] { return !m_project.store().service().openRequests()->empty(); }));
  EXPECT_EQ(m_project.store().service().openRequests()->front().kind, store::RequestKind::Resume);
  keepPicture(QStringLiteral("monitor-failed"));
}

TEST_F(MonitorPageTest, SaysWhatToDoWhenThereAreNoRuns) {
  open();
  ASSERT_TRUE(waitUntil([&] { return m_page.emptyText().startsWith(QStringLiteral("No runs yet")); }));
  QString opened;
  QObject::connect(&m_page, &Page::openPageRequested, [&](PageId page) { opened = page.name(); });
  QTest::mouseClick(buttonOf(&m_page, QStringLiteral("Open Design")), Qt::LeftButton);
  EXPECT_EQ(opened, QStringLiteral("Design"));
  keepPicture(QStringLiteral("monitor-empty"));
  startRun({.name = "first"});
  EXPECT_TRUE(waitUntil([&] { return m_page.emptyText().isEmpty(); })) << "the first run brings the charts";
}

TEST_F(MonitorPageTest, OffersToStartAStoppedEngineThatHasWork) {
  m_project.addQueued({.name = "waiting"});
  open();
  ASSERT_TRUE(waitUntil([&] { return m_page.engineButton()->isVisible(); }));
  ASSERT_TRUE(waitUntil([&] {
    return m_page.lossChart()->emptyText().contains(QStringLiteral("the engine is stopped"));
  })) << m_page.lossChart()->emptyText().toStdString();
  keepPicture(QStringLiteral("monitor-engine-stopped"));
}

TEST_F(MonitorPageTest, PutsAnAlertOnItsCurveAndInTheList) {
  const store::RunId live = startRun({.name = "live"});
  addSteps(live, 0, 150);
  addAlert(live, 90, "Loss spike at step 90: 2.96 to 4.02, gradient norm 9.4.");
  open();
  ASSERT_TRUE(waitForStep(live, 150));
  ASSERT_TRUE(waitUntil([&] { return m_page.alerts()->model()->rowCount() == 1; }));
  EXPECT_EQ(m_page.alerts()->model()->index(0, 0).data().toString(), QStringLiteral("Loss spike at step 90"));
  ASSERT_EQ(m_page.lossChart()->alerts().size(), 1u);
  const auto pixel = m_page.lossChart()->alertPixel(m_page.lossChart()->alerts()[0]);
  ASSERT_TRUE(pixel);
  EXPECT_NEAR(m_page.lossChart()->xAxis->pixelToCoord(pixel->x()), 90, 0.01);
  QTest::mouseClick(m_page.alerts()->viewport(), Qt::LeftButton, {}, {60, 12});
  EXPECT_NE(m_page.lossChart()->currentAlert(), 0);
  EXPECT_TRUE(m_page.cursor()->isPinned());
  EXPECT_NEAR(*m_page.cursor()->x(), 90, 0.01);
  // And the other way round.
  m_page.cursor()->clear();
  m_page.lossChart()->setCurrentAlert(0);
  QTest::mouseClick(m_page.lossChart(), Qt::LeftButton, {}, pixel->toPoint());
  ASSERT_TRUE(waitUntil([&] { return m_page.lossChart()->currentAlert() != 0; }));
  EXPECT_TRUE(m_page.cursor()->isPinned());
}

TEST_F(MonitorPageTest, CountsStepsTokensOrTimeAlongX) {
  const store::RunId live = startRun({.name = "live"});
  addSteps(live, 0, 200, 300, now_s(), 2.5, 2.0);
  open();
  ASSERT_TRUE(waitForStep(live, 200));
  ChartOptions options = m_page.controls()->options();
  options.x = XAxis::Tokens;
  m_page.controls()->setOptions(options);
  EXPECT_EQ(m_page.lossChart()->lastReading(live)->x, 200 * 2048);
  EXPECT_EQ(m_page.lossChart()->xAxis->range().upper, 300 * 2048) << "the planned end is near";
  options.x = XAxis::Time;
  m_page.controls()->setOptions(options);
  EXPECT_NEAR(m_page.lossChart()->lastReading(live)->x, 398, 0.01) << "seconds since the first point";
  options.x = XAxis::Steps;
  m_page.controls()->setOptions(options);
  EXPECT_EQ(m_page.lossChart()->lastReading(live)->x, 200);
}

TEST_F(MonitorPageTest, SmoothsByTheSliderAndShowsTheValuesThemselvesAtItsEnd) {
  const store::RunId live = startRun({.name = "live"});
  addSteps(live, 0, 100);
  open();
  ASSERT_TRUE(waitForStep(live, 100));
  m_page.controls()->smoothing()->setValue(0);
  const auto plain = m_page.lossChart()->reading(live, 50);
  EXPECT_EQ(plain->raw, plain->smooth);
  m_page.controls()->smoothing()->setValue(8);
  EXPECT_NE(m_page.lossChart()->reading(live, 50)->smooth, plain->smooth);
  EXPECT_EQ(m_page.lossChart()->reading(live, 50)->raw, plain->raw);
}

TEST_F(MonitorPageTest, GivesAChartToEveryMetricThatARunHasAndHidesItOnRequest) {
  const store::RunId live = startRun({.name = "live"});
  addSteps(live, 0, 30);
  open();
  ASSERT_TRUE(waitForStep(live, 30));
  EXPECT_EQ(m_page.smallCharts()->chart("probe/head_entropy"), nullptr);
  m_project.ingest(
      live,
      {store::MetricRow{.time = now_s(), .step = 31, .tokens = 31 * 2048, .values = {{"probe/head_entropy", 1.5}}}});
  ASSERT_TRUE(waitUntil([&] { return m_page.smallCharts()->chart("probe/head_entropy") != nullptr; }));
  EXPECT_TRUE(m_page.smallCharts()->chart("probe/head_entropy")->isVisible());
  Q_EMIT m_page.controls()->chartToggled("probe/head_entropy", false);
  EXPECT_FALSE(m_page.smallCharts()->chart("probe/head_entropy")->isVisible());
}

TEST_F(MonitorPageTest, ExportsTheCurvesOnShowIntoTheFileThatIsNamed) {
  const store::RunId live = startRun({.name = "live"});
  addSteps(live, 0, 50);
  open();
  ASSERT_TRUE(waitForStep(live, 50));
  QString said;
  QObject::connect(&m_page, &Page::messageRaised, [&](const QString& sentence, bool) { said = sentence; });
  const auto exported = [&](const QString& name, const std::function<void()>& ask) {
    said.clear();
    ask();
    const QString path = m_project.folder() + u'/' + name;
    QFileDialog* dialog = nullptr;
    for (QFileDialog* found : m_page.findChildren<QFileDialog*>())
      if (found->isVisible()) dialog = found;
    EXPECT_NE(dialog, nullptr);
    if (!dialog) return QByteArray();
    dialog->selectFile(path);
    QMetaObject::invokeMethod(dialog, "accept");
    EXPECT_TRUE(waitUntil([&] { return said.startsWith(QStringLiteral("Exported to ")); })) << said.toStdString();
    QFile file(path);
    EXPECT_TRUE(file.open(QIODevice::ReadOnly)) << path.toStdString();
    return file.readAll();
  };
  for (const char* format : {"pdf", "svg", "png", "csv"}) {
    const QByteArray bytes = exported(QStringLiteral("loss.%1").arg(QLatin1String(format)),
                                      [&] { Q_EMIT m_page.controls()->exportRequested(QString::fromLatin1(format)); });
    EXPECT_GT(bytes.size(), 500) << format;
    if (format == std::string("csv")) {
      EXPECT_EQ(bytes.count('\n'), 51) << "each plotted point";
    }
  }
  // A small chart by its context menu.
  Q_EMIT m_page.smallCharts()->exportRequested("train/learning_rate", {10, 10});
  QAction* csv = nullptr;
  for (QMenu* menu : m_page.findChildren<QMenu*>())
    for (QAction* action : menu->actions())
      if (action->text().startsWith(QStringLiteral("CSV")) && menu->title() == QStringLiteral("Export this chart"))
        csv = action;
  ASSERT_NE(csv, nullptr);
  const QByteArray rate = exported(QStringLiteral("rate.csv"), [&] { csv->trigger(); });
  EXPECT_TRUE(rate.contains("learning_rate") || rate.contains("7.5e-06")) << rate.left(200).toStdString();
}

TEST_F(MonitorPageTest, RepaintsEverythingInTheOtherTheme) {
  const store::RunId live = startRun({.name = "live"});
  addSteps(live, 0, 60);
  open();
  ASSERT_TRUE(waitForStep(live, 60));
  ThemeController theme(ThemeChoice::Light);
  const auto brightness = [&] {
    const QImage image = keepPicture(QStringLiteral("monitor-theme"));
    double sum = 0;
    for (int y = 0; y < image.height(); y += 7)
      for (int x = 0; x < image.width(); x += 7) sum += image.pixelColor(x, y).lightnessF();
    return sum / (image.height() / 7.0 * (image.width() / 7.0));
  };
  EXPECT_GT(brightness(), 0.85);
  theme.setChoice(ThemeChoice::Dark);
  QCoreApplication::processEvents();
  EXPECT_LT(brightness(), 0.25) << "no part stays light";
  theme.setChoice(ThemeChoice::Light);
}

TEST_F(MonitorPageTest, IsNamedForScreenReadersAndReachableWithTab) {
  const store::RunId live = startRun({.name = "live"});
  addSteps(live, 0, 30);
  open();
  ASSERT_TRUE(waitForStep(live, 30));
  for (const Plot* plot : m_page.findChildren<Plot*>()) {
    EXPECT_FALSE(plot->accessibleName().isEmpty());
    EXPECT_TRUE(plot->focusPolicy() & Qt::TabFocus);
  }
  EXPECT_EQ(m_page.jobs()->card(live)->accessibleName(), QStringLiteral("live, Running, 10%"));
  EXPECT_TRUE(m_page.jobs()->card(live)->focusPolicy() & Qt::TabFocus);
  EXPECT_FALSE(m_page.readings()->table()->accessibleName().isEmpty()) << "every plot has its table";
  EXPECT_FALSE(m_page.controls()->smoothing()->accessibleName().isEmpty());
}

}  // namespace
}  // namespace weft::ui
