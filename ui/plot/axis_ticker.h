// ui/plot/axis_ticker.h -- where an axis has its numbers and how they are written: steps, tokens, rates, losses,
// learning rates, durations.
#pragma once

#include "ui/plot/custom_plot.h"

namespace weft::ui {

// How the numbers of one axis or reading are written.
enum class Quantity {
  Number,    // 2.8, 4,000
  Count,     // 5 B, 80 k, 250; small ones as 3e-4
  Duration,  // of seconds: 30 s, 15 min, 1.5 h, 2 d
};

// A number on an axis whose neighbours are `step` apart: all of them get the same decimals and, `largest` being the
// largest, the same unit.
QString axisNumber(double value, double step, double largest, Quantity quantity);

// Ticks at 1, 2, 2.5, 5 times a power of ten (durations: at whole minutes, quarters, hours, days). On a logarithmic
// axis at 1, 2, 5 of each decade, or as on a linear one when less than a decade is in view.
class AxisTicker : public QCPAxisTicker {
 public:
  explicit AxisTicker(Quantity quantity = Quantity::Number);
  void setQuantity(Quantity quantity) { m_quantity = quantity; }
  Quantity quantity() const { return m_quantity; }
  void setLogarithmic(bool logarithmic) { m_isLogarithmic = logarithmic; }

 protected:
  double getTickStep(const QCPRange& range) override;
  QVector<double> createTickVector(double tickStep, const QCPRange& range) override;
  QVector<double> createSubTickVector(int subTickCount, const QVector<double>& ticks) override;
  QString getTickLabel(double tick, const QLocale& locale, QChar formatChar, int precision) override;

 private:
  Quantity m_quantity;
  bool m_isLogarithmic = false;
  bool m_isDecades = false;  // the ticks of the last range
  double m_step = 1, m_largest = 1;
};

}  // namespace weft::ui
