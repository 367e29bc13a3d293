// tests/ui/compare_fixture.h -- a project with the paper's Table 1 as finished runs, and the Compare page on it.
#pragma once

#include <QImage>
#include <QPainter>
#include <QSettings>
#include <QWidget>
#include <memory>

#include "engine/config/presets.h"
#include "tests/ui/figures_fixture.h"
#include "ui/compare/compare_page.h"
#include "ui/models/project_session.h"

namespace weft::ui::test {

// With the configurations of the presets, so that pairs differ in real settings.
inline std::vector<SampleRun> table1WithConfigs() {
  std::vector<SampleRun> samples = table1Samples();
  for (SampleRun& sample : samples) {
    const QString preset = QStringLiteral("paper-1b-%1").arg(QString::fromStdString(sample.name).toLower());
    if (const auto config = config::preset(preset.toStdString())) sample.configToml = config::toToml(*config);
    sample.kvMeasured = sample.kvBytesPerToken;
    sample.parameters = 945'800'000;
    sample.steps = 20;
  }
  return samples;
}

class ComparePageTest : public testing::Test {
 protected:
  void fill() {
    for (const SampleRun& sample : table1WithConfigs()) m_project.addFinished(sample);
  }
  void open() {
    m_session = std::make_unique<ProjectSession>(m_project.project());
    m_page.setSession(m_session.get());
    m_page.resize(1368, 840);
    m_page.show();
    m_page.plot()->setFocus();
    const auto stored = m_project.store().runs();
    ASSERT_TRUE(waitUntil([&] { return m_session->snapshot()->runs.size() == stored->size(); }));
  }
  ~ComparePageTest() override { m_page.setSession(nullptr); }

  store::RunId id(const char* name) { return m_project.store().findRun(name)->id; }
  // The point's place in the plot, as painted.
  QPoint at(const char* name) {
    m_page.plot()->replot();
    return m_page.plot()->pixelOf(id(name)).value_or(QPointF(-1, -1)).toPoint();
  }

 public:
  static QImage picture(QWidget& widget, double scale) {
    QImage image((QSizeF(widget.size()) * scale).toSize(), QImage::Format_RGB32);
    image.setDevicePixelRatio(scale);
    widget.render(&image);
    return image;
  }

 protected:
  // The page remembers columns and axes; no test may see another's.
  struct NoSettings {
    NoSettings() { QSettings().remove(QStringLiteral("compare")); }
  } m_noSettings;
  TestProject m_project;
  std::unique_ptr<ProjectSession> m_session;
  ComparePage m_page;
};

}  // namespace weft::ui::test
