// How the Monitor page is put together: its parts, their places and their actions. What they show is in
// monitor_page.cpp.
#include <QAction>
#include <QHBoxLayout>
#include <QLineEdit>
#include <QMenu>
#include <QPainter>
#include <QPushButton>
#include <QSlider>
#include <QStackedWidget>
#include <QTimer>
#include <QVBoxLayout>

#include "ui/models/run_text.h"
#include "ui/monitor/alert_list.h"
#include "ui/monitor/chart_title.h"
#include "ui/monitor/job_list.h"
#include "ui/monitor/linked_charts.h"
#include "ui/monitor/log_view.h"
#include "ui/monitor/loss_chart.h"
#include "ui/monitor/monitor_controls.h"
#include "ui/monitor/monitor_page.h"
#include "ui/monitor/readings_table.h"
#include "ui/monitor/run_strip.h"
#include "ui/monitor/series_loader.h"
#include "ui/monitor/small_charts.h"
#include "ui/parts/icons.h"
#include "ui/parts/weft_style.h"
#include "ui/parts/widgets.h"
#include "ui/plot/shared_cursor.h"

namespace weft::ui {
namespace {

constexpr int kJobsWidth = 296;
constexpr int kSideWidth = 400;
constexpr double kReadingsShare = 0.34;  // of the height, at most
constexpr int kNarrow = 1000;            // of the page: below it the side hides by itself

// A stopped engine is a ring, not by colour alone.
class StoppedRing : public QWidget {
 public:
  using QWidget::QWidget;
  QSize sizeHint() const override { return {12, 12}; }

