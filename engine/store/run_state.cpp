#include <fmt/format.h>

#include <array>
#include <utility>

#include "engine/base/text.h"
#include "engine/store/database.h"
#include "engine/store/run_store.h"

namespace weft::store {

namespace {

constexpr std::array<std::pair<RunState, const char*>, 12> kNames{{{RunState::Draft, "draft"},
                                                                   {RunState::Queued, "queued"},
                                                                   {RunState::Held, "held"},
                                                                   {RunState::Starting, "starting"},
                                                                   {RunState::Running, "running"},
                                                                   {RunState::Stopping, "stopping"},
                                                                   {RunState::Paused, "paused"},
                                                                   {RunState::Stopped, "stopped"},
                                                                   {RunState::Finished, "finished"},
                                                                   {RunState::Failed, "failed"},
                                                                   {RunState::Killed, "killed"},
                                                                   {RunState::Lost, "lost"}}};

constexpr std::array<std::pair<RequestKind, const char*>, 5> kRequestNames{{{RequestKind::Stop, "stop"},
                                                                            {RequestKind::Kill, "kill"},
                                                                            {RequestKind::Pause, "pause"},
                                                                            {RequestKind::Resume, "resume"},
                                                                            {RequestKind::ShutDown, "shut_down"}}};

}  // namespace

const char* toString(RunState state) {
  for (const auto& [value, name] : kNames) {
    if (value == state) return name;
  }
  return "draft";
}

Result<RunState> parseRunState(const std::string& name) {
  std::vector<std::string> names;
  for (const auto& [value, known] : kNames) {
    if (name == known) return value;
    names.emplace_back(known);
  }
  return fail(ErrorCode::InvalidInput,
              fmt::format("'{}' is no state of a run; the states are {}.", name, join(names, ", ")));
}

const char* toString(RequestKind kind) {
  for (const auto& [value, name] : kRequestNames) {
    if (value == kind) return name;
  }
  return "stop";
}

std::optional<RequestKind> parseRequestKind(const std::string& name) {
  for (const auto& [value, known] : kRequestNames) {
    if (name == known) return value;
  }
  return std::nullopt;
}

bool isActive(RunState state) {
  return state == RunState::Starting || state == RunState::Running || state == RunState::Stopping;
}

bool isWaiting(RunState state) {
  return state == RunState::Queued || state == RunState::Held || state == RunState::Paused;
}

bool isTerminal(RunState state) {
  return state == RunState::Stopped || state == RunState::Finished || state == RunState::Failed ||
         state == RunState::Killed || state == RunState::Lost;
}

}  // namespace weft::store
