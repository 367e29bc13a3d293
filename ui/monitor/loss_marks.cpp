#include "ui/monitor/loss_marks.h"

#include <algorithm>
#include <cmath>

#include "ui/monitor/loss_chart.h"
#include "ui/parts/icons.h"
#include "ui/parts/theme.h"
#include "ui/plot/end_labels.h"

namespace weft::ui {
namespace {

constexpr double kHeldOutRadius = 3.5;
constexpr double kAlertRadius = 4.5;
constexpr double kBubbleWidth = 264;
constexpr double kLeader = 14;  // from the plot to the names beside it

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
  return level == AlertLevel::Error     ? QStringLiteral("failed")
         : level == AlertLevel::Warning ? QStringLiteral("warning")
                                        : QStringLiteral("info");
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
      left = std::max(left, axis->coordToPixel(axis->tickVector()[i]) +
                                font.horizontalAdvance(axis->tickVectorLabels().value(i)) / 2 + 6);
  painter->setFont(captionFont());
  painter->setPen(Theme::current().text2);
  painter->drawText(QRectF(left, area.bottom() + 4, 90, std::ceil(font.height())),
                    static_cast<int>(Qt::AlignLeft | Qt::AlignVCenter), names[static_cast<int>(m_chart->options().x)]);
}

void LossMarks::drawHeldOut(QCPPainter* painter) const {
  const Theme& theme = Theme::current();
  const QRectF area = m_chart->plotArea();
  painter->setAntialiasing(true);
  for (const auto& curve : m_chart->curves()) {
    const auto heldOut = m_chart->m_heldOut.find(curve.run.id);
    if (heldOut == m_chart->m_heldOut.end() || !curve.series || !m_chart->showsBand(curve.run.id)) continue;
    const SeriesStyle style = curve.run.lineStyle(theme);
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
  m_chart->m_namedRuns.clear();
  if (m_chart->runs().size() > 1) return drawNames(painter);
  const Theme& theme = Theme::current();
  const QRectF area = m_chart->plotArea();
  const double height = std::ceil(QFontMetricsF(captionFont()).height());
  for (const ChartRun& run : m_chart->runs()) {
    const auto last = m_chart->lastReading(run.id);
    if (!last || !std::isfinite(last->smooth)) continue;
    const QPointF at(m_chart->xAxis->coordToPixel(last->x), m_chart->yAxis->coordToPixel(last->smooth));
    if (!area.adjusted(-1, -1, 1, 1).contains(at)) continue;
    const QString value = metricValue(last->smooth, Quantity::Number);
    QRectF label(std::round(at.x() + 9), std::round(at.y() - height / 2),
                 QFontMetricsF(captionFont()).horizontalAdvance(value) + 2, height);
    for (const LossReference& reference : m_chart->m_references)
      if (const QRectF name = m_chart->referenceLabel(reference); label.intersects(name))
        label.moveTop(at.y() > name.center().y() ? name.bottom() : name.top() - height);
    label.moveBottom(std::min(label.bottom(), area.bottom()));
    drawEnd(painter, at, run.lineStyle(theme).line);
    QColor ground = theme.panel;
    ground.setAlphaF(0.78F);
    painter->setPen(Qt::NoPen);
    painter->setBrush(ground);
    painter->drawRect(label);
    painter->setFont(captionFont());
    painter->setPen(theme.text2);
    painter->drawText(label, static_cast<int>(Qt::AlignLeft | Qt::AlignVCenter), value);
  }
}

void LossMarks::drawEnd(QCPPainter* painter, QPointF at, const QColor& color) {
  painter->setAntialiasing(true);
  painter->setPen(QPen(Theme::current().panel, 1.5));
  painter->setBrush(color);
  painter->drawEllipse(at, 4, 4);
}

// Names stand beside the plot, not on the curves: pushed apart, each with a line to the end of its curve, and no more
// than have room.
void LossMarks::drawNames(QCPPainter* painter) const {
  const Theme& theme = Theme::current();
  const QRectF area = m_chart->plotArea();
  const QFontMetricsF strong(strongCaption()), plain(captionFont());
  const double line = std::ceil(plain.height());
  std::vector<const ChartRun*> runs;
  std::vector<QPointF> points;
  std::vector<double> ends;
  std::optional<std::size_t> current;
  for (const ChartRun& run : m_chart->runs()) {
    const auto last = m_chart->lastReading(run.id);
    if (!last || !std::isfinite(last->smooth)) continue;
    const QPointF at(m_chart->xAxis->coordToPixel(last->x), m_chart->yAxis->coordToPixel(last->smooth));
    if (!area.adjusted(-1, -1, 1, 1).contains(at)) continue;
    if (run.id == m_chart->current()) current = ends.size();
    runs.push_back(&run);
    points.push_back(at);
    ends.push_back(at.y());
  }
  // With its value below, where all have room for that.
  const bool hasValues = 2 * line * static_cast<double>(ends.size()) <= area.height();
  const double height = hasValues ? 2 * line : line;
  const std::vector<EndLabel> labels = placeEndLabels(ends, height, area.top(), area.bottom(), current);
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const bool isNamed =
        std::any_of(labels.begin(), labels.end(), [i](const EndLabel& label) { return label.curve == i; });
    if (isNamed) drawEnd(painter, points[i], runs[i]->lineStyle(theme).line);
  }
  const double left = std::round(area.right() + kLeader), room = m_chart->width() - left - 4;
  for (const EndLabel& label : labels) {
    const ChartRun& run = *runs[label.curve];
    const LineStyle style = run.lineStyle(theme);
    const QRectF box(left + 4, std::round(label.y - height / 2), room, height);
    painter->setAntialiasing(true);
    // Inside the plot it must not be read as the curve itself.
    QColor faint = style.line;
    faint.setAlphaF(0.6F);
    QPen dotted(faint, 1);
    dotted.setDashPattern({1, 3});
    painter->setPen(dotted);
    painter->drawLine(
        QLineF(points[label.curve], QPointF(std::max(points[label.curve].x(), area.right()), ends[label.curve])));
    painter->setPen(QPen(style.line, 1));
    painter->drawLine(QLineF(std::max(points[label.curve].x(), area.right()), ends[label.curve], left, label.y));
    const bool isStrong = hasValues || run.id == m_chart->current();
    painter->setFont(isStrong ? strongCaption() : captionFont());
    painter->setPen(style.ink);
    painter->drawText(QRectF(box.left(), box.top(), box.width(), line),
                      static_cast<int>(Qt::AlignLeft | Qt::AlignVCenter),
                      (isStrong ? strong : plain).elidedText(run.name, Qt::ElideMiddle, box.width()));
    m_chart->m_namedRuns.push_back({run.id, box});
    if (!hasValues) continue;
    painter->setFont(captionFont());
    painter->setPen(theme.text2);
    painter->drawText(QRectF(box.left(), box.bottom() - line, box.width(), line),
                      static_cast<int>(Qt::AlignLeft | Qt::AlignVCenter),
                      metricValue(m_chart->lastReading(run.id)->smooth, Quantity::Number));
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
  const QRectF detail =
      alert.detail.isEmpty() ? QRectF() : plain.boundingRect(QRectF(0, 0, inner, 400), wrap, alert.detail);
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
  painter->setBrush(alert.level == AlertLevel::Error     ? theme.errorFill
                    : alert.level == AlertLevel::Warning ? theme.warningFill
                                                         : theme.header);
  painter->drawRoundedRect(box, 3, 3);
  paintIcon(*painter, QRectF(box.left() + 9, box.top() + 8, 16, 16), alertShape(alert.level), tone);
  painter->setPen(theme.text);
  painter->setFont(sectionFont());
  painter->drawText(QRectF(box.left() + 34, box.top() + 7, inner, title.height() + 2), wrap, alert.title);
  painter->setPen(theme.text2);
  painter->setFont(captionFont());
  painter->drawText(QRectF(box.left() + 34, box.top() + 8 + title.height(), inner, detail.height() + 2), wrap,
                    alert.detail);
}

}  // namespace weft::ui
