// engine/base/run_name.h -- the one rule for the name of a new run: what can be written again wherever a run is named.
#pragma once

#include <string_view>

#include "engine/base/result.h"

namespace weft {

// InvalidInput, one sentence: empty or blank at an end, over 200 bytes, not UTF-8, control characters, '@' (RUN@best),
// '/' (a folder), ',' (a list of runs), '-' in front (an option), digits alone (a run's number).
[[nodiscard]] Result<void> checkRunName(std::string_view name);

}  // namespace weft
