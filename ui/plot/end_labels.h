// ui/plot/end_labels.h -- the names at the right ends of curves: which of many have room, and where each stands so that
// none covers another.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

namespace weft::ui {

// Indices of at most `most` of `values`, ascending: the lowest, the highest and evenly spaced ranks between them, and
// `must` if there is one.
std::vector<std::size_t> evenRanks(const std::vector<double>& values, std::size_t most,
                                   std::optional<std::size_t> must = std::nullopt);

// Places at least `distance` apart, in order, as near to `wanted` (ascending) as that allows and between `low` and
// `high`: neighbours that collide share their mean displacement.
std::vector<double> spread(const std::vector<double>& wanted, double distance, double low, double high);

struct EndLabel {
  std::size_t curve = 0;  // index into the ends
  double y = 0;           // its middle
};
// From top to bottom: as many as fit between `low` and `high`, those of evenRanks(). `ends`: where the curves end, in
// pixels.
std::vector<EndLabel> placeEndLabels(const std::vector<double>& ends, double distance, double low, double high,
                                     std::optional<std::size_t> must = std::nullopt);

}  // namespace weft::ui
