#include "ui/compare/compare_overlay.h"

#include <QTextDocument>
#include <algorithm>
#include <array>
#include <cmath>

namespace weft::ui {
namespace {

constexpr double kHandleWidth = 12, kHandleHeight = 11;
constexpr double kBracket = 22;  // from the cursor to its upright
constexpr double kCalloutGap = 12;
constexpr double kWidestText = 300;

}  // namespace

CompareOverlay::CompareOverlay(ParetoItem* points) : QCPAbstractItem(points->parentPlot()), m_points(points) {
  setSelectable(false);
  setClipToAxisRect(false);
  setLayer(QStringLiteral("overlay"));
}

double CompareOverlay::selectTest(const QPointF&, bool, QVariant*) const { return -1; }

double CompareOverlay::cursorPixel() const {
  return clipAxisRect()->axis(QCPAxis::atBottom)->coordToPixel(*state.cursor);
}

QRectF CompareOverlay::handleBox() const {
  if (!state.cursor) return {};
  const double x = std::round(cursorPixel());
  return {x - kHandleWidth / 2, clipAxisRect()->top() - kHandleHeight - 1.0, kHandleWidth, kHandleHeight};
}

void CompareOverlay::draw(QCPPainter* painter) {
  m_callout = {};
  painter->save();
  painter->setRenderHint(QPainter::Antialiasing);
  const QRectF area = clipAxisRect()->rect();
  const bool isCursorInView = state.cursor && cursorPixel() >= area.left() && cursorPixel() <= area.right();
  if (isCursorInView) drawCursor(*painter);
  drawRings(*painter);
  if (isCursorInView && state.reading) drawReading(*painter);
  painter->restore();
}

void CompareOverlay::drawRings(QPainter& painter) const {
  const QRectF area = clipAxisRect()->rect();
  painter.setBrush(Qt::NoBrush);
  const auto ring = [&](const ParetoPoint& point, double radius, double width) {
    const QPointF at = m_points->pixelOf(point);
    if (!m_points->isShown(point) || !area.contains(at)) return;
    painter.setPen(QPen(Theme::current().accent, width));
    painter.drawEllipse(at, radius, radius);
  };
  for (const store::RunId run : state.chosen)
    if (const ParetoPoint* point = m_points->data().find(run)) ring(*point, kRing, 2);
  if (state.hovered && *state.hovered < m_points->data().points.size())
    ring(m_points->data().points[*state.hovered], 10, 1.2);
}

void CompareOverlay::drawCursor(QPainter& painter) const {
  const Theme& theme = Theme::current();
  const QRectF area = clipAxisRect()->rect();
  const double x = std::round(cursorPixel());
  QPen dotted(theme.accent, 1.5);
  dotted.setDashPattern({1, 2});
  dotted.setCapStyle(Qt::FlatCap);
  painter.setPen(dotted);
  painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()));
  const QRectF box = handleBox();
  const QPolygonF handle{box.topLeft(), box.topRight(), QPointF(box.right(), box.top() + 6), QPointF(x, box.bottom()),
                         QPointF(box.left(), box.top() + 6)};
  painter.setPen(QPen(theme.accent, 1));
  painter.setBrush(theme.accent);
  painter.drawPolygon(handle);
}

QRectF CompareOverlay::placeCallout(const QSizeF& size, double x, double y) const {
  const QRectF area = QRectF(clipAxisRect()->rect()).adjusted(4, 4, -4, -4);
  const std::array<double, 3> shifts{0, -size.height() * 1.2, size.height() * 1.2};
  QRectF best;
  int least = std::numeric_limits<int>::max();
  for (const bool isRight : {true, false}) {
    for (const double shift : shifts) {
      QRectF box(QPointF(isRight ? x + kCalloutGap : x - kBracket * 2 - kCalloutGap - size.width(),
                         y + shift - size.height() / 2),
                 size);
      box.moveTop(std::clamp(box.top(), area.top(), std::max(area.top(), area.bottom() - size.height())));
      if (box.left() < area.left() || box.right() > area.right()) continue;
      int covered = isRight ? 0 : 1;
      for (const ParetoPoint& point : m_points->data().points)
        if (m_points->isShown(point) && box.adjusted(-8, -8, 8, 8).contains(m_points->pixelOf(point))) covered += 4;
      if (box.intersects(m_points->legendBox())) covered += 3;
      if (covered < least) {
        least = covered;
        best = box;
      }
    }
  }
  return best;
}

