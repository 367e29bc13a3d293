// ui/monitor/series_loader.h -- keeps the curves of the runs on show up with the store: one question at a time for each
// run, for the points after the last one, on the session's thread. The GUI thread only takes over values.
#pragma once

#include <QObject>
#include <QPointer>
#include <map>
#include <memory>

#include "ui/monitor/run_series.h"

namespace weft::ui {

class SeriesLoader : public QObject {
  Q_OBJECT
 public:
  explicit SeriesLoader(QObject* parent = nullptr);

  void setSession(ProjectSession* session);  // forgets everything
  // The runs on show; curves of others are kept for a while, so that coming back to them costs little.
  void setRuns(const std::vector<store::RunId>& runs);
  void setSnapshot(const std::shared_ptr<const RunsSnapshot>& snapshot);

  const RunSeries* series(store::RunId run) const;
  const std::vector<store::Evaluation>& evaluations(store::RunId run) const;
  const std::vector<store::Checkpoint>& checkpoints(store::RunId run) const;

 Q_SIGNALS:
  void seriesChanged(weft::store::RunId run);
  void historyChanged(weft::store::RunId run);  // evaluations, checkpoints
  void failed(const QString& sentence);

 private:
  struct Entry {
    RunSeries series;
    std::vector<store::Evaluation> evaluations;
    std::vector<store::Checkpoint> checkpoints;
    double seenUpdate = -1;  // of the summary that was last asked for
    bool isAsking = false, isStale = false;
    std::uint64_t lastShown = 0;
  };
  void ask(store::RunId run);
  void answered(store::RunId run, Result<std::vector<store::MetricSeries>> answer, bool wasWhole);

  QPointer<ProjectSession> m_session;
  std::shared_ptr<const RunsSnapshot> m_snapshot;
  std::vector<store::RunId> m_runs;
  std::map<store::RunId, Entry> m_entries;
  int m_generation = 0;  // of the session; answers of an earlier one are dropped
  std::uint64_t m_shows = 0;
};

}  // namespace weft::ui
