// engine/service/client.h -- what both faces (weft, weft-studio) do with runs: one library, so that whatever one can do
// the other can.
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/config/run_config.h"
#include "engine/protocol/events.h"
#include "engine/protocol/jobs.h"
#include "engine/store/project.h"
#include "engine/store/run_store.h"

namespace weft::service {

// Validates the whole configuration (map, head counts, files, tokenizer), computes its costs, and adds one row in
// `state` (Queued, Held or Draft) that holds all of it: one transaction, so a refused configuration leaves nothing
// behind. The run's folder is made by the service when it starts the first attempt. InvalidInput, NotFound (a data,
// tokenizer or weights file), Corrupt (a tokenizer that is none).
[[nodiscard]] Result<store::RunId> submit(const store::Project& project, store::RunStore& store,
                                          const config::RunConfig& config,
                                          store::RunState state = store::RunState::Queued);

// Starts `weft engine` for the project in the background (own session, survives the caller) unless one holds the lock.
// `weftProgram`: the weft executable; "" = beside this executable, or $WEFT_PROGRAM.
[[nodiscard]] Result<void> ensureEngine(const store::Project& project, const std::string& weftProgram = {});
bool isEngineRunning(const store::Project& project);

// A job that needs the model but no queue: logits, generate, eval, measure. Writes job.json into `runFolder`, starts
// weft-worker, follows its events until the last one (calls `onEvent` for each), waits for it. A dead worker becomes
// Error JobFailed with what it said on stderr.
struct DirectJob {
  protocol::Job job;
  std::filesystem::path runFolder;
  const std::atomic<bool>* isCanceled =
      nullptr;  // set by another thread: the worker is asked to end, after a few seconds it is killed; Canceled
};
[[nodiscard]] Result<protocol::FinishedEvent> runDirectJob(const DirectJob& job,
                                                           const std::function<void(const protocol::Event&)>& onEvent);

// MODEL argument: a checkpoint folder, RUN, RUN@step-N, RUN@best -> the checkpoint's folder. RUN is what
// store::RunStore::findRun takes: InvalidInput asks which where several runs fit. NotFound says what there is.
[[nodiscard]] Result<std::filesystem::path> resolveModel(const std::string& model,
                                                         const std::optional<store::Project>& project);

// The run of this project whose checkpoint it is; nullopt: a model that belongs to none.
std::optional<store::RunId> runOfCheckpoint(const std::filesystem::path& checkpoint, const store::Project& project);

}  // namespace weft::service
