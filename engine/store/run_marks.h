// engine/store/run_marks.h -- the rules for what a researcher writes on runs, shared by the command line and the
// studio.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/store/run_store.h"

namespace weft::store {

// Tags as they are typed, with commas between: "ablation, cla2" is two. Spaces around a tag are no part of it; none is
// empty, none stands twice.
std::vector<std::string> parseTags(std::string_view text);

// Archiving hides a run from every list, so one that is at work cannot be. InvalidInput names the first such run.
[[nodiscard]] Result<void> checkArchivable(const std::vector<RunSummary>& runs);

}  // namespace weft::store
