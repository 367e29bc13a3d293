#include "engine/service/service.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <fstream>
#include <utility>

#include "engine/base/text.h"
#include "engine/service/attempt_end.h"
#include "engine/service/event_reader.h"
#include "engine/service/local_executor.h"
#include "engine/service/run_log.h"

namespace weft::service {

namespace {

using Clock = std::chrono::steady_clock;
using store::RequestKind;
using store::RunState;

constexpr auto kLinger = std::chrono::seconds(30);  // after its last event a worker has this long to end
constexpr double kFirstPromise_s = 300;  // until a worker promises something itself: loading torch and a large model

double unixTime() { return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count(); }

// A worker that ended without a word wrote no end to its log; whoever reads it learns here how it ended.
void appendToLog(const std::filesystem::path& log, const store::AttemptEnd& end, double started) {
  std::ofstream stream(log, std::ios::app);
  const std::string reason = end.failure.empty() ? fmt::format("The worker was {}.", end.outcome) : end.failure;
  stream << runLogLine(unixTime(), fmt::format("Ended after {}: {}", formatDuration(unixTime() - started), reason));
}

// "Run 12", "Job 15 (evaluate, run 12)": at the beginning of a sentence.
std::string subjectOf(const store::Job& job) {
  std::string name = store::nameOf(job);
  name.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(name.front())));
  return name;
}

// What a request means for a job that no attempt works on: from which states to which. Another state is left as it is.
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

struct SignalName {
  Signal signal;
  const char* name;
};
constexpr std::array kSignals{SignalName{Signal::Stop, "stop"}, SignalName{Signal::Pause, "pause"},
                              SignalName{Signal::Kill, "kill"}};

std::optional<SignalName> signalOf(RequestKind kind) {
  if (kind == RequestKind::Stop) return kSignals[0];
  if (kind == RequestKind::Pause) return kSignals[1];
  if (kind == RequestKind::Kill) return kSignals[2];
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
    WEFT_TRY(introduce());
    WEFT_TRY(adopt());
    m_mustAdopt = false;
  }
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

// Every job that is active in the store and not watched here: an earlier service's, or one whose start failed half-way.
Result<void> Service::adopt() {
  store::RunStore::ServiceWriter writer = m_store.service();
  WEFT_ASSIGN(const std::vector<store::ActiveJob> active, writer.activeJobs());
  for (const store::ActiveJob& one : active) {
    const store::Job& job = one.job;
    const store::Attempt& attempt = one.attempt;
    if (m_watched.contains(job.id)) continue;
    if (attempt.pid == 0) {
      const bool isWanted = job.wanted.empty();
      m_log(fmt::format("{}: its attempt {} was never started; it is {} again.", subjectOf(job), attempt.number,
                        isWanted ? "queued" : "stopped"));
      WEFT_TRY(writer.attemptEnded({.job = job.id,
                                    .state = isWanted ? RunState::Queued : RunState::Stopped,
                                    .outcome = "lost",
                                    .detail = "The service ended before the worker was started."}));
      continue;
    }
    Watched watched{.job = job,
                    .process = {attempt.pid, attempt.pidStart},
                    .claim = {.job = job.id, .host = attempt.host, .lanes = attempt.lanes},
                    .lastSign = Clock::now(),
                    .promise_s = job.promise_s > 0 ? job.promise_s : kFirstPromise_s,
                    .hasEnded = !attempt.outcome.empty()};
    // Of an older store, or before this machine got another name: what runs here has lanes of a host of ours.
    const std::vector<Host> hosts = m_executor->hosts();
    if (std::none_of(hosts.begin(), hosts.end(), [&](const Host& host) { return host.name == attempt.host; }))
      watched.claim.host = hosts.front().name;
    WEFT_ASSIGN(watched.offset, writer.eventsOffset(job.id));
    m_log(fmt::format("{}: worker {} taken over.", subjectOf(job), attempt.pid));
    // The earlier service may have died between noting the wish and telling the worker.
    for (const SignalName& signal : kSignals) {
      if (job.wanted == signal.name) m_executor->tell(watched.process, signal.signal);
    }
    m_watched.emplace(job.id, std::move(watched));
  }
  return {};
}

Result<void> Service::carryOut(const store::Request& request) {
  if (request.kind == RequestKind::ShutDown) {
    if (request.time >= m_began) m_isAskedToEnd = true;  // an older one was meant for a service that is gone
    return {};
  }
  const auto watched = m_watched.find(request.job);
  const std::optional<SignalName> signal = signalOf(request.kind);
  if (watched != m_watched.end()) {
    if (!signal) return {};  // resume: it runs
    m_log(fmt::format("{}: asked to {}.", subjectOf(watched->second.job), signal->name));
    WEFT_TRY(m_store.service().want(request.job, signal->name));
    m_executor->tell(watched->second.process, signal->signal);
    return {};
  }
  const Change change = changeOf(request.kind);
  WEFT_ASSIGN(const bool isChanged, m_store.service().changeState(request.job, change.from, change.to));
  if (!isChanged) return {};
  WEFT_ASSIGN(const store::Job job, m_store.job(request.job));
  m_log(fmt::format("{} is {}.", subjectOf(job), store::toString(change.to)));
  return {};
}

Result<void> Service::follow(Watched& watched) {
  WEFT_TRY(drain(watched));
  if (watched.hasEnded && Clock::now() - watched.lastSign > kLinger) {
    m_log(fmt::format("{}: worker {} does not end after its last event; it is killed.", subjectOf(watched.job),
                      watched.process.pid));
    m_executor->tell(watched.process, Signal::Kill);
  }
  return noteSilence(watched);
}

