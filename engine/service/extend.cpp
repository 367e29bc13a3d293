#include "engine/service/extend.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <vector>

#include "engine/base/text.h"
#include "engine/config/run_config.h"
#include "engine/config/schedule.h"

namespace weft::service {

using store::RunState;

namespace {

Error notOver(const store::RunSummary& run) {
  return {ErrorCode::InvalidInput,
          fmt::format("Run {} ({}) is {}; only one that has ended can be trained longer.", run.id.value, run.name,
                      store::toString(run.state)),
          {}};
}

}  // namespace

Result<Extension> extend(const store::Project& project, store::RunStore& store, store::RunId id, std::int64_t steps) {
  const std::vector<RunState> over{RunState::Finished, RunState::Stopped, RunState::Paused,
                                   RunState::Failed,   RunState::Killed,  RunState::Lost};
  WEFT_ASSIGN(const store::RunSummary run, store.run(id));
  if (std::find(over.begin(), over.end(), run.state) == over.end()) return tl::unexpected(notOver(run));
  if (steps <= run.steps)
    return fail(ErrorCode::InvalidInput, fmt::format("Run {} ({}) has {} steps already; --steps must be more.",
                                                     id.value, run.name, groupDigits(run.steps)));
  WEFT_ASSIGN(const std::vector<store::Checkpoint> checkpoints, store.checkpoints(id));
  std::error_code error;
  const auto newest = std::find_if(checkpoints.rbegin(), checkpoints.rend(), [&](const store::Checkpoint& checkpoint) {
    return std::filesystem::exists(project.runFolder(id) / checkpoint.path / "model.safetensors", error);
  });
  if (newest == checkpoints.rend())
    return fail(ErrorCode::InvalidInput,
                fmt::format("Run {} ({}) has no checkpoint in {} to go on from; submit a longer run.", id.value,
                            run.name, (project.runFolder(id) / "checkpoints").string()));
  WEFT_ASSIGN(const std::string toml, store.configToml(id));
  WEFT_ASSIGN(config::RunConfig config,
              config::parseRunConfig(toml, fmt::format("the configuration of run {}", id.value)));
  Extension extension{.from = newest->step, .steps = steps};
  extension.rateBefore = config::learningRate(config.train, std::max<std::int64_t>(0, newest->step - 1));
  config.train.steps = steps;
  extension.rateAfter = config::learningRate(config.train, newest->step);
  WEFT_TRY(config::validate(config));
  WEFT_ASSIGN(const bool isQueued, store.extendRun(id, config::toToml(config), steps, over));
  if (!isQueued) return tl::unexpected(notOver(run));
  return extension;
}

}  // namespace weft::service