void CompareOverlay::drawReading(QPainter& painter) {
  const Theme& theme = Theme::current();
  const QRectF area = clipAxisRect()->rect();
  const double x = std::round(cursorPixel());
  std::vector<double> ys;
  for (const MemoryReading::Line& line : state.reading->lines) {
    const double y = clipAxisRect()->axis(QCPAxis::atLeft)->coordToPixel(line.y);
    ys.push_back(std::clamp(y, area.top(), area.bottom()));
    if (line.isInterpolated && area.contains(x, y)) {
      // A value between points: where the curve is cut.
      painter.setPen(QPen(familyStyle(line.family, theme).line, 1.5));
      painter.setBrush(theme.panel);
      painter.drawEllipse(QPointF(x, y), 3, 3);
    }
  }
  if (ys.empty()) return;

  QTextDocument text;
  text.setDocumentMargin(0);
  text.setDefaultFont(bodyFont());
  const QString sentence = state.reading->sentence(state.groups).toHtmlEscaped();
  text.setHtml(QStringLiteral("<span style='color:%1; font-weight:600'>%2</span>%3")
                   .arg(theme.text.name(), state.reading->headline(state.unit),
                        sentence.isEmpty() ? QString()
                                           : QStringLiteral("<br><span style='color:%1; font-size:%2px'>%3</span>")
                                                 .arg(theme.text2.name())
                                                 .arg(captionFont().pixelSize())
                                                 .arg(sentence)));
  // A sentence of several words on bytes and intervals is wider than a callout may be.
  if (text.idealWidth() > kWidestText) text.setTextWidth(kWidestText);
  const QSizeF size = QSizeF(text.idealWidth(), text.size().height()) + QSizeF(22, 12);
  const bool hasBracket = ys.size() == 2 && std::abs(ys[0] - ys[1]) > 8;
  const double middle = ys.size() == 2 ? (ys[0] + ys[1]) / 2 : ys[0];
  m_callout = placeCallout(size, x + kBracket, middle);
  if (m_callout.isEmpty()) return;
  const bool isRight = m_callout.left() > x;
  const double upright = isRight ? x + kBracket : x - kBracket;
  painter.setPen(QPen(theme.accent, 1.5));
  painter.setBrush(Qt::NoBrush);
  if (hasBracket) {
    const double inner = isRight ? x + 13 : x - 13;
    painter.drawPolyline(
        QPolygonF{QPointF(inner, ys[0]), QPointF(upright, ys[0]), QPointF(upright, ys[1]), QPointF(inner, ys[1])});
  }
  const double tie = std::clamp(middle, m_callout.top() + 4, m_callout.bottom() - 4);
  painter.drawLine(QPointF(hasBracket ? upright
                           : isRight  ? x + 12
                                      : x - 12,
                           hasBracket ? std::clamp(tie, std::min(ys[0], ys[1]), std::max(ys[0], ys[1])) : middle),
                   QPointF(isRight ? m_callout.left() : m_callout.right(), tie));
  painter.setBrush(theme.panel);
  painter.drawRoundedRect(m_callout.adjusted(0.75, 0.75, -0.75, -0.75), 3, 3);
  painter.translate(m_callout.topLeft() + QPointF(11, 6));
  text.drawContents(&painter);
}

}  // namespace weft::ui
