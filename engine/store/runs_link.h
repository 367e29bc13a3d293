// engine/store/runs_link.h -- a `runs` that is a link out of its project. On one's own machine that is a way to keep
// checkpoints on another disk; in a project that came from somebody else it would have us read and write wherever it
// leads. So such a link is followed only where this user said so, and that is kept with the user, not in the project.
#pragma once

#include <filesystem>

#include "engine/base/result.h"

namespace weft::store {

// InvalidInput if `folder`/runs is a link out of `folder` that nobody recorded.
[[nodiscard]] Result<void> checkRunsLink(const std::filesystem::path& folder);

// Records where `folder`/runs leads now, if it is such a link, in $XDG_CONFIG_HOME/weft/linked-runs (~/.config). `weft
// init` does it. Io.
[[nodiscard]] Result<void> recordRunsLink(const std::filesystem::path& folder);

}  // namespace weft::store
