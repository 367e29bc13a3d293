// ui/plot/tickers.h -- ticks at doublings of a memory size, and numbers with only as many decimals as their axis needs.
#pragma once

#include <vector>

#include "ui/plot/custom_plot.h"

namespace weft::ui {

// 4800 -> "4,800", 0.25 at steps of 0.05 -> "0.25".
QString tickText(double value, double step);

// A logarithmic axis: base * 2^k, every second or fourth of them where there is no room. Zoomed in below two doublings:
// as a linear axis.
class DoublingTicker : public QCPAxisTicker {
 public:
  DoublingTicker();
  // The base on whose doublings most of `values` lie; the smallest of several.
  void setValues(const std::vector<double>& values);
  void setMaximumTicks(int count) { m_maximum = count; }
  double base() const { return m_base; }

 protected:
  QVector<double> createTickVector(double tickStep, const QCPRange& range) override;
  QVector<double> createSubTickVector(int subTickCount, const QVector<double>& ticks) override;
  QString getTickLabel(double tick, const QLocale& locale, QChar formatChar, int precision) override;

 private:
  double m_base = 1;
  double m_step = 1;
  int m_maximum = 8;
};

}  // namespace weft::ui
