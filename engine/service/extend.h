// engine/service/extend.h -- a run that is over trains on.
#pragma once

#include <cstdint>

#include "engine/store/project.h"
#include "engine/store/run_store.h"

namespace weft::service {

struct Extension {
  std::int64_t from = 0, steps = 0;      // the step of the checkpoint that it goes on from, and to which
  double rateBefore = 0, rateAfter = 0;  // the learning rate of its last step so far, and of the next one
};

// Queues the run again with `steps` in place of its train.steps. It goes on from its newest checkpoint, optimizer and
// all; the learning rate from there on is that of a run of so many steps (config/schedule.h), higher than it had
// become. InvalidInput: it runs or waits, `steps` is not more than it has, there is no checkpoint.
[[nodiscard]] Result<Extension> extend(const store::Project& project, store::RunStore& store, store::RunId run,
                                       std::int64_t steps);

}  // namespace weft::service
