#include "engine/config/run_config.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <system_error>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "engine/base/files.h"
#include "engine/base/text.h"
#include "engine/config/fields.h"

namespace weft::config {

namespace {

// ---- printing

std::string printed(bool value) { return value ? "true" : "false"; }
std::string printed(int value) { return std::to_string(value); }
std::string printed(std::int64_t value) { return std::to_string(value); }
std::string printed(double value) { return fmt::format("{}", value); }
std::string printed(const std::optional<std::int64_t>& value) { return std::to_string(value.value_or(0)); }

std::string printed(const std::string& value) {
  std::string text = "\"";
  for (const char letter : value) {
    const auto byte = static_cast<unsigned char>(letter);
    if (letter == '"' || letter == '\\') {
      text += '\\';
      text += letter;
    } else if (byte < 0x20 || byte == 0x7f) {
      text += fmt::format("\\u{:04X}", byte);
    } else {
      text += letter;
    }
  }
  return text + '"';
}

std::string printed(const std::vector<std::string>& values) {
  std::vector<std::string> parts;
  for (const std::string& value : values) parts.push_back(printed(value));
  return "[" + join(parts, ", ") + "]";
}

struct Writer {
  std::string text;

  template <class T>
  void operator()(const char* name, const T& member) {
    if constexpr (Table<T>) {
      text += fmt::format("\n[{}]\n", name);
      describe(*this, member);
    } else {
      text += fmt::format("{} = {}\n", name, printed(member));
    }
  }
};

struct Flattener {
  std::string prefix;
  std::vector<std::pair<std::string, std::string>> fields;

  template <class T>
  void operator()(const char* name, const T& member) {
    if constexpr (Table<T>) {
      prefix = std::string(name) + '.';
      describe(*this, member);
      prefix.clear();
    } else {
      fields.emplace_back(prefix + name, printed(member));
    }
  }
};

std::vector<std::string> knownFields() {
  std::vector<std::string> names;
  for (auto& [name, value] : flatten(RunConfig())) names.push_back(name);
  return names;
}

// ---- reading: each function says in words what would be right, or "" when it took the value

std::string take(const toml::node& node, bool& member) {
  const auto* value = node.as_boolean();
  if (value == nullptr) return "true or false";
  member = value->get();
  return {};
}

std::string take(const toml::node& node, std::int64_t& member) {
  const auto* value = node.as_integer();
  if (value == nullptr) return "a whole number";
  member = value->get();
  return {};
}

std::string take(const toml::node& node, int& member) {
  std::int64_t value = 0;
  std::string wanted = take(node, value);
  if (!wanted.empty()) return wanted;
  if (value < std::numeric_limits<int>::min() || value > std::numeric_limits<int>::max()) return "a whole number below 2,147,483,648";
  member = static_cast<int>(value);
  return {};
}

std::string take(const toml::node& node, std::optional<std::int64_t>& member) {
  std::int64_t value = 0;
  std::string wanted = take(node, value);
  if (!wanted.empty()) return wanted + ", or 0 for none";
  member = value == 0 ? std::nullopt : std::optional(value);
  return {};
}

std::string take(const toml::node& node, double& member) {
  if (const auto* real = node.as_floating_point()) {
    member = real->get();
  } else if (const auto* whole = node.as_integer()) {
    member = static_cast<double>(whole->get());
  } else {
    return "a number";
  }
  return {};
}

std::string take(const toml::node& node, std::string& member) {
  const auto* value = node.as_string();
  if (value == nullptr) return "a text in quotes";
  member = value->get();
  return {};
}

std::string take(const toml::node& node, std::vector<std::string>& member) {
  const toml::array* list = node.as_array();
  std::vector<std::string> values;
  for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
    std::string value;
    if (!take(*list->get(i), value).empty()) return "a list of texts in quotes";
    values.push_back(value);
  }
  if (list == nullptr) return "a list of texts, like [\"a\", \"b\"]";
  member = std::move(values);
  return {};
}

std::string typeName(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::table:
      return "a table";
    case toml::node_type::array:
      return "a list";
    case toml::node_type::string:
      return "a text";
    case toml::node_type::integer:
      return "a whole number";
    case toml::node_type::floating_point:
      return "a number with a fraction";
    case toml::node_type::boolean:
      return "true or false";
    default:
      return "a date or time";
  }
}

