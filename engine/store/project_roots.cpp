#include "engine/store/project_roots.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <random>
#include <system_error>
#include <utility>
#include <vector>

#include "engine/base/files.h"
#include "engine/base/text.h"
#include "engine/store/database.h"

namespace weft::store {

namespace {

namespace fs = std::filesystem;

std::string valueOf(SQLite::Database& connection, const char* name) {
  if (!connection.tableExists("project")) return {};
  SQLite::Statement statement(connection, "SELECT value FROM project WHERE name = ?");
  statement.bind(1, name);
  return statement.executeStep() ? statement.getColumn(0).getString() : std::string();
}

void setValue(SQLite::Database& connection, const char* name, const std::string& value) {
  SQLite::Statement statement(connection, "INSERT OR REPLACE INTO project (name, value) VALUES (?, ?)");
  statement.bind(1, name);
  statement.bind(2, value);
  statement.exec();
}

std::string drawId() {
  std::random_device random;
  std::string id;
  for (int word = 0; word < 4; ++word) id += fmt::format("{:08x}", random());
  return id;
}

// The ids of the projects whose root it is: several may share one of shards, whose names say what is in them.
std::vector<std::string> ownersOf(const fs::path& root) {
  const Result<std::string> text = readFile(root / kRootMark);
  std::vector<std::string> ids = text ? split(std::string(trim(*text)), '\n') : std::vector<std::string>();
  std::erase(ids, "");
  return ids;
}

bool belongsTo(const fs::path& root, const std::string& id) {
  const std::vector<std::string> ids = ownersOf(root);
  return !id.empty() && std::find(ids.begin(), ids.end(), id) != ids.end();
}

// "" where `folder`/name is no link, or one that stays within the project.
fs::path linkOut(const fs::path& folder, const char* name) {
  std::error_code error;
  if (!fs::is_symlink(folder / name, error)) return {};
  fs::path target = fs::weakly_canonical(folder / name, error);
  if (error) return fs::path("nowhere");
  const fs::path relative = target.lexically_relative(fs::weakly_canonical(folder, error));
  return !relative.empty() && *relative.begin() != ".." ? fs::path() : target;
}

Result<fs::path> checkedRoot(const fs::path& folder, const char* name, const fs::path& root, const std::string& id) {
  if (root.empty()) {
    const fs::path target = linkOut(folder, name);
    if (target.empty()) return fs::path();
    return fail(ErrorCode::InvalidInput,
                fmt::format("{} is a link out of the project, to {}; if you made it, `weft init {} --{} {}` records "
                            "that you did.",
                            (folder / name).string(), target.string(), folder.string(), name, target.string()));
  }
  std::error_code error;
  if (!root.is_absolute() || !fs::is_directory(root, error)) {
    return fail(ErrorCode::NotFound,
                fmt::format("{} keeps its {} in {}, which is not there; mount its disk, or say where they are now with "
                            "`weft init {} --{} DIR`.",
                            folder.string(), name, root.string(), folder.string(), name));
  }
  if (!belongsTo(root, id)) {
    return fail(ErrorCode::InvalidInput,
                fmt::format("{} keeps its {} in {}, but that folder does not say that it is this project's ({} in it); "
                            "if you made it so, `weft init {} --{} {}` records that you did.",
                            folder.string(), name, root.string(), kRootMark, folder.string(), name, root.string()));
  }
  return root;
}

struct Recorded {
  std::string id;
  ProjectRoots roots;
};

Recorded recordedIn(SQLite::Database& connection) {
  return {.id = valueOf(connection, "id"),
          .roots = {.runs = valueOf(connection, "runs"), .shards = valueOf(connection, "shards")}};
}

// The root is there, writable, and of runs nobody else's.
Result<fs::path> makeRoot(const std::string& name, const fs::path& wanted, const std::string& id) {
  std::error_code error;
  const fs::path root = fs::weakly_canonical(fs::absolute(wanted, error), error);
  if (fs::exists(root, error) && !fs::is_directory(root, error))
    return fail(ErrorCode::InvalidInput, fmt::format("{} is a file; a root is a folder.", root.string()));
  std::vector<std::string> owners = ownersOf(root);
  std::erase(owners, id);
  if (name == "runs" && !owners.empty())
    return fail(
        ErrorCode::InvalidInput,
        fmt::format("{} keeps the runs of another project already; give this one a folder of its own.", root.string()));
  owners.push_back(id);
  WEFT_TRY(createFolders(root));
  WEFT_TRY(writeFileAtomically(root / kRootMark, join(owners, "\n") + "\n"));
  return root;
}

}  // namespace

Result<ProjectRoots> readRoots(const fs::path& folder) {
  const fs::path database = folder / "weft.db";
  WEFT_ASSIGN(const Recorded recorded, guarded(database, [&]() -> Result<Recorded> {
                SQLite::Database connection = openForReading(database);
                return recordedIn(connection);
              }));
  ProjectRoots roots;
  WEFT_ASSIGN(roots.runs, checkedRoot(folder, "runs", recorded.roots.runs, recorded.id));
  WEFT_ASSIGN(roots.shards, checkedRoot(folder, "shards", recorded.roots.shards, recorded.id));
  return roots;
}

Result<void> recordRoots(const fs::path& folder, const ProjectRoots& roots) {
  if (roots == ProjectRoots{}) return {};
  const fs::path database = folder / "weft.db";
  return guarded(database, [&]() -> Result<void> {
    SQLite::Database connection(database, SQLite::OPEN_READWRITE, kBusyTimeout_ms);
    SQLite::Transaction transaction(connection, SQLite::TransactionBehavior::IMMEDIATE);
    std::string id = valueOf(connection, "id");
    if (id.empty()) setValue(connection, "id", id = drawId());
    const std::array<std::pair<const char*, fs::path>, 2> wanted{{{"runs", roots.runs}, {"shards", roots.shards}}};
    for (const auto& [name, root] : wanted) {
      if (root.empty()) continue;
      WEFT_ASSIGN(const fs::path made, makeRoot(name, root, id));
      setValue(connection, name, made.string());
    }
    transaction.commit();
    return {};
  });
}

fs::path runsFolderOf(SQLite::Database& connection) {
  const std::string recorded = valueOf(connection, "runs");
  return recorded.empty() ? fs::path(connection.getFilename()).parent_path() / "runs" : fs::path(recorded);
}

}  // namespace weft::store
