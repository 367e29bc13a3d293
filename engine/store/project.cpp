#include "engine/store/project.h"

#include <fmt/format.h>

#include <system_error>
#include <vector>

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

Result<Project> Project::create(const fs::path& folder, const ProjectRoots& roots) {
  WEFT_ASSIGN(fs::path path, normalized(folder));
  std::error_code error;
  if (fs::exists(path, error) && !fs::is_directory(path, error)) {
    return fail(ErrorCode::InvalidInput, fmt::format("{} is a file; a project is a folder.", path.string()));
  }
  // A foreign weft.db is found before anything is made.
  WEFT_ASSIGN(const FileKind before, inspectFile(path / "weft.db", static_cast<int>(migrations().size())));
  // What a full disk makes us leave half done is taken away again.
  std::vector<fs::path> made;
  for (const fs::path& part : {path / "runs", path, path.parent_path()}) {
    if (!fs::exists(part, error)) made.push_back(part);
  }
  for (fs::path above = path.parent_path(); !made.empty() && made.back() == above && above.has_relative_path();) {
    above = above.parent_path();
    if (!fs::exists(above, error)) made.push_back(above);
  }
  const auto make = [&]() -> Result<Project> {
    WEFT_TRY(createFolders(path));
    WEFT_TRY(RunStore::open(path / "weft.db"));
    WEFT_TRY(recordRoots(path, roots));
    WEFT_ASSIGN(ProjectRoots recorded, readRoots(path));
    Project project(path, std::move(recorded));
    WEFT_TRY(createFolders(project.runs()));
    return project;
  };
  Result<Project> project = make();
  if (project) return project;
  if (before == FileKind::Missing) {
    for (const char* end : {"", "-wal", "-shm", "-journal"}) fs::remove((path / "weft.db").string() + end, error);
    for (const fs::path& part : made) fs::remove(part, error);  // the innermost first, and only while empty
  }
  return project;
}

Result<Project> Project::open(const fs::path& folder) {
  WEFT_ASSIGN(fs::path path, normalized(folder));
  if (!hasDatabase(path)) {
    return fail(ErrorCode::NotFound,
                fmt::format("{} is no Weft project: it has no weft.db; `weft init` makes one.", path.string()));
  }
  WEFT_TRY(inspectFile(path / "weft.db", static_cast<int>(migrations().size())));
  WEFT_ASSIGN(ProjectRoots roots, readRoots(path));
  return Project(std::move(path), std::move(roots));
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
