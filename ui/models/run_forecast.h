// ui/models/run_forecast.h -- what a run that is being put together will be on this machine: its numbers, how long it
// takes, whether it fits. The arithmetic is the engine's (service/run_estimate.h); here it is asked for in the
// background, a moment after the last change.
#pragma once

#include <QObject>
#include <QString>
#include <QTimer>
#include <optional>
#include <vector>

#include "engine/service/run_estimate.h"
#include "engine/store/project.h"
#include "ui/models/background_task.h"

namespace weft::ui {

struct RunForecast {
  std::optional<service::ResolvedRun> run;
  QString problem;  // why there is no run: a tokenizer that cannot be read
  std::optional<service::MemoryFit> fit;
  std::optional<service::RunEstimate> estimate;
  bool isTrying = false;  // the speed is being measured
  QString whyUnknown;     // why there is no estimate and none is on its way
};

class RunForecaster : public QObject {
  Q_OBJECT
 public:
  explicit RunForecaster(QObject* parent = nullptr);
  // Whose earlier runs tell a speed; nullopt: none.
  void setProject(std::optional<store::Project> project);
  // A trial of a few steps is made where no earlier run tells a speed, and `whyNot` is empty: not while the machine
  // trains.
  void setTrials(bool areWanted, const QString& whyNot = {});
  // Answers with changed(), soon and again when more is known.
  void ask(const config::RunConfig& config);
  void forgetFailures() { m_failure.clear(); }
  const RunForecast& forecast() const { return m_forecast; }

 Q_SIGNALS:
  void changed();

 private:
  struct Trial {
    service::MeasuredSpeed speed;
    service::ResolvedRun run;
  };
  struct Known;
  void resolve();
  void apply(Known known);
  std::optional<service::MeasuredSpeed> triedSpeed(const service::ResolvedRun& run) const;
  void tryOut(const service::ResolvedRun& run);

  std::optional<store::Project> m_project;
  std::optional<config::RunConfig> m_config;
  RunForecast m_forecast;
  QTimer m_delay;
  BackgroundTask m_reading, m_trial;
  bool m_isStale = false;
  bool m_areTrialsWanted = false;
  QString m_whyNoTrial;
  std::vector<Trial> m_trials;
  QString m_failure;  // of the last trial: not made again with every key
};

}  // namespace weft::ui
