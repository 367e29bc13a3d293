// engine/store/run_state.h -- how far a run, or any job, has come.
#pragma once

#include <string>

#include "engine/base/result.h"
#include "engine/store/run_id.h"

namespace weft::store {

enum class RunState {
  Draft,
  Queued,
  Held,
  Starting,
  Running,
  Stopping,
  Paused,
  Stopped,
  Finished,
  Failed,
  Killed,
  Lost
};
const char* toString(RunState state);  // "queued", ...
[[nodiscard]] Result<RunState> parseRunState(const std::string& name);
bool isActive(RunState state);    // Starting, Running, Stopping
bool isWaiting(RunState state);   // Queued, Held, Paused: has a place among those that are still to be started
bool isTerminal(RunState state);  // Stopped, Finished, Failed, Killed, Lost

}  // namespace weft::store
