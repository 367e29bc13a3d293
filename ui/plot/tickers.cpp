#include "ui/plot/tickers.h"

#include <algorithm>
#include <cmath>

#include "engine/base/text.h"

namespace weft::ui {

QString tickText(double value, double step) {
  // An axis through 0 computes its zero as 1e-17.
  if (std::abs(value) < std::abs(step) * 1e-6) value = 0;
  int decimals = 0;
  for (double scaled = std::abs(step);
       decimals < 9 && std::abs(scaled - std::round(scaled)) > 1e-6 * std::max(1.0, scaled); scaled *= 10)
    ++decimals;
  if (decimals > 0) return QString::number(value, 'f', decimals);
  if (std::abs(value) >= 1e15) return QString::number(value, 'g', 4);
  return QString::fromStdString(groupDigits(std::llround(value)));
}

DoublingTicker::DoublingTicker() { setTickCount(6); }

void DoublingTicker::setValues(const std::vector<double>& values) {
  // Two values are doublings of each other if their logarithms end in the same fraction: sorted by it, they lie side by
  // side.
  constexpr double kSame = 1e-6;
  std::vector<std::pair<double, double>> byFraction;  // and value
  for (const double value : values) {
    if (!std::isfinite(value) || value <= 0) continue;
    const double doublings = std::log2(value);
    byFraction.emplace_back(doublings - std::floor(doublings), value);
  }
  std::sort(byFraction.begin(), byFraction.end());
  const std::size_t count = byFraction.size();
  // 0.9999999 and 0 are neighbours, too.
  for (std::size_t i = 0; i < count && byFraction[i].first < kSame; ++i)
    byFraction.emplace_back(byFraction[i].first + 1, byFraction[i].second);
  std::size_t most = 0;
  for (std::size_t first = 0; first < count;) {
    std::size_t end = first;
    double smallest = byFraction[first].second;
    for (; end < byFraction.size() && byFraction[end].first - byFraction[first].first < kSame; ++end)
      smallest = std::min(smallest, byFraction[end].second);
    if (end - first > most || (end - first == most && smallest < m_base)) {
      most = end - first;
      m_base = smallest;
    }
    first = end;
  }
}

QVector<double> DoublingTicker::createTickVector(double tickStep, const QCPRange& range) {
  m_step = 0;
  if (range.lower > 0 && range.upper / range.lower >= 4) {
    const int first = static_cast<int>(std::ceil(std::log2(range.lower / m_base) - 1e-9));
    const int last = static_cast<int>(std::floor(std::log2(range.upper / m_base) + 1e-9));
    int stride = 1;
    while ((last - first) / stride + 1 > m_maximum) stride *= 2;
    QVector<double> ticks;
    for (int k = first; k <= last; ++k)
      if (k % stride == 0) ticks << m_base * std::pow(2.0, k);
    if (ticks.size() >= 2) return ticks;
  }
  m_step = tickStep;
  return QCPAxisTicker::createTickVector(tickStep, range);
}

QVector<double> DoublingTicker::createSubTickVector(int, const QVector<double>&) { return {}; }

QString DoublingTicker::getTickLabel(double tick, const QLocale&, QChar, int) {
  if (m_step > 0) return tickText(tick, m_step);
  if (tick >= 1e6) {
    // Parameters: 1.3 M rather than 1,258,291.
    return QString::fromStdString(formatCount(tick));
  }
  const double rounded = std::round(tick);
  return std::abs(tick - rounded) < 1e-6 * tick ? QString::fromStdString(groupDigits(std::llround(tick)))
                                                : QString::number(tick, 'g', 4);
}

}  // namespace weft::ui
