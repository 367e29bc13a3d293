#include "ui/monitor/loss_marks.h"

#include <algorithm>
#include <cmath>

#include "ui/monitor/loss_chart.h"
#include "ui/window/icons.h"
#include "ui/window/theme.h"

namespace weft::ui {
namespace {

constexpr double kHeldOutRadius = 3.5;
constexpr double kAlertRadius = 4.5;
constexpr double kBubbleWidth = 264;
constexpr double kLabelWidth = 110;  // of a name at the end of a curve, about

QFont strongCaption() {
  QFont font = captionFont();
  font.setWeight(QFont::DemiBold);
  return font;
}

}  // namespace

QColor alertTone(AlertLevel level, const Theme& theme) {
  return level == AlertLevel::Error ? theme.error : level == AlertLevel::Warning ? theme.warning : theme.text2;
}

QString alertShape(AlertLevel level) {
  return level == AlertLevel::Error ? QStringLiteral("failed") : level == AlertLevel::Warning ? QStringLiteral("warning") : QStringLiteral("info");
}

LossLines::LossLines(LossChart* chart) : QCPAbstractItem(chart), m_chart(chart) { setClipToAxisRect(false); }

void LossLines::draw(QCPPainter* painter) {
  const Theme& theme = Theme::current();
  const QRectF area = m_chart->plotArea();
  painter->setFont(captionFont());
  for (const LossReference& reference : m_chart->m_references) {
    const double y = std::floor(m_chart->yAxis->coordToPixel(reference.loss_nats));
    QString text = QStringLiteral("%1 %2").arg(reference.name, metricValue(reference.loss_nats, Quantity::Number));
    if (y >= area.top() && y <= area.bottom()) {
      painter->setAntialiasing(false);
      QPen line(theme.axis, 1);
      line.setDashPattern({4, 3});
      painter->setPen(line);
      painter->drawLine(QLineF(area.left(), y, area.right(), y));
    } else {
      // Out of view: its name stays at the edge and says where it is.
      text += y > area.bottom() ? QStringLiteral(" ↓") : QStringLiteral(" ↑");
    }
    painter->setPen(theme.text2);
    painter->drawText(m_chart->referenceLabel(reference), static_cast<int>(Qt::AlignRight | Qt::AlignVCenter), text);
  }
}

LossMarks::LossMarks(LossChart* chart) : QCPAbstractItem(chart), m_chart(chart) { setClipToAxisRect(false); }

void LossMarks::draw(QCPPainter* painter) {
  drawUnit(painter);
  drawHeldOut(painter);
  drawEnds(painter);
  drawAlerts(painter);
}

// Beside the last number of the axis, so that it costs no line of its own.
void LossMarks::drawUnit(QCPPainter* painter) const {
  static const QString names[] = {QStringLiteral("steps"), QStringLiteral("tokens"), QStringLiteral("since its start")};
  const QRectF area = m_chart->plotArea();
  const QFontMetricsF font(captionFont());
  double left = area.right() + 6;
  const QCPAxis* axis = m_chart->xAxis;
  for (qsizetype i = 0; i < axis->tickVector().size(); ++i)
    if (axis->range().contains(axis->tickVector()[i]))
      left = std::max(left, axis->coordToPixel(axis->tickVector()[i]) + font.horizontalAdvance(axis->tickVectorLabels().value(i)) / 2 + 6);
  painter->setFont(captionFont());
  painter->setPen(Theme::current().text2);
  painter->drawText(QRectF(left, area.bottom() + 4, 90, std::ceil(font.height())), static_cast<int>(Qt::AlignLeft | Qt::AlignVCenter),
                    names[static_cast<int>(m_chart->options().x)]);
}

void LossMarks::drawHeldOut(QCPPainter* painter) const {
  const Theme& theme = Theme::current();
  const QRectF area = m_chart->plotArea();
  painter->setAntialiasing(true);
  for (const auto& curve : m_chart->curves()) {
    const auto heldOut = m_chart->m_heldOut.find(curve.run.id);
    if (heldOut == m_chart->m_heldOut.end() || !curve.series) continue;
    const SeriesStyle style = runStyle(curve.run.id, theme);
    QPointF last(-100, -100);
    for (const auto& point : heldOut->second) {
      const QPointF at(m_chart->xAxis->coordToPixel(curve.series->x(point.step, m_chart->options().x)),
                       m_chart->yAxis->coordToPixel(point.loss_nats));
      // Closer than their size they would be a smear.
      if (!area.contains(at) || (at - last).manhattanLength() < 2 * kHeldOutRadius) continue;
      paintMarker(*painter, at, kHeldOutRadius, style, MarkerFill::Hollow, theme.panel);
      last = at;
    }
  }
}

void LossMarks::drawEnds(QCPPainter* painter) const {
  const Theme& theme = Theme::current();
  const QRectF area = m_chart->plotArea();
  const QFontMetricsF strong(strongCaption()), plain(captionFont());
  const double line = std::ceil(plain.height());
  struct End {
    QPointF at;
    double top;  // of its label
    const ChartRun* run;
    double value;
  };
  std::vector<End> ends;
  const bool isNamed = m_chart->runs().size() > 1;
  const double height = isNamed ? 2 * line : line;
  for (const ChartRun& run : m_chart->runs()) {
    const auto last = m_chart->lastReading(run.id);
    if (!last || !std::isfinite(last->smooth)) continue;
    const QPointF at(m_chart->xAxis->coordToPixel(last->x), m_chart->yAxis->coordToPixel(last->smooth));
    if (area.adjusted(-1, -1, 1, 1).contains(at)) ends.push_back({at, at.y() - height / 2, &run, last->smooth});
  }
  std::sort(ends.begin(), ends.end(), [](const End& a, const End& b) { return a.top < b.top; });
  // Labels that would overlap move apart, the lower one down; then all up again from the bottom edge.
  const auto overlap = [&](const End& a, const End& b) { return std::abs(a.at.x() - b.at.x()) < kLabelWidth; };
  for (End& end : ends)
    for (const LossReference& reference : m_chart->m_references)
      if (const QRectF name = m_chart->referenceLabel(reference); QRectF(end.at.x() + 9, end.top, kLabelWidth, height).intersects(name))
        end.top = end.at.y() > name.center().y() ? name.bottom() : name.top() - height;
  for (std::size_t i = 0; i < ends.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (overlap(ends[i], ends[j])) ends[i].top = std::max(ends[i].top, ends[j].top + height);
  for (std::size_t i = ends.size(); i-- > 0;) {
    ends[i].top = std::min(ends[i].top, area.bottom() - height);
    for (std::size_t j = i + 1; j < ends.size(); ++j)
      if (overlap(ends[i], ends[j])) ends[i].top = std::min(ends[i].top, ends[j].top - height);
  }
  for (const End& end : ends) {
    const SeriesStyle style = runStyle(end.run->id, theme);
    painter->setAntialiasing(true);
    painter->setPen(QPen(theme.panel, 1.5));
    painter->setBrush(style.line);
    painter->drawEllipse(end.at, 4, 4);
    const QString value = metricValue(end.value, Quantity::Number);
    const double room = m_chart->width() - end.at.x() - 14;
    const QString name = isNamed ? strong.elidedText(end.run->name, Qt::ElideMiddle, std::max(40.0, room)) : QString();
    const double width = std::max(strong.horizontalAdvance(name), plain.horizontalAdvance(value));
    const QRectF label(std::round(end.at.x() + 9), std::round(end.top), width + 2, height);
    QColor ground = theme.panel;
    ground.setAlphaF(0.78F);
    painter->setPen(Qt::NoPen);
    painter->setBrush(ground);
    painter->drawRect(label);
    if (isNamed) {
      painter->setFont(strongCaption());
      painter->setPen(style.ink);
      painter->drawText(QRectF(label.left(), label.top(), width + 2, line), static_cast<int>(Qt::AlignLeft | Qt::AlignVCenter), name);
    }
    painter->setFont(captionFont());
    painter->setPen(theme.text2);
    painter->drawText(QRectF(label.left(), label.bottom() - line, width + 2, line), static_cast<int>(Qt::AlignLeft | Qt::AlignVCenter), value);
  }
}

void LossMarks::drawAlerts(QCPPainter* painter) const {
  const Theme& theme = Theme::current();
  const std::int64_t shown = m_chart->m_hoveredAlert != 0 ? m_chart->m_hoveredAlert : m_chart->m_currentAlert;
  const LossAlert* open = nullptr;
  QPointF openAt;
  painter->setAntialiasing(true);
  for (const LossAlert& alert : m_chart->m_alerts) {
    const auto at = m_chart->alertPixel(alert);
    if (!at || !QRectF(m_chart->plotArea()).contains(*at)) continue;
    painter->setPen(QPen(alertTone(alert.level, theme), 1.5));
    painter->setBrush(theme.panel);
    // A ring for a warning, a square for an error: not by colour alone.
    if (alert.level == AlertLevel::Error)
      painter->drawRect(QRectF(at->x() - 4, at->y() - 4, 8, 8));
    else
      painter->drawEllipse(*at, kAlertRadius, kAlertRadius);
    if (alert.id != shown) continue;
    open = &alert;
    openAt = *at;
  }
  if (open) drawBubble(painter, openAt, *open);
}

void LossMarks::drawBubble(QCPPainter* painter, QPointF at, const LossAlert& alert) const {
  const Theme& theme = Theme::current();
  const QRectF area = m_chart->plotArea();
  const QColor tone = alertTone(alert.level, theme);
  const double width = std::min(kBubbleWidth, area.width() - 24);
  const QFontMetricsF strong(sectionFont()), plain(captionFont());
  const double inner = width - 34 - 10;
  const int wrap = static_cast<int>(Qt::AlignLeft | Qt::AlignTop) | Qt::TextWordWrap;
  const QRectF title = strong.boundingRect(QRectF(0, 0, inner, 400), wrap, alert.title);
  const QRectF detail = alert.detail.isEmpty() ? QRectF() : plain.boundingRect(QRectF(0, 0, inner, 400), wrap, alert.detail);
  const double height = std::ceil(title.height() + detail.height()) + 16;
  // To the right of the alert if there is room, and inside the plot.
  double left = at.x() + 26;
  if (left + width > area.right()) left = at.x() - 26 - width;
  left = std::clamp(left, area.left() + 4, std::max(area.left() + 4, area.right() - width));
  const double top = std::clamp(at.y() - height - 8, area.top() + 4, std::max(area.top() + 4, area.bottom() - height));
  const QRectF box(std::round(left), std::round(top), std::round(width), std::round(height));
  painter->setPen(QPen(tone, 1));
  const QPointF edge(at.x() < box.left()    ? box.left()
                     : at.x() > box.right() ? box.right()
                                            : box.center().x(),
                     at.y() > box.bottom() ? box.bottom() : std::max(at.y(), box.top()));
  const QPointF away = edge - at;
  const double length = std::hypot(away.x(), away.y());
  if (length > kAlertRadius) painter->drawLine(QLineF(at + away * (kAlertRadius / length), edge));
  painter->setBrush(alert.level == AlertLevel::Error ? theme.errorFill : alert.level == AlertLevel::Warning ? theme.warningFill : theme.header);
  painter->drawRoundedRect(box, 3, 3);
  paintIcon(*painter, QRectF(box.left() + 9, box.top() + 8, 16, 16), alertShape(alert.level), tone);
  painter->setPen(theme.text);
  painter->setFont(sectionFont());
  painter->drawText(QRectF(box.left() + 34, box.top() + 7, inner, title.height() + 2), wrap, alert.title);
  painter->setPen(theme.text2);
  painter->setFont(captionFont());
  painter->drawText(QRectF(box.left() + 34, box.top() + 8 + title.height(), inner, detail.height() + 2), wrap, alert.detail);
}

}  // namespace weft::ui
