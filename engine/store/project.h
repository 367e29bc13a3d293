// engine/store/project.h -- a project folder: weft.db, runs/<id>/, shards/, figures/, data/.
#pragma once

#include <filesystem>

#include "engine/base/result.h"
#include "engine/store/run_id.h"

namespace weft::store {

class Project {
 public:
  // Makes the folder and weft.db; opens it if it is a project already. InvalidInput if the path is a file, Io. Of
  // what cannot be made whole, as on a full disk, nothing is left.
  [[nodiscard]] static Result<Project> create(const std::filesystem::path& folder);
  // NotFound "… is no Weft project: it has no weft.db; `weft init` makes one". Errors of checkRunsLink (runs_link.h).
  [[nodiscard]] static Result<Project> open(const std::filesystem::path& folder);
  // `start` or the nearest folder upward that holds a weft.db. NotFound.
  [[nodiscard]] static Result<Project> find(const std::filesystem::path& start);

  const std::filesystem::path& folder() const { return m_folder; }
  std::string name() const { return m_folder.filename().string(); }
  std::filesystem::path database() const { return m_folder / "weft.db"; }
  std::filesystem::path runFolder(RunId id) const { return m_folder / "runs" / std::to_string(id.value); }
  std::filesystem::path eventsFile(RunId id) const { return runFolder(id) / "events.jsonl"; }
  std::filesystem::path shards() const { return m_folder / "shards"; }
  std::filesystem::path data() const { return m_folder / "data"; }
  std::filesystem::path figures() const { return m_folder / "figures"; }
  std::filesystem::path engineLock() const { return m_folder / "engine.lock"; }

 private:
  explicit Project(std::filesystem::path folder) : m_folder(std::move(folder)) {}
  std::filesystem::path m_folder;  // absolute
};

}  // namespace weft::store
