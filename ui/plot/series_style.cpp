#include "ui/plot/series_style.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <tuple>

#include "ui/plot/custom_plot.h"

namespace weft::ui {
namespace {

constexpr int kSeries = 8;
constexpr qreal kLineWidth = 1.5;
constexpr qreal kDot = 0.34;
constexpr qreal kWide = 5.0 / 3;  // 2.5 for 1.5

// The design's four and three more.
const std::vector<QVector<qreal>>& dashes() {
  static const std::vector<QVector<qreal>> all{{}, {6, 2}, {2, 2}, {8, 2, 2, 2}, {14, 3}, {4, 4}, {10, 2, 2, 2, 2, 2}};
  return all;
}

// Corners at `radius`, the first one straight up (or down).
QPolygonF corners(int count, qreal radius, bool pointsDown = false) {
  QPolygonF polygon;
  for (int i = 0; i < count; ++i) {
    const double angle = 2 * std::numbers::pi * i / count;
    const double sign = pointsDown ? -1 : 1;
    polygon << QPointF(std::sin(angle) * radius, -sign * std::cos(angle) * radius);
  }
  return polygon;
}

QPolygonF star(qreal radius) {
  QPolygonF polygon;
  for (int i = 0; i < 10; ++i) {
    const double angle = std::numbers::pi * i / 5;
    const double at = i % 2 == 0 ? radius : radius * 0.46;
    polygon << QPointF(std::sin(angle) * at, -std::cos(angle) * at);
  }
  return polygon;
}

void addClosed(QPainterPath& path, const QPolygonF& polygon) {
  path.addPolygon(polygon);
  path.closeSubpath();
}

struct MapFamily {
  FamilyKind kind = FamilyKind::Uneven;
  QString suffix;  // "CLA2"; empty for the identity
};

MapFamily mapFamily(const store::RunSummary& run, FamilyKind heads) {
  const QString generator = QString::fromStdString(run.generator).toLower();
  if (generator == QStringLiteral("identity") || generator == QStringLiteral("cla1")) return {heads, {}};
  if (generator.startsWith(QStringLiteral("cla"))) {
    const QString suffix = QStringLiteral("CLA%1").arg(generator.mid(3));
    if (suffix == QStringLiteral("CLA2")) return {FamilyKind::Cla2, suffix};
    if (suffix == QStringLiteral("CLA3")) return {FamilyKind::Cla3, suffix};
    if (suffix == QStringLiteral("CLA4")) return {FamilyKind::Cla4, suffix};
    return {FamilyKind::Uneven, suffix};
  }
  return {FamilyKind::Uneven, generator.isEmpty() ? QStringLiteral("uneven") : generator};
}

QColor referenceGrey(const Theme& theme) { return theme.heads; }

}  // namespace

LineStyle lineStyle(int number, const Theme& theme) {
  const int hue = number % kSeries, round = number / kSeries % (kLineStyles / kSeries);
  LineStyle style{theme.series[static_cast<std::size_t>(hue)]};
  if (round == 0) return style;
  const auto& all = dashes();
  const auto own = std::find(all.begin(), all.end(), style.dash) - all.begin();
  style.dash = all[static_cast<std::size_t>(own + round) % all.size()];
  if (round >= static_cast<int>(all.size())) style.widthFactor = kWide;
  return style;
}

int styleNumber(store::RunId run) { return static_cast<int>(std::max<std::int64_t>(0, run.value - 1) % kLineStyles); }

LineStyle runStyle(store::RunId run, const Theme& theme) { return lineStyle(styleNumber(run), theme); }

std::vector<int> styleNumbers(const std::vector<store::RunId>& runs) {
  constexpr int kRounds = kLineStyles / kSeries;
  std::vector<bool> isTaken(kLineStyles, false);
  std::vector<int> numbers;
  for (const store::RunId run : runs) {
    const int own = styleNumber(run);
    int number = own;
    // Through the rounds of its hue, then those of the next hue.
    for (int i = 1; isTaken[static_cast<std::size_t>(number)] && i < kLineStyles; ++i)
      number = (own + i * kSeries + i / kRounds) % kLineStyles;
    isTaken[static_cast<std::size_t>(number)] = true;
    numbers.push_back(number);
  }
  return numbers;
}

QPen dashedPen(const QColor& color, qreal width, const QVector<qreal>& dash) {
  QPen pen(color, width);
  pen.setJoinStyle(Qt::RoundJoin);
  pen.setCapStyle(Qt::FlatCap);
  if (dash.isEmpty()) return pen;
  // A pen counts in its own widths.
  QVector<qreal> pattern;
  for (const qreal length : dash) pattern << length / kLineWidth;
  pen.setDashPattern(pattern);
  return pen;
}

QPen seriesPen(const SeriesStyle& style, qreal width, Dashes dashes) {
  return dashedPen(style.line, width, dashes == Dashes::Yes ? style.dash : QVector<qreal>());
}

QPen seriesPen(const LineStyle& style, qreal width, Dashes dashes) {
  // Alone, or nearly so, a curve needs no width to be told by.
  const bool isPlain = dashes == Dashes::No;
  QPen pen(style.line, isPlain ? width : width * style.widthFactor);
  pen.setJoinStyle(Qt::RoundJoin);
  pen.setCapStyle(Qt::FlatCap);
  if (isPlain || style.dash.isEmpty()) return pen;
  // The dashes of a wide line are as long as those of a thin one.
  QVector<qreal> pattern;
  for (const qreal length : style.dash) pattern << length / kLineWidth / style.widthFactor;
  pen.setDashPattern(pattern);
  return pen;
}

void paintLineSample(QPainter& painter, const QRectF& area, const LineStyle& style, qreal width, Dashes dashes) {
  painter.save();
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(seriesPen(style, width, dashes));
  painter.drawLine(QPointF(area.left(), area.center().y()), QPointF(area.right(), area.center().y()));
  painter.restore();
}

Family familyOf(const store::RunSummary& run) {
  const bool isMha = run.kvHeads > 0 && run.kvHeads == run.queryHeads;
  const FamilyKind heads = isMha              ? FamilyKind::Mha
                           : run.kvHeads == 1 ? FamilyKind::Mqa
                           : run.kvHeads == 2 ? FamilyKind::Gqa2
                                              : FamilyKind::Gqa4;
  const QString name = isMha              ? QStringLiteral("MHA")
                       : run.kvHeads == 1 ? QStringLiteral("MQA")
                                          : QStringLiteral("GQA%1").arg(run.kvHeads);
  const MapFamily map = mapFamily(run, heads);
  Family family{map.kind, map.suffix.isEmpty() ? name : QStringLiteral("%1-%2").arg(name, map.suffix)};
  if (!run.cache.empty()) {
    family.cache = QString::fromStdString(run.cache);
    family.name += QStringLiteral(", %1").arg(family.cache);
  }
  return family;
}

bool operator<(const Family& a, const Family& b) { return std::tie(a.kind, a.name) < std::tie(b.kind, b.name); }

Marker shapeOf(const SeriesStyle& style) { return static_cast<Marker>(style.marker % kDottedMarker); }

bool hasLine(const Family& family) { return family.kind != FamilyKind::Reference; }

SeriesStyle familyStyle(const Family& family, const Theme& theme) {
  const auto styled = [&](std::size_t series, Marker marker, QVector<qreal> dash) {
    SeriesStyle style = theme.series[series];
    style.marker = static_cast<int>(marker) + (family.cache.isEmpty() ? 0 : kDottedMarker);
    style.dash = std::move(dash);
    return style;
  };
  switch (family.kind) {
    case FamilyKind::Mha:
      return styled(7, Marker::Square, {});
    case FamilyKind::Gqa4:
      return styled(4, Marker::Diamond, {6, 2});
    case FamilyKind::Gqa2:
      return styled(5, Marker::TriangleDown, {2, 2});
    case FamilyKind::Mqa:
      return styled(0, Marker::Circle, {5, 3});
    case FamilyKind::Cla2:
      return styled(1, Marker::TriangleUp, {});
    case FamilyKind::Cla3:
      return styled(2, Marker::Square, {2, 2});
    case FamilyKind::Cla4:
      return styled(3, Marker::Pentagon, {8, 2, 2, 2});
    case FamilyKind::Uneven:
      return styled(6, Marker::Star, {8, 2, 2, 2});
    case FamilyKind::Reference: {
      const QColor grey = referenceGrey(theme);
      return {QStringLiteral("grey"), grey, grey, theme.text3, {}, static_cast<int>(Marker::Cross)};
    }
  }
  return {};
}

QPainterPath markerPath(Marker marker, qreal radius) {
  QPainterPath path;
  switch (marker) {
    case Marker::Circle:
      path.addEllipse(QPointF(), radius, radius);
      break;
    case Marker::TriangleUp:
      // The centre of mass lies at the point; a triangle looks smaller than its area.
      addClosed(path, corners(3, radius * 1.28));
      break;
    case Marker::TriangleDown:
      addClosed(path, corners(3, radius * 1.28, true));
      break;
    case Marker::Square:
      path.addRect(QRectF(-radius * 0.88, -radius * 0.88, radius * 1.76, radius * 1.76));
      break;
    case Marker::Pentagon:
      addClosed(path, corners(5, radius * 1.12));
      break;
    case Marker::Diamond:
      addClosed(path, corners(4, radius * 1.22));
      break;
    case Marker::Star:
      addClosed(path, star(radius * 1.4));
      break;
    case Marker::Cross:
      path.moveTo(-radius * 0.72, -radius * 0.72);
      path.lineTo(radius * 0.72, radius * 0.72);
      path.moveTo(radius * 0.72, -radius * 0.72);
      path.lineTo(-radius * 0.72, radius * 0.72);
      break;
  }
  return path;
}

namespace {

QBrush markerBrush(const SeriesStyle& style, MarkerFill fill, const QColor& ground) {
  if (shapeOf(style) == Marker::Cross) return Qt::NoBrush;
  return fill == MarkerFill::Filled ? style.fill : ground;
}

QPen markerPen(const SeriesStyle& style, qreal radius) {
  QPen pen(style.line, radius / 4);
  pen.setJoinStyle(Qt::MiterJoin);
  return pen;
}

}  // namespace

void paintMarker(QPainter& painter, const QPointF& center, qreal radius, const SeriesStyle& style, MarkerFill fill,
                 const QColor& ground) {
  painter.save();
  painter.setRenderHint(QPainter::Antialiasing);
  painter.translate(center);
  painter.setPen(markerPen(style, radius));
  painter.setBrush(markerBrush(style, fill, ground));
  painter.drawPath(markerPath(shapeOf(style), radius));
  if (style.marker >= kDottedMarker) {
    painter.setPen(Qt::NoPen);
    painter.setBrush(fill == MarkerFill::Filled ? ground : style.line);
    painter.drawEllipse(QPointF(), radius * kDot, radius * kDot);
  }
  painter.restore();
}

QCPScatterStyle scatterStyle(const SeriesStyle& style, qreal radius, MarkerFill fill, const QColor& ground) {
  QPainterPath path = markerPath(shapeOf(style), radius);
  if (style.marker >= kDottedMarker) path.addEllipse(QPointF(), radius * kDot, radius * kDot);  // a hole
  // A custom path is scaled by size / 6: with size 6 it keeps its own measure.
  return QCPScatterStyle(path, markerPen(style, radius), markerBrush(style, fill, ground), 6);
}

}  // namespace weft::ui
