// tests/ui/monitor_fixture.h -- a Monitor page over a temporary project whose runs get rows as a service would write
// them, while the page is open.
#pragma once

#include <QFile>
#include <QImage>
#include <QTest>
#include <cmath>
#include <filesystem>

#include "tests/ui/window_fixture.h"
#include "ui/models/run_text.h"
#include "ui/monitor/alert_list.h"
#include "ui/monitor/chart_title.h"
#include "ui/monitor/job_card.h"
#include "ui/monitor/job_list.h"
#include "ui/monitor/linked_charts.h"
#include "ui/monitor/log_view.h"
#include "ui/monitor/loss_chart.h"
#include "ui/monitor/monitor_controls.h"
#include "ui/monitor/monitor_page.h"
#include "ui/monitor/readings_table.h"
#include "ui/monitor/run_strip.h"
#include "ui/monitor/small_charts.h"
#include "ui/plot/shared_cursor.h"

namespace weft::ui::test {

// Loss, rate, norm and speed of a step; the noise is the same every time.
inline std::map<std::string, double> metricsAt(std::int64_t step, std::int64_t steps, double floor = 2.5,
                                               double speed = 47'600) {
  const double x = static_cast<double>(step);
  const double noise = std::sin(x * 12.9898) * 43758.5453;
  const double random = noise - std::floor(noise) - 0.5;
  const double warmup = std::min(1.0, x / 40);
  return {{"train/loss",
           floor + 4 * std::exp(-x / 60) + 1.2 * std::exp(-x / (0.35 * static_cast<double>(steps))) + 0.16 * random},
          {"train/learning_rate", 3e-4 * warmup * (0.55 + 0.45 * std::cos(3.14159 * x / static_cast<double>(steps)))},
          {"train/gradient_norm", 0.4 + 2 * std::exp(-x / 40) + 0.1 * random},
          {"train/tokens_per_second", speed * (1 + 0.03 * random)}};
}

class MonitorTest : public testing::Test {
 protected:
  ~MonitorTest() override { m_page.setSession(nullptr); }

  void open() {
    m_session = std::make_unique<ProjectSession>(m_project.project());
    m_page.setAutoFillBackground(true);
    m_page.setBackgroundRole(QPalette::Base);
    m_page.setSession(m_session.get());
    m_page.resize(1368, 812);
    m_page.show();
    const auto stored = m_project.store().runs();
    ASSERT_TRUE(waitUntil([&] { return m_session->snapshot()->runs.size() == stored->size(); }));
  }

  // A running job without a step yet.
  store::RunId startRun(const SampleRun& sample, const std::string& device = "cpu") {
    const store::RunId id = m_project.addQueued(sample);
    EXPECT_EQ(m_project.start(0, device), id);
    return id;
  }
  // Steps (from, to] of a run, `seconds` apart, the last one at the time `now`.
  void addSteps(store::RunId id, std::int64_t from, std::int64_t to, std::int64_t steps = 300, double now = now_s(),
                double floor = 2.5, double seconds = 0.01) {
    std::vector<store::Row> rows;
    for (std::int64_t step = from + 1; step <= to; ++step)
      rows.emplace_back(store::MetricRow{.time = now - static_cast<double>(to - step) * seconds,
                                         .step = step,
                                         .tokens = step * 2048,
                                         .values = metricsAt(step, steps, floor)});
    rows.emplace_back(store::ProgressRow{.time = now,
                                         .phase = "training",
                                         .done = static_cast<double>(to),
                                         .total = static_cast<double>(steps),
                                         .promise_s = 30});
    m_project.ingest(id, std::move(rows));
  }
  void addAlert(store::RunId id, std::int64_t step, const std::string& message, const std::string& level = "warning") {
    m_project.ingest(id, {store::AlertRow{.time = now_s(), .step = step, .level = level, .message = message}});
  }
  void addEvaluation(store::RunId id, std::int64_t step, double loss) {
    m_project.ingest(id,
                     {store::EvaluationRow{{.step = step,
                                            .split = "valid",
                                            .task = "perplexity",
                                            .loss_nats = loss,
                                            .perplexity = std::exp(loss),
                                            .tokens = 16384,
                                            .time = now_s(),
                                            .values = {{"unigram_perplexity", 60.0}, {"entropy_floor_nats", 2.1}}}}});
  }
  void writeLog(store::RunId id, const std::string& text) {
    const auto folder = m_project.project().runFolder(id);
    std::filesystem::create_directories(folder);
    ASSERT_TRUE(writeFileAtomically(folder / "log.txt", text));
  }

  std::size_t pointsOf(store::RunId id) const {
    const auto reading = m_page.lossChart()->lastReading(id);
    return reading ? static_cast<std::size_t>(reading->x) : 0;
  }
  bool waitForStep(store::RunId id, std::int64_t step) {
    return waitUntil([&] { return pointsOf(id) == static_cast<std::size_t>(step); });
  }

  // The page as a picture, beside the test's own output for people to look at.
  QImage keepPicture(const QString& name, double scale = 1) {
    QCoreApplication::processEvents();
    QImage image((QSizeF(m_page.size()) * scale).toSize(), QImage::Format_RGB32);
    image.setDevicePixelRatio(scale);
    m_page.render(&image);
    const QString folder = qEnvironmentVariable("WEFT_SCREENSHOTS");
    std::filesystem::create_directories(folder.toStdString());
    EXPECT_TRUE(image.save(QStringLiteral("%1/%2.png").arg(folder, name)));
    return image;
  }

  TestProject m_project;
  std::unique_ptr<ProjectSession> m_session;
  MonitorPage m_page;
};

}  // namespace weft::ui::test
