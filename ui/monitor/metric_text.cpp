#include "ui/monitor/metric_text.h"

#include <cmath>

#include "engine/base/text.h"
#include "engine/protocol/metrics.h"
#include "ui/models/run_text.h"

namespace weft::ui {
MetricText metricText(const std::string& name) {
  const std::vector<protocol::Metric>& all = protocol::metrics();
  for (std::size_t i = 0; i < all.size(); ++i) {
    const protocol::Metric& known = all[i];
    if (name != known.name) continue;
    return {QString::fromStdString(known.title), QString::fromStdString(known.unit.empty() ? known.note : known.unit),
            known.style == protocol::MetricStyle::Count ? Quantity::Count : Quantity::Number, static_cast<int>(i),
            known.startsAtZero};
  }
  const QString text = QString::fromStdString(name);
  QString title = text.section(u'/', -1).replace(u'_', u' ');
  if (!title.isEmpty()) title[0] = title[0].toUpper();
  return {title, text.contains(u'/') ? text.section(u'/', 0, -2) : QString(), Quantity::Count, 100, false};
}

QString metricValue(double value, Quantity quantity) {
  if (std::isnan(value)) return QStringLiteral("NaN");
  if (std::isinf(value)) return value > 0 ? QStringLiteral("∞") : QStringLiteral("−∞");
  const double size = std::abs(value);
  if (quantity == Quantity::Duration) return durationText(value);
  if (size != 0 && size < 1e-2) {
    const int exponent = static_cast<int>(std::floor(std::log10(size)));
    return QStringLiteral("%1e%2").arg(value / std::pow(10.0, exponent), 0, 'f', 2).arg(exponent);
  }
  if (size >= 1e9) return QStringLiteral("%1 B").arg(value / 1e9, 0, 'f', 2);
  if (size >= 1e6) return QStringLiteral("%1 M").arg(value / 1e6, 0, 'f', 2);
  if (size >= 1e4) return QStringLiteral("%1 k").arg(value / 1e3, 0, 'f', 1);
  if (size >= 1000) return QString::fromStdString(groupDigits(std::llround(value)));
  return QString::number(value, 'f', size >= 100 ? 1 : size >= 10 ? 2 : 3);
}

}  // namespace weft::ui
