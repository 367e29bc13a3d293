#include "ui/monitor/chart_title.h"

#include <QPainter>
#include <cmath>

#include "ui/parts/theme.h"
#include "ui/plot/series_style.h"

namespace weft::ui {
namespace {

constexpr double kSwatch = 8;

}  // namespace

ChartTitle::ChartTitle(const QString& title, const QString& caption, QWidget* parent)
    : QWidget(parent), m_title(title), m_caption(caption) {
  setAccessibleName(caption.isEmpty() ? title : QStringLiteral("%1, %2").arg(title, caption));
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
}

QSize ChartTitle::sizeHint() const {
  return {200, static_cast<int>(std::ceil(QFontMetricsF(sectionFont()).height())) + 10};
}

void ChartTitle::setNote(const QString& note) {
  if (note == m_note) return;
  m_note = note;
  update();
}

void ChartTitle::setReadings(std::vector<ChartReading> readings) {
  if (readings == m_readings) return;
  m_readings = std::move(readings);
  QStringList spoken;
  for (const ChartReading& reading : m_readings) spoken << reading.text;
  setAccessibleDescription(spoken.join(QStringLiteral(", ")));
  update();
}

void ChartTitle::paintEvent(QPaintEvent*) {
  const Theme& theme = Theme::current();
  QPainter painter(this);
  painter.setFont(sectionFont());
  painter.setPen(theme.text);
  const QRectF line(16, 4, width() - 32, height() - 4);
  painter.drawText(line, Qt::AlignVCenter | Qt::AlignLeft, m_title);
  double left = line.left() + QFontMetricsF(sectionFont()).horizontalAdvance(m_title) + 10;
  painter.setFont(captionFont());
  const QFontMetricsF font(captionFont());
  painter.setPen(theme.text2);
  if (left + font.horizontalAdvance(m_caption) < line.right() - 60) {
    painter.drawText(QRectF(left, line.top(), line.width(), line.height()), Qt::AlignVCenter | Qt::AlignLeft,
                     m_caption);
    left += font.horizontalAdvance(m_caption) + 12;
  }
  if (!m_note.isEmpty()) {
    const QString note = font.elidedText(m_note, Qt::ElideRight, std::max(0.0, line.right() - left));
    painter.drawText(line, Qt::AlignVCenter | Qt::AlignRight, note);
    return;
  }
  double right = line.right();
  for (std::size_t i = m_readings.size(); i-- > 0;) {
    const ChartReading& reading = m_readings[i];
    const double width = font.horizontalAdvance(reading.text) + kSwatch + 4;
    const QString more = QStringLiteral("+%1").arg(i + 1);
    const double reserve = i > 0 ? font.horizontalAdvance(more) + 8 : 0;
    if (right - width - reserve < left) {
      painter.setPen(theme.text3);
      painter.drawText(QRectF(left, line.top(), right - left, line.height()), Qt::AlignVCenter | Qt::AlignRight, more);
      break;
    }
    painter.setPen(theme.text);
    painter.drawText(QRectF(right - width + kSwatch + 4, line.top(), width, line.height()),
                     Qt::AlignVCenter | Qt::AlignLeft, reading.text);
    painter.fillRect(QRectF(std::round(right - width), std::round(line.center().y() - kSwatch / 2), kSwatch, kSwatch),
                     lineStyle(reading.style, theme).line);
    right -= width + 12;
  }
}

}  // namespace weft::ui
