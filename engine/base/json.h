// engine/base/json.h -- the one rule by which results become JSON, here and in every file that Weft writes for others.
//   A number is a JSON number, without ".0" where it is whole. JSON has none for NaN and infinities: they are null, and
//   the object says in "not_finite" which word stands for it, {"perplexity": null, "not_finite": {"perplexity":
//   "NaN"}}. What is not known is null alone. Invalid UTF-8 is replaced, never thrown about.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace weft {

using Json = nlohmann::ordered_json;

void putNumber(Json& object, const std::string& key, double value);
void putNumber(Json& object, const std::string& key, const std::optional<double>& value);
// A number where there is no key beside it, as in a list: null for what is not finite.
Json jsonNumber(double value);

// indent -1: on one line.
std::string jsonText(const Json& value, int indent = -1);

}  // namespace weft
