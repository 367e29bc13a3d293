#include "engine/base/json.h"

#include <cmath>
#include <cstdint>

namespace weft {

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
