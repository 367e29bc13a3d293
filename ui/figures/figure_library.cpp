#include "ui/figures/figure_library.h"

#include <QCoreApplication>
#include <QThreadPool>
#include <algorithm>
#include <filesystem>
#include <memory>

#include "engine/base/files.h"
#include "engine/protocol/metrics.h"
#include "engine/store/evaluations.h"
#include "ui/models/run_text.h"
#include "ui/paper/curve_choice.h"

namespace weft::ui {
namespace {

constexpr int kSaveDelay_ms = 400;  // of typing and turning before the file is written

std::filesystem::path fileOf(const store::Project& project) { return project.figures() / "figures.json"; }

// Runs `work` on a thread of the pool and hands its value to `then` on the GUI thread, unless `context` is gone.
template <class Work, class Then>
void inBackground(QObject* context, Work work, Then then) {
  QThreadPool::globalInstance()->start(
      [guard = QPointer<QObject>(context), work = std::move(work), then = std::move(then)]() mutable {
        auto result = std::make_shared<decltype(work())>(work());
        QMetaObject::invokeMethod(
            QCoreApplication::instance(),
            [guard, then = std::move(then), result]() mutable {
              if (guard) then(std::move(*result));
            },
            Qt::QueuedConnection);
      });
}

// Curves of the held-out split are evaluations, not metrics.

store::MetricSeries seriesOf(const std::string& metric, const std::vector<store::Evaluation>& evaluations) {
  store::MetricSeries series{.name = metric, .points = {}};
  for (const store::Evaluation& evaluation : store::heldOutCurve(evaluations)) {
    series.points.push_back({evaluation.step,
                             metric == protocol::kValidLoss ? evaluation.loss_nats : evaluation.perplexity,
                             evaluation.time});
  }
  return series;
}

bool needsOtherData(const FigureDocument& a, const FigureDocument& b) {
  return a.options.kind != b.options.kind || a.which != b.which || a.filter != b.filter || a.listed != b.listed ||
         (b.options.kind == FigureKind::Curves && a.options.metric != b.options.metric);
}

}  // namespace

FigureLibrary::FigureLibrary(QObject* parent) : QObject(parent) {
  m_save.setSingleShot(true);
  m_save.setInterval(kSaveDelay_ms);
  connect(&m_save, &QTimer::timeout, this, &FigureLibrary::save);
  m_follow.setSingleShot(true);
  connect(&m_follow, &QTimer::timeout, this, &FigureLibrary::follow);
}

FigureLibrary::~FigureLibrary() {
  if (m_save.isActive()) save();
}

void FigureLibrary::setSession(ProjectSession* session) {
  if (m_save.isActive()) save();
  if (m_session) m_session->disconnect(this);
  m_session = session;
  ++m_sessionNumber;
  m_figures.clear();
  m_isLoaded = false;
  if (session) {
    connect(session, &ProjectSession::runsChanged, this, &FigureLibrary::look);
    load();
  }
  Q_EMIT listChanged();
}

void FigureLibrary::load() {
  inBackground(
      this, [file = fileOf(m_session->project())] { return readFile(file); },
      [this, number = m_sessionNumber](Result<std::string> text) {
        if (number != m_sessionNumber) return;
        std::vector<FigureDocument> documents = usualFigures();
        if (text) {
          auto saved = figuresFromJson(QByteArray::fromStdString(*text));
          if (saved)
            documents = std::move(*saved);
          else
            Q_EMIT messageRaised(QString::fromStdString(saved.error().message), true);
        }
        std::vector<Held> held;
        for (FigureDocument& document : documents)
          held.push_back({.document = std::move(document), .runs = {}, .shown = {}});
        // What was added while the file was read stands behind what it holds.
        std::move(m_figures.begin(), m_figures.end(), std::back_inserter(held));
        m_figures = std::move(held);
        m_isLoaded = true;
        if (m_isShown) look();
        Q_EMIT listChanged();
      });
}

void FigureLibrary::save() {
  m_save.stop();
  if (!m_session || !m_isLoaded) return;
  std::vector<FigureDocument> documents;
  for (const Held& held : m_figures) documents.push_back(held.document);
  inBackground(
      this,
      [file = fileOf(m_session->project()), text = figuresToJson(documents).toStdString()]() -> Result<void> {
        WEFT_TRY(createFolders(file.parent_path()));
        return writeFileAtomically(file, text);
      },
      [this](Result<void> written) {
        if (!written)
          Q_EMIT messageRaised(
              QStringLiteral("The figures were not saved: %1").arg(QString::fromStdString(written.error().message)),
              true);
      });
}

int FigureLibrary::add(const FigureDocument& document) {
  m_figures.push_back({.document = document, .runs = {}, .shown = {}});
  const int index = count() - 1;
  if (m_session && m_isShown) fetch(index);
  m_save.start();
  Q_EMIT listChanged();
  return index;
}

void FigureLibrary::remove(int index) {
  m_figures.erase(m_figures.begin() + index);
  // Answers on their way know their figure by index.
  for (int i = index; i < count(); ++i) {
    m_figures[static_cast<std::size_t>(i)].generation = ++m_generation;
    if (isLoading(i)) fetch(i);
  }
  m_save.start();
  Q_EMIT listChanged();
}

void FigureLibrary::change(int index, const FigureDocument& document) {
  Held& held = m_figures[static_cast<std::size_t>(index)];
  const bool isOther = needsOtherData(held.document, document);
  held.document = document;
  m_save.start();
  if (isOther) fetch(index);
  Q_EMIT figureChanged(index);
}

void FigureLibrary::refresh(int index) {
  if (figure(index).isFrozen()) return setFrozen(index, true);
  fetch(index);
}

void FigureLibrary::setFrozen(int index, bool frozen) {
  if (!m_session) return;
  FigureDocument& document = m_figures[static_cast<std::size_t>(index)].document;
  document.frozen.clear();
  document.frozenAt = 0;
  if (frozen) freeze(document, *m_session->snapshot(), now_s());
  m_save.start();
  fetch(index);
}

void FigureLibrary::setShown(bool shown) {
  m_isShown = shown;
  if (shown && m_session) look();
  if (m_isShown && m_current >= 0) show(m_current);
}

void FigureLibrary::show(int index) {
  m_current = index;
  if (!m_isShown || !m_session || index < 0 || index >= count()) return;
  const Held& held = m_figures[static_cast<std::size_t>(index)];
  if (held.hasNewerData && !held.document.isFrozen() && !held.isLoading) fetch(index);
}

void FigureLibrary::look() {
  if (!m_isShown || !m_session) return;
  for (int i = 0; i < count(); ++i) {
    Held& held = m_figures[static_cast<std::size_t>(i)];
    if (held.isLoading) continue;
    const std::uint64_t now = fingerprint(held.document, liveRunsOf(held.document, *m_session->snapshot()));
    // What was never read is read at once, and so is what had nothing to draw: there is nothing that could jump.
    if (!held.shown || (now != *held.shown && !held.document.isFrozen() && held.runs.empty())) {
      fetch(i);
      continue;
    }
    const bool isNewer = now != *held.shown;
    if (i == m_current && isNewer && !held.document.isFrozen() && !m_follow.isActive()) {
      m_follow.start(static_cast<int>(
          std::max<qint64>(0, std::max<qint64>(m_followDelay_ms, 10 * m_readTime_ms) - m_read.elapsed())));
    }
    if (isNewer == held.hasNewerData) continue;
    held.hasNewerData = isNewer;
    Q_EMIT figureChanged(i);
  }
}

void FigureLibrary::follow() { show(m_current); }

void FigureLibrary::fetch(int index) {
  if (!m_session) return;
  Held& held = m_figures[static_cast<std::size_t>(index)];
  held.generation = ++m_generation;
  m_read.start();
  std::vector<FigureRun> runs;
  for (store::RunSummary& run : runsOf(held.document, *m_session->snapshot()))
    runs.push_back({.summary = std::move(run), .series = {}});
  // A frozen figure is compared with what it would be now.
  std::vector<const store::RunSummary*> drawn;
  for (const FigureRun& run : runs) drawn.push_back(&run.summary);
  held.shown = fingerprint(held.document, drawn);
  held.hasNewerData = held.document.isFrozen() &&
                      fingerprint(held.document, liveRunsOf(held.document, *m_session->snapshot())) != *held.shown;
  const int generation = held.generation;
  if (held.document.options.kind != FigureKind::Curves || runs.empty())
    return finish(index, generation, std::move(runs));
  std::vector<std::size_t> needed = leaveOutCurves(held.document.options, runs);
  if (needed.empty()) return finish(index, generation, std::move(runs));
  held.isLoading = true;
  const std::string metric = held.document.options.metric;
  const bool isFrozen = held.document.isFrozen();
  auto collected = std::make_shared<std::vector<FigureRun>>(std::move(runs));
  const auto take = [collected, isFrozen](std::size_t run, store::MetricSeries series) {
    // What came after the figure was frozen is not part of it.
    if (isFrozen)
      std::erase_if(series.points,
                    [&](const store::MetricPoint& point) { return point.step > (*collected)[run].summary.step; });
    (*collected)[run].series = std::move(series);
  };
  if (protocol::isOfEvaluations(metric)) {
    // One answer a run, in order; the last one completes the figure.
    for (std::size_t i = 0; i < needed.size(); ++i)
      m_session->loadHistory((*collected)[needed[i]].summary.id, this,
                             [this, index, generation, metric, collected, take, run = needed[i],
                              isLast = i + 1 == needed.size()](Result<RunDetail> history) {
                               if (history) take(run, seriesOf(metric, history->evaluations));
                               if (isLast) finish(index, generation, std::move(*collected));
                             });
    return;
  }
  std::vector<ProjectSession::SeriesRequest> requests;
  for (const std::size_t run : needed) requests.push_back({.run = (*collected)[run].summary.id, .metric = metric});
  m_session->loadSeries(std::move(requests), this,
                        [this, index, generation, collected, take,
                         needed = std::move(needed)](Result<std::vector<store::MetricSeries>> series) {
                          if (!series) {
                            Q_EMIT messageRaised(QString::fromStdString(series.error().message), true);
                          } else {
                            for (std::size_t i = 0; i < needed.size() && i < series->size(); ++i)
                              take(needed[i], std::move((*series)[i]));
                          }
                          finish(index, generation, std::move(*collected));
                        });
}

void FigureLibrary::finish(int index, int generation, std::vector<FigureRun> runs) {
  if (index >= count() || m_figures[static_cast<std::size_t>(index)].generation != generation) return;
  Held& held = m_figures[static_cast<std::size_t>(index)];
  held.runs = std::move(runs);
  held.isLoading = false;
  m_readTime_ms = m_read.elapsed();
  m_read.start();
  Q_EMIT figureChanged(index);
}

}  // namespace weft::ui
