// engine/service/service.h -- the background service of one project: `weft engine`. It owns the queue: has placement
// pick a job and its lanes, starts the worker, follows its events.jsonl into the store, and carries out what the faces
// ask for. One process a project, held by engine.lock. It may be killed at any moment: the next one continues at the
// stored byte and takes over the workers that run.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "engine/base/result.h"
#include "engine/service/executor.h"
#include "engine/store/project.h"
#include "engine/store/run_store.h"
#include "engine/store/service_writer.h"

namespace weft::service {

using ServiceLog = std::function<void(const std::string& sentence)>;

// The loop's body, one thread; runService calls tick() until the process is asked to end.
class Service {
 public:
  Service(const store::Project& project, store::RunStore store, std::unique_ptr<Executor> executor, ServiceLog log);

  // Requests, events, ended attempts, the queue: a few milliseconds. The first one also takes over what an earlier
  // service left active. An error is the store's or the disk's; the next tick tries again.
  [[nodiscard]] Result<void> tick();
  // Nothing runs, nothing waits that could run, nothing was asked.
  bool isIdle() const { return m_isIdle; }
  bool isAskedToEnd() const { return m_isAskedToEnd; }

 private:
  // An attempt that runs.
  struct Watched {
    store::Job job;
    ProcessId process;
    Claim claim;
    std::int64_t offset = 0;                         // of events.jsonl, as stored
    std::chrono::steady_clock::time_point lastSign;  // of life: the last event's arrival
    double promise_s = 0;                            // of the next sign
    bool isSilenceTold = false, hasEnded = false;    // hasEnded: its last event was read
    std::string problem;                             // told already
  };
  [[nodiscard]] Result<void> adopt();
  [[nodiscard]] Result<void> carryOut(const store::Request& request);
  [[nodiscard]] Result<void> follow(Watched& watched);
  [[nodiscard]] Result<void> drain(Watched& watched);
  [[nodiscard]] Result<void> noteSilence(Watched& watched);
  [[nodiscard]] Result<void> conclude(const Watched& watched);
  [[nodiscard]] Result<void> startQueued();
  [[nodiscard]] Result<void> start(const store::Job& job, const Claim& claim);
  [[nodiscard]] Result<void> refuse(const store::Job& job, const Error& error);
  [[nodiscard]] Result<void> introduce();
  std::vector<Claim> taken() const;

  store::Project m_project;
  store::RunStore m_store;
  std::unique_ptr<Executor> m_executor;
  ServiceLog m_log;
  std::map<store::JobId, Watched> m_watched;
  double m_began = 0;  // seconds since 1970
  bool m_mustAdopt = true, m_isIdle = false, m_isAskedToEnd = false;
};

enum class Stay { UntilIdle, Always };
// Runs the service in this process until SIGTERM, SIGINT, a shut-down request or, if so wanted, until nothing has been
// to do for a while. Busy if another one holds the project.
[[nodiscard]] Result<void> runService(const store::Project& project, Stay stay, const ServiceLog& log);

}  // namespace weft::service
