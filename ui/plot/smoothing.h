// ui/plot/smoothing.h -- the moving average of a noisy curve and the range of the raw values behind it.
#pragma once

#include <cstddef>
#include <vector>

#include "engine/store/run_store.h"

namespace weft::ui {

// An exponential moving average that may be continued. The weight of the past is at most `weight` (0 = the values
// themselves), and no more than n / (n + 16) at the n-th value: a young curve is averaged over a fixed share of its own
// length, so that it neither starts with a jump nor trails the steep first steps. A value that is not finite neither
// moves nor ends the average; it has none itself (NaN).
class MovingAverage {
 public:
  explicit MovingAverage(double weight) : m_weight(weight) {}
  double next(double value);

 private:
  double m_weight, m_average = 0;
  double m_count = 0;  // finite values so far
};
std::vector<double> movingAverage(const std::vector<store::MetricPoint>& points, double weight);

// Lowest and highest of each of at most `buckets` equally wide pieces of the steps; pieces without a finite value are
// left out.
struct ValueRange {
  double step = 0, low = 0, high = 0;
};
std::vector<ValueRange> valueRanges(const std::vector<store::MetricPoint>& points, int buckets);

// The places of `values` that a curve of at most `buckets` pixel columns needs: first, lowest, highest and last of each
// column, and one gap (NaN) if it has one. All of them if there are few. `values` has one entry a point.
std::vector<std::size_t> thinned(const std::vector<store::MetricPoint>& points, const std::vector<double>& values,
                                 int buckets);

}  // namespace weft::ui
