#include "engine/service/local_executor.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <set>
#include <system_error>
#include <utility>

#include "engine/base/files.h"
#include "engine/base/json.h"
#include "engine/base/text.h"
#include "engine/protocol/jobs.h"

namespace weft::service {

namespace fs = std::filesystem;

namespace {

class LocalAttempt : public PreparedAttempt {
 public:
  explicit LocalAttempt(GatedChild child) : m_child(std::move(child)) {}
  ProcessId id() const override { return m_child.id(); }
  void begin() override { m_child.release(); }

 private:
  GatedChild m_child;
};

int visibleGpus() {
  int count = 0;
  std::error_code error;
  for (int number = 0; number < 64; ++number) count += fs::exists(fmt::format("/dev/nvidia{}", number), error) ? 1 : 0;
  const char* visible = std::getenv("CUDA_VISIBLE_DEVICES");
  if (visible == nullptr) return count;
  int named = 0;
  for (const std::string& part : split(visible, ',')) {
    const std::string_view name = trim(part);
    // CUDA stops reading at the first entry that names no device: "-1" and "" hide all that follow.
    if (name.empty() || name.front() == '-') break;
    ++named;
  }
  return std::min(count, named);
}

std::string cpuDescription() {
  const double bytes = static_cast<double>(::sysconf(_SC_PHYS_PAGES)) * static_cast<double>(::sysconf(_SC_PAGESIZE));
  const long cores = ::sysconf(_SC_NPROCESSORS_ONLN);
  return fmt::format("{} core{}, {}", cores, cores == 1 ? "" : "s", formatBytes(bytes));
}

}  // namespace

std::string hostName() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

Result<fs::path> workerProgram() {
  const char* given = std::getenv("WEFT_WORKER");
  const fs::path program = given != nullptr && *given != '\0' ? fs::path(given) : executableFolder() / "weft-worker";
  std::error_code error;
  if (fs::exists(program, error)) return program;
  return fail(
      ErrorCode::NotFound,
      program.string() + ", the program that trains and measures, is not there; build it, or name it in WEFT_WORKER.");
}

Launch workerLaunch(const fs::path& worker, const fs::path& runFolder) {
  Launch launch{.program = worker, .arguments = {runFolder.string()}, .output = runFolder / "log.txt", .variables = {}};
  if (std::getenv("GOMP_SPINCOUNT") == nullptr && std::getenv("OMP_WAIT_POLICY") == nullptr)
    launch.variables.emplace_back("GOMP_SPINCOUNT=1000");
  return launch;
}

std::vector<Lane> localLanes() {
  std::vector<Lane> lanes;
  for (int number = 0; number < visibleGpus(); ++number) lanes.push_back(fmt::format("cuda:{}", number));
  lanes.emplace_back("cpu");
  return lanes;
}

// All of one model, since the driver's order need not be CUDA's.
std::string localGpuModel() {
  std::set<std::string> models;
  std::error_code error;
  for (fs::directory_iterator entry("/proc/driver/nvidia/gpus", error), end; !error && entry != end;
       entry.increment(error)) {
    const Result<std::string> text = readFile(entry->path() / "information");
    if (!text) continue;
    for (const std::string& line : split(*text, '\n')) {
      if (line.rfind("Model:", 0) == 0) models.insert(std::string(trim(line.substr(6))));
    }
  }
  return models.size() == 1 ? *models.begin() : "";
}

Result<std::unique_ptr<LocalExecutor>> LocalExecutor::create(const store::Project& project) {
  WEFT_ASSIGN(fs::path worker, workerProgram());
  return std::make_unique<LocalExecutor>(project, std::move(worker), localLanes());
}

std::string LocalExecutor::describe(const Host&, const Lane& lane) const {
  if (lane != "cpu") return localGpuModel();
  // Whoever expected a GPU here learns what was looked for.
  return m_lanes.size() > 1 ? cpuDescription()
                            : cpuDescription() + "; no GPU: there is no /dev/nvidia0, or CUDA_VISIBLE_DEVICES hides it";
}

Result<std::unique_ptr<PreparedAttempt>> LocalExecutor::prepare(const AttemptOrder& order) {
  const fs::path folder = m_project.jobFolder(order.job);
  protocol::Job job{.body = protocol::TrainJob{.attempt = order.attempt}};
  if (!order.job.isTraining()) {
    WEFT_ASSIGN(job, protocol::parseJob(order.job.body, store::nameOf(order.job)));
  }
  job.device = order.claim.lanes.front();
  WEFT_TRY(createFolders(folder));
  job.shards = fs::relative(m_project.shards(), folder).string();
  if (order.job.isTraining()) WEFT_TRY(writeFileAtomically(folder / "config.toml", order.configToml));
  WEFT_TRY(protocol::writeJob(job, folder));
  WEFT_ASSIGN(GatedChild child, GatedChild::start(workerLaunch(m_worker, folder)));
  m_ends.erase(child.id().pid);  // of an older process with this pid
  return std::unique_ptr<PreparedAttempt>(std::make_unique<LocalAttempt>(std::move(child)));
}

bool LocalExecutor::isRunning(const ProcessId& attempt) {
  collect(attempt);
  return service::isRunning(attempt);
}

std::optional<ChildEnd> LocalExecutor::endOf(const ProcessId& attempt) {
  collect(attempt);
  const auto found = m_ends.find(attempt.pid);
  return found == m_ends.end() ? std::nullopt : std::optional(found->second);
}

void LocalExecutor::tell(const ProcessId& attempt, Signal signal) {
  sendSignal(attempt, signal == Signal::Kill ? SIGKILL : signal == Signal::Pause ? SIGUSR1 : SIGTERM);
}

void LocalExecutor::collect(const ProcessId& attempt) {
  if (const std::optional<ChildEnd> end = takeEnd(attempt)) m_ends[attempt.pid] = *end;
}

}  // namespace weft::service
