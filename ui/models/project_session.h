// ui/models/project_session.h -- the open project as the pages see it. Lives on the GUI thread; one worker thread of
// its own does every read and write of the store (asking PRAGMA data_version 50 times a second) and hands back values:
// of the runs only those that changed are read, all others are the rows of the snapshot before. Nothing here blocks.
#pragma once

#include <QObject>
#include <QString>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "engine/config/run_config.h"
#include "engine/store/project.h"
#include "engine/store/run_store.h"
#include "ui/models/run_rows.h"

namespace weft::ui {

struct RunsSnapshot {
  RunRows runs;                  // newest first, archived included
  std::vector<store::Job> jobs;  // that run or wait, in the order of store::RunStore::openJobs()
  std::vector<store::Alert> alerts;
  store::EngineState engine;
  bool engineRunning = false;
  double updated = 0;  // seconds since 1970 of the last change of a run
  std::vector<std::string>
      distinctions;  // of `runs`, in their order (store::runDistinctions); empty: the names are the labels

  const store::RunSummary* find(store::RunId id) const;
  // What the run is called where it stands alone or among any of the project: "MQA s2" (store/run_labels.h).
  QString label(store::RunId id) const;
  QString label(const store::RunSummary& run) const;
  QString distinction(store::RunId id) const;  // "s2"; "" where the name alone will do
};

struct RunDetail {
  store::RunSummary summary;
  std::string configToml;
  std::vector<store::MetricSeries> metrics;
  std::vector<store::Evaluation> evaluations;
  std::vector<store::Measurement> measurements;
  std::vector<store::Checkpoint> checkpoints;
  std::vector<store::Attempt> attempts;
};

class ProjectSession : public QObject {
  Q_OBJECT
 public:
  // Opens in the background; opened() or failed() follows.
  ProjectSession(store::Project project, QObject* parent = nullptr);
  // Writes asked for before are still done. Waits for them a few milliseconds; if somebody else holds the store, a
  // second, and they end on their own.
  ~ProjectSession() override;

  const store::Project& project() const { return m_project; }
  std::shared_ptr<const RunsSnapshot> snapshot() const { return m_snapshot; }  // never null; empty until the first read

  // Answers arrive on the GUI thread, in order; `context` gone = answer dropped.
  template <class T>
  using Answer = std::function<void(Result<T>)>;
  void loadDetail(store::RunId id, QObject* context, Answer<RunDetail> answer);
  // The same without configToml and metrics: no more than a few rows, whatever the length of the run.
  void loadHistory(store::RunId id, QObject* context, Answer<RunDetail> answer);
  void loadConfig(store::RunId id, QObject* context, Answer<std::string> answer);  // config.toml as it was submitted
  // Points with step > fromStep of these metrics (empty = all) of these runs: what a live plot asks for.
  struct SeriesRequest {
    store::RunId run;
    std::string metric;
    std::int64_t fromStep = -1;
  };
  void loadSeries(std::vector<SeriesRequest> requests, QObject* context,
                  Answer<std::vector<store::MetricSeries>> answer);
  // What was measured of every run that has a measurement.
  struct MeasurementsOfRun {
    store::RunId run;
    std::string name;
    std::vector<store::Measurement> measurements;
  };
  void loadMeasurements(QObject* context, Answer<std::vector<MeasurementsOfRun>> answer);
  void loadLog(store::RunId id, QObject* context, Answer<QString> answer);  // the last 64 KiB of runs/<id>/log.txt

  void submit(const config::RunConfig& config, QObject* context,
              Answer<store::RunId> answer);                // also starts the service
  void request(store::RequestKind kind, store::RunId id);  // of its training
  void request(store::RequestKind kind, store::JobId id);
  void startEngine();
  void edit(std::function<Result<void>(store::RunStore&)> write,
            const QString& what);  // tags, notes, order; a failure is raised as message

 Q_SIGNALS:
  void opened();
  void failed(const QString& sentence);  // cannot be opened; every later call answers with the same sentence
  void runsChanged(std::shared_ptr<const weft::ui::RunsSnapshot> snapshot);
  void messageRaised(const QString& sentence, bool isError);

 private:
  struct Worker;
  store::Project m_project;
  std::shared_ptr<const RunsSnapshot> m_snapshot;
  std::unique_ptr<Worker> m_worker;
};

}  // namespace weft::ui
