// engine/store/sparkline.h -- the loss curve of a run in at most 64 points, kept up one point at a time.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace weft::store {

// Keeps every stride-th point; when they are too many, every second goes and the stride doubles: so the points stay
// evenly spaced over the steps so far without a second look at the series.
class Sparkline {
 public:
  static constexpr std::size_t kMaximumPoints = 64;

  Sparkline() = default;
  Sparkline(const std::string& bytes, std::int64_t stride);  // as stored

  // A step that is not later than the last one is a resumed run's: the points from there on belonged to what was lost.
  void add(std::int64_t step, double value);

  std::string bytes() const;
  std::int64_t stride() const { return m_stride; }
  std::vector<float> values() const;

 private:
  struct Point {
    std::int64_t step = 0;
    double value = 0;
  };
  std::vector<Point> m_points;  // the last one is the newest, whatever the stride says
  std::int64_t m_stride = 1;
};

}  // namespace weft::store
