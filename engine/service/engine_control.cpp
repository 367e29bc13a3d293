// ensureEngine, isEngineRunning: the faces start the service when they need it.
#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <thread>

#include "engine/base/files.h"
#include "engine/service/client.h"
#include "engine/service/last_line.h"
#include "engine/service/process.h"
#include "engine/store/engine_lock.h"

namespace weft::service {

namespace fs = std::filesystem;

namespace {

constexpr auto kStartLimit =
    std::chrono::seconds(20);  // it holds its lock within some hundredths of a second; a loaded machine takes longer

fs::path weftProgram(const std::string& given) {
  if (!given.empty()) return given;
  const char* named = std::getenv("WEFT_PROGRAM");
  return named != nullptr && *named != '\0' ? fs::path(named) : executableFolder() / "weft";
}

}  // namespace

bool isEngineRunning(const store::Project& project) { return store::EngineLock::isHeld(project.engineLock()); }

Result<void> ensureEngine(const store::Project& project, const std::string& given) {
  if (isEngineRunning(project)) return {};
  const fs::path log = project.folder() / "engine.log";
  WEFT_ASSIGN(
      const ProcessId engine,
      startInBackground({.program = weftProgram(given),
                         .arguments = {"engine", "--foreground", "--until-idle", "-C", project.folder().string()},
                         .output = log,
                         .variables = {}}));
  const auto limit = std::chrono::steady_clock::now() + kStartLimit;
  while (std::chrono::steady_clock::now() < limit) {
    const bool isAlive = isRunning(engine);
    // Asked after that: an engine that ended because another one holds the lock has done its part.
    if (isEngineRunning(project)) return {};
    if (!isAlive)
      return fail(ErrorCode::Internal,
                  fmt::format("The background service ended at once; {} ends with: {}", log.string(), lastLine(log)));
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return fail(ErrorCode::Busy, fmt::format("The background service did not get ready within {} s; {} says more.",
                                           kStartLimit.count(), log.string()));
}

}  // namespace weft::service
