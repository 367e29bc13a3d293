#include "engine/base/json.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>

namespace weft {

namespace {

// The code unit of a \uXXXX at `at`, or -1.
int escapedUnit(std::string_view text, std::size_t at) {
  if (at + 6 > text.size() || text[at] != '\\' || text[at + 1] != 'u') return -1;
  int unit = 0;
  const auto [end, error] = std::from_chars(text.data() + at + 2, text.data() + at + 6, unit, 16);
  return error == std::errc() && end == text.data() + at + 6 && text[at + 2] != '-' ? unit : -1;
}

bool isHighSurrogate(int unit) { return unit >= 0xD800 && unit < 0xDC00; }
bool isLowSurrogate(int unit) { return unit >= 0xDC00 && unit < 0xE000; }

// The word of Python's that begins at `at`, outside of texts; "" if there is none.
std::string_view wordAt(std::string_view text, std::size_t at) {
  constexpr std::array<std::string_view, 3> kWords{"NaN", "Infinity", "-Infinity"};
  for (const std::string_view word : kWords) {
    if (text.substr(at, word.size()) == word) return word;
  }
  return {};
}

template <class Value>
Result<Value> parsed(std::string_view text, const std::string& origin, JsonDialect dialect, const JsonLimits& limits) {
  if (const std::string excess = excessOf(text, limits); !excess.empty())
    return fail(ErrorCode::Corrupt, origin + " " + excess + ".");
  // The parser takes a NUL for the end, whatever follows; none may stand in JSON.
  const bool hasNul = text.find('\0') != std::string_view::npos;
  Value value = hasNul ? Value(Value::value_t::discarded) : Value::parse(text, nullptr, false);
  if (!hasNul && value.is_discarded() && dialect != JsonDialect::Strict) {
    std::string plain(text);
    if (replacePythonJson(plain, dialect)) value = Value::parse(plain, nullptr, false);
  }
  if (value.is_discarded()) return fail(ErrorCode::Corrupt, origin + " is no JSON, or is cut off.");
  return value;
}

}  // namespace

std::string excessOf(std::string_view json, const JsonLimits& limits) {
  if (json.size() > limits.bytes)
    return fmt::format("has {} bytes of JSON; at most {} are read", json.size(), limits.bytes);
  int depth = 0;
  std::int64_t values = 1;
  bool isText = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (isText) {
      if (c == '\\') {
        ++i;
      } else if (c == '"') {
        isText = false;
      }
    } else if (c == '"') {
      isText = true;
    } else if (c == '{' || c == '[') {
      if (++depth > limits.depth) return fmt::format("nests deeper than {} levels", limits.depth);
      ++values;
    } else if (c == '}' || c == ']') {
      --depth;
    } else if (c == ',' && ++values > limits.values) {
      return fmt::format("holds more than {} values", limits.values);
    }
  }
  return {};
}

bool replacePythonJson(std::string& text, JsonDialect dialect) {
  std::string plain;
  plain.reserve(text.size() + 16);
  bool isText = false, isChanged = false;
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (c == '"') isText = !isText;
    if (!isText) {
      if (const std::string_view word = wordAt(text, at); !word.empty()) {
        if (dialect == JsonDialect::PythonData) {
          plain.append("null");
        } else {
          plain.append("\"").append(word).append("\"");
        }
        at += word.size();
        isChanged = true;
      } else {
        plain += c;
        ++at;
      }
      continue;
    }
    if (c != '\\') {
      plain += c;
      ++at;
      continue;
    }
    const int unit = escapedUnit(text, at);
    const bool isPair = isHighSurrogate(unit) && isLowSurrogate(escapedUnit(text, at + 6));
    if (!isPair && (isHighSurrogate(unit) || isLowSurrogate(unit))) {
      plain += "\\ufffd";
      at += 6;
      isChanged = true;
    } else {
      const std::size_t length = isPair ? 12 : unit >= 0 ? 6 : 2;
      plain.append(text, at, length);
      at += length;
    }
  }
  if (isChanged) text = std::move(plain);
  return isChanged;
}

Result<nlohmann::json> parseJson(std::string_view text, const std::string& origin, JsonDialect dialect,
                                 const JsonLimits& limits) {
  return parsed<nlohmann::json>(text, origin, dialect, limits);
}

Result<nlohmann::ordered_json> parseOrderedJson(std::string_view text, const std::string& origin, JsonDialect dialect,
                                                const JsonLimits& limits) {
  return parsed<nlohmann::ordered_json>(text, origin, dialect, limits);
}

Json jsonNumber(double value) {
  if (!std::isfinite(value)) return nullptr;
  const bool isWhole = value == std::floor(value) && std::abs(value) < 9e15;
  return isWhole ? Json(static_cast<std::int64_t>(value)) : Json(value);
}

void putNumber(Json& object, const std::string& key, double value) {
  object[key] = jsonNumber(value);
  if (!std::isfinite(value))
    object["not_finite"][key] = std::isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
}

void putNumber(Json& object, const std::string& key, const std::optional<double>& value) {
  if (value)
    putNumber(object, key, *value);
  else
    object[key] = nullptr;
}

std::string jsonText(const Json& value, int indent) {
  return value.dump(indent, ' ', false, Json::error_handler_t::replace);
}

}  // namespace weft
