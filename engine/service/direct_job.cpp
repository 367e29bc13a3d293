// runDirectJob: a worker that somebody waits for.
#include <fmt/format.h>
#include <signal.h>

#include <chrono>
#include <thread>

#include "engine/base/files.h"
#include "engine/service/client.h"
#include "engine/service/event_reader.h"
#include "engine/service/local_executor.h"
#include "engine/service/run_log.h"

namespace weft::service {

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds kPatience{3};  // of a worker that is asked to end

class Follower {
 public:
  Follower(std::filesystem::path events, const std::function<void(const protocol::Event&)>& onEvent)
      : m_events(std::move(events)), m_onEvent(onEvent) {}

  Result<void> read() {
    for (bool hasMore = true; hasMore;) {
      WEFT_ASSIGN(const EventLines lines, readEvents(m_events, m_offset));
      m_offset = lines.to;
      hasMore = lines.hasMore;
      for (const protocol::Event& event : lines.events) {
        if (m_onEvent) m_onEvent(event);
        if (const auto* finished = std::get_if<protocol::FinishedEvent>(&event.body)) m_finished = *finished;
        if (const auto* failed = std::get_if<protocol::FailedEvent>(&event.body)) m_failed = *failed;
      }
    }
    return {};
  }
  const std::optional<protocol::FinishedEvent>& finished() const { return m_finished; }
  const std::optional<protocol::FailedEvent>& failed() const { return m_failed; }

 private:
  std::filesystem::path m_events;
  const std::function<void(const protocol::Event&)>& m_onEvent;
  std::int64_t m_offset = 0;
  std::optional<protocol::FinishedEvent> m_finished;
  std::optional<protocol::FailedEvent> m_failed;
};

}  // namespace

Result<protocol::FinishedEvent> runDirectJob(const DirectJob& job,
                                             const std::function<void(const protocol::Event&)>& onEvent) {
  const std::filesystem::path log = job.runFolder / "log.txt";
  WEFT_ASSIGN(const std::filesystem::path program, workerProgram());
  WEFT_TRY(protocol::writeJob(job.job, job.runFolder));
  WEFT_ASSIGN(const ProcessId worker, startDependent(workerLaunch(program, job.runFolder)));
  Follower follower(job.runFolder / "events.jsonl", onEvent);
  std::optional<ChildEnd> end;
  std::optional<Clock::time_point> asked;
  while (!end) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    if (job.isCanceled != nullptr && job.isCanceled->load()) {
      // Before it listens a SIGTERM ends it as the system does by default, which is as well.
      if (!asked) sendSignal(worker, SIGTERM);
      if (asked && Clock::now() - *asked > kPatience) sendSignal(worker, SIGKILL);
      if (!asked) asked = Clock::now();
    }
    end = takeEnd(worker);  // before reading: what it wrote last is read then
    WEFT_TRY(follower.read());
  }
  if (follower.finished()) return *follower.finished();
  if (follower.failed()) {
    return fail(errorCodeFromString(follower.failed()->code), follower.failed()->message, follower.failed()->detail);
  }
  if (asked) return fail(ErrorCode::Canceled, "The job was stopped before it was done.");
  const std::string how = end->signal != 0 ? fmt::format("was ended by signal {}", end->signal)
                                           : fmt::format("ended with exit code {}", end->exitCode);
  const std::string said = lastComplaint(log);
  return fail(ErrorCode::JobFailed, fmt::format("The worker {} and said no reason{}", how,
                                                said.empty() ? "." : "; its log ends with: " + said));
}

}  // namespace weft::service
