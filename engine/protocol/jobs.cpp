#include "engine/protocol/jobs.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "engine/base/files.h"
#include "engine/base/json.h"
#include "engine/base/text.h"
#include "engine/protocol/job_fields.h"

namespace weft::protocol {

namespace {

// Calls `what` with a default job of each kind, until it says true.
template <class What, std::size_t... I>
bool anyKind(What&& what, std::index_sequence<I...>) {
  return (what(std::variant_alternative_t<I, JobBody>{}) || ...);
}
template <class What>
bool anyKind(What&& what) {
  return anyKind(what, std::make_index_sequence<std::variant_size_v<JobBody>>{});
}

std::vector<std::string> kinds() {
  std::vector<std::string> names;
  anyKind([&](const auto& body) {
    names.push_back(body.kKind);
    return false;
  });
  return names;
}

template <class Value>
constexpr const char* typeWords() {
  if constexpr (std::is_same_v<Value, std::string> || std::is_same_v<Value, std::optional<std::string>>)
    return "a string";
  else if constexpr (std::is_same_v<Value, std::vector<std::string>>)
    return "a list of strings";
  else if constexpr (std::is_same_v<Value, std::vector<std::int64_t>>)
    return "a list of whole numbers";
  else if constexpr (std::is_same_v<Value, double>)
    return "a number";
  else if constexpr (std::is_same_v<Value, bool>)
    return "true or false";
  else
    return "a whole number";
}

class Writer {
 public:
  explicit Writer(Json& object) : m_object(object) {}
  template <class Value>
  void operator()(const char* key, const Value& value, Need, const char*) {
    if constexpr (std::is_same_v<Value, std::optional<std::string>>) {
      if (value) m_object[key] = *value;
    } else if constexpr (requires { value.empty(); }) {
      if (!value.empty()) m_object[key] = value;
    } else {
      m_object[key] = value;
    }
  }

