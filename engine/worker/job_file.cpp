#include "engine/worker/job_file.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/base/files.h"
#include "engine/base/json.h"
#include "engine/base/text.h"

namespace weft::worker {

namespace {

// What worker/job.h describes, of all kinds together.
const std::vector<std::string>& knownKeys() {
  static const std::vector<std::string> keys{
      "kind",     "attempt",       "shards",       "device", "dtype",       "model",      "config",
      "cache",    "prompt",        "ids",          "tokens", "temperature", "top_k",      "seed",
      "out",      "files",         "window",       "stride", "from",        "map",        "method",
      "kv_heads", "allow_upward",  "task",         "batch",  "context",     "batches",    "contexts",
      "rounds",   "largest_batch", "memory_bytes", "limit",  "layout",      "shard_bytes"};
  return keys;
}

}  // namespace

Result<JobFile> JobFile::read(const std::filesystem::path& folder) {
  const std::filesystem::path path = folder / "job.json";
  WEFT_ASSIGN(const std::string text, readFile(path));
  JobFile job;
  job.m_folder = folder;
  const Result<nlohmann::json> parsed = parseJson(text, path.string(), JsonDialect::Strict);
  if (parsed) job.m_json = *parsed;
  if (!job.m_json.is_object()) return fail(ErrorCode::Corrupt, fmt::format("{} is no JSON object.", path.string()));
  if (!job.m_json.contains("kind") || !job.m_json["kind"].is_string()) {
    return fail(ErrorCode::Corrupt, fmt::format("{} does not say which kind of job it is (\"kind\").", path.string()));
  }
  job.m_kind = job.m_json["kind"].get<std::string>();
  for (const auto& [key, value] : job.m_json.items()) {
    if (std::find(knownKeys().begin(), knownKeys().end(), key) != knownKeys().end()) continue;
    const std::string near = nearestName(key, knownKeys());
    return fail(ErrorCode::InvalidInput,
                fmt::format("{}: there is no \"{}\" in any job{}.", path.string(), key,
                            near.empty() ? "" : fmt::format("; \"{}\" is perhaps meant", near)));
  }
  return job;
}

void JobFile::wrongType(const char* key, const char* wanted) const {
  if (m_problem.empty())
    m_problem = fmt::format("{}: \"{}\" must be {}.", (m_folder / "job.json").string(), key, wanted);
}

std::string JobFile::text(const char* key, const std::string& fallback) const {
  if (!m_json.contains(key)) return fallback;
  if (m_json[key].is_string()) return m_json[key].get<std::string>();
  wrongType(key, "a string");
  return fallback;
}

std::int64_t JobFile::integer(const char* key, std::int64_t fallback) const {
  if (!m_json.contains(key)) return fallback;
  if (m_json[key].is_number_integer()) return m_json[key].get<std::int64_t>();
  wrongType(key, "a whole number");
  return fallback;
}

double JobFile::number(const char* key, double fallback) const {
  if (!m_json.contains(key)) return fallback;
  if (m_json[key].is_number()) return m_json[key].get<double>();
  wrongType(key, "a number");
  return fallback;
}

std::vector<std::int64_t> JobFile::integers(const char* key) const {
  std::vector<std::int64_t> values;
  if (!m_json.contains(key)) return values;
  if (!m_json[key].is_array()) wrongType(key, "a list of whole numbers");
  for (const nlohmann::json& value : m_json[key]) {
    if (value.is_number_integer()) {
      values.push_back(value.get<std::int64_t>());
    } else {
      wrongType(key, "a list of whole numbers");
    }
  }
  return values;
}

std::vector<std::string> JobFile::texts(const char* key) const {
  std::vector<std::string> values;
  if (!m_json.contains(key)) return values;
  if (!m_json[key].is_array()) wrongType(key, "a list of strings");
  for (const nlohmann::json& value : m_json[key]) {
    if (value.is_string()) {
      values.push_back(value.get<std::string>());
    } else {
      wrongType(key, "a list of strings");
    }
  }
  return values;
}

Result<void> JobFile::check() const {
  if (!m_problem.empty()) return fail(ErrorCode::InvalidInput, m_problem);
  return {};
}

Result<std::string> JobFile::require(const char* key) const {
  const std::string value = text(key);
  WEFT_TRY(check());
  if (value.empty())
    return fail(ErrorCode::InvalidInput, fmt::format("{} has no \"{}\", which a job of kind {} needs.",
                                                     (m_folder / "job.json").string(), key, m_kind));
  return value;
}

}  // namespace weft::worker
