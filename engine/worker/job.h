// engine/worker/job.h -- what weft-worker is started with: `weft-worker RUNFOLDER`. The folder holds job.json
// (protocol/jobs.h says what may stand in it), for training also config.toml. The answer of a job other than a training
// stands in its `finished` event: summary (numbers) and texts (strings; lists as JSON text: "ids").
#pragma once

#include <cstdio>
#include <filesystem>

#include "engine/base/result.h"

namespace weft::worker {
// Runs the job of this folder to its last event; the exit code of the process: 0; 3 if the job failed or its last event
// could not be written; 2 if there is no such folder. `log`: where sentences for people go; the service makes it the
// run's log.txt. The only catch(...) of the program is in here.
int runJob(const std::filesystem::path& runFolder, std::FILE* log);
}  // namespace weft::worker
