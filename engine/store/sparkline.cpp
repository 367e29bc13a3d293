#include "engine/store/sparkline.h"

#include <algorithm>
#include <cstring>

namespace weft::store {

Sparkline::Sparkline(const std::string& bytes, std::int64_t stride) : m_stride(std::max<std::int64_t>(stride, 1)) {
  m_points.resize(std::min(bytes.size() / sizeof(Point), kMaximumPoints));
  if (!m_points.empty()) std::memcpy(m_points.data(), bytes.data(), m_points.size() * sizeof(Point));
}

void Sparkline::add(std::int64_t step, double value) {
  while (!m_points.empty() && m_points.back().step >= step) m_points.pop_back();
  if (m_points.empty()) m_stride = 1;
  // The newest point stays only if it lies a stride from the one before it; else the next newest takes its place.
  const std::size_t count = m_points.size();
  if (count >= 2 && m_points[count - 1].step - m_points[count - 2].step < m_stride) m_points.pop_back();
  m_points.push_back({step, value});
  if (m_points.size() <= kMaximumPoints) return;
  std::vector<Point> kept;
  for (std::size_t i = 0; i + 1 < m_points.size(); i += 2) kept.push_back(m_points[i]);
  // The mean distance: one odd gap, as a resumed run may leave, must not thin out all that follows.
  m_stride =
      std::max(2 * m_stride, (kept.back().step - kept.front().step) / static_cast<std::int64_t>(kept.size() - 1));
  kept.push_back(m_points.back());
  m_points = std::move(kept);
}

std::string Sparkline::bytes() const {
  return {reinterpret_cast<const char*>(m_points.data()), m_points.size() * sizeof(Point)};
}

std::vector<float> Sparkline::values() const {
  std::vector<float> values;
  for (const Point& point : m_points) values.push_back(static_cast<float>(point.value));
  return values;
}

}  // namespace weft::store