 private:
  Json& m_object;
};

bool read(const Json& json, std::string& value) {
  if (!json.is_string()) return false;
  value = json.get<std::string>();
  return true;
}
bool read(const Json& json, std::optional<std::string>& value) { return read(json, value.emplace()); }
bool read(const Json& json, std::int64_t& value) {
  if (!json.is_number_integer()) return false;
  if (json.is_number_unsigned() &&
      json.get<std::uint64_t>() > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
    return false;
  value = json.get<std::int64_t>();
  return true;
}
bool read(const Json& json, int& value) {
  std::int64_t wide = 0;
  if (!read(json, wide) || wide < std::numeric_limits<int>::min() || wide > std::numeric_limits<int>::max())
    return false;
  value = static_cast<int>(wide);
  return true;
}
bool read(const Json& json, double& value) {
  if (!json.is_number()) return false;
  value = json.get<double>();
  return true;
}
bool read(const Json& json, bool& value) {
  if (json.is_boolean()) {
    value = json.get<bool>();
    return true;
  }
  // As workers of before this description were told.
  std::int64_t number = 0;
  if (!read(json, number) || (number != 0 && number != 1)) return false;
  value = number == 1;
  return true;
}
template <class Item>
bool read(const Json& json, std::vector<Item>& values) {
  if (!json.is_array()) return false;
  values.clear();
  for (const Json& item : json) {
    Item value{};
    if (!read(item, value)) return false;
    values.push_back(std::move(value));
  }
  return true;
}

class Reader {
 public:
  Reader(const Json& object, const char* kind) : m_object(object), m_kind(kind) {}

  template <class Value>
  void operator()(const char* key, Value& value, Need need, const char*) {
    m_known.emplace_back(key);
    const auto found = m_object.find(key);
    if (found == m_object.end()) {
      if (need == Need::Required) blame(fmt::format(" has no \"{}\", which a job of kind {} needs.", key, m_kind));
    } else if (!read(*found, value)) {
      blame(fmt::format(": \"{}\" must be {}.", key, typeWords<Value>()));
    } else if constexpr (requires { value.empty(); }) {
      if (need == Need::Required && value.empty())
        blame(fmt::format(": \"{}\" is empty; a job of kind {} needs it.", key, m_kind));
    }
  }

  // What is wrong, as it goes on after the file's name; unknown keys first, for they explain what is missing.
  std::string problem() const {
    for (const auto& [key, value] : m_object.items()) {
      if (std::find(m_known.begin(), m_known.end(), key) != m_known.end()) continue;
      const std::string near = nearestName(key, m_known);
      return fmt::format(": there is no \"{}\" in a job of kind {}{}.", key, m_kind,
                         near.empty() ? "" : fmt::format("; \"{}\" is perhaps meant", near));
    }
    return m_problem;
  }

 private:
  void blame(std::string problem) {
    if (m_problem.empty()) m_problem = std::move(problem);
  }
  const Json& m_object;
  const char* m_kind;
  std::vector<std::string> m_known{"kind"};
  std::string m_problem;
};

// What every kind has.
template <class V, class J>
void describeShared(V& visit, J& job) {
  visit("device", job.device, Need::Optional, "cpu, cuda or cuda:N; empty: the configuration's");
  visit("shards", job.shards, Need::Optional, "The folder of token shards, from the run folder");
}

class Explainer {
 public:
  template <class Value>
  void operator()(const char* key, const Value&, Need need, const char* meaning) {
    text += fmt::format("    {:<14}{}{}: {}.\n", key, typeWords<Value>(), need == Need::Required ? ", required" : "",
                        meaning);
  }
  std::string text;
};

}  // namespace

const char* kindOf(const Job& job) {
  return std::visit([](const auto& body) { return body.kKind; }, job.body);
}

std::string toJobJson(const Job& job) {
  Json object{{"kind", kindOf(job)}};
  Writer write(object);
  std::visit([&](const auto& body) { describe(write, body); }, job.body);
  describeShared(write, job);
  return jsonText(object, 2) + "\n";
}

Result<Job> parseJob(const std::string& text, const std::string& where) {
  const Result<Json> parsed = parseOrderedJson(text, where, JsonDialect::Strict);
  if (!parsed || !parsed->is_object()) return fail(ErrorCode::Corrupt, where + " is no JSON object.");
  const Json& object = *parsed;
  const auto kind = object.find("kind");
  if (kind == object.end() || !kind->is_string())
    return fail(ErrorCode::Corrupt, where + " does not say which kind of job it is (\"kind\").");
  const auto name = kind->get<std::string>();
  Job job;
  std::string problem;
  const bool isKnown = anyKind([&](auto body) {
    if (name != body.kKind) return false;
    Reader reader(object, body.kKind);
    describe(reader, body);
    describeShared(reader, job);
    problem = reader.problem();
    job.body = std::move(body);
    return true;
  });
  if (!isKnown)
    return fail(ErrorCode::InvalidInput,
                fmt::format("There is no kind of job \"{}\"; it must be one of {}.", name, join(kinds(), ", ")));
  if (!problem.empty()) return fail(ErrorCode::InvalidInput, where + problem);
  return job;
}

Result<Job> readJob(const std::filesystem::path& runFolder) {
  const std::filesystem::path path = runFolder / "job.json";
  WEFT_ASSIGN(const std::string text, readFile(path));
  return parseJob(text, path.string());
}

Result<void> writeJob(const Job& job, const std::filesystem::path& runFolder) {
  return writeFileAtomically(runFolder / "job.json", toJobJson(job));
}

std::string jobHelp() {
  std::string text;
  anyKind([&](const auto& body) {
    Explainer explain;
    describe(explain, body);
    text += fmt::format("  {}\n{}", body.kKind, explain.text);
    return false;
  });
  Explainer shared;
  const Job none;
  describeShared(shared, none);
  return text + "  every kind\n" + shared.text;
}

}  // namespace weft::protocol
