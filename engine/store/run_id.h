// engine/store/run_id.h -- the numbers of runs and jobs in their project; 0 = none. A training
// is a job, too, with a number of its own.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>

namespace weft::store {
struct RunId {
  std::int64_t value = 0;
  auto operator<=>(const RunId&) const = default;
};
struct JobId {
  std::int64_t value = 0;
  auto operator<=>(const JobId&) const = default;
};
}  // namespace weft::store
template <>
struct std::hash<weft::store::RunId> {
  std::size_t operator()(const weft::store::RunId& id) const noexcept { return std::hash<std::int64_t>{}(id.value); }
};
template <>
struct std::hash<weft::store::JobId> {
  std::size_t operator()(const weft::store::JobId& id) const noexcept { return std::hash<std::int64_t>{}(id.value); }
};
