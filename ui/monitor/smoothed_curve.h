// ui/monitor/smoothed_curve.h -- one metric of one run as two curves: as it is, and its exponential moving average.
// Follows the loaded points: additions cost what they add, everything else starts again.
#pragma once

#include <memory>

#include "ui/monitor/run_series.h"
#include "ui/plot/curve_data.h"
#include "ui/plot/smoothing.h"

namespace weft::ui {

class SmoothedCurve {
 public:
  SmoothedCurve();
  // `weight` of the past, as in plot/smoothing.h. True if anything changed.
  bool update(const RunSeries& series, const std::string& metric, XAxis axis, double weight);

  std::shared_ptr<const CurveData> raw() const { return m_raw; }
  std::shared_ptr<const CurveData> smooth() const { return m_smooth; }  // raw() if the weight is 0

 private:
  std::shared_ptr<CurveData> m_raw, m_smooth;
  std::uint64_t m_generation = 0;
  XAxis m_axis = XAxis::Steps;
  double m_weight = 0, m_tokensPerStep = 0, m_firstTime = 0;
  MovingAverage m_average{0};
};

}  // namespace weft::ui