// Stores what the worker wrote since. A file that cannot be read is told once and asked again; the run goes on.
Result<void> Service::drain(Watched& watched) {
  const std::filesystem::path events = m_project.jobFolder(watched.job) / "events.jsonl";
  for (bool hasMore = true; hasMore;) {
    const Result<EventLines> lines = readEvents(events, watched.offset);
    if (!lines) {
      if (watched.problem != lines.error().message) m_log(lines.error().message);
      watched.problem = lines.error().message;
      return {};
    }
    hasMore = lines->hasMore;
    if (lines->to == lines->from) return {};
    const Result<void> stored = m_store.service().ingest(
        {.job = watched.job.id, .from = lines->from, .to = lines->to, .rows = toRows(lines->events)});
    if (!stored) {
      if (const Result<std::int64_t> offset = m_store.service().eventsOffset(watched.job.id)) watched.offset = *offset;
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
  m_log(fmt::format("{}: {}", subjectOf(watched.job), sentence));
  return m_store.service().addAlert(watched.job.id, "warning", sentence);
}

Result<void> Service::conclude(const Watched& watched) {
  const std::filesystem::path log = m_project.jobFolder(watched.job) / "log.txt";
  WEFT_ASSIGN(const store::ActiveJob active, m_store.service().activeJob(watched.job.id));
  const store::AttemptEnd end = attemptEnd(active, m_executor->endOf(watched.process), lastComplaint(log));
  m_log(fmt::format("{} is {}{}", subjectOf(watched.job), store::toString(end.state),
                    end.failure.empty() ? "." : ": " + end.failure));
  if (active.attempt.outcome.empty()) appendToLog(log, end, active.attempt.started);
  return m_store.service().attemptEnded(end);
}

std::vector<Claim> Service::taken() const {
  std::vector<Claim> claims;
  for (const auto& [job, watched] : m_watched) claims.push_back(watched.claim);
  return claims;
}

Result<void> Service::startQueued() {
  // The queue is read only where something is free: it may be long, and this is asked ten times a second.
  const std::vector<Host> hosts = m_executor->hosts();
  const std::vector<Claim> claims = taken();
  if (isFull(hosts, claims)) return {};
  WEFT_ASSIGN(const std::vector<store::ReadyJob> queue, m_store.service().queue());
  std::map<store::JobId, const store::Job*> jobs;
  std::vector<Wish> wishes;
  for (const auto& [job, obstacle] : queue) {
    if (!obstacle.empty()) {
      WEFT_TRY(refuse(job, {ErrorCode::JobFailed, subjectOf(job) + " was not begun: " + obstacle + ".", {}}));
      continue;
    }
    jobs[job.id] = &job;
    wishes.push_back({.job = job.id, .resources = job.resources});
  }
  const Placement placement = place(hosts, claims, wishes);
  for (const Refusal& refusal : placement.refusals) WEFT_TRY(refuse(*jobs.at(refusal.job), refusal.error));
  for (const Claim& claim : placement.starts) WEFT_TRY(start(*jobs.at(claim.job), claim));
  return {};
}

Result<void> Service::start(const store::Job& job, const Claim& claim) {
  store::RunStore::ServiceWriter writer = m_store.service();
  std::string config;
  if (job.isTraining()) {
    WEFT_ASSIGN(config, m_store.configToml(job.run));
  }
  WEFT_ASSIGN(const std::optional<int> attempt, writer.take(job.id));
  if (!attempt) return {};  // stopped or held in this very moment
  Result<std::unique_ptr<PreparedAttempt>> prepared =
      m_executor->prepare({.job = job, .attempt = *attempt, .configToml = config, .claim = claim});
  if (!prepared) {
    m_log(fmt::format("{} is failed: {}", subjectOf(job), prepared.error().message));
    return writer.attemptEnded({.job = job.id,
                                .state = RunState::Failed,
                                .outcome = "failed",
                                .code = toString(prepared.error().code),
                                .failure = prepared.error().message,
                                .detail = prepared.error().detail});
  }
  const ProcessId process = (*prepared)->id();
  Watched watched{
      .job = job, .process = process, .claim = claim, .lastSign = Clock::now(), .promise_s = kFirstPromise_s};
  WEFT_ASSIGN(watched.offset, writer.eventsOffset(job.id));
  WEFT_TRY(writer.attemptStarted(
      {.job = job.id, .pid = process.pid, .pidStart = process.start, .host = claim.host, .lanes = claim.lanes}));
  (*prepared)->begin();
  m_watched.emplace(job.id, std::move(watched));
  m_log(fmt::format("{}: attempt {} begins on {} as process {}.", subjectOf(job), *attempt, join(claim.lanes, ", "),
                    process.pid));
  return {};
}

// A queued job that these machines can never execute fails at once, with an attempt that says why.
Result<void> Service::refuse(const store::Job& job, const Error& error) {
  WEFT_ASSIGN(const std::optional<int> attempt, m_store.service().take(job.id));
  if (!attempt) return {};
  m_log(fmt::format("{} is failed: {}", subjectOf(job), error.message));
  return m_store.service().attemptEnded({.job = job.id,
                                         .state = RunState::Failed,
                                         .outcome = "failed",
                                         .code = toString(error.code),
                                         .failure = error.message,
                                         .detail = error.detail});
}

// Readers learn who works here and with which devices.
Result<void> Service::introduce() {
  std::vector<std::string> devices;
  for (const Host& host : m_executor->hosts())
    for (const Lane& lane : host.lanes)
      devices.push_back(std::string(trim(lane + " " + m_executor->describe(host, lane))));
  return m_store.service().setEngineState(
      {.pid = ::getpid(), .host = hostName(), .began = m_began, .devices = devices});
}

}  // namespace weft::service
