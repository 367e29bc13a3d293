// runDirectJob: a worker that somebody waits for.
#include <fmt/format.h>

#include <chrono>
#include <thread>

#include "engine/base/files.h"
#include "engine/service/client.h"
#include "engine/service/event_reader.h"
#include "engine/service/last_line.h"
#include "engine/service/local_executor.h"

namespace weft::service {

namespace {

class Follower {
 public:
  Follower(std::filesystem::path events, const std::function<void(const Event&)>& onEvent) : m_events(std::move(events)), m_onEvent(onEvent) {}

  Result<void> read() {
    for (bool hasMore = true; hasMore;) {
      WEFT_ASSIGN(const EventLines lines, readEvents(m_events, m_offset));
      m_offset = lines.to;
      hasMore = lines.hasMore;
      for (const Event& event : lines.events) {
        if (m_onEvent) m_onEvent(event);
        if (const auto* finished = std::get_if<FinishedEvent>(&event.body)) m_finished = *finished;
        if (const auto* failed = std::get_if<FailedEvent>(&event.body)) m_failed = *failed;
      }
    }
    return {};
  }
  const std::optional<FinishedEvent>& finished() const { return m_finished; }
  const std::optional<FailedEvent>& failed() const { return m_failed; }

 private:
  std::filesystem::path m_events;
  const std::function<void(const Event&)>& m_onEvent;
  std::int64_t m_offset = 0;
  std::optional<FinishedEvent> m_finished;
  std::optional<FailedEvent> m_failed;
};

}  // namespace

Result<FinishedEvent> runDirectJob(const DirectJob& job, const std::function<void(const Event&)>& onEvent) {
  const std::filesystem::path log = job.runFolder / "log.txt";
  WEFT_ASSIGN(const std::filesystem::path program, workerProgram());
  WEFT_TRY(writeFileAtomically(job.runFolder / "job.json", job.jobJson));
  WEFT_ASSIGN(const ProcessId worker, startDependent(workerLaunch(program, job.runFolder)));
  Follower follower(job.runFolder / "events.jsonl", onEvent);
  std::optional<ChildEnd> end;
  while (!end) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    end = takeEnd(worker);  // before reading: what it wrote last is read then
    WEFT_TRY(follower.read());
  }
  if (follower.finished()) return *follower.finished();
  if (follower.failed()) {
    return fail(errorCodeFromString(follower.failed()->code), follower.failed()->message, follower.failed()->detail);
  }
  const std::string how =
      end->signal != 0 ? fmt::format("was ended by signal {}", end->signal) : fmt::format("ended with exit code {}", end->exitCode);
  const std::string said = lastLine(log);
  return fail(ErrorCode::JobFailed, fmt::format("The worker {} and said no reason{}", how, said.empty() ? "." : "; its log ends with: " + said));
}

}  // namespace weft::service
