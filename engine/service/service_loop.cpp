// runService: the process around Service -- its lock, its signals, its end.
#include <fmt/format.h>
#include <signal.h>

#include <system_error>

#include "engine/service/local_executor.h"
#include "engine/service/service.h"
#include "engine/store/engine_lock.h"

namespace weft::service {

namespace {

using Clock = std::chrono::steady_clock;

constexpr timespec kTick{.tv_sec = 0, .tv_nsec = 100'000'000};
constexpr auto kIdleUntilEnd = std::chrono::seconds(10);

// Signals are waited for instead of handled: the wait is the loop's pause, and a worker's end (SIGCHLD) shortens it.
class Signals {
 public:
  Signals() {
    sigemptyset(&m_set);
    for (const int signal : {SIGTERM, SIGINT, SIGCHLD}) sigaddset(&m_set, signal);
    ::sigprocmask(SIG_BLOCK, &m_set, &m_before);
    for (const int signal : {SIGHUP, SIGPIPE}) ::signal(signal, SIG_IGN);
  }
  ~Signals() { ::sigprocmask(SIG_SETMASK, &m_before, nullptr); }
  // True if the process was asked to end.
  bool pause() const {
    const int signal = ::sigtimedwait(&m_set, nullptr, &kTick);
    return signal == SIGTERM || signal == SIGINT;
  }

 private:
  sigset_t m_set{}, m_before{};
};

// True if the loop ended because nothing was to do.
Result<bool> serve(Service& service, const store::Project& project, Stay stay, const Signals& signals,
                   const ServiceLog& log) {
  std::string problem;
  auto lastWork = Clock::now();
  while (true) {
    const Result<void> ticked = service.tick();
    if (!ticked) {
      std::error_code error;
      if (!std::filesystem::exists(project.database(), error)) return tl::unexpected(ticked.error());
      if (problem != ticked.error().message) log(ticked.error().message);
      problem = ticked.error().message;
    } else {
      problem.clear();
    }
    if (service.isAskedToEnd()) return false;
    if (!service.isIdle()) lastWork = Clock::now();
    if (stay == Stay::UntilIdle && Clock::now() - lastWork > kIdleUntilEnd) return true;
    if (signals.pause()) return false;
  }
}

}  // namespace

Result<void> runService(const store::Project& project, Stay stay, const ServiceLog& log) {
  const Signals signals;
  while (true) {
    WEFT_ASSIGN(std::optional<store::EngineLock> lock, store::EngineLock::take(project.engineLock()));
    if (!lock)
      return fail(ErrorCode::Busy,
                  fmt::format("Another background service works on {} already.", project.folder().string()));
    WEFT_ASSIGN(store::RunStore store, store::RunStore::open(project.database()));
    WEFT_ASSIGN(std::unique_ptr<LocalExecutor> executor, LocalExecutor::create(project));
    log(fmt::format("The service works on {}.", project.folder().string()));
    Service service(project, std::move(store), std::move(executor), log);
    WEFT_ASSIGN(const bool hasNothingToDo, serve(service, project, stay, signals, log));
    lock.reset();
    if (!hasNothingToDo) break;
    // Whoever queued a run and found the lock held counts on us: look once more now that it is free.
    WEFT_ASSIGN(store::RunStore last, store::RunStore::open(project.database()));
    WEFT_ASSIGN(const std::vector<store::ReadyJob> queue, last.service().queue());
    WEFT_ASSIGN(const std::vector<store::Request> requests, last.service().openRequests());
    if (queue.empty() && requests.empty()) break;
  }
  log("The service ends; workers that run go on.");
  return {};
}

}  // namespace weft::service
