// engine/store/evaluations.h -- what the tasks of evaluations are called: all of a run stand in one list, training's
// own beside those asked for later.
#pragma once

#include <string_view>
#include <vector>

#include "engine/store/run_store.h"

namespace weft::store {

// The run's own held-out split as training scores it: the curve over its steps.
inline constexpr std::string_view kHeldOutTask = "perplexity";
// Asked for later: the held-out split with other windows or another cache, and a text of the user's. All others are
// tasks by their names in lm-eval.
inline constexpr std::string_view kHeldOutAgainTask = "held-out";
inline constexpr std::string_view kTextTask = "text";

// Training's evaluations of the held-out split in the order of steps. A resumed run evaluates a step again: the later
// one counts.
std::vector<Evaluation> heldOutCurve(const std::vector<Evaluation>& evaluations);
// Those that were asked for later; of equal task, data, step, window, stride and length the newest.
std::vector<Evaluation> newestOnDemand(const std::vector<Evaluation>& evaluations);

}  // namespace weft::store
