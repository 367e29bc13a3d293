// engine/worker/job_file.h -- job.json, read strictly: a missing field, a wrong type and an unknown key each get a
// sentence.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "engine/base/result.h"

namespace weft::worker {

class JobFile {
 public:
  // NotFound, Corrupt, InvalidInput for a key that no job has.
  [[nodiscard]] static Result<JobFile> read(const std::filesystem::path& folder);
  const std::string& kind() const { return m_kind; }
  const std::filesystem::path& folder() const { return m_folder; }

  // The field, or `fallback` where it is missing; a wrong type is remembered and told by check().
  std::string text(const char* key, const std::string& fallback = {}) const;
  std::int64_t integer(const char* key, std::int64_t fallback) const;
  double number(const char* key, double fallback) const;
  std::vector<std::int64_t> integers(const char* key) const;
  std::vector<std::string> texts(const char* key) const;
  bool has(const char* key) const { return m_json.contains(key); }
  // InvalidInput with the first wrong type met so far, or for a required field that is missing.
  [[nodiscard]] Result<void> check() const;
  [[nodiscard]] Result<std::string> require(const char* key) const;

 private:
  JobFile() = default;
  void wrongType(const char* key, const char* wanted) const;
  nlohmann::json m_json;
  std::string m_kind;
  std::filesystem::path m_folder;
  mutable std::string m_problem;
};

}  // namespace weft::worker
