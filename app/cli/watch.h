// app/cli/watch.h -- follows runs on stderr until they end: bars on a terminal, a line per change elsewhere.
#pragma once

#include <vector>

#include "engine/base/result.h"
#include "engine/store/project.h"
#include "engine/store/run_store.h"

namespace weft::cli {

// Returns when each of the runs has ended or waits for a person (draft, held, paused). Starts the service again if it
// died meanwhile. The runs go on without us: whoever presses Ctrl-C only stops looking.
[[nodiscard]] Result<std::vector<store::RunSummary>> watchRuns(const store::Project& project, store::RunStore& store,
                                                               const std::vector<store::RunId>& ids);

// The first that failed, as an error; else nothing. JobFailed.
[[nodiscard]] Result<void> requireSuccess(const std::vector<store::RunSummary>& runs);

}  // namespace weft::cli
