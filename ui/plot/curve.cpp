#include "ui/plot/curve.h"

#include <algorithm>
#include <cmath>

#include "ui/plot/plot.h"

namespace weft::ui {
namespace {

constexpr double kBandColumn_px = 2;      // narrowest piece of a band
constexpr double kBandColumnMax_px = 14;  // wider ones would look like a step chart: the raw line then
constexpr double kBandPoints = 5;         // wanted in each piece
constexpr double kFar_px = 4000;          // beyond the plot; keeps the rasteriser away from coordinates of millions
constexpr double kBar_px =
    1.5;  // a column of pixels whose values reach further is drawn upright, others by a line through them
constexpr int kCrowd =
    24;  // plottables; more than so many are drawn from columns of two pixels: nobody sees the difference

// Where the pen is down along a dash pattern, in pixels.
class DashPattern {
 public:
  explicit DashPattern(const QPen& pen) {
    if (pen.style() == Qt::SolidLine) return;
    for (const qreal length : pen.dashPattern()) {
      m_total += length * pen.widthF();
      m_ends.push_back(m_total);
    }
  }
  bool isSolid() const { return m_ends.empty(); }
  bool isDownAt(double place) const {
    if (isSolid()) return true;
    double rest = std::fmod(place, m_total);
    if (rest < 0) rest += m_total;
    return (std::upper_bound(m_ends.begin(), m_ends.end(), rest) - m_ends.begin()) % 2 == 0;
  }
  // The strokes of a polyline. Qt's own dashes make a path of it, which costs ten times as much as the strokes one by
  // one.
  void cut(const QPolygonF& line, QVector<QLineF>& strokes) const {
    double place = 0;
    std::size_t part = 0;
    for (qsizetype i = 1; i < line.size(); ++i) {
      const QLineF segment(line[i - 1], line[i]);
      const double length = segment.length();
      if (length <= 0) continue;
      if (isSolid()) {
        strokes << segment;
        continue;
      }
      for (double done = 0; done < length;) {
        const double next = std::min(length, done + m_ends[part] - place);
        if (part % 2 == 0) strokes << QLineF(segment.pointAt(done / length), segment.pointAt(next / length));
        place += next - done;
        done = next;
        if (place < m_ends[part] - 1e-9) continue;
        part = (part + 1) % m_ends.size();
        if (part == 0) place = 0;
      }
    }
  }

