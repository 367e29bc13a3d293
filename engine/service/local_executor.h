// engine/service/local_executor.h -- attempts as weft-worker processes of this machine: one lane a GPU, and one for the
// CPU.
#pragma once

#include <filesystem>
#include <map>

#include "engine/service/executor.h"

namespace weft::service {

std::string hostName();  // of this machine; "" if it has none

class LocalExecutor : public Executor {
 public:
  // NotFound if there is no weft-worker.
  [[nodiscard]] static Result<std::unique_ptr<LocalExecutor>> create(const store::Project& project);
  LocalExecutor(store::Project project, std::filesystem::path worker, std::vector<Lane> lanes)
      : m_project(std::move(project)), m_worker(std::move(worker)), m_host(hostName()), m_lanes(std::move(lanes)) {}

  std::vector<Host> hosts() const override { return {{.name = m_host, .lanes = m_lanes}}; }
  std::string describe(const Host& host, const Lane& lane) const override;
  Result<std::unique_ptr<PreparedAttempt>> prepare(const AttemptOrder& order) override;
  bool isRunning(const ProcessId& attempt) override;
  std::optional<ChildEnd> endOf(const ProcessId& attempt) override;
  void tell(const ProcessId& attempt, Signal signal) override;

 private:
  void collect(const ProcessId& attempt);
  store::Project m_project;
  std::filesystem::path m_worker;
  std::string m_host;
  std::vector<Lane> m_lanes;
  std::map<std::int64_t, ChildEnd> m_ends;  // by pid, of children that have ended
};

// $WEFT_WORKER, else weft-worker beside this program. NotFound.
[[nodiscard]] Result<std::filesystem::path> workerProgram();
// How a worker is started on a run folder: its output goes to log.txt, and its threads wait shortly for each other
// (app/worker/main.cpp says why; it would begin a second time to get there by itself).
Launch workerLaunch(const std::filesystem::path& worker, const std::filesystem::path& runFolder);
// "cuda:0", ... for the GPUs that a process started here would see (the driver's device files, CUDA_VISIBLE_DEVICES),
// then "cpu".
std::vector<Lane> localLanes();
// The driver's own word for this machine's GPUs, if all of them are of one model: "NVIDIA H100 80GB HBM3"; else "".
std::string localGpuModel();

}  // namespace weft::service