// "did you mean" within the same table first, then the same last name in another one: `steps` -> train.steps.
std::string suggestion(const std::string& field) {
  const std::vector<std::string> known = knownFields();
  const std::string leaf = field.substr(field.rfind('.') + 1);
  std::string near = nearestName(field, known);
  for (const std::string& candidate : known) {
    if (candidate.substr(candidate.rfind('.') + 1) == leaf) near = candidate;
  }
  return near.empty() ? "the fields are in `weft presets NAME` and in every run's config.toml" : "did you mean " + near + "?";
}

std::string unknownField(const std::string& field) {
  const std::string hint = suggestion(field);
  return fmt::format("there is no field {}; {}{}", field, hint, hint.back() == '?' ? "" : ".");
}

// Fills a struct from a table and keeps the first problem of the file, by line.
class Reader {
 public:
  Reader(const toml::table& table, std::string prefix, const std::string& origin) : m_table(table), m_prefix(std::move(prefix)), m_origin(origin) {}

  template <class T>
  void operator()(const char* name, T& member) {
    m_known.emplace_back(name);
    const toml::node* node = m_table.get(name);
    if (node == nullptr) return;
    if constexpr (Table<T>) {
      const toml::table* table = node->as_table();
      if (table == nullptr) {
        note(node->source(), fmt::format("{} is {}; it must be a table, written [{}].", name, typeName(*node), name));
        return;
      }
      Reader reader(*table, std::string(name) + '.', m_origin);
      describe(reader, member);
      reader.rejectUnknown();
      if (reader.m_problem && reader.m_line < m_line) std::tie(m_line, m_problem) = std::pair(reader.m_line, reader.m_problem);
    } else {
      const std::string wanted = take(*node, member);
      if (!wanted.empty()) note(node->source(), fmt::format("{}{} is {}; it must be {}.", m_prefix, name, typeName(*node), wanted));
    }
  }

  void rejectUnknown() {
    for (auto&& [key, node] : m_table) {
      const std::string name(key.str());
      if (std::find(m_known.begin(), m_known.end(), name) != m_known.end()) continue;
      if (m_prefix.empty() && node.is_table()) {
        const std::string near = nearestName(name, m_known);
        note(key.source(),
             fmt::format("there is no table [{}]; {}", name,
                         near.empty() ? "the tables are model, data, train, evaluation, cache and device." : "did you mean [" + near + "]?"));
      } else {
        note(key.source(), unknownField(m_prefix + name));
      }
    }
  }

  const std::optional<Error>& problem() const { return m_problem; }

 private:
  void note(const toml::source_region& where, const std::string& sentence) {
    const auto line = static_cast<std::int64_t>(where.begin.line);
    if (line >= m_line) return;
    m_line = line;
    m_problem = Error{ErrorCode::InvalidInput, presentable(fmt::format("{}, line {}: {}", m_origin, line, sentence)), {}};
  }

  const toml::table& m_table;
  std::string m_prefix;
  const std::string& m_origin;
  std::vector<std::string> m_known;
  std::int64_t m_line = std::numeric_limits<std::int64_t>::max();
  std::optional<Error> m_problem;
};

// ---- setting one field

struct Setter {
  std::string_view key, text;
  std::string prefix;
  bool isFound = false;
  std::string wanted;

  template <class T>
  void operator()(const char* name, T& member) {
    if constexpr (Table<T>) {
      prefix = std::string(name) + '.';
      describe(*this, member);
      prefix.clear();
    } else if (prefix + name == key) {
      isFound = true;
      set(member);
    }
  }

