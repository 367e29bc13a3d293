#include "ui/plot/smoothing.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

namespace weft::ui {

double MovingAverage::next(double value) {
  constexpr double kYoung = 16;
  if (!std::isfinite(value)) return std::numeric_limits<double>::quiet_NaN();
  const double weight = std::min(m_weight, m_count / (m_count + kYoung));
  m_average = weight * m_average + (1 - weight) * value;
  ++m_count;
  return m_average;
}

std::vector<double> movingAverage(const std::vector<store::MetricPoint>& points, double weight) {
  std::vector<double> average;
  average.reserve(points.size());
  MovingAverage running(weight);
  for (const store::MetricPoint& point : points) average.push_back(running.next(point.value));
  return average;
}

std::vector<ValueRange> valueRanges(const std::vector<store::MetricPoint>& points, int buckets) {
  std::vector<ValueRange> ranges;
  if (points.empty() || buckets < 1) return ranges;
  const double first = static_cast<double>(points.front().step), last = static_cast<double>(points.back().step);
  const double width = last > first ? (last - first) / buckets : 1;
  int current = -1;
  for (const store::MetricPoint& point : points) {
    if (!std::isfinite(point.value)) continue;
    const int bucket = std::clamp(static_cast<int>((static_cast<double>(point.step) - first) / width), 0, buckets - 1);
    if (bucket != current) {
      current = bucket;
      ranges.push_back({static_cast<double>(point.step), point.value, point.value});
      continue;
    }
    ranges.back().low = std::min(ranges.back().low, point.value);
    ranges.back().high = std::max(ranges.back().high, point.value);
  }
  return ranges;
}

std::vector<std::size_t> thinned(const std::vector<store::MetricPoint>& points, const std::vector<double>& values,
                                 int buckets) {
  std::vector<std::size_t> kept;
  if (points.size() <= 4 * static_cast<std::size_t>(buckets)) {
    kept.resize(points.size());
    std::iota(kept.begin(), kept.end(), std::size_t{0});
    return kept;
  }
  const double first = static_cast<double>(points.front().step);
  const double width = std::max(1.0, static_cast<double>(points.back().step) - first) / buckets;
  constexpr auto kNone = std::numeric_limits<std::size_t>::max();
  std::size_t begin = 0;
  while (begin < points.size()) {
    const double border = first + width * (std::floor((static_cast<double>(points[begin].step) - first) / width) + 1);
    std::array<std::size_t, 5> places{kNone, kNone, kNone, kNone, kNone};  // first, lowest, highest, last, gap
    std::size_t end = begin;
    for (; end < points.size() && (end == begin || static_cast<double>(points[end].step) < border); ++end) {
      if (!std::isfinite(values[end])) {
        places[4] = end;
        continue;
      }
      if (places[0] == kNone) places[0] = places[1] = places[2] = end;
      if (values[end] < values[places[1]]) places[1] = end;
      if (values[end] > values[places[2]]) places[2] = end;
      places[3] = end;
    }
    std::sort(places.begin(), places.end());
    for (std::size_t i = 0; i < places.size() && places[i] != kNone; ++i)
      if (i == 0 || places[i] != places[i - 1]) kept.push_back(places[i]);
    begin = end;
  }
  return kept;
}

}  // namespace weft::ui
