#include "ui/monitor/series_loader.h"

#include <algorithm>

namespace weft::ui {
namespace {

constexpr std::size_t kKept = 24;  // runs whose curves stay in memory

}  // namespace

SeriesLoader::SeriesLoader(QObject* parent) : QObject(parent), m_snapshot(std::make_shared<RunsSnapshot>()) {}

void SeriesLoader::setSession(ProjectSession* session) {
  m_session = session;
  m_entries.clear();
  m_runs.clear();
  m_snapshot = std::make_shared<RunsSnapshot>();
  ++m_generation;
}

void SeriesLoader::setRuns(const std::vector<store::RunId>& runs) {
  m_runs = runs;
  ++m_shows;
  for (const store::RunId run : runs)
    m_entries.try_emplace(run, Entry{.series = RunSeries(run), .evaluations = {}, .checkpoints = {}})
        .first->second.lastShown = m_shows;
  while (m_entries.size() > std::max(kKept, runs.size())) {
    const auto oldest = std::min_element(m_entries.begin(), m_entries.end(), [](const auto& a, const auto& b) {
      return a.second.lastShown < b.second.lastShown;
    });
    m_entries.erase(oldest);
  }
  setSnapshot(m_snapshot);
}

void SeriesLoader::setSnapshot(const std::shared_ptr<const RunsSnapshot>& snapshot) {
  m_snapshot = snapshot;
  for (const store::RunId id : m_runs) {
    const store::RunSummary* run = snapshot->find(id);
    const auto entry = m_entries.find(id);
    if (!run || entry == m_entries.end() || run->updated == entry->second.seenUpdate) continue;
    entry->second.seenUpdate = run->updated;
    entry->second.series.setSummary(*run);
    ask(id);
  }
}

void SeriesLoader::ask(store::RunId run) {
  Entry& entry = m_entries.at(run);
  if (!m_session) return;
  if (entry.isAsking) {
    entry.isStale = true;
    return;
  }
  entry.isAsking = true;
  entry.isStale = false;
  const int generation = m_generation;
  const bool isWhole = entry.series.wantsAll();
  m_session->loadSeries(entry.series.requests(), this,
                        [this, run, generation, isWhole](Result<std::vector<store::MetricSeries>> answer) {
                          if (generation == m_generation) answered(run, std::move(answer), isWhole);
                        });
  m_session->loadHistory(run, this, [this, run, generation](Result<RunDetail> history) {
    const auto known = m_entries.find(run);
    if (generation != m_generation || !history || known == m_entries.end()) return;
    known->second.evaluations = std::move(history->evaluations);
    known->second.checkpoints = std::move(history->checkpoints);
    Q_EMIT historyChanged(run);
  });
}

void SeriesLoader::answered(store::RunId run, Result<std::vector<store::MetricSeries>> answer, bool wasWhole) {
  const auto known = m_entries.find(run);
  if (known == m_entries.end()) return;
  Entry& entry = known->second;
  entry.isAsking = false;
  if (!answer) {
    // A store that is busy is asked again when the run changes next.
    if (answer.error().code != ErrorCode::Busy) Q_EMIT failed(QString::fromStdString(answer.error().message));
    entry.seenUpdate = -1;
    return;
  }
  if (entry.series.add(std::move(*answer), wasWhole)) Q_EMIT seriesChanged(run);
  if (entry.isStale) ask(run);
}

const RunSeries* SeriesLoader::series(store::RunId run) const {
  const auto found = m_entries.find(run);
  return found == m_entries.end() ? nullptr : &found->second.series;
}

const std::vector<store::Evaluation>& SeriesLoader::evaluations(store::RunId run) const {
  static const std::vector<store::Evaluation> none;
  const auto found = m_entries.find(run);
  return found == m_entries.end() ? none : found->second.evaluations;
}

const std::vector<store::Checkpoint>& SeriesLoader::checkpoints(store::RunId run) const {
  static const std::vector<store::Checkpoint> none;
  const auto found = m_entries.find(run);
  return found == m_entries.end() ? none : found->second.checkpoints;
}

}  // namespace weft::ui
