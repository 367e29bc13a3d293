#include "engine/service/attempt_end.h"

#include <fmt/format.h>
#include <signal.h>

#include <cstring>

namespace weft::service {

namespace {

using store::RunState;

std::string withLog(std::string sentence, const std::string& logLine) {
  return logLine.empty() ? sentence : sentence + " Its log ends with: " + logLine;
}

std::string signalSentence(int signal) {
  if (signal == SIGKILL) return "The worker was killed (signal 9), by somebody or by the system for lack of memory.";
  return fmt::format("The worker crashed: signal {} ({}).", signal, ::strsignal(signal));
}

// The worker said nothing.
store::AttemptEnd unexplained(const store::ActiveRun& run, const std::optional<ChildEnd>& end,
                              const std::string& logLine) {
  store::AttemptEnd result{.run = run.id};
  const auto outcome = [&](RunState state, const char* name) {
    result.state = state;
    result.outcome = name;
    return result;
  };
  if (run.wanted == "kill") return outcome(RunState::Killed, "killed");
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
  if (run.wanted == "stop" && end->signal == SIGTERM) return outcome(RunState::Stopped, "stopped");
  if (run.wanted == "pause" && end->signal == SIGUSR1) return outcome(RunState::Paused, "paused");
  result.code = toString(ErrorCode::JobFailed);
  result.failure =
      withLog(end->signal != 0 ? signalSentence(end->signal)
                               : fmt::format("The worker ended with exit code {} and said no reason.", end->exitCode),
              logLine);
  return outcome(RunState::Failed, "failed");
}

}  // namespace

store::AttemptEnd attemptEnd(const store::ActiveRun& run, const std::optional<ChildEnd>& end,
                             const std::string& logLine) {
  const store::Attempt& attempt = run.attempt;
  const auto said = [&](RunState state) {
    return store::AttemptEnd{.run = run.id,
                             .state = state,
                             .outcome = attempt.outcome,
                             .code = attempt.code,
                             .failure = attempt.message,
                             .detail = attempt.detail};
  };
  if (attempt.outcome == "completed") return said(RunState::Finished);
  if (attempt.outcome == "stopped") return said(RunState::Stopped);
  if (attempt.outcome == "paused") return said(RunState::Paused);
  if (attempt.outcome == "failed") return said(RunState::Failed);
  return unexplained(run, end, logLine);
}

}  // namespace weft::service
