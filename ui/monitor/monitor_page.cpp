#include "ui/monitor/monitor_page.h"

#include <QTimer>
#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>
#include <utility>

#include "ui/models/run_text.h"
#include "ui/monitor/alert_list.h"
#include "ui/monitor/chart_title.h"
#include "ui/monitor/job_card.h"
#include "ui/monitor/job_list.h"
#include "ui/monitor/linked_charts.h"
#include "ui/monitor/log_view.h"
#include "ui/monitor/loss_chart.h"
#include "ui/monitor/monitor_controls.h"
#include "ui/monitor/readings_table.h"
#include "ui/monitor/run_strip.h"
#include "ui/monitor/series_loader.h"
#include "ui/monitor/small_charts.h"
#include "ui/paper/figure_export.h"
#include "ui/parts/run_actions.h"
#include "ui/parts/widgets.h"
#include "ui/plot/shared_cursor.h"

namespace weft::ui {
namespace {

constexpr std::size_t kMostByItself = 8;          // runs that are plotted without being asked for
constexpr std::size_t kMostAtOnce = kLineStyles;  // and at most: as many as have a style of their own

ChartRun chartRun(const RunsSnapshot& snapshot, const store::RunSummary& run, std::optional<int> style) {
  return {run.id, snapshot.label(run), static_cast<double>(run.steps), style};
}

}  // namespace

MonitorPage::~MonitorPage() = default;

void MonitorPage::openingChanged() {
  updateEngine();
  updateEmpty();
}

void MonitorPage::setSession(ProjectSession* session) {
  if (m_session) m_session->disconnect(this);
  m_session = session;
  m_charts->setRuns({});
  m_loader->setSession(session);
  m_jobs->choose({}, {});
  m_jobs->setChosen(false);
  m_alertModel->clear();
  m_cursor->clear();
  m_logRun = {};
  m_log->setRun({});
  if (session) connect(session, &ProjectSession::runsChanged, this, &MonitorPage::applySnapshot);
  applySnapshot(session ? session->snapshot() : std::make_shared<RunsSnapshot>());
}

void MonitorPage::showRuns(const std::vector<store::RunId>& asked) {
  if (asked.empty()) return;
  const std::vector<store::RunId> runs(
      asked.begin(), asked.begin() + static_cast<std::ptrdiff_t>(std::min(asked.size(), kMostAtOnce)));
  if (runs.size() < asked.size())
    Q_EMIT messageRaised(QStringLiteral("%1 of %2 runs are drawn: more curves could not be told apart.")
                             .arg(runs.size())
                             .arg(asked.size()),
                         false);
  m_jobs->choose(runs, runs.front());
  m_jobs->setChosen(true);
  m_jobs->setSnapshot(m_snapshot);
  updateRuns();
}

void MonitorPage::showEvent(QShowEvent* event) {
  Page::showEvent(event);
  placeSide();
  applySnapshot(m_snapshot);
}

void MonitorPage::applySnapshot(const std::shared_ptr<const RunsSnapshot>& snapshot) {
  m_snapshot = snapshot;
  // A page in the background keeps only the summary.
  if (!isVisible()) return;
  chooseByItself();
  m_jobs->setSnapshot(snapshot);
  m_alertModel->setSnapshot(snapshot);
  m_alertsBox->setVisible(m_alertModel->rowCount() > 0);
  m_alertsCount->setText(QString::number(m_alertModel->rowCount()));
  m_alerts->updateGeometry();
  updateRuns();
  m_loader->setSnapshot(snapshot);
  updateEngine();
  updateEmpty();
}

// Until the user chooses: all that run, and those that ended meanwhile; if nothing runs, the latest that has a curve.
void MonitorPage::chooseByItself() {
  std::vector<store::RunId> plotted = m_jobs->plotted();
  std::erase_if(plotted, [this](store::RunId id) { return !m_snapshot->find(id); });
  store::RunId current = m_jobs->current();
  if (!m_jobs->isChosen()) {
    const store::RunSummary* latest = nullptr;
    std::vector<store::RunId> active;
    for (const store::RunSummary& run : m_snapshot->runs) {
      if (run.archived || run.state == store::RunState::Draft) continue;
      const auto rank = [](const store::RunSummary& one) {
        return std::tuple(one.lastLoss.has_value(), one.started, one.id);
      };
      if (!latest || rank(run) > rank(*latest)) latest = &run;
      if (store::isActive(run.state)) active.push_back(run.id);
    }
    // A run that was plotted only because nothing else ran makes room.
    if (!active.empty() && std::exchange(m_plotsLatest, false)) plotted.clear();
    for (const store::RunId id : active)
      if (std::find(plotted.begin(), plotted.end(), id) == plotted.end()) plotted.push_back(id);
    std::sort(plotted.begin(), plotted.end());
    if (plotted.size() > kMostByItself)
      plotted.erase(plotted.begin(), plotted.end() - static_cast<std::ptrdiff_t>(kMostByItself));
    if ((plotted.empty() || m_plotsLatest) && latest) {
      plotted = {latest->id};
      m_plotsLatest = true;
    }
  }
  if (std::find(plotted.begin(), plotted.end(), current) == plotted.end()) {
    current = {};
    for (const store::RunId id : plotted)
      if (const store::RunSummary* run = m_snapshot->find(id);
          run && (current.value == 0 || store::isActive(run->state)))
        current = id;
  }
  m_jobs->choose(plotted, current);
}

void MonitorPage::updateRuns() {
  std::vector<ChartRun> runs;
  for (const store::RunId id : m_jobs->plotted())
    if (const store::RunSummary* run = m_snapshot->find(id))
      runs.push_back(chartRun(*m_snapshot, *run, m_jobs->styleOf(id)));
  const bool isSame =
      std::equal(runs.begin(), runs.end(), m_charts->runs().begin(), m_charts->runs().end(),
                 [](const ChartRun& a, const ChartRun& b) {
                   return a.id == b.id && a.name == b.name && a.plannedSteps == b.plannedSteps && a.style == b.style;
                 });
  if (!isSame) {
    std::vector<store::RunId> ids;
    for (const ChartRun& run : runs) ids.push_back(run.id);
    m_loader->setRuns(ids);
    m_charts->setRuns(runs);
    m_loss->updateLabelRoom();
    for (const store::RunId id : ids) m_loss->setEvaluations(id, m_loader->evaluations(id));
    updateMetrics();
  }
  updateMarks();
  updateCurrent();
  updateReadings();
}

void MonitorPage::updateMarks() {
  std::vector<LossReference> references;
  const auto add = [&](const QString& name, std::optional<double> loss_nats) {
    if (!loss_nats || !std::isfinite(*loss_nats)) return;
    const bool isKnown = std::any_of(references.begin(), references.end(), [&](const LossReference& known) {
      return known.name == name && std::abs(known.loss_nats - *loss_nats) < 5e-4;
    });
    if (!isKnown) references.push_back({name, *loss_nats});
  };
  for (const store::RunId id : m_jobs->plotted()) {
    const store::RunSummary* run = m_snapshot->find(id);
    if (!run) continue;
    if (run->unigramPerplexity && *run->unigramPerplexity > 0)
      add(QStringLiteral("unigram"), std::log(*run->unigramPerplexity));
    add(QStringLiteral("entropy floor"), run->entropyFloor_nats);
  }
  m_loss->setReferences(std::move(references));
  std::vector<LossAlert> alerts;
  for (const store::Alert& alert : m_snapshot->alerts) {
    const store::RunSummary* run = m_snapshot->find(alert.run);
    if (!run || std::find(m_jobs->plotted().begin(), m_jobs->plotted().end(), alert.run) == m_jobs->plotted().end())
      continue;
    const AlertText text = alertText(alert);
    const QString name = m_snapshot->label(*run);
    alerts.push_back({.id = alert.id,
                      .run = alert.run,
                      .step = alert.step,
                      .title = text.title,
                      .detail = text.detail.isEmpty() ? name : QStringLiteral("%1: %2").arg(name, text.detail),
                      .level = alertLevel(alert)});
  }
  m_loss->setAlerts(std::move(alerts));
  m_loss->setEmptyText(chartHint());
  m_loss->replot(QCustomPlot::rpQueuedReplot);
}

QString MonitorPage::chartHint() const {
  if (m_loss->hasData()) return {};
  const store::RunSummary* run = m_snapshot->find(m_jobs->current());
  if (!run) return QStringLiteral("No run is chosen. Choose one at the left to see its curves.");
  const RunSeries* series = m_loader->series(run->id);
  if (!series || !series->isLoaded()) return {};
  const QString name = m_snapshot->label(*run);
  switch (run->state) {
    case store::RunState::Queued:
      return m_snapshot->engineRunning
                 ? QStringLiteral("%1 waits in the queue. Its curve appears here when it starts.").arg(name)
                 : QStringLiteral("%1 waits in the queue, and the engine is stopped.").arg(name);
    case store::RunState::Held:
    case store::RunState::Draft:
      return QStringLiteral("%1 is held: it starts only when it is released in Queue.").arg(name);
    case store::RunState::Starting:
    case store::RunState::Running:
    case store::RunState::Stopping: {
      const QString phase = run->phase.empty() ? QStringLiteral("starting") : QString::fromStdString(run->phase);
      return run->progress > 0
                 ? QStringLiteral("%1: %2, %3%.").arg(name, phase).arg(std::floor(run->progress * 100), 0, 'f', 0)
                 : QStringLiteral("%1: %2.").arg(name, phase);
    }
    case store::RunState::Failed:
    case store::RunState::Lost:
      return QStringLiteral("%1 ended before its first step.%2")
          .arg(name,
               run->failure.empty() ? QString() : QStringLiteral("\n%1").arg(QString::fromStdString(run->failure)));
    default:
      return run->kind == "train" ? QStringLiteral("%1 has no curve.").arg(name)
                                  : QStringLiteral("%1 is no training run; it has no curve.").arg(name);
  }
}

void MonitorPage::updateCurrent() {
  const store::RunSummary* run = m_snapshot->find(m_jobs->current());
  m_charts->setCurrent(m_jobs->current());
  std::vector<store::RunState> states;
  for (const store::RunId id : m_jobs->plotted())
    if (const store::RunSummary* plotted = m_snapshot->find(id)) states.push_back(plotted->state);
  m_strip->setPlotted(states);
  m_strip->setRun(run, run ? m_snapshot->label(*run) : QString(),
                  run ? m_loader->checkpoints(run->id) : std::vector<store::Checkpoint>{});
  for (QAction* action : pageActions()) {
    const auto kind = action->data();
    if (!kind.isValid() || kind.toInt() < 0) continue;
    const auto request = static_cast<store::RequestKind>(kind.toInt());
    action->setEnabled(run && (request == store::RequestKind::Stop    ? canStop(*run)
                               : request == store::RequestKind::Kill  ? canKill(*run)
                               : request == store::RequestKind::Pause ? canPause(*run)
                                                                      : canResume(*run)));
  }
  loadLog();
}

void MonitorPage::loadLog() {
  const store::RunSummary* run = m_snapshot->find(m_jobs->current());
  if (!run || !m_session) {
    m_logRun = {};
    m_log->setRun({});
    return;
  }
  if (run->id != m_logRun) {
    m_logRun = run->id;
    m_logUpdate = -1;
    m_log->setRun(m_snapshot->label(*run));
  }
  m_log->setName(m_snapshot->label(*run));
  if (run->updated == m_logUpdate) return;
  m_logUpdate = run->updated;
  m_session->loadLog(run->id, this, [this, generation = ++m_logGeneration](Result<QString> log) {
    if (generation != m_logGeneration) return;
    m_log->setText(log ? *log : QString());
    m_log->setHint(log ? QStringLiteral("Its log is empty.") : QString::fromStdString(log.error().message));
    m_strip->setLastLogLine(m_log->lastLine());
  });
}

void MonitorPage::updateMetrics() {
  std::set<std::string> names;
  for (const ChartRun& run : m_charts->runs())
    if (const RunSeries* series = m_loader->series(run.id))
      for (const auto& [name, metric] : series->metrics()) names.insert(name);
  m_small->setMetrics(names);
  std::vector<std::pair<std::string, bool>> charts;
  for (const std::string& name : m_small->metrics()) charts.emplace_back(name, !m_small->isHiddenByUser(name));
  m_controls->setCharts(charts);
}

void MonitorPage::updateReadings() {
  m_small->updateReadings();
  m_readings->update();
  const ChartOptions& options = m_controls->options();
  QString note = options.smoothing <= 0 ? QStringLiteral("as logged")
                 : options.raw          ? QStringLiteral("EMA %1 over raw min and max").arg(options.smoothing)
                                        : QStringLiteral("EMA %1").arg(options.smoothing);
  const bool hasHeldOut = std::any_of(m_charts->runs().begin(), m_charts->runs().end(), [this](const ChartRun& run) {
    return m_loss->evaluationAt(run.id, std::numeric_limits<double>::max()).has_value();
  });
  if (hasHeldOut) note += QStringLiteral("; markers: held-out");
  if (m_charts->runs().size() > kMostBands && (hasHeldOut || (options.raw && options.smoothing > 0)))
    note += QStringLiteral(" (of the current run)");
  m_lossTitle->setNote(note);
}

void MonitorPage::updateEngine() {
  const auto count = [this](auto is) { return std::count_if(m_snapshot->runs.begin(), m_snapshot->runs.end(), is); };
  const auto queued = count([](const auto& run) { return run.state == store::RunState::Queued; });
  const auto running = count([](const auto& run) { return store::isActive(run.state); });
  m_engine->setVisible(m_session && !m_snapshot->engineRunning && queued + running > 0);
  m_engineText->setText(queued > 0 ? QStringLiteral("Engine: stopped, %1 queued").arg(queued)
                                   : QStringLiteral("Engine: stopped"));
  const auto jobs = running + queued;
  m_header->setSubtitle(!m_session   ? withoutProject(QStringLiteral("no project is open"))
                        : jobs == 0  ? QStringLiteral("nothing runs")
                        : queued > 0 ? QStringLiteral("%1 running, %2 queued").arg(running).arg(queued)
                                     : QStringLiteral("%1 running").arg(running));
}

QString MonitorPage::emptyText() const { return m_stack->currentWidget() == m_empty ? m_emptyText->text() : QString(); }

void MonitorPage::updateEmpty() {
  const bool hasRuns = std::any_of(m_snapshot->runs.begin(), m_snapshot->runs.end(),
                                   [](const auto& run) { return run.state != store::RunState::Draft; });
  m_stack->setCurrentWidget(hasRuns ? m_content : m_empty);
  m_controls->setEnabled(hasRuns);
  m_emptyText->setText(m_session ? QStringLiteral("No runs yet. Draw a map in Design and queue it.")
                                 : withoutProject(QStringLiteral(
                                       "No project is open. Open one to watch its jobs; Design works without.")));
  m_emptyButton->setVisible(!hasRuns);
}

void MonitorPage::request(store::RequestKind kind, store::RunId id) {
  const store::RunSummary* run = m_snapshot->find(id);
  if (!run || !m_session) return;
  if (kind == store::RequestKind::Kill) {
    const auto kill = [this, id] {
      if (m_session) m_session->request(store::RequestKind::Kill, id);
    };
    confirmKill(this, {*run}, kill, m_snapshot->label(*run));
    return;
  }
  m_session->request(kind, id);
  const QString name = m_snapshot->label(*run);
  Q_EMIT messageRaised(kind == store::RequestKind::Stop ? QStringLiteral("%1 writes a checkpoint and stops.").arg(name)
                       : kind == store::RequestKind::Pause
                           ? QStringLiteral("%1 writes a checkpoint and pauses.").arg(name)
                           : QStringLiteral("%1 is back in the queue.").arg(name),
                       false);
}

void MonitorPage::showAlert(std::int64_t id) {
  const store::Alert* alert = m_alertModel->find(id);
  const store::RunSummary* run = alert ? m_snapshot->find(alert->run) : nullptr;
  if (!run) return;
  std::vector<store::RunId> plotted = m_jobs->plotted();
  if (std::find(plotted.begin(), plotted.end(), run->id) == plotted.end()) plotted = {run->id};
  m_jobs->choose(plotted, run->id);
  m_jobs->setChosen(true);
  m_jobs->setSnapshot(m_snapshot);
  updateRuns();
  m_alerts->select(id);
  m_loss->setCurrentAlert(id);
  if (const RunSeries* series = m_loader->series(run->id); series && alert->step > 0)
    m_cursor->pin(series->x(alert->step, m_controls->options().x));
}

void MonitorPage::exportChart(const std::string& metric, const QString& format) {
  if (!m_session) return;
  std::vector<FigureRun> runs;
  for (const ChartRun& chart : m_charts->runs()) {
    const store::RunSummary* run = m_snapshot->find(chart.id);
    const RunSeries* series = m_loader->series(chart.id);
    const LoadedMetric* points = series ? series->metric(metric) : nullptr;
    if (run && points && !points->points.empty()) runs.push_back({.summary = *run, .series = {metric, points->points}});
  }
  if (runs.empty()) {
    Q_EMIT messageRaised(QStringLiteral("There is no curve to export yet."), true);
    return;
  }
  FigureOptions options;
  options.kind = FigureKind::Curves;
  options.metric = metric;
  options.smoothing = metric == kLossMetric ? m_controls->options().smoothing : 0;
  options.rawBand = m_controls->options().raw;
  const QString name = QString::fromStdString(metric).section(u'/', -1);
  const QString suggestion = QString::fromStdString((m_session->project().folder() / "figures").string()) + u'/' + name;
  askFigureFile(this, suggestion, format, [this, options, runs = std::move(runs)](const QString& path) {
    writeFigureInBackground(path, options, runs, this, [this, path](const Result<FigureFile>& file) {
      Q_EMIT messageRaised(exportSentence(path, file), !file.has_value());
    });
  });
}

}  // namespace weft::ui
