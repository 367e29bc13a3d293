// engine/store/project.h -- a project folder: weft.db, runs/<id>/, shards/, figures/, data/. Its runs and shards may
// lie elsewhere (project_roots.h).
#pragma once

#include <filesystem>

#include "engine/base/result.h"
#include "engine/store/job.h"
#include "engine/store/project_roots.h"
#include "engine/store/run_id.h"

namespace weft::store {

class Project {
 public:
  // Makes the folder and weft.db; opens it if it is a project already; records `roots` where they are given.
  // InvalidInput if the path is a file, Io, errors of recordRoots. Of what cannot be made whole, as on a full disk,
  // nothing is left.
  [[nodiscard]] static Result<Project> create(const std::filesystem::path& folder, const ProjectRoots& roots = {});
  // NotFound "… is no Weft project: it has no weft.db; `weft init` makes one". Errors of readRoots.
  [[nodiscard]] static Result<Project> open(const std::filesystem::path& folder);
  // `start` or the nearest folder upward that holds a weft.db. NotFound.
  [[nodiscard]] static Result<Project> find(const std::filesystem::path& start);

  const std::filesystem::path& folder() const { return m_folder; }
  std::string name() const { return m_folder.filename().string(); }
  std::filesystem::path database() const { return m_folder / "weft.db"; }
  std::filesystem::path runs() const { return m_roots.runs.empty() ? m_folder / "runs" : m_roots.runs; }
  std::filesystem::path runFolder(RunId id) const { return runs() / std::to_string(id.value); }
  std::filesystem::path eventsFile(RunId id) const { return runFolder(id) / "events.jsonl"; }
  // A training's is its run's.
  std::filesystem::path jobFolder(const Job& job) const {
    return job.isTraining() ? runFolder(job.run) : runs() / "jobs" / std::to_string(job.id.value);
  }
  std::filesystem::path shards() const { return m_roots.shards.empty() ? m_folder / "shards" : m_roots.shards; }
  std::filesystem::path data() const { return m_folder / "data"; }
  std::filesystem::path figures() const { return m_folder / "figures"; }
  std::filesystem::path engineLock() const { return m_folder / "engine.lock"; }

 private:
  Project(std::filesystem::path folder, ProjectRoots roots) : m_folder(std::move(folder)), m_roots(std::move(roots)) {}
  std::filesystem::path m_folder;  // absolute
  ProjectRoots m_roots;
};

}  // namespace weft::store
