#include "ui/plot/smoothing.h"

#include <algorithm>
#include <cmath>
#include <limits>

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

}  // namespace weft::ui
