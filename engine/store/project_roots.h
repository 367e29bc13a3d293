// engine/store/project_roots.h -- where a project keeps the folders of its runs and its token shards, if not within
// itself: on scratch, or on a file system that a cluster shares, while weft.db stays on a local disk. The store records
// it, and the folder itself says whose it is, in a file of its own: so a project that came from somebody else leads
// nowhere that this user did not say, and a disk that is not mounted is no empty project.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <filesystem>
#include <string>

#include "engine/base/result.h"

namespace weft::store {

// Absolute; "": within the project, as `runs` and `shards`.
struct ProjectRoots {
  std::filesystem::path runs, shards;
  bool operator==(const ProjectRoots&) const = default;
};

// In a recorded root: the ids of its projects, a line each; one of runs has one.
inline constexpr const char* kRootMark = ".weft-root";

// What the store of `folder` records, each one looked at. NotFound: it is not there. InvalidInput: it does not say that
// it is this project's; or nothing is recorded and `folder`/runs or shards is a link out of the project. A store of an
// older schema records nothing.
[[nodiscard]] Result<ProjectRoots> readRoots(const std::filesystem::path& folder);

// Records those that are not empty, each made if it is not there and marked as this project's. What lies in a former
// root is not moved. InvalidInput: a file, or a root of runs that is another
// project's. Io.
[[nodiscard]] Result<void> recordRoots(const std::filesystem::path& folder, const ProjectRoots& roots);

// Internal to engine/store: where the runs of this store lie, as recorded, else `runs` beside it.
std::filesystem::path runsFolderOf(SQLite::Database& connection);

}  // namespace weft::store
