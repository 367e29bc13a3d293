#include "engine/store/project.h"

#include <fmt/format.h>

#include <system_error>

#include "engine/base/files.h"
#include "engine/store/run_store.h"
#include "engine/store/schema.h"

namespace weft::store {

namespace {

namespace fs = std::filesystem;

// Absolute, and without the trailing separator that would make the project's name empty.
Result<fs::path> normalized(const fs::path& folder) {
  std::error_code error;
  fs::path path = fs::weakly_canonical(fs::absolute(folder, error), error);
  if (error)
    return fail(ErrorCode::Io, fmt::format("The folder {} cannot be found out: {}.", folder.string(), error.message()));
  if (!path.has_filename() && path.has_relative_path()) path = path.parent_path();
  return path;
}

bool hasDatabase(const fs::path& folder) {
  std::error_code error;
  return fs::exists(folder / "weft.db", error);
}

}  // namespace

Result<Project> Project::create(const fs::path& folder) {
  WEFT_ASSIGN(fs::path path, normalized(folder));
  std::error_code error;
  if (fs::exists(path, error) && !fs::is_directory(path, error)) {
    return fail(ErrorCode::InvalidInput, fmt::format("{} is a file; a project is a folder.", path.string()));
  }
  // A foreign weft.db is found before anything is made.
  WEFT_TRY(inspectFile(path / "weft.db", static_cast<int>(migrations().size())));
  WEFT_TRY(createFolders(path));
  Project project(std::move(path));
  WEFT_TRY(RunStore::open(project.database()));
  WEFT_TRY(createFolders(project.folder() / "runs"));
  return project;
}

Result<Project> Project::open(const fs::path& folder) {
  WEFT_ASSIGN(fs::path path, normalized(folder));
  if (!hasDatabase(path)) {
    return fail(ErrorCode::NotFound,
                fmt::format("{} is no Weft project: it has no weft.db; `weft init` makes one.", path.string()));
  }
  WEFT_TRY(inspectFile(path / "weft.db", static_cast<int>(migrations().size())));
  return Project(std::move(path));
}

Result<Project> Project::find(const fs::path& start) {
  WEFT_ASSIGN(const fs::path path, normalized(start));
  for (fs::path folder = path;; folder = folder.parent_path()) {
    if (hasDatabase(folder)) return open(folder);
    if (folder == folder.parent_path()) break;
  }
  return fail(
      ErrorCode::NotFound,
      fmt::format("Neither {} nor a folder above it is a Weft project: none has a weft.db; `weft init` makes one.",
                  path.string()));
}

}  // namespace weft::store
