#include "engine/service/attempt_end.h"

#include <fmt/format.h>
#include <signal.h>

#include <cstring>

namespace weft::service {

namespace {

using store::RunState;

std::string withLog(const std::string& sentence, const std::string& logLine) {
  return logLine.empty() ? sentence : sentence + " Its log ends with: " + logLine;
}

std::string signalSentence(int signal) {
  if (signal == SIGKILL) return "The worker was killed (signal 9), by somebody or by the system for lack of memory.";
  return fmt::format("The worker crashed: signal {} ({}).", signal, ::strsignal(signal));
}

// The worker said nothing.
store::AttemptEnd unexplained(const store::ActiveJob& active, const std::optional<ChildEnd>& end,
                              const std::string& logLine) {
  store::AttemptEnd result{.job = active.job.id};
  const auto outcome = [&](RunState state, const char* name) {
    result.state = state;
    result.outcome = name;
    return result;
  };
  if (active.job.wanted == "kill") return outcome(RunState::Killed, "killed");
  if (!end) {
    result.code = toString(ErrorCode::JobFailed);
    result.failure = withLog(
        "The worker vanished while no service watched it: the machine was restarted, or somebody ended it; resume "
        "continues from its last "
        "checkpoint.",
        logLine);
    return outcome(RunState::Lost, "lost");
  }
  // A wish that arrives before the worker listens ends it as the system does by default.
  if (active.job.wanted == "stop" && end->signal == SIGTERM) return outcome(RunState::Stopped, "stopped");
  if (active.job.wanted == "pause" && end->signal == SIGUSR1) return outcome(RunState::Paused, "paused");
  result.code = toString(ErrorCode::JobFailed);
  result.failure =
      withLog(end->signal != 0 ? signalSentence(end->signal)
                               : fmt::format("The worker ended with exit code {} and said no reason.", end->exitCode),
              logLine);
  return outcome(RunState::Failed, "failed");
}

}  // namespace

store::AttemptEnd attemptEnd(const store::ActiveJob& active, const std::optional<ChildEnd>& end,
                             const std::string& logLine) {
  const store::Attempt& attempt = active.attempt;
  const auto said = [&](RunState state) {
    return store::AttemptEnd{.job = active.job.id,
                             .state = state,
                             .outcome = attempt.outcome,
                             .code = attempt.code,
                             .failure = attempt.message,
                             .detail = attempt.detail};
  };
  if (attempt.outcome == "completed") return said(RunState::Finished);
  if (attempt.outcome == "stopped") return said(RunState::Stopped);
  if (attempt.outcome == "paused") return said(RunState::Paused);
  // What is no training has no checkpoint to write: it breaks off, and was asked to.
  const bool wasBrokenOff = attempt.outcome == "failed" && attempt.code == toString(ErrorCode::Canceled);
  if (wasBrokenOff && !active.job.wanted.empty()) {
    store::AttemptEnd asked{.job = active.job.id, .state = RunState::Stopped, .outcome = "stopped"};
    if (active.job.wanted == "pause") {
      asked.state = RunState::Paused;
      asked.outcome = "paused";
    }
    return asked;
  }
  if (attempt.outcome == "failed") return said(RunState::Failed);
  return unexplained(active, end, logLine);
}

}  // namespace weft::service
