#include "ui/plot/curve_data.h"

#include <algorithm>
#include <cmath>

namespace weft::ui {
namespace {

constexpr std::size_t kBlock = 32;

}  // namespace

void Extremes::add(double value) {
  if (!std::isfinite(value)) return;
  low = isEmpty ? value : std::min(low, value);
  high = isEmpty ? value : std::max(high, value);
  isEmpty = false;
}

void Extremes::add(const Extremes& other) {
  if (other.isEmpty) return;
  add(other.low);
  add(other.high);
}

void CurveData::append(double x, double y) {
  m_x.push_back(x);
  m_y.push_back(y);
  std::size_t block = m_x.size() - 1;
  for (std::size_t level = 0;; ++level) {
    block /= kBlock;
    if (level == m_levels.size()) {
      // A level over a single block would say what that block says already.
      if (block == 0) return;
      m_levels.emplace_back(1);
      for (std::size_t b = 0; b < kBlock; ++b) {
        if (level > 0) {
          m_levels[level][0].add(m_levels[level - 1][b]);
          continue;
        }
        m_levels[0][0].add(m_y[b]);
      }
    }
    if (block == m_levels[level].size()) m_levels[level].emplace_back();
    m_levels[level][block].add(y);
  }
}

void CurveData::truncate(std::size_t size) {
  if (size >= m_x.size()) return;
  m_x.resize(size);
  m_y.resize(size);
  std::size_t count = size;
  for (std::size_t level = 0; level < m_levels.size(); ++level) {
    const std::size_t below = count;
    count = (below + kBlock - 1) / kBlock;
    if (below <= kBlock) {
      m_levels.resize(level);
      break;
    }
    m_levels[level].resize(count);
    // Only the last block can have lost points.
    Extremes last;
    for (std::size_t i = (count - 1) * kBlock; i < below; ++i) {
      if (level == 0)
        last.add(m_y[i]);
      else
        last.add(m_levels[level - 1][i]);
    }
    m_levels[level].back() = last;
  }
}

std::size_t CurveData::lowerBound(double x) const {
  return static_cast<std::size_t>(std::lower_bound(m_x.begin(), m_x.end(), x) - m_x.begin());
}

std::size_t CurveData::nearest(double x) const {
  const std::size_t after = lowerBound(x);
  if (after == 0 || isEmpty()) return 0;
  if (after == size() || x - m_x[after - 1] <= m_x[after] - x) return after - 1;
  return after;
}

Extremes CurveData::extremes(std::size_t begin, std::size_t end) const {
  end = std::min(end, size());
  Extremes found;
  // Up the levels while both ends are rounded to blocks, taking the odd ones on the way.
  for (std::size_t level = 0; begin < end; ++level) {
    const auto take = [&](std::size_t i) {
      if (level == 0)
        found.add(m_y[i]);
      else
        found.add(m_levels[level - 1][i]);
    };
    if (level == m_levels.size()) {
      for (std::size_t i = begin; i < end; ++i) take(i);
      break;
    }
    while (begin < end && begin % kBlock != 0) take(begin++);
    while (begin < end && end % kBlock != 0) take(--end);
    begin /= kBlock;
    end /= kBlock;
  }
  return found;
}

std::vector<Column> columns(const CurveData& data, const std::vector<double>& edges) {
  std::vector<Column> found;
  if (edges.size() < 2) return found;
  std::size_t begin = data.lowerBound(edges.front());
  for (std::size_t i = 0; i + 1 < edges.size() && begin < data.size(); ++i) {
    const std::size_t end = data.lowerBound(edges[i + 1]);
    if (end == begin) continue;
    Column column{.column = i, .extremes = data.extremes(begin, end)};
    if (!column.extremes.isEmpty) {
      std::size_t first = begin, last = end - 1;
      while (!std::isfinite(data.y(first))) ++first;
      while (!std::isfinite(data.y(last))) --last;
      column.first = data.y(first);
      column.last = data.y(last);
      found.push_back(column);
    }
    begin = end;
  }
  return found;
}

}  // namespace weft::ui
