// ui/plot/smoothing.h -- the moving average of a noisy curve and the range of the raw values behind it.
#pragma once

#include <vector>

#include "engine/store/run_store.h"

namespace weft::ui {

// Exponential moving average with weight `weight` of the past (0 = the values themselves), corrected for its start: the first value is the first raw
// one. A value that is not finite neither moves nor ends the average; it has none itself (NaN).
std::vector<double> movingAverage(const std::vector<store::MetricPoint>& points, double weight);

// Lowest and highest of each of at most `buckets` equally wide pieces of the steps; pieces without a finite value are left out.
struct ValueRange {
  double step = 0, low = 0, high = 0;
};
std::vector<ValueRange> valueRanges(const std::vector<store::MetricPoint>& points, int buckets);

}  // namespace weft::ui
