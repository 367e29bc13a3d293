#include "engine/service/service.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <utility>

#include "engine/base/text.h"
#include "engine/config/run_config.h"
#include "engine/service/attempt_end.h"
#include "engine/service/event_reader.h"
#include "engine/service/run_log.h"

namespace weft::service {

namespace {

using Clock = std::chrono::steady_clock;
using store::RequestKind;
using store::RunState;

constexpr auto kHeartbeat = std::chrono::seconds(5);
constexpr auto kLinger = std::chrono::seconds(30);  // after its last event a worker has this long to end
constexpr double kFirstPromise_s = 300;  // until a worker promises something itself: loading torch and a large model

double unixTime() { return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count(); }

// A worker that ended without a word wrote no end to its log; whoever reads it learns here how it ended.
void appendToLog(const std::filesystem::path& log, const store::AttemptEnd& end, double started) {
  std::ofstream stream(log, std::ios::app);
  const std::string reason = end.failure.empty() ? fmt::format("The worker was {}.", end.outcome) : end.failure;
  stream << runLogLine(unixTime(), fmt::format("Ended after {}: {}", formatDuration(unixTime() - started), reason));
}

std::string hostName() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

const char* nameOf(RunState state) { return store::toString(state); }

// What a request means for a run that no attempt works on: from which states to which. Another state is left as it is.
struct Change {
  std::vector<RunState> from;
  RunState to;
};
Change changeOf(RequestKind kind) {
  switch (kind) {
    case RequestKind::Pause:
      return {{RunState::Queued}, RunState::Held};
    case RequestKind::Resume:
      return {{RunState::Held, RunState::Paused, RunState::Stopped, RunState::Failed, RunState::Killed, RunState::Lost,
               RunState::Draft},
              RunState::Queued};
    default:
      return {{RunState::Queued, RunState::Held, RunState::Paused, RunState::Draft}, RunState::Stopped};
  }
}

struct WishName {
  Wish wish;
  const char* name;
};
constexpr std::array kWishes{WishName{Wish::Stop, "stop"}, WishName{Wish::Pause, "pause"},
                             WishName{Wish::Kill, "kill"}};

std::optional<WishName> wishOf(RequestKind kind) {
  if (kind == RequestKind::Stop) return kWishes[0];
  if (kind == RequestKind::Pause) return kWishes[1];
  if (kind == RequestKind::Kill) return kWishes[2];
  return std::nullopt;
}

}  // namespace

Service::Service(const store::Project& project, store::RunStore store, std::unique_ptr<Executor> executor,
                 ServiceLog log)
    : m_project(project),
      m_store(std::move(store)),
      m_executor(std::move(executor)),
      m_log(std::move(log)),
      m_began(unixTime()) {}

Result<void> Service::tick() {
  m_isIdle = false;
  if (m_mustAdopt) {
    WEFT_TRY(adopt());
    m_mustAdopt = false;
  }
  WEFT_TRY(heartbeat());
  WEFT_ASSIGN(const std::vector<store::Request> requests, m_store.service().openRequests());
  for (const store::Request& request : requests) {
    WEFT_TRY(carryOut(request));
    WEFT_TRY(m_store.service().answer(request.id));
  }
  for (auto watched = m_watched.begin(); watched != m_watched.end();) {
    const bool isRunning =
        m_executor->isRunning(watched->second.process);  // asked first: what it wrote before its end is read then
    WEFT_TRY(follow(watched->second));
    if (isRunning) {
      ++watched;
      continue;
    }
    WEFT_TRY(conclude(watched->second));
    watched = m_watched.erase(watched);
  }
  const Result<void> started = startQueued();
  if (!started) m_mustAdopt = true;  // perhaps it was taken and not started
  WEFT_TRY(started);
  m_isIdle = requests.empty() && m_watched.empty();
  return {};
}

// Every run that is active in the store and not watched here: an earlier service's, or one whose start failed half-way.
Result<void> Service::adopt() {
  store::RunStore::ServiceWriter writer = m_store.service();
  WEFT_ASSIGN(const std::vector<store::ActiveRun> active, writer.activeRuns());
  for (const store::ActiveRun& run : active) {
    if (m_watched.contains(run.id)) continue;
    if (run.attempt.pid == 0) {
      const bool isWanted = run.wanted.empty();
      m_log(fmt::format("Run {}: its attempt {} was never started; it is {} again.", run.id.value, run.attempt.number,
                        isWanted ? "queued" : "stopped"));
      WEFT_TRY(writer.attemptEnded({.run = run.id,
                                    .state = isWanted ? RunState::Queued : RunState::Stopped,
                                    .outcome = "lost",
                                    .detail = "The service ended before the worker was started."}));
      continue;
    }
    Watched watched{.run = run.id,
                    .process = {run.attempt.pid, run.attempt.pidStart},
                    .lane = m_executor->laneOf(run.id),
                    .lastSign = Clock::now(),
                    .promise_s = run.promise_s > 0 ? run.promise_s : kFirstPromise_s,
                    .hasEnded = !run.attempt.outcome.empty()};
    WEFT_ASSIGN(watched.offset, writer.eventsOffset(run.id));
    m_log(fmt::format("Run {}: worker {} taken over.", run.id.value, run.attempt.pid));
    // The earlier service may have died between noting the wish and telling the worker.
    for (const WishName& wish : kWishes) {
      if (run.wanted == wish.name) m_executor->tell(watched.process, wish.wish);
    }
    m_watched.emplace(run.id, std::move(watched));
  }
  return {};
}

Result<void> Service::carryOut(const store::Request& request) {
  if (request.kind == RequestKind::ShutDown) {
    if (request.time >= m_began) m_isAskedToEnd = true;  // an older one was meant for a service that is gone
    return {};
  }
  const auto watched = m_watched.find(request.run);
  const std::optional<WishName> wish = wishOf(request.kind);
  if (watched != m_watched.end()) {
    if (!wish) return {};  // resume: it runs
    m_log(fmt::format("Run {}: asked to {}.", request.run.value, wish->name));
    WEFT_TRY(m_store.service().want(request.run, wish->name));
    m_executor->tell(watched->second.process, wish->wish);
    return {};
  }
  const Change change = changeOf(request.kind);
  WEFT_ASSIGN(const bool isChanged, m_store.service().changeState(request.run, change.from, change.to));
  if (isChanged) m_log(fmt::format("Run {} is {}.", request.run.value, nameOf(change.to)));
  return {};
}

Result<void> Service::follow(Watched& watched) {
  WEFT_TRY(drain(watched));
  if (watched.hasEnded && Clock::now() - watched.lastSign > kLinger) {
    m_log(fmt::format("Run {}: worker {} does not end after its last event; it is killed.", watched.run.value,
                      watched.process.pid));
    m_executor->tell(watched.process, Wish::Kill);
  }
  return noteSilence(watched);
}

// Stores what the worker wrote since. A file that cannot be read is told once and asked again; the run goes on.
Result<void> Service::drain(Watched& watched) {
  for (bool hasMore = true; hasMore;) {
    const Result<EventLines> lines = readEvents(m_project.eventsFile(watched.run), watched.offset);
    if (!lines) {
      if (watched.problem != lines.error().message) m_log(lines.error().message);
      watched.problem = lines.error().message;
      return {};
    }
    hasMore = lines->hasMore;
    if (lines->to == lines->from) return {};
    const Result<void> stored = m_store.service().ingest(
        {.run = watched.run, .from = lines->from, .to = lines->to, .rows = toRows(lines->events)});
    if (!stored) {
      if (const Result<std::int64_t> offset = m_store.service().eventsOffset(watched.run)) watched.offset = *offset;
      return stored;
    }
    watched.offset = lines->to;
    watched.lastSign = Clock::now();
    watched.isSilenceTold = false;
    for (const protocol::Event& event : lines->events) {
      if (const auto* progress = std::get_if<protocol::ProgressEvent>(&event.body))
        watched.promise_s = progress->heartbeat_s;
      if (std::holds_alternative<protocol::FinishedEvent>(event.body) ||
          std::holds_alternative<protocol::FailedEvent>(event.body))
        watched.hasEnded = true;
    }
  }
  return {};
}

Result<void> Service::noteSilence(Watched& watched) {
  const double silence_s = std::chrono::duration<double>(Clock::now() - watched.lastSign).count();
  if (watched.isSilenceTold || watched.hasEnded || silence_s <= 2 * watched.promise_s) return {};
  watched.isSilenceTold = true;
  const std::string sentence =
      fmt::format("No sign of life for {}, though one was promised within {}; the worker (process {}) is still there.",
                  formatDuration(silence_s), formatDuration(watched.promise_s), watched.process.pid);
  m_log(fmt::format("Run {}: {}", watched.run.value, sentence));
  return m_store.service().addAlert(watched.run, "warning", sentence);
}

Result<void> Service::conclude(const Watched& watched) {
  WEFT_ASSIGN(const store::ActiveRun run, m_store.service().activeRun(watched.run));
  const store::AttemptEnd end =
      attemptEnd(run, m_executor->endOf(watched.process), lastComplaint(m_project.runFolder(watched.run) / "log.txt"));
  m_log(fmt::format("Run {} is {}{}", watched.run.value, nameOf(end.state),
                    end.failure.empty() ? "." : ": " + end.failure));
  if (run.attempt.outcome.empty()) appendToLog(m_project.runFolder(watched.run) / "log.txt", end, run.attempt.started);
  return m_store.service().attemptEnded(end);
}

Result<void> Service::startQueued() {
  std::vector<Lane> busy;
  for (const auto& [run, watched] : m_watched) busy.push_back(watched.lane);
  if (busy.size() >= m_executor->lanes().size()) return {};
  WEFT_ASSIGN(const std::vector<store::RunId> queue, m_store.service().queue());
  for (const store::RunId run : queue) {
    WEFT_ASSIGN(const std::string device, deviceOf(run));
    const Result<std::optional<Lane>> lane = m_executor->choose(device, busy);
    if (!lane) {
      WEFT_TRY(refuse(run, lane.error()));
    } else if (*lane) {
      WEFT_TRY(start(run, **lane));
      busy.push_back(**lane);
    }
    if (busy.size() >= m_executor->lanes().size()) return {};
  }
  return {};
}

Result<void> Service::start(store::RunId run, const Lane& lane) {
  store::RunStore::ServiceWriter writer = m_store.service();
  WEFT_ASSIGN(const std::string config, m_store.configToml(run));
  WEFT_ASSIGN(const std::optional<int> attempt, writer.take(run));
  if (!attempt) return {};  // stopped or held in this very moment
  m_devices.erase(run);
  Result<std::unique_ptr<PreparedAttempt>> prepared =
      m_executor->prepare({.run = run, .attempt = *attempt, .configToml = config, .lane = lane});
  if (!prepared) {
    m_log(fmt::format("Run {} is failed: {}", run.value, prepared.error().message));
    return writer.attemptEnded({.run = run,
                                .state = RunState::Failed,
                                .outcome = "failed",
                                .code = toString(prepared.error().code),
                                .failure = prepared.error().message,
                                .detail = prepared.error().detail});
  }
  const ProcessId process = (*prepared)->id();
  Watched watched{.run = run, .process = process, .lane = lane, .lastSign = Clock::now(), .promise_s = kFirstPromise_s};
  WEFT_ASSIGN(watched.offset, writer.eventsOffset(run));
  WEFT_TRY(writer.attemptStarted({.run = run, .pid = process.pid, .pidStart = process.start, .device = lane}));
  (*prepared)->begin();
  m_watched.emplace(run, std::move(watched));
  m_log(fmt::format("Run {}: attempt {} begins on {} as process {}.", run.value, *attempt, lane, process.pid));
  return {};
}

// A queued run that this machine can never execute fails at once, with an attempt that says why.
Result<void> Service::refuse(store::RunId run, const Error& error) {
  WEFT_ASSIGN(const std::optional<int> attempt, m_store.service().take(run));
  if (!attempt) return {};
  m_devices.erase(run);
  m_log(fmt::format("Run {} is failed: {}", run.value, error.message));
  return m_store.service().attemptEnded({.run = run,
                                         .state = RunState::Failed,
                                         .outcome = "failed",
                                         .code = toString(error.code),
                                         .failure = error.message,
                                         .detail = error.detail});
}

Result<std::string> Service::deviceOf(store::RunId run) {
  if (const auto known = m_devices.find(run); known != m_devices.end()) return known->second;
  WEFT_ASSIGN(const std::string toml, m_store.configToml(run));
  const Result<config::RunConfig> config = config::parseRunConfig(toml, "config.toml");
  // A configuration that cannot be read fails in its worker, which says why.
  return m_devices[run] = config ? config->device.device : "auto";
}

Result<void> Service::heartbeat() {
  if (m_lastHeartbeat && Clock::now() - *m_lastHeartbeat < kHeartbeat) return {};
  std::vector<std::string> devices;
  for (const Lane& lane : m_executor->lanes())
    devices.push_back(std::string(trim(lane + " " + m_executor->describe(lane))));
  WEFT_TRY(m_store.service().heartbeat(
      {.pid = ::getpid(), .host = hostName(), .heartbeat = unixTime(), .devices = devices}));
  m_lastHeartbeat = Clock::now();
  return {};
}

}  // namespace weft::service
