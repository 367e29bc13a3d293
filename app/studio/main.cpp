// weft-studio: composition only. Makes the theme, the pages and the window; or renders the window into a picture; or
// writes a figure.
#include <QApplication>
#include <QDir>
#include <QElapsedTimer>
#include <QImage>
#include <QScreen>
#include <QTimer>
#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <set>

#include "app/studio/options.h"
#include "engine/store/project.h"
#include "engine/store/run_store.h"
#include "ui/compare/compare_page.h"
#include "ui/diagram/design_page.h"
#include "ui/paper/curve_choice.h"
#include "ui/paper/figure.h"
#include "ui/figures/figures_page.h"
#include "ui/measure/measure_page.h"
#include "ui/monitor/monitor_page.h"
#include "ui/queue/queue_page.h"
#include "ui/runs/runs_page.h"
#include "ui/window/app_settings.h"
#include "ui/window/main_window.h"
#include "ui/window/theme_controller.h"

namespace weft::studio {
namespace {

int fail(const Error& error) {
  std::cerr << error.message << "\n";
  return exitCode(error.code);
}

// In the order of the rail; the window takes them over.
std::vector<ui::Page*> makePages() {
  return {new ui::DesignPage(nullptr),  new ui::RunsPage(nullptr),    new ui::MonitorPage(nullptr),
          new ui::ComparePage(nullptr), new ui::MeasurePage(nullptr), new ui::FiguresPage(nullptr),
          new ui::QueuePage(nullptr)};
}

ui::ThemeChoice themeOf(const Options& options) {
  if (options.theme == "light") return ui::ThemeChoice::Light;
  if (options.theme == "dark") return ui::ThemeChoice::Dark;
  if (options.theme == "system") return ui::ThemeChoice::System;
  return ui::settings::theme();
}

Result<void> exportFigure(const Options& options) {
  WEFT_ASSIGN(const store::Project project, store::Project::open(options.project));
  WEFT_ASSIGN(store::RunStore store, store::RunStore::open(project.database(), store::RunStore::Mode::ReadOnly));
  WEFT_ASSIGN(const std::vector<store::RunSummary> all, store.runs());
  ui::FigureOptions figure;
  figure.title = project.name() + ", " + options.exportFigure;
  figure.kind = options.exportFigure == "pareto" ? ui::FigureKind::Pareto
                : options.exportFigure == "loss" ? ui::FigureKind::Curves
                                                 : ui::FigureKind::SharingMaps;
  std::vector<ui::FigureRun> runs;
  std::set<std::int64_t> found;
  for (const store::RunSummary& run : all) {
    const auto holds = [&](const auto& range) { return range.first <= run.id.value && run.id.value <= range.second; };
    if (options.runs.empty() ? run.archived : std::none_of(options.runs.begin(), options.runs.end(), holds)) continue;
    if (run.baseline) figure.baseline = run.id;
    found.insert(run.id.value);
    runs.push_back({.summary = run, .series = {}});
  }
  // Of a range, what is there; a number that was named must be.
  for (const auto& [first, last] : options.runs)
    if (first == last && !found.contains(first))
      return weft::fail(ErrorCode::NotFound, "The project has no run " + std::to_string(first) + ".");
  if (figure.kind == ui::FigureKind::Curves) {
    for (const std::size_t i : ui::leaveOutCurves(figure, runs)) {
      WEFT_ASSIGN(runs[i].series, store.metric(runs[i].summary.id, figure.metric));
    }
  }
  return ui::writeFigure(QString::fromStdString(options.out), figure, runs);
}

// Renders the real window once it has settled: the project is open, enough runs have ended, every queued event is done.
class Screenshot : public QObject {
 public:
  Screenshot(ui::MainWindow& window, const Options& options) : m_window(window), m_options(options) {
    m_clock.start();
    connect(&window, &ui::MainWindow::projectFailed, this, [](const QString& sentence) {
      std::cerr << sentence.toStdString() << "\n";
      QCoreApplication::exit(2);
    });
    connect(&m_timer, &QTimer::timeout, this, [this] { look(); });
    m_timer.start(100);
  }

