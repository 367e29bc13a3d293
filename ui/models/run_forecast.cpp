#include "ui/models/run_forecast.h"

#include <utility>

#include "engine/store/run_store.h"
#include "ui/models/qt_text.h"

namespace weft::ui {

namespace {

constexpr int kDelay_ms = 250;

}  // namespace

// What the reading thread found.
struct RunForecaster::Known {
  Result<service::ResolvedRun> run;
  std::optional<service::MeasuredSpeed> speed;
  std::optional<service::MemoryFit> fit;
  std::string speedProblem;
};

RunForecaster::RunForecaster(QObject* parent) : QObject(parent) {
  m_delay.setSingleShot(true);
  connect(&m_delay, &QTimer::timeout, this, &RunForecaster::resolve);
}

void RunForecaster::setProject(std::optional<store::Project> project) {
  m_project = std::move(project);
  m_failure.clear();
  if (m_config) m_delay.start(kDelay_ms);
}

void RunForecaster::setTrials(bool areWanted, const QString& whyNot) {
  if (areWanted == m_areTrialsWanted && whyNot == m_whyNoTrial) return;
  m_areTrialsWanted = areWanted;
  m_whyNoTrial = whyNot;
  if (m_config) m_delay.start(kDelay_ms);
}

void RunForecaster::ask(const config::RunConfig& config) {
  if (m_config && *m_config == config && m_forecast.run) return;
  m_config = config;
  m_delay.start(kDelay_ms);
}

void RunForecaster::resolve() {
  if (!m_config) return;
  m_isStale = m_reading.isRunning();
  if (m_isStale) return;
  m_reading.start([this, config = *m_config, project = m_project](const BackgroundTask::Control&) {
    auto known =
        std::make_shared<Known>(Known{.run = service::resolveRun(config), .speed = {}, .fit = {}, .speedProblem = {}});
    if (known->run) {
      if (auto fit = service::fitOf(*known->run, service::deviceMemory(*known->run))) known->fit = *fit;
      auto store = project ? std::optional(store::RunStore::open(project->database(), store::RunStore::Mode::ReadOnly))
                           : std::nullopt;
      if (store && *store) {
        if (auto speed = service::speedOfEarlierRuns(**store, *known->run))
          known->speed = *speed;
        else
          known->speedProblem = speed.error().message;
      }
    }
    return BackgroundTask::Answer([this, known] { apply(std::move(*known)); });
  });
}

void RunForecaster::apply(Known known) {
  if (m_isStale) m_delay.start(0);
  m_forecast = {};
  if (!known.run) {
    m_forecast.problem = toQt(known.run.error().message);
    return Q_EMIT changed();
  }
  m_forecast.run = std::move(*known.run);
  m_forecast.fit = std::move(known.fit);
  if (!known.speed || !known.speed->isOfThisRun) {
    if (const auto tried = triedSpeed(*m_forecast.run); tried && (!known.speed || tried->isOfThisRun))
      known.speed = tried;
  }
  if (known.speed) {
    m_forecast.estimate = service::estimateRun(*m_forecast.run, *known.speed);
  } else if (m_trial.isRunning()) {
    m_forecast.isTrying = true;
  } else if (m_forecast.fit && !m_forecast.fit->fits) {
    m_forecast.whyUnknown = tr("it does not fit");
  } else if (!m_failure.isEmpty()) {
    m_forecast.whyUnknown = m_failure;
  } else if (m_areTrialsWanted && m_whyNoTrial.isEmpty()) {
    m_forecast.isTrying = true;
    tryOut(*m_forecast.run);
  } else {
    m_forecast.whyUnknown = m_whyNoTrial.isEmpty() ? tr("nothing like it ran here yet") : m_whyNoTrial;
  }
  Q_EMIT changed();
}

std::optional<service::MeasuredSpeed> RunForecaster::triedSpeed(const service::ResolvedRun& run) const {
  std::optional<service::MeasuredSpeed> found;
  for (const Trial& trial : m_trials) {
    const auto speed = service::carriedOver(trial.speed, trial.run, run);
    if (speed && (!found || speed->isOfThisRun)) found = speed;
  }
  return found;
}

void RunForecaster::tryOut(const service::ResolvedRun& run) {
  m_trial.start([this, run](const BackgroundTask::Control& control) {
    auto speed = service::tryOutSpeed(run, control.isCanceled);
    return BackgroundTask::Answer([this, run, speed = std::move(speed)] {
      if (speed)
        m_trials.push_back({*speed, run});
      else
        m_failure = toQt(speed.error().message);
      m_delay.start(0);
    });
  });
}

}  // namespace weft::ui
