#include "ui/plot/end_labels.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace weft::ui {

std::vector<std::size_t> evenRanks(const std::vector<double>& values, std::size_t most,
                                   std::optional<std::size_t> must) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (values.size() <= most || most == 0) return most == 0 ? std::vector<std::size_t>{} : order;
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  std::vector<std::size_t> chosen;
  for (std::size_t i = 0; i < most; ++i) chosen.push_back(order[most == 1 ? 0 : i * (order.size() - 1) / (most - 1)]);
  if (must && std::find(chosen.begin(), chosen.end(), *must) == chosen.end()) {
    // It takes the place of its nearest neighbour, but never that of the ends.
    auto nearest = chosen.begin() + (most > 2 ? 1 : 0);
    for (auto at = nearest; at != chosen.end() - (most > 2 ? 1 : 0); ++at)
      if (std::abs(values[*at] - values[*must]) < std::abs(values[*nearest] - values[*must])) nearest = at;
    *nearest = *must;
  }
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

std::vector<double> spread(const std::vector<double>& wanted, double distance, double low, double high) {
  struct Block {
    double sum = 0;  // of wanted - i * distance
    int count = 0;
    double mean() const { return sum / count; }
  };
  std::vector<Block> blocks;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    blocks.push_back({wanted[i] - static_cast<double>(i) * distance, 1});
    while (blocks.size() > 1 && blocks[blocks.size() - 2].mean() > blocks.back().mean()) {
      blocks[blocks.size() - 2].sum += blocks.back().sum;
      blocks[blocks.size() - 2].count += blocks.back().count;
      blocks.pop_back();
    }
  }
  std::vector<double> places;
  for (const Block& block : blocks)
    for (int i = 0; i < block.count; ++i)
      places.push_back(block.mean() + static_cast<double>(places.size()) * distance);
  for (std::size_t i = places.size(); i-- > 0;)
    places[i] = std::min(places[i], high - static_cast<double>(places.size() - 1 - i) * distance);
  for (std::size_t i = 0; i < places.size(); ++i)
    places[i] = std::max(places[i], low + static_cast<double>(i) * distance);
  return places;
}

std::vector<EndLabel> placeEndLabels(const std::vector<double>& ends, double distance, double low, double high,
                                     std::optional<std::size_t> must) {
  // The first and the last reach half a label over their middles.
  const double room = high - low + 1e-6;
  if (ends.empty() || room < distance) return {};
  std::vector<std::size_t> chosen = evenRanks(ends, static_cast<std::size_t>(room / distance), must);
  std::stable_sort(chosen.begin(), chosen.end(), [&](std::size_t a, std::size_t b) { return ends[a] < ends[b]; });
  std::vector<double> wanted;
  for (const std::size_t curve : chosen) wanted.push_back(ends[curve]);
  const std::vector<double> places = spread(wanted, distance, low + distance / 2, high - distance / 2);
  std::vector<EndLabel> labels;
  for (std::size_t i = 0; i < chosen.size(); ++i) labels.push_back({chosen[i], places[i]});
  return labels;
}

}  // namespace weft::ui