 private:
  template <class T>
  void set(T& member) {
    const toml::parse_result parsed = toml::parse("value = " + std::string(text));
    const toml::node* node = parsed ? parsed.table().get("value") : nullptr;
    if (node != nullptr && parsed.table().size() == 1) {
      wanted = take(*node, member);
      if (wanted.empty()) return;
    }
    const bool isQuoted = !text.empty() && (text.front() == '"' || text.front() == '\'' || text.front() == '[');
    if constexpr (std::is_same_v<T, std::string>) {
      if (!isQuoted) {
        member = text;
        wanted.clear();
        return;
      }
    } else if constexpr (std::is_same_v<T, std::vector<std::string>>) {
      if (!isQuoted) {
        member = text.empty() ? std::vector<std::string>() : split(text, ',');
        wanted.clear();
        return;
      }
    }
    if (wanted.empty()) {
      T scratch{};
      wanted = take(toml::value<toml::date>(toml::date{2000, 1, 1}), scratch);  // a value of a type that nothing takes
    }
  }
};

void makeAbsolute(std::string& path, const std::filesystem::path& folder) {
  if (path.empty() || path == "-") return;
  path = (folder / path).lexically_normal().string();
}

}  // namespace

Result<RunConfig> parseRunConfig(std::string_view text, const std::string& origin, RunConfig config) {
  const toml::parse_result parsed = toml::parse(text);
  if (!parsed) {
    const toml::parse_error& error = parsed.error();
    return fail(ErrorCode::InvalidInput, fmt::format("{}, line {}, column {}: this is not valid TOML: {}.", origin, error.source().begin.line,
                                                     error.source().begin.column, error.description()));
  }
  Reader reader(parsed.table(), "", origin);
  describe(reader, config);
  reader.rejectUnknown();
  if (reader.problem()) return tl::unexpected(*reader.problem());
  return config;
}

Result<RunConfig> parseRunConfig(std::string_view text, const std::string& origin) { return parseRunConfig(text, origin, RunConfig()); }

Result<RunConfig> loadRunConfig(const std::filesystem::path& path) {
  WEFT_ASSIGN(const std::string text, readFile(path));
  WEFT_ASSIGN(RunConfig config, parseRunConfig(text, path == "-" ? "standard input" : path.string()));
  std::error_code error;
  const std::filesystem::path folder = path == "-" ? std::filesystem::current_path(error) : std::filesystem::absolute(path, error).parent_path();
  if (error) return fail(ErrorCode::Io, fmt::format("The folder of {} cannot be found: {}.", path.string(), error.message()));
  resolvePaths(config, folder);
  return config;
}

void resolvePaths(RunConfig& config, const std::filesystem::path& folder) {
  for (std::string& file : config.data.files) makeAbsolute(file, folder);
  for (std::string& file : config.data.validFiles) makeAbsolute(file, folder);
  if (config.data.tokenizer != "byte") makeAbsolute(config.data.tokenizer, folder);
  makeAbsolute(config.train.initFrom, folder);
}

std::string toToml(const RunConfig& config) {
  Writer writer;
  describe(writer, config);
  return writer.text;
}

Result<void> setField(RunConfig& config, std::string_view dottedKey, std::string_view tomlValue) {
  Setter setter{.key = dottedKey, .text = trim(tomlValue), .prefix = {}, .isFound = false, .wanted = {}};
  describe(setter, config);
  if (!setter.isFound) {
    std::string sentence = unknownField(std::string(dottedKey));
    sentence.front() = 'T';
    return fail(ErrorCode::InvalidInput, sentence);
  }
  if (!setter.wanted.empty())
    return fail(ErrorCode::InvalidInput, fmt::format("{} = {} is wrong; it must be {}.", dottedKey, tomlValue, setter.wanted));
  return {};
}

std::vector<std::pair<std::string, std::string>> flatten(const RunConfig& config) {
  Flattener flattener;
  describe(flattener, config);
  return flattener.fields;
}

}  // namespace weft::config
