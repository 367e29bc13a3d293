// engine/base/json.h -- the one way in for JSON that comes from outside, and the one rule by which results become JSON.
// In: nlohmann's parser takes any depth and any
// number of values, and each costs memory: 100 MB of brackets became 7.8 GB. What is too much is refused before a value
// is made.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace weft {

struct JsonLimits {
  std::size_t bytes = std::size_t{64} << 20;
  int depth =
      100;  // of objects and lists inside each other; serde_json, which safetensors and tokenizers use, takes 127
  std::int64_t values = 8'000'000;  // of objects, lists, texts and numbers together: below 1 GB as they are kept
};

// Whose JSON it is. Python's json module writes and reads NaN, Infinity and -Infinity as bare words, and half a
// surrogate pair as an escape; serde_json takes neither. The words become texts, so that a field of a configuration
// that must be a number says what it is, or, in data, null: what a program that lacks a value writes in its place.
enum class JsonDialect { Strict, Python, PythonData };

// "" or what is too much, as the end of a sentence: "nests deeper than 100 levels". One pass, no memory. Text that is
// no JSON is judged as far as its quotes go.
std::string excessOf(std::string_view json, const JsonLimits& limits);

// The value. Half a surrogate pair of Python's becomes U+FFFD. `origin` begins the message. Of a key that stands twice
// the last one counts, as in Python and serde_json. Corrupt: "F is no JSON ..." or "F nests deeper than ...".
[[nodiscard]] Result<nlohmann::json> parseJson(std::string_view text, const std::string& origin,
                                               JsonDialect dialect = JsonDialect::Python,
                                               const JsonLimits& limits = {});
// The same, with an object's keys in the file's order.
[[nodiscard]] Result<nlohmann::ordered_json> parseOrderedJson(std::string_view text, const std::string& origin,
                                                              JsonDialect dialect = JsonDialect::Python,
                                                              const JsonLimits& limits = {});

// Rewrites what only Python's JSON knows so that a strict parser takes it. False if there is nothing such.
bool replacePythonJson(std::string& text, JsonDialect dialect);

// Out: a number is a JSON number, without ".0" where it is whole. JSON has none for NaN and infinities: they are null,
// and the object says in "not_finite" which word stands for it, {"perplexity": null, "not_finite": {"perplexity":
// "NaN"}}. What is not known is null alone. Invalid UTF-8 is replaced, never thrown about.
using Json = nlohmann::ordered_json;

void putNumber(Json& object, const std::string& key, double value);
void putNumber(Json& object, const std::string& key, const std::optional<double>& value);
// A number where there is no key beside it, as in a list: null for what is not finite.
Json jsonNumber(double value);

// indent -1: on one line.
std::string jsonText(const Json& value, int indent = -1);

}  // namespace weft
