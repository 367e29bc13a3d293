#include "tests/ui/monitor_fixture.h"
#include "ui/window/theme_controller.h"

namespace weft::ui {
namespace {

using test::waitUntil;

// The page as the design draws it: three jobs under way, alerts, one ended badly, some done. The pictures are kept for
// people.
class MonitorPicture : public test::MonitorTest {
 protected:
  void fill() {
    m_project.addFinished({.name = "H46-MQA", .steps = 120});
    m_project.addFinished({.name = "H128-GQA4", .perplexity = 13.36, .steps = 120});
    const store::RunId big = startRun({.name = "H128-MHA-32L", .steps = 7153}, "cuda:3");
    m_project.fail(big, "Out of memory at step 31: 96.2 GiB asked for, 79.6 GiB free.");
    const double now = now_s();
    const struct {
      const char* name;
      const char* device;
      std::int64_t step;
      double floor;
    } jobs[] = {{"H64-MQA-CLA2", "cuda:0", 4410, 2.02},
                {"H128-MQA-CLA2", "cuda:1", 2961, 1.98},
                {"H128-MHA", "cuda:2", 1402, 1.94}};
    for (const auto& job : jobs) {
      const store::RunId id = startRun({.name = job.name, .steps = 7153}, job.device);
      m_runs.push_back(id);
      addSteps(id, 0, job.step, 7153, now - 4, job.floor, 2);
      for (std::int64_t step = 500; step <= job.step; step += 500)
        addEvaluation(id, step, test::metricsAt(step, 7153, job.floor).at("train/loss") + 0.03);
    }
    // A spike of some steps.
    std::vector<store::Row> spike;
    for (std::int64_t step = 2214; step < 2222; ++step) {
      auto values = test::metricsAt(step, 7153, 1.98);
      values["train/loss"] += 1.1 * std::exp(-static_cast<double>(step - 2214) / 3);
      values["train/gradient_norm"] = 9.4 * std::exp(-static_cast<double>(step - 2214) / 3);
      spike.emplace_back(store::MetricRow{.time = now - 4 - static_cast<double>(2961 - step) * 2,
                                          .step = step,
                                          .tokens = step * 2048,
                                          .values = values});
    }
    // Written over the steps' first values; the run itself is further.
    m_project.ingest(m_runs[1], std::move(spike));
    addSteps(m_runs[1], 2960, 2961, 7153, now - 4, 1.98, 2);
    addAlert(m_runs[0], 4000, "Waits for data 29% of the time: the loader is slower than the device.", "info");
    addAlert(m_runs[1], 2214,
             "Loss spike at step 2,214: 2.96 to 4.02, gradient norm 9.4; back to trend after 61 steps.");
    std::string log;
    for (int step = 2900; step <= 2961; ++step)
      log += "12:03:28  step " + std::to_string(step) + "  loss 2.896  lr 2.13e-4  norm 0.41\n";
    log += "12:03:29  checkpoint step-2960: 13.3 GB in 4.8 s\n12:04:31  step 2961  loss 2.887  lr 2.13e-4  norm 0.41\n";
    writeLog(m_runs[1], log);
    m_project.addQueued({.name = "H128-MQA-CLA3", .steps = 7153});
  }
  std::vector<store::RunId> m_runs;
};

TEST_F(MonitorPicture, ShowsJobsCurvesAlertsReadingsAndLogInBothThemesAndScales) {
  fill();
  open();
  m_page.resize(1368, 844);
  ASSERT_TRUE(waitForStep(m_runs[0], 4410) && waitForStep(m_runs[1], 2961) && waitForStep(m_runs[2], 1402));
  ASSERT_TRUE(waitUntil([&] { return m_page.alerts()->model()->rowCount() == 2; }));
  ThemeController theme(ThemeChoice::Light);
  m_page.alerts()->setCurrentIndex(m_page.alerts()->model()->index(0, 0));
  Q_EMIT m_page.alerts()->alertChosen(m_page.lossChart()->alerts().back().id);
  ASSERT_TRUE(waitUntil([&] { return m_page.log()->lastLine().contains(QStringLiteral("step 2961")); }));
  const QImage light = keepPicture(QStringLiteral("monitor-light"));
  const QImage light2 = keepPicture(QStringLiteral("monitor-light-2x"), 2);
  theme.setChoice(ThemeChoice::Dark);
  const QImage dark = keepPicture(QStringLiteral("monitor-dark"));
  keepPicture(QStringLiteral("monitor-dark-2x"), 2);
  theme.setChoice(ThemeChoice::Light);
  EXPECT_EQ(light2.size(), light.size() * 2);
  EXPECT_NE(light, dark);
  // Each run's colour is there: in its card and on its curve.
  for (const store::RunId run : m_runs) {
    const QColor wanted = runStyle(run, Theme::light()).line;
    int found = 0;
    for (int y = 0; y < light.height(); ++y)
      for (int x = 0; x < light.width(); ++x) found += light.pixelColor(x, y) == wanted;
    EXPECT_GT(found, 200) << wanted.name().toStdString();
  }
}

TEST_F(MonitorPicture, HidesItsSideWhereThereIsNoRoom) {
  fill();
  open();
  m_page.resize(760, 520);
  ASSERT_TRUE(waitForStep(m_runs[0], 4410));
  EXPECT_FALSE(m_page.smallCharts()->isVisible());
  EXPECT_GT(m_page.lossChart()->plotArea().height(), 100);
  keepPicture(QStringLiteral("monitor-small"));
  m_page.resize(1300, 700);
  EXPECT_TRUE(m_page.smallCharts()->isVisible());
}

}  // namespace
}  // namespace weft::ui