 protected:
  void paintEvent(QPaintEvent*) override {
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(QPen(Theme::current().heads, 1.5));
    painter.drawEllipse(QRectF(rect()).center(), 3.5, 3.5);
  }
};

}  // namespace

MonitorPage::MonitorPage(QWidget* parent)
    : Page(parent),
      m_snapshot(std::make_shared<RunsSnapshot>()),
      m_loader(new SeriesLoader(this)),
      m_charts(new LinkedCharts(*m_loader, this)),
      m_cursor(new SharedCursor(this)),
      m_clock(new QTimer(this)),
      m_readingsTimer(new QTimer(this)) {
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->setSpacing(0);
  m_header = new PageHeader(pages::kMonitor.name());
  m_controls = new MonitorControls;
  m_header->addWidget(m_controls);
  layout->addWidget(m_header);
  m_charts->setOptions(m_controls->options());

  m_stack = new QStackedWidget;
  layout->addWidget(m_stack, 1);
  m_content = new QWidget;
  auto* columns = new QHBoxLayout(m_content);
  columns->setContentsMargins(0, 0, 0, 0);
  columns->setSpacing(0);
  // The centre needs the small charts' column and the cursor; both exist before it is built.
  m_small = new SmallCharts(*m_charts, *m_cursor);
  m_loss = new LossChart;
  QWidget* centre = buildCentre();
  m_side = buildSide();
  columns->addWidget(buildJobs());
  columns->addWidget(centre, 1);
  columns->addWidget(m_side);
  m_stack->addWidget(m_content);
  m_empty = buildEmpty();
  m_stack->addWidget(m_empty);
  setFocusProxy(m_loss);
  connectParts();
  buildActions();
  m_clock->start(1000);
  setSession(nullptr);
  updateEngine();
  updateEmpty();
}

QWidget* MonitorPage::buildJobs() {
  auto* column = new Surface(Surface::Fill::Panel, Qt::RightEdge);
  column->setFixedWidth(kJobsWidth);
  auto* layout = new QVBoxLayout(column);
  layout->setContentsMargins(0, 0, 1, 0);
  layout->setSpacing(0);
  m_engine = new Surface(Surface::Fill::Header, Qt::BottomEdge);
  auto* engineRow = new QHBoxLayout(m_engine);
  engineRow->setContentsMargins(metrics::panelMargin, 5, 8, 6);
  auto* ring = new StoppedRing;
  ring->setFixedSize(12, 12);
  m_engineText = new TextLabel;
  m_engineButton = new QPushButton(icon(QStringLiteral("play")), QStringLiteral("Start"));
  engineRow->addWidget(ring);
  engineRow->addWidget(m_engineText, 1);
  engineRow->addWidget(m_engineButton);
  layout->addWidget(m_engine);
  m_jobs = new JobList;
  layout->addWidget(m_jobs, 1);
  m_alertsBox = new Surface(Surface::Fill::Panel);
  auto* alerts = new QVBoxLayout(m_alertsBox);
  alerts->setContentsMargins(0, 0, 0, 0);
  alerts->setSpacing(0);
  auto* head = new Surface(Surface::Fill::Header, Qt::TopEdge | Qt::BottomEdge);
  head->setFixedHeight(metrics::headerRow + 7);
  auto* headRow = new QHBoxLayout(head);
  headRow->setContentsMargins(metrics::panelMargin, 1, 12, 1);
  headRow->addWidget(new TextLabel(QStringLiteral("Alerts"), Type::Section));
  headRow->addStretch(1);
  m_alertsCount = new TextLabel({}, Type::Caption, Tone::Text2);
  headRow->addWidget(m_alertsCount);
  alerts->addWidget(head);
  m_alertModel = new AlertModel(this);
  m_alerts = new AlertList(m_alertModel);
  alerts->addWidget(m_alerts);
  m_alerts->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
  m_alertsBox->hide();
  layout->addWidget(m_alertsBox);
  return column;
}

QWidget* MonitorPage::buildCentre() {
  auto* column = new Surface(Surface::Fill::Panel);
  auto* layout = new QVBoxLayout(column);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->setSpacing(0);
  m_strip = new RunStrip;
  layout->addWidget(m_strip);
  m_lossTitle = new ChartTitle(m_loss->text().title, m_loss->text().caption);
  layout->addSpacing(4);
  layout->addWidget(m_lossTitle);
  m_loss->setContextMenuPolicy(Qt::CustomContextMenu);
  layout->addWidget(m_loss, 1);
  m_readings = new ReadingsTable(*m_loss, *m_small, *m_cursor);
  layout->addWidget(m_readings);
  m_charts->add(m_loss);
  m_cursor->add(m_loss, SharedCursor::Tag::Yes);
  return column;
}

QWidget* MonitorPage::buildSide() {
  auto* column = new Surface(Surface::Fill::Panel, Qt::LeftEdge);
  column->setFixedWidth(kSideWidth);
  auto* layout = new QVBoxLayout(column);
  layout->setContentsMargins(1, 0, 0, 0);
  layout->setSpacing(0);
  m_log = new LogView;
  layout->addWidget(m_small, 3);
  layout->addWidget(m_log, 2);
  return column;
}

QWidget* MonitorPage::buildEmpty() {
  auto* page = new Surface(Surface::Fill::Panel);
  auto* layout = new QVBoxLayout(page);
  m_emptyText = new TextLabel({}, Type::Body, Tone::Text2);
  m_emptyText->setAlignment(Qt::AlignCenter);
  m_emptyText->setWordWrap(true);
  m_emptyButton = new QPushButton(icon(QStringLiteral("design")), QStringLiteral("Open Design"));
  layout->addStretch(2);
  layout->addWidget(m_emptyText);
  layout->addSpacing(12);
  layout->addWidget(m_emptyButton, 0, Qt::AlignHCenter);
  layout->addStretch(3);
  return page;
}

void MonitorPage::connectParts() {
  connect(m_emptyButton, &QPushButton::clicked, this, [this] { Q_EMIT openPageRequested(pages::kDesign); });
  connect(m_engineButton, &QPushButton::clicked, this, [this] {
    if (m_session) m_session->startEngine();
  });
  connect(m_controls, &MonitorControls::optionsChanged, this, [this](const ChartOptions& options) {
    if (options.x != m_loss->options().x) m_cursor->clear();
    m_charts->setOptions(options);
    updateReadings();
  });
  connect(m_controls, &MonitorControls::chartToggled, this, [this](const std::string& metric, bool isShown) {
    m_small->setHidden(metric, !isShown);
    updateReadings();
  });
  connect(m_controls, &MonitorControls::exportRequested, this,
          [this](const QString& format) { exportChart(kLossMetric, format); });
  const auto exportMenu = [this](const std::string& metric, const QPoint& at) {
    auto* menu = new QMenu(this);
    menu->setAttribute(Qt::WA_DeleteOnClose);
    menu->addAction(QStringLiteral("Fit"), this, [this] { m_charts->fit(); });
    menu->addAction(QStringLiteral("Copy readings"), this, [this] { m_cursor->copy(); })
        ->setEnabled(m_cursor->x().has_value());
    addExportFormats(menu->addMenu(icon(QStringLiteral("export")), QStringLiteral("Export this chart")), this,
                     [this, metric](const QString& format) { exportChart(metric, format); });
    menu->popup(at);
  };
  connect(m_small, &SmallCharts::exportRequested, this, exportMenu);
  connect(m_loss, &QWidget::customContextMenuRequested, this,
          [this, exportMenu](const QPoint& at) { exportMenu(kLossMetric, m_loss->mapToGlobal(at)); });
  connect(m_jobs, &JobList::choiceChanged, this, &MonitorPage::updateRuns);
  connect(m_jobs, &JobList::requested, this, &MonitorPage::request);
  connect(m_strip, &RunStrip::resumeRequested, this,
          [this](store::RunId run) { request(store::RequestKind::Resume, run); });
  connect(m_readings, &ReadingsTable::runClicked, this, [this](store::RunId run) {
    m_jobs->choose(m_jobs->plotted(), run);
    updateCurrent();
  });
  connect(m_alerts, &AlertList::alertChosen, this, &MonitorPage::showAlert);
  // After the cursor has had the same click.
  connect(m_loss, &LossChart::alertClicked, this, &MonitorPage::showAlert, Qt::QueuedConnection);
  connect(m_cursor, &SharedCursor::moved, this, &MonitorPage::updateReadings);
  connect(m_cursor, &SharedCursor::copied, this,
          [this] { Q_EMIT messageRaised(QStringLiteral("The readings are on the clipboard."), false); });
  m_cursor->setTagText([this](double x) {
    const XAxis axis = m_controls->options().x;
    return axis == XAxis::Steps ? placeText(x, axis).section(u' ', -1)
                                : placeText(x, axis).remove(QStringLiteral(" tokens"));
  });
  m_cursor->setReadings([this](double) { return m_readings->model()->asText(); });
  connect(m_loader, &SeriesLoader::seriesChanged, this, [this](store::RunId run) {
    updateMetrics();
    m_charts->update(run);
    m_loss->setEmptyText(chartHint());
    m_readingsTimer->start();
  });
  connect(m_loader, &SeriesLoader::historyChanged, this, [this](store::RunId run) {
    m_loss->setEvaluations(run, m_loader->evaluations(run));
    m_loss->replot(QCustomPlot::rpQueuedReplot);
    if (run == m_jobs->current())
      m_strip->setRun(m_snapshot->find(run), m_snapshot->label(run), m_loader->checkpoints(run));
    m_readingsTimer->start();
  });
  connect(m_loader, &SeriesLoader::failed, this,
          [this](const QString& sentence) { Q_EMIT messageRaised(sentence, true); });
  // The curves of a hundred runs come one by one; their readings are written once.
  m_readingsTimer->setSingleShot(true);
  m_readingsTimer->setInterval(0);
  connect(m_readingsTimer, &QTimer::timeout, this, &MonitorPage::updateReadings);
  connect(m_clock, &QTimer::timeout, this, [this] {
    if (!isVisible()) return;
    m_jobs->tick();
    m_strip->tick();
  });
}

void MonitorPage::buildActions() {
  const auto add = [this](const QString& text, const QKeySequence& key, const QString& iconName,
                          std::function<void()> act, PageMenu menu = PageMenu::Run) {
    QAction* action = declareAction(menu, text, key, iconName, std::move(act));
    addAction(action);
    return action;
  };
  const auto ask = [&](const QString& text, const QKeySequence& key, const QString& iconName, store::RequestKind kind) {
    add(text, key, iconName, [this, kind] { request(kind, m_jobs->current()); })->setData(static_cast<int>(kind));
  };
  ask(QStringLiteral("Pause the job"), Qt::Key_P, QStringLiteral("pause"), store::RequestKind::Pause);
  ask(QStringLiteral("Stop the job"), Qt::Key_S, QStringLiteral("stop"), store::RequestKind::Stop);
  ask(QStringLiteral("Kill the job..."), {}, QStringLiteral("kill"), store::RequestKind::Kill);
  ask(QStringLiteral("Resume the job"), Qt::Key_R, QStringLiteral("play"), store::RequestKind::Resume);
  add(QStringLiteral("Fit all charts"), Qt::Key_F, QStringLiteral("refresh"), [this] { m_charts->fit(); });
  add(QStringLiteral("Smooth less"), Qt::Key_BracketLeft, {},
      [this] { m_controls->smoothing()->setValue(m_controls->smoothing()->value() - 1); });
  add(QStringLiteral("Smooth more"), Qt::Key_BracketRight, {},
      [this] { m_controls->smoothing()->setValue(m_controls->smoothing()->value() + 1); });
  add(QStringLiteral("Logarithmic loss"), Qt::Key_L, {}, [this] {
    ChartOptions options = m_controls->options();
    options.logY = !options.logY;
    m_controls->setOptions(options);
  });
  add(
      QStringLiteral("Copy the readings at the cursor"), QKeySequence::Copy, QStringLiteral("copy"),
      [this] {
        if (m_cursor->copy()) Q_EMIT messageRaised(QStringLiteral("The readings are on the clipboard."), false);
      },
      PageMenu::Edit);
  add(
      QStringLiteral("Find in the log"), QKeySequence::Find, QStringLiteral("search"),
      [this] {
        m_log->find()->setFocus(Qt::ShortcutFocusReason);
        m_log->find()->selectAll();
      },
      PageMenu::Edit);
  add(QStringLiteral("Export the loss chart as PDF..."), QKeySequence(Qt::CTRL | Qt::Key_E), QStringLiteral("export"),
      [this] { exportChart(kLossMetric, QStringLiteral("pdf")); });
  for (const char* format : {"svg", "png", "csv"})
    add(QStringLiteral("Export the loss chart as %1...").arg(QString::fromLatin1(format).toUpper()), {},
        QStringLiteral("export"), [this, format = QString::fromLatin1(format)] { exportChart(kLossMetric, format); });
  add(QStringLiteral("Small charts and log"), Qt::Key_F4, QStringLiteral("side-panel"), [this] {
    m_isSideWanted = m_side->isHidden();
    m_side->setVisible(m_isSideWanted);
  });
}

void MonitorPage::placeSide() { m_side->setVisible(m_isSideWanted && width() >= kNarrow); }

void MonitorPage::resizeEvent(QResizeEvent* event) {
  Page::resizeEvent(event);
  m_readings->setMostHeight(static_cast<int>(m_content->height() * kReadingsShare));
  const bool wasNarrow = event->oldSize().width() < kNarrow;
  if (wasNarrow != (width() < kNarrow)) placeSide();
}

}  // namespace weft::ui
