#include "ui/diagram/cost_bars.h"

#include <fmt/format.h>

#include <QPainter>
#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "engine/base/text.h"
#include "ui/diagram/cost_panel.h"
#include "ui/models/qt_text.h"
#include "ui/parts/theme.h"
#include "ui/parts/widgets.h"

namespace weft::ui {
namespace {

constexpr int kRow = 18;
constexpr double kMiB = 1 << 20;

QString number(std::int64_t value) { return toQt(groupDigits(value)); }
QString bytesText(double bytes) { return toQt(formatBytes(bytes)); }
QString gibiText(double bytes) { return toQt(fmt::format("{:.2f}", bytes / (1024 * kMiB))); }

}  // namespace

void ComparisonBars::show(std::vector<Bar> bars) {
  m_bars = std::move(bars);
  setFixedHeight(static_cast<int>(m_bars.size()) * kRow + 2);
  QStringList said;
  for (const Bar& bar : m_bars) said << QStringLiteral("%1 %2 B").arg(bar.name, number(bar.bytes));
  setAccessibleName(said.join(QStringLiteral(", ")));
  update();
}

void ComparisonBars::paintEvent(QPaintEvent*) {
  if (m_bars.empty()) return;
  const Theme& theme = Theme::current();
  QPainter painter(this);
  painter.setFont(captionFont());
  const std::int64_t own = m_bars.back().bytes;
  std::int64_t most = 1;
  for (const Bar& bar : m_bars) most = std::max(most, bar.bytes);
  const int left = 62, room = std::max(20, width() - left - 116);
  int top = 1;
  for (const Bar& bar : m_bars) {
    QFont font = captionFont();
    if (bar.isThis) font.setWeight(QFont::DemiBold);
    painter.setFont(font);
    painter.setPen(bar.isThis ? theme.text : theme.text2);
    painter.drawText(QRect(0, top, left, kRow), Qt::AlignVCenter, bar.name);
    painter.fillRect(
        QRectF(left, top + 4,
               std::max(2.0, static_cast<double>(room) * static_cast<double>(bar.bytes) / static_cast<double>(most)),
               kRow - 8),
        bar.isThis && isEnabled() ? theme.accent : theme.heads);
    painter.setFont(captionFont());
    painter.drawText(QRect(width() - 112, top, 62, kRow), Qt::AlignRight | Qt::AlignVCenter, number(bar.bytes));
    painter.setPen(theme.text);
    if (!bar.isThis && own > 0)
      painter.drawText(QRect(width() - 50, top, 50, kRow), Qt::AlignRight | Qt::AlignVCenter,
                       toQt(fmt::format("{:.1f}×", static_cast<double>(bar.bytes) / static_cast<double>(own))));
    top += kRow;
  }
}

MemoryBar::MemoryBar(QWidget* parent) : QWidget(parent) { setFixedHeight(32); }

void MemoryBar::show(double weights, double kv, double total) {
  m_weights = weights;
  m_kv = kv;
  m_total = total;
  setAccessibleName(text());
  update();
}

QString MemoryBar::text() const {
  const double free = m_total - m_weights - m_kv;
  return free >= 0 ? CostPanel::tr("%1 of %2 GiB free")
                         .arg(toQt(fmt::format("{:.1f}", free / (1024 * kMiB))),
                              toQt(fmt::format("{:.1f}", m_total / (1024 * kMiB))))
                   : CostPanel::tr("%1 more than its %2").arg(bytesText(-free), bytesText(m_total));
}

void MemoryBar::paintEvent(QPaintEvent*) {
  const Theme& theme = Theme::current();
  QPainter painter(this);
  const bool fits = m_weights + m_kv <= m_total;
  const qreal scale = width() / std::max({m_total, m_weights + m_kv, 1.0});
  painter.fillRect(QRectF(0, 0, width(), 11), theme.track);
  const qreal weights = std::round(m_weights * scale);
  painter.fillRect(QRectF(0, 0, weights, 11), theme.heads);
  painter.fillRect(QRectF(weights + 1, 0, std::max(1.0, m_kv * scale - 1), 11), fits ? theme.accent : theme.error);
  if (!fits) painter.fillRect(QRectF(std::round(m_total * scale), 0, 2, 11), theme.text);
  painter.setFont(captionFont());
  int left = 0;
  for (const auto& [color, name] :
       {std::pair(theme.heads, CostPanel::tr("weights %1").arg(gibiText(m_weights))),
        std::pair(fits ? theme.accent : theme.error, CostPanel::tr("KV %1").arg(gibiText(m_kv)))}) {
    painter.fillRect(QRect(left, 20, 8, 8), color);
    painter.setPen(theme.text2);
    painter.drawText(QRect(left + 13, 14, 160, 18), Qt::AlignVCenter, name);
    left += 13 + painter.fontMetrics().horizontalAdvance(name) + 12;
  }
  painter.setPen(fits ? theme.text2 : theme.error);
  painter.drawText(QRect(0, 14, width(), 18), Qt::AlignRight | Qt::AlignVCenter, text());
}

}  // namespace weft::ui