 private:
  std::vector<double> m_ends;  // of strokes and gaps by turns
  double m_total = 0;
};

}  // namespace

Curve::Curve(Plot* plot, Form form) : QCPAbstractPlottable(plot->xAxis, plot->yAxis), m_form(form), m_plot(plot) {
  setSelectable(QCP::stNone);
  setAntialiased(true);
}

double Curve::valuePixel(double value) const {
  const QCPAxis* axis = mValueAxis.data();
  if (axis->scaleType() == QCPAxis::stLogarithmic && value <= 0) return kFar_px;
  return std::clamp(axis->coordToPixel(value), -kFar_px, kFar_px);
}

std::vector<double> Curve::edges(int columns) const {
  const QCPAxis* axis = mKeyAxis.data();
  const double left = axis->axisRect()->left(), width = axis->axisRect()->width();
  std::vector<double> found;
  found.reserve(static_cast<std::size_t>(columns) + 1);
  for (int i = 0; i <= columns; ++i) found.push_back(axis->pixelToCoord(left + width * i / columns));
  return found;
}

std::vector<QPolygonF> Curve::linePieces() const {
  const QCPAxis* keys = mKeyAxis.data();
  const int width = std::max(1, keys->axisRect()->width());
  std::size_t begin = m_data->lowerBound(keys->range().lower), end = m_data->lowerBound(keys->range().upper);
  // One point beyond each edge, so that the line leaves the plot instead of ending in it.
  if (begin > 0) --begin;
  end = std::min(m_data->size(), end + 1);
  std::vector<QPolygonF> pieces(1);
  const auto pixel = [&](std::size_t i) {
    return QPointF(std::clamp(keys->coordToPixel(m_data->x(i)), -kFar_px, kFar_px), valuePixel(m_data->y(i)));
  };
  if (end - begin <= 2 * static_cast<std::size_t>(width)) {
    for (std::size_t i = begin; i < end; ++i) {
      if (std::isfinite(m_data->y(i)) && std::isfinite(keys->coordToPixel(m_data->x(i))))
        pieces.back() << pixel(i);
      else if (!pieces.back().isEmpty())
        pieces.emplace_back();
    }
    return pieces;
  }
  QPolygonF& line = pieces.back();
  line.reserve(4 * width + 2);
  const double left = keys->axisRect()->left();
  for (const Column& column : columns(*m_data, edges(width))) {
    const double x = left + static_cast<double>(column.column) + 0.5;
    // What moves the pen by less than half a pixel is not seen; a smoothed curve has one point a column.
    const auto add = [&](double value) {
      const double y = valuePixel(value);
      if (line.isEmpty() || line.last().x() != x || std::abs(line.last().y() - y) >= 0.5) line << QPointF(x, y);
    };
    const bool isFalling = column.first > column.last;
    add(column.first);
    add(isFalling ? column.extremes.high : column.extremes.low);
    add(isFalling ? column.extremes.low : column.extremes.high);
    add(column.last);
  }
  return pieces;
}

bool Curve::isDense() const {
  const QCPRange keys = mKeyAxis->range();
  return m_data->lowerBound(keys.upper) - m_data->lowerBound(keys.lower) >
         2 * static_cast<std::size_t>(std::max(1, mKeyAxis->axisRect()->width()));
}

// From columns of pixels: where the values of a column reach far, as an upright bar, whose edges need no antialiasing;
// elsewhere as a line.
void Curve::drawColumns(QCPPainter* painter, const QPen& pen) const {
  const QCPAxis* keys = mKeyAxis.data();
  const double left = keys->axisRect()->left(), width = std::max(1, keys->axisRect()->width());
  const int count = std::max(1, static_cast<int>(m_plot->plottableCount() > kCrowd ? width / 2 : width));
  const DashPattern dashes(pen);
  const double origin = keys->coordToPixel(m_data->x(0)), half = pen.widthF() / 2;  // dashes move with the curve
  QVector<QLineF> lines;
  QVector<QRectF> bars;
  struct Before {
    QPointF exit;
    double top = 0, bottom = 0;
    bool isBar = false, isThere = false;
    std::size_t column = 0;
  } before;
  for (const Column& column : columns(*m_data, edges(count))) {
    const double x = left + (static_cast<double>(column.column) + 0.5) * width / count;
    const double a = valuePixel(column.extremes.high), b = valuePixel(column.extremes.low);
    const double top = std::min(a, b), bottom = std::max(a, b);
    const bool isBar = bottom - top >= kBar_px, isDown = dashes.isDownAt(x - origin);
    const double middle = (top + bottom) / 2;
    const QPointF entry(x, isBar ? valuePixel(column.first) : middle),
        exit(x, isBar ? valuePixel(column.last) : middle);
    if (isDown && isBar) bars << QRectF(x - half, top, pen.widthF(), bottom - top);
    // Bars that touch need no line between them.
    const bool touches = before.isThere && before.isBar && isBar && before.column + 1 == column.column &&
                         before.top <= bottom && before.bottom >= top;
    if (isDown && before.isThere && !touches) lines << QLineF(before.exit, entry);
    before = {exit, top, bottom, isBar, true, column.column};
  }
  QPen solid(pen.color(), pen.widthF());
  solid.setCapStyle(Qt::FlatCap);
  painter->setPen(solid);
  painter->drawLines(lines);
  const bool wasSmooth = painter->testRenderHint(QPainter::Antialiasing);
  painter->setRenderHint(QPainter::Antialiasing, false);
  painter->setPen(Qt::NoPen);
  painter->setBrush(pen.color());
  painter->drawRects(bars);
  painter->setRenderHint(QPainter::Antialiasing, wasSmooth);
}

void Curve::drawLine(QCPPainter* painter, const QPen& pen) const {
  QPen used = pen;
  if (m_plot->isDragging()) used.setWidthF(1);
  painter->setBrush(Qt::NoBrush);
  if (painter->modes().testFlag(QCPPainter::pmVectorized)) {
    painter->setPen(used);
    for (const QPolygonF& piece : linePieces()) {
      if (piece.size() == 1) painter->drawPoint(piece.first());
      painter->drawPolyline(piece);
    }
    return;
  }
  if (isDense()) return drawColumns(painter, used);
  const DashPattern dashes(used);
  QPen solid(used.color(), used.widthF());
  solid.setCapStyle(Qt::FlatCap);
  painter->setPen(solid);
  QVector<QLineF> strokes;
  for (const QPolygonF& piece : linePieces()) {
    if (piece.size() == 1) painter->drawPoint(piece.first());
    dashes.cut(piece, strokes);
  }
  painter->drawLines(strokes);
}

void Curve::drawBand(QCPPainter* painter) const {
  const QCPAxis* keys = mKeyAxis.data();
  const std::size_t begin = m_data->lowerBound(keys->range().lower), end = m_data->lowerBound(keys->range().upper);
  const double width = std::max(1, keys->axisRect()->width());
  if (end <= begin) return;
  // The points in view may fill a part of the plot only.
  const double filled =
      std::min(width, std::abs(keys->coordToPixel(m_data->x(end - 1)) - keys->coordToPixel(m_data->x(begin))));
  const double columnWidth = std::max(kBandColumn_px, filled * kBandPoints / static_cast<double>(end - begin));
  if (columnWidth > kBandColumnMax_px) return drawLine(painter, mPen);
  const int count = std::max(1, static_cast<int>(width / columnWidth));
  QPolygonF upper, lower;
  const double left = keys->axisRect()->left();
  for (const Column& column : columns(*m_data, edges(count))) {
    const double x = left + (static_cast<double>(column.column) + 0.5) * width / count;
    upper << QPointF(x, valuePixel(column.extremes.high));
    lower << QPointF(x, valuePixel(column.extremes.low));
  }
  std::reverse(lower.begin(), lower.end());
  painter->setPen(Qt::NoPen);
  painter->setBrush(mBrush);
  painter->drawPolygon(upper + lower);
}

void Curve::draw(QCPPainter* painter) {
  if (!m_data || m_data->isEmpty() || !mKeyAxis || !mValueAxis) return;
  applyDefaultAntialiasingHint(painter);
  if (m_form == Form::Line)
    drawLine(painter, mPen);
  else
    drawBand(painter);
}

void Curve::drawLegendIcon(QCPPainter* painter, const QRectF& area) const {
  applyDefaultAntialiasingHint(painter);
  painter->setPen(mPen);
  painter->drawLine(QPointF(area.left(), area.center().y()), QPointF(area.right(), area.center().y()));
}

std::optional<QCPRange> Curve::valuesIn(const QCPRange& keys) const {
  if (!m_data) return std::nullopt;
  const Extremes found =
      m_data->extremes(m_data->lowerBound(keys.lower), m_data->lowerBound(std::nextafter(keys.upper, INFINITY)));
  if (found.isEmpty) return std::nullopt;
  return QCPRange(found.low, found.high);
}

QCPRange Curve::getKeyRange(bool& found, QCP::SignDomain domain) const {
  found = m_data && !m_data->isEmpty();
  if (!found) return {};
  std::size_t first = 0;
  while (domain == QCP::sdPositive && first + 1 < m_data->size() && m_data->x(first) <= 0) ++first;
  return {m_data->x(first), m_data->x(m_data->size() - 1)};
}

QCPRange Curve::getValueRange(bool& found, QCP::SignDomain domain, const QCPRange& keys) const {
  const std::optional<QCPRange> values = valuesIn(keys == QCPRange() ? QCPRange(-INFINITY, INFINITY) : keys);
  found = values.has_value() && (domain != QCP::sdPositive || values->upper > 0);
  if (!found) return {};
  // A logarithmic axis shows what is above zero; how far down is the caller's choice.
  if (domain == QCP::sdPositive && values->lower <= 0) return {values->upper / 1000, values->upper};
  return *values;
}

double Curve::selectTest(const QPointF& pixel, bool, QVariant*) const {
  if (m_form == Form::Band || !m_data || m_data->isEmpty()) return -1;
  const std::size_t i = m_data->nearest(mKeyAxis->pixelToCoord(pixel.x()));
  if (!std::isfinite(m_data->y(i))) return -1;
  return std::hypot(mKeyAxis->coordToPixel(m_data->x(i)) - pixel.x(), valuePixel(m_data->y(i)) - pixel.y());
}

}  // namespace weft::ui
