#include "ui/plot/axis_ticker.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "ui/plot/tickers.h"

namespace weft::ui {
namespace {

struct Unit {
  double size;
  const char* name;
};

QString withUnit(double value, double step, const Unit& unit) {
  if (std::abs(value) < std::abs(step) * 1e-6) return QStringLiteral("0");
  return QStringLiteral("%1 %2").arg(tickText(value / unit.size, step / unit.size), QLatin1String(unit.name));
}

// 0.00025 -> "2.5e-4".
QString scientific(double value, double step) {
  if (std::abs(value) < std::abs(step) * 1e-6) return QStringLiteral("0");
  const int exponent = static_cast<int>(std::floor(std::log10(std::abs(value)) + 1e-9));
  const double mantissa = value / std::pow(10.0, exponent);
  return QStringLiteral("%1e%2").arg(QString::number(std::round(mantissa * 100) / 100, 'g', 3)).arg(exponent);
}

QString count(double value, double step, double largest) {
  static constexpr std::array<Unit, 4> units{{{1e12, "T"}, {1e9, "B"}, {1e6, "M"}, {1e3, "k"}}};
  if (largest >= 1e4)
    for (const Unit& unit : units)
      if (largest >= unit.size) return withUnit(value, step, unit);
  if (largest < 1e-2) return scientific(value, step);
  return tickText(value, step);
}

QString duration(double value, double step, double largest) {
  static constexpr std::array<Unit, 3> units{{{86400, "d"}, {3600, "h"}, {60, "min"}}};
  for (const Unit& unit : units)
    // A quarter of an hour is read, a twelfth is not: 90 min rather than 1.083 h.
    if (largest >= unit.size && std::abs(std::remainder(step, unit.size / 4)) < 1e-6)
      return withUnit(value, step, unit);
  return withUnit(value, step, {1, "s"});
}

}  // namespace

QString axisNumber(double value, double step, double largest, Quantity quantity) {
  switch (quantity) {
    case Quantity::Number:
      return largest < 1e-2 ? scientific(value, step) : tickText(value, step);
    case Quantity::Count:
      return count(value, step, largest);
    case Quantity::Duration:
      return duration(value, step, largest);
  }
  return {};
}

AxisTicker::AxisTicker(Quantity quantity) : m_quantity(quantity) { setTickCount(6); }

double AxisTicker::getTickStep(const QCPRange& range) {
  if (m_quantity != Quantity::Duration) return QCPAxisTicker::getTickStep(range);
  static constexpr std::array<double, 20> steps{1,   2,    5,    10,   15,    30,    60,    120,   300,    600,
                                                900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 432000};
  const double wanted = range.size() / tickCount();
  if (wanted < 1 || wanted > steps.back()) return QCPAxisTicker::getTickStep(range);
  for (const double step : steps)
    if (step >= wanted) return step;
  return steps.back();
}

QVector<double> AxisTicker::createTickVector(double tickStep, const QCPRange& range) {
  m_step = tickStep;
  m_largest = std::max(std::abs(range.lower), std::abs(range.upper));
  m_isDecades = m_isLogarithmic && range.lower > 0 && range.upper / range.lower >= 8;
  if (!m_isDecades) return QCPAxisTicker::createTickVector(tickStep, range);
  const double decades = std::log10(range.upper / range.lower);
  const int stride = std::max(1, static_cast<int>(std::ceil(decades / tickCount())));
  const int first = static_cast<int>(std::floor(std::log10(range.lower)));
  QVector<double> ticks;
  for (int decade = first; std::pow(10.0, decade) <= range.upper; ++decade) {
    if (decade % stride != 0) continue;
    ticks << std::pow(10.0, decade);
    if (decades <= tickCount() / 2.0) ticks << 2 * std::pow(10.0, decade) << 5 * std::pow(10.0, decade);
  }
  return ticks;
}

QVector<double> AxisTicker::createSubTickVector(int, const QVector<double>&) { return {}; }

QString AxisTicker::getTickLabel(double tick, const QLocale&, QChar, int) {
  // Over decades a number is its own neighbour: 0.01, 0.1, 1, 10 k.
  if (m_isDecades) return axisNumber(tick, std::pow(10.0, std::floor(std::log10(tick) + 1e-9)), tick, m_quantity);
  return axisNumber(tick, m_step, m_largest, m_quantity);
}

}  // namespace weft::ui
