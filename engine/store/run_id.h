// engine/store/run_id.h -- the number of a run in its project; 0 = none.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>

namespace weft::store {
struct RunId {
  std::int64_t value = 0;
  auto operator<=>(const RunId&) const = default;
};
}  // namespace weft::store
template <>
struct std::hash<weft::store::RunId> {
  std::size_t operator()(const weft::store::RunId& id) const noexcept { return std::hash<std::int64_t>{}(id.value); }
};