 private:
  void look() {
    if (!m_options.project.empty() && !m_window.session()) return;
    if (m_window.session()) {
      const auto snapshot = m_window.session()->snapshot();
      const auto ended = std::count_if(snapshot->runs.begin(), snapshot->runs.end(),
                                       [](const auto& run) { return store::isTerminal(run.state); });
      if (m_options.waitRuns > 0 && ended < m_options.waitRuns) return;
    }
    // Pages load their curves after the snapshot; give their answers a second to arrive and be painted.
    if (m_readyAt < 0) {
      m_readyAt = m_clock.elapsed();
      if (!m_options.page.empty()) m_window.showPage(QString::fromStdString(m_options.page));
    }
    if (m_clock.elapsed() - m_readyAt < 1000) return;
    m_timer.stop();
    const QImage image = m_window.grab().toImage().convertToFormat(QImage::Format_RGB32);
    const QString path = QString::fromStdString(m_options.screenshot);
    if (!image.save(path)) {
      std::cerr << "The picture " << m_options.screenshot
                << " cannot be written; the folder must exist and the name end in .png.\n";
      QCoreApplication::exit(2);
      return;
    }
    QCoreApplication::exit(0);
  }

  ui::MainWindow& m_window;
  const Options& m_options;
  QTimer m_timer;
  QElapsedTimer m_clock;
  qint64 m_readyAt = -1;
};

int runWindow(QApplication& app, const Options& options) {
  ui::setFontChoice(ui::settings::fonts());
  ui::ThemeController theme(themeOf(options));
  ui::MainWindow window(theme, makePages());
  if (!options.size.empty()) {
    const QStringList parts = QString::fromStdString(options.size).split(u'x');
    const QSize size(parts.value(0).toInt(), parts.value(1).toInt());
    if (parts.size() != 2 || size.width() < 400 || size.height() < 300) {
      std::cerr << "--size " << options.size << " is no size; write it as 1440x900.\n";
      return 2;
    }
    window.resize(size);
  }
  if (!options.page.empty() && !window.page(QString::fromStdString(options.page))) {
    std::cerr << "There is no page " << options.page
              << "; there are Design, Runs, Monitor, Compare, Measure, Figures, Queue and Settings.\n";
    return 2;
  }
  QString project = QString::fromStdString(options.project);
  if (project.isEmpty() && options.screenshot.empty() && !ui::settings::recentProjects().isEmpty())
    project = ui::settings::recentProjects().first();
  if (!project.isEmpty()) window.openProject(project);
  if (!options.page.empty())
    window.showPage(QString::fromStdString(options.page));
  else if (!project.isEmpty())
    window.showPage(ui::pages::kRuns);
  // No larger than the screen: at scale 2 a laptop has 960 x 540.
  if (options.size.empty() && options.screenshot.empty())
    window.resize(window.size().boundedTo(window.screen()->availableGeometry().size()));
  window.show();
  std::unique_ptr<Screenshot> screenshot;
  if (!options.screenshot.empty()) screenshot = std::make_unique<Screenshot>(window, options);
  return app.exec();
}

}  // namespace
}  // namespace weft::studio

int main(int argc, char** argv) {
  weft::studio::Options options;
  if (const int code = weft::studio::parseOptions(argc, argv, options); code >= 0) return code;
  // Nothing is shown: no display is needed.
  const bool needsDisplay = options.exportFigure.empty() && options.screenshot.empty();
  if (!needsDisplay && !qEnvironmentVariableIsSet("QT_QPA_PLATFORM")) qputenv("QT_QPA_PLATFORM", "offscreen");
  // Without a session Qt warns of a runtime folder that nothing here needs.
  if (!needsDisplay && !qEnvironmentVariableIsSet("QT_LOGGING_RULES"))
    qputenv("QT_LOGGING_RULES", "default.warning=false");
  if (needsDisplay && !qEnvironmentVariableIsSet("QT_QPA_PLATFORM") && !qEnvironmentVariableIsSet("DISPLAY") &&
      !qEnvironmentVariableIsSet("WAYLAND_DISPLAY")) {
    std::cerr << "There is no display to open the window on: set DISPLAY or WAYLAND_DISPLAY, or use --screenshot.\n";
    return 2;
  }
  // A picture at another scale is the window at that scale: rendered into a larger image, its icons and plots would
  // only be enlarged.
  if (!options.screenshot.empty() && options.scale > 0) qputenv("QT_SCALE_FACTOR", QByteArray::number(options.scale));
  // Fractional scales as they are: 1.25 must not become 1.
  QApplication::setHighDpiScaleFactorRoundingPolicy(Qt::HighDpiScaleFactorRoundingPolicy::PassThrough);
  QApplication app(argc, argv);
  QApplication::setOrganizationName(QStringLiteral("weft"));
  QApplication::setApplicationName(QStringLiteral("studio"));
  QApplication::setApplicationDisplayName(QStringLiteral("Weft"));
  QApplication::setApplicationVersion(QStringLiteral("0.1.0"));
  QApplication::setDesktopFileName(QStringLiteral("weft-studio"));
  if (!options.exportFigure.empty()) {
    const auto written = weft::studio::exportFigure(options);
    return written ? 0 : weft::studio::fail(written.error());
  }
  return weft::studio::runWindow(app, options);
}
