#include "ui/monitor/job_text.h"

#include <algorithm>
#include <cmath>

#include "engine/base/text.h"
#include "ui/models/run_text.h"

namespace weft::ui {
namespace {

constexpr double kQuiet_s = 120;

QString grouped(std::int64_t value) { return QString::fromStdString(groupDigits(value)); }

}  // namespace

double jobProgress(const store::RunSummary& run) {
  if (run.state == store::RunState::Finished) return 1;
  const double progress = run.steps > 0 ? static_cast<double>(run.step) / static_cast<double>(run.steps) : run.progress;
  return std::clamp(progress, 0.0, 1.0);
}

std::optional<double> jobTimeLeft_s(const store::RunSummary& run, double now_s) {
  if (!store::isActive(run.state)) return std::nullopt;
  if (run.tokensPerSecond && *run.tokensPerSecond > 0 && run.step > 0 && run.steps >= run.step && run.tokens > 0) {
    const double tokensPerStep = static_cast<double>(run.tokens) / static_cast<double>(run.step);
    return static_cast<double>(run.steps - run.step) * tokensPerStep / *run.tokensPerSecond;
  }
  return timeLeft_s(run, now_s);
}

std::optional<double> jobElapsed_s(const store::RunSummary& run, double now_s) {
  if (run.started <= 0) return std::nullopt;
  return std::max(0.0, (run.ended > 0 && !store::isActive(run.state) ? run.ended : now_s) - run.started);
}

QString stepText(const store::RunSummary& run) {
  if (run.steps <= 0) return run.step > 0 ? grouped(run.step) : QStringLiteral("–");
  return QStringLiteral("%1 of %2").arg(grouped(run.step), grouped(run.steps));
}

QString deviceText(const store::RunSummary& run) { return QString::fromStdString(run.device).section(u' ', 0, 0); }

bool isQuiet(const store::RunSummary& run, double now_s) {
  return store::isActive(run.state) && run.heartbeat > 0 && now_s - run.heartbeat > kQuiet_s;
}

QString heartbeatText(const store::RunSummary& run, double now_s) {
  if (!store::isActive(run.state)) return {};
  if (run.heartbeat <= 0) return QStringLiteral("no heartbeat yet");
  const QString age = durationText(std::max(0.0, now_s - run.heartbeat));
  return isQuiet(run, now_s) ? QStringLiteral("no sign of life for %1").arg(age)
                             : QStringLiteral("heartbeat %1 ago").arg(age);
}

QString outcomeText(const store::RunSummary& run) {
  const QString state = stateLabel(run.state);
  switch (run.state) {
    case store::RunState::Finished:
      return run.perplexity ? QStringLiteral("%1, perplexity %2").arg(state, perplexityText(run.perplexity)) : state;
    case store::RunState::Failed:
    case store::RunState::Lost:
      return run.failure.empty() ? state : QStringLiteral("%1: %2").arg(state, QString::fromStdString(run.failure));
    case store::RunState::Stopped:
    case store::RunState::Killed:
    case store::RunState::Paused:
      return QStringLiteral("%1 at step %2").arg(state, stepText(run));
    default:
      return state;
  }
}

QStringList jobFacts(const store::RunSummary& run, const std::vector<store::Checkpoint>& checkpoints, double now_s) {
  QStringList facts;
  if (run.steps > 0) facts << QStringLiteral("step %1").arg(stepText(run));
  if (const auto elapsed = jobElapsed_s(run, now_s)) facts << QStringLiteral("%1 elapsed").arg(durationText(*elapsed));
  if (const auto left = jobTimeLeft_s(run, now_s)) facts << QStringLiteral("%1 left").arg(durationText(*left));
  if (!run.device.empty()) facts << QStringLiteral("on %1").arg(deviceText(run));
  if (run.attempt > 1) facts << QStringLiteral("attempt %1").arg(run.attempt);
  if (!checkpoints.empty()) {
    const store::Checkpoint& last = checkpoints.back();
    facts << QStringLiteral("checkpoint at step %1").arg(grouped(last.step));
  }
  return facts;
}

}  // namespace weft::ui
