// ui/plot/curve_data.h -- the points of one curve, in order of x, and for any stretch of them the lowest and highest
// value without looking at each one: a curve of a million points is drawn from a few thousand numbers, and no outlier
// is lost. No Qt.
#pragma once

#include <cstddef>
#include <vector>

namespace weft::ui {

struct Extremes {
  double low = 0, high = 0;
  bool isEmpty = true;  // no finite value
  void add(double value);
  void add(const Extremes& other);
};

class CurveData {
 public:
  // `x` must not be less than the last one. A value that is not finite is kept as a gap. Amortised O(1).
  void append(double x, double y);
  // Keeps the first `size` points. O(log n).
  void truncate(std::size_t size);
  void clear() { truncate(0); }

  std::size_t size() const { return m_x.size(); }
  bool isEmpty() const { return m_x.empty(); }
  double x(std::size_t i) const { return m_x[i]; }
  double y(std::size_t i) const { return m_y[i]; }
  // The first point at or after `x`; size() if there is none.
  std::size_t lowerBound(double x) const;
  // The point nearest to `x`; size() if the curve is empty.
  std::size_t nearest(double x) const;
  // Of the finite values of [begin, end). O(log n).
  Extremes extremes(std::size_t begin, std::size_t end) const;

 private:
  std::vector<double> m_x, m_y;
  // m_levels[k][b]: the extremes of the points [b * 32^(k+1), (b + 1) * 32^(k+1)).
  std::vector<std::vector<Extremes>> m_levels;
};

// What falls into one column of pixels.
struct Column {
  std::size_t column = 0;      // between edges[column] and edges[column + 1]
  double first = 0, last = 0;  // of its finite values
  Extremes extremes;
};
// `edges`: the ascending x of n + 1 column borders. Columns without a finite value are left out. O(n log n), however
// long the curve.
std::vector<Column> columns(const CurveData& data, const std::vector<double>& edges);

}  // namespace weft::ui
