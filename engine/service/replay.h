// engine/service/replay.h -- a recorded events.jsonl as a run of a project, as if it had been trained there: for
// comparing what another machine did, for tests, and for looking at a run without the GPU that it took.
#pragma once

#include <filesystem>
#include <string>

#include "engine/base/result.h"
#include "engine/store/project.h"
#include "engine/store/run_store.h"

namespace weft::service {

struct ReplayRequest {
  std::filesystem::path events;    // a whole events.jsonl, of one attempt or several
  std::filesystem::path config{};  // the run's config.toml; empty: the one beside the events
  std::string name{};              // empty: the configuration's
};

// The run, finished, stopped or failed as its last event says, Lost where the recording ends without one; its events
// and configuration are copied into its folder. Nothing the configuration names (texts, tokenizer) has to be here.
// NotFound; Corrupt if no line is an event; InvalidInput for a configuration that is none. A line that cannot be read
// becomes an alert of the run, as while following a worker.
[[nodiscard]] Result<store::RunId> replay(const store::Project& project, store::RunStore& store,
                                          const ReplayRequest& request);

}  // namespace weft::service
