#include "ui/monitor/smoothed_curve.h"

#include <cmath>

namespace weft::ui {

SmoothedCurve::SmoothedCurve() : m_raw(std::make_shared<CurveData>()), m_smooth(m_raw) {}

bool SmoothedCurve::update(const RunSeries& series, const std::string& name, XAxis axis, double weight) {
  const LoadedMetric* metric = series.metric(name);
  if (!metric) {
    if (m_raw->isEmpty()) return false;
    m_raw->clear();
    m_smooth->clear();
    return true;
  }
  const double firstTime = metric->points.empty() ? 0 : series.x(metric->points.front(), XAxis::Time);
  const bool isSame =
      metric->generation == m_generation && axis == m_axis && weight == m_weight &&
      metric->points.size() >= m_raw->size() &&
      (axis != XAxis::Tokens || std::abs(series.tokensPerStep() - m_tokensPerStep) <= 1e-9 * m_tokensPerStep) &&
      (axis != XAxis::Time || firstTime == m_firstTime);
  if (isSame && metric->points.size() == m_raw->size()) return false;
  if (!isSame) {
    m_raw = std::make_shared<CurveData>();
    m_smooth = weight > 0 ? std::make_shared<CurveData>() : m_raw;
    m_generation = metric->generation;
    m_axis = axis;
    m_weight = weight;
    m_tokensPerStep = series.tokensPerStep();
    m_firstTime = firstTime;
    m_average = MovingAverage(weight);
  }
  for (std::size_t i = m_raw->size(); i < metric->points.size(); ++i) {
    const store::MetricPoint& point = metric->points[i];
    const double x = series.x(point, axis);
    m_raw->append(x, point.value);
    if (weight > 0) m_smooth->append(x, m_average.next(point.value));
  }
  return true;
}

}  // namespace weft::ui
