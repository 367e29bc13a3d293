#include "ui/plot/pareto_item.h"

#include <QFontMetricsF>
#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <tuple>

#include "ui/plot/label_placer.h"

namespace weft::ui {
namespace {

// Above this only the frontier, the chosen points and the baseline are labelled, and no more of them.
constexpr std::size_t kMostLabels = 60;

// A place to a quarter of a pixel, and whose it is.
using PixelSet = std::set<std::tuple<qint64, qint64, std::size_t>>;
PixelSet::value_type pixelKey(const QPointF& at, std::size_t owner) {
  return {qRound64(at.x() * 4), qRound64(at.y() * 4), owner};
}

QColor onScreenBand(const Theme& theme) { return theme.dark ? theme.strongLine.darker(118) : theme.hairline; }

}  // namespace

ParetoLook ParetoLook::onScreen(const Theme& theme) {
  ParetoLook look;
  look.theme = &theme;
  look.ground = theme.panel;
  look.text = theme.text;
  look.weakText = theme.text3;
  look.band = onScreenBand(theme);
  look.edge = theme.strongLine;
  look.font = captionFont();
  return look;
}

ParetoItem::ParetoItem(QCustomPlot* plot) : QCPAbstractItem(plot), m_look(ParetoLook::onScreen(Theme::light())) {
  setSelectable(false);
}

void ParetoItem::setData(ParetoData data) { m_data = std::move(data); }

void ParetoItem::setLook(const ParetoLook& look) { m_look = look; }

bool ParetoItem::isEmphasised(store::RunId run) const {
  return run.value != 0 &&
         (run == m_baseline || std::find(m_emphasised.begin(), m_emphasised.end(), run) != m_emphasised.end());
}

QPointF ParetoItem::pixelOf(const ParetoPoint& point) const {
  return {clipAxisRect()->axis(QCPAxis::atBottom)->coordToPixel(point.x),
          clipAxisRect()->axis(QCPAxis::atLeft)->coordToPixel(point.y)};
}

std::optional<std::size_t> ParetoItem::pointAt(const QPointF& position) const {
  std::optional<std::size_t> nearest;
  double least = m_look.markerRadius * 2;
  for (std::size_t i = 0; i < m_data.points.size(); ++i) {
    if (!isShown(m_data.points[i])) continue;
    const QPointF offset = pixelOf(m_data.points[i]) - position;
    if (const double distance = std::hypot(offset.x(), offset.y()); distance < least) {
      least = distance;
      nearest = i;
    }
  }
  if (nearest) return nearest;
  for (const PointLabel& label : m_labels)
    if (label.box.contains(position)) return label.point;
  return std::nullopt;
}

std::optional<QRectF> ParetoItem::labelBox(store::RunId run) const {
  for (const PointLabel& label : m_labels)
    if (m_data.points[label.point].run == run) return label.box;
  return std::nullopt;
}

double ParetoItem::selectTest(const QPointF& position, bool, QVariant*) const { return pointAt(position) ? 0 : -1; }

LegendLook ParetoItem::legendLook() const {
  LegendLook look;
  look.font = m_look.font;
  look.text = m_look.text;
  look.ground = m_look.ground;
  look.edge = m_look.edge;
  look.markerRadius = m_look.markerRadius * 0.9;
  look.lineWidth = m_look.lineWidth;
  look.bandWidth = m_look.bandWidth;
  look.dashes = m_look.dashes;
  look.columns = m_look.legendColumns;
  return look;
}

std::vector<LegendEntry> ParetoItem::legendEntries() const {
  std::vector<LegendEntry> entries;
  for (const ParetoCurve& curve : m_data.curves) {
    const auto shown = std::count_if(curve.points.begin(), curve.points.end(),
                                     [&](std::size_t i) { return isShown(m_data.points[i]); });
    if (shown == 0) continue;
    entries.push_back(
        {curve.family.name, familyStyle(curve.family, *m_look.theme),
         shown > 1 && hasLine(curve.family) ? LegendEntry::Sample::MarkerOnLine : LegendEntry::Sample::Marker,
         MarkerFill::Filled});
  }
  if (m_look.showsFrontier && !m_data.frontier.empty()) {
    SeriesStyle band;
    band.line = m_look.band;
    entries.push_back({QStringLiteral("frontier"), band, LegendEntry::Sample::Band});
  }
  const bool hasDominated = std::any_of(m_data.points.begin(), m_data.points.end(), [](const ParetoPoint& point) {
    return !point.isOnFrontier && !point.isReference();
  });
  if (m_look.showsDominated && hasDominated) {
    SeriesStyle hollow;
    hollow.line = m_look.weakText;
    hollow.fill = m_look.weakText;
    entries.push_back({QStringLiteral("dominated"), hollow, LegendEntry::Sample::Marker, MarkerFill::Hollow});
  }
  return entries;
}

void ParetoItem::draw(QCPPainter* painter) {
  painter->save();
  painter->setRenderHint(QPainter::Antialiasing);
  std::vector<QLineF> lines;
  if (m_look.showsFrontier) drawFrontier(*painter, lines);
  drawCurves(*painter, lines);
  placeLegend(lines);
  placeLabelsAround(lines);
  drawLabels(*painter);
  drawMarkers(*painter);
  if (!m_legendBox.isEmpty()) paintLegend(*painter, m_legendBox.topLeft(), legendEntries(), legendLook());
  painter->restore();
}

void ParetoItem::drawFrontier(QPainter& painter, std::vector<QLineF>& lines) const {
  if (m_data.frontier.empty()) return;
  const QRectF area = clipAxisRect()->rect();
  QPolygonF steps;
  for (const std::size_t i : m_data.frontier) {
    const QPointF at = pixelOf(m_data.points[i]);
    if (!steps.isEmpty() && at == steps.last()) continue;  // equal points are one step
    steps << QPointF(at.x(), steps.isEmpty() ? area.top() : steps.last().y()) << at;
  }
  steps << QPointF(area.right() + 1, steps.last().y());
  for (qsizetype i = 1; i < steps.size(); ++i) lines.emplace_back(steps[i - 1], steps[i]);
  QPen pen(m_look.band, m_look.bandWidth);
  pen.setCapStyle(Qt::FlatCap);
  pen.setJoinStyle(Qt::MiterJoin);
  painter.setPen(pen);
  painter.setBrush(Qt::NoBrush);
  painter.drawPolyline(steps);
}

void ParetoItem::drawCurves(QPainter& painter, std::vector<QLineF>& lines) const {
  for (const ParetoCurve& curve : m_data.curves) {
    if (!hasLine(curve.family)) continue;
    QPolygonF path;
    double lastX = 0;
    for (const std::size_t i : curve.points) {
      const ParetoPoint& point = m_data.points[i];
      if (!isShown(point) || (!path.isEmpty() && point.x == lastX)) continue;
      lastX = point.x;
      const QPointF at = pixelOf(point);
      if (!path.isEmpty()) lines.emplace_back(path.last(), at);
      path << at;
    }
    if (path.size() < 2) continue;
    painter.setPen(seriesPen(familyStyle(curve.family, *m_look.theme), m_look.lineWidth, m_look.dashes));
    painter.drawPolyline(path);
  }
}

void ParetoItem::placeLegend(const std::vector<QLineF>& lines) {
  m_legendBox = {};
  m_legendCovers = false;
  if (m_look.legend == ParetoLook::Legend::None || m_data.points.empty()) return;
  const QSizeF size = legendSize(legendEntries(), legendLook());
  const qreal margin = m_look.markerRadius * 1.5;
  const QRectF area = QRectF(clipAxisRect()->rect()).adjusted(margin, margin, -margin, -margin);
  if (size.width() > area.width() * 0.8 || size.height() > area.height() * 0.7) {
    m_legendCovers = true;
    return;
  }
  const std::array<QRectF, 4> corners{
      QRectF(QPointF(area.right() - size.width(), area.top()), size), QRectF(area.topLeft(), size),
      QRectF(QPointF(area.left(), area.bottom() - size.height()), size),
      QRectF(QPointF(area.right() - size.width(), area.bottom() - size.height()), size)};
  const auto penaltyOf = [&](const QRectF& box) {
    int penalty = 0;
    const qreal radius = m_look.markerRadius * 1.4;
    for (const ParetoPoint& point : m_data.points)
      if (isShown(point) && box.adjusted(-radius, -radius, radius, radius).contains(pixelOf(point))) penalty += 100;
    for (const QLineF& line : lines) {
      const QLineF edges[] = {{box.topLeft(), box.topRight()},
                              {box.bottomLeft(), box.bottomRight()},
                              {box.topLeft(), box.bottomLeft()},
                              {box.topRight(), box.bottomRight()}};
      for (const QLineF& edge : edges) penalty += line.intersects(edge, nullptr) == QLineF::BoundedIntersection ? 1 : 0;
    }
    return penalty;
  };
  int corner = m_legendCorner;
  if (m_look.legend != ParetoLook::Legend::Auto) {
    corner = static_cast<int>(m_look.legend) - static_cast<int>(ParetoLook::Legend::TopRight);
  } else {
    // It stays where it is unless another corner is better: a live plot must not jump.
    for (int other = 0; other < 4; ++other)
      if (penaltyOf(corners[static_cast<std::size_t>(other)]) < penaltyOf(corners[static_cast<std::size_t>(corner)]))
        corner = other;
  }
  m_legendCorner = corner;
  m_legendBox = corners[static_cast<std::size_t>(corner)];
  m_legendCovers = penaltyOf(m_legendBox) > 0;
}

// All points, as long as they are few. Of many: the emphasised ones, and of the frontier at most so many, evenly along
// it; of several points on one pixel one.
std::vector<bool> ParetoItem::namedPoints(const QRectF& area) const {
  if (m_data.points.size() <= kMostLabels) return std::vector<bool>(m_data.points.size(), true);
  std::vector<bool> isNamed(m_data.points.size(), false);
  PixelSet pixels;
  std::vector<std::size_t> candidates;
  for (const std::size_t i : m_data.frontier)
    if (const QPointF at = pixelOf(m_data.points[i]); area.contains(at) && pixels.insert(pixelKey(at, 0)).second)
      candidates.push_back(i);
  const std::size_t count = std::min(candidates.size(), kMostLabels);
  for (std::size_t i = 0; i < count; ++i)
    isNamed[candidates[count < 2 ? 0 : i * (candidates.size() - 1) / (count - 1)]] = true;
  for (std::size_t i = 0; i < m_data.points.size(); ++i)
    if (isEmphasised(m_data.points[i].run)) isNamed[i] = true;
  return isNamed;
}

void ParetoItem::placeLabelsAround(const std::vector<QLineF>& lines) {
  m_labels.clear();
  m_labelsLeftOut = 0;
  if (!m_look.showsLabels) return;
  const QRectF area = clipAxisRect()->rect();
  const QFontMetricsF font(m_look.font);
  LabelSurroundings surroundings{.bounds = area, .taken = {}, .lines = lines};
  if (!m_legendBox.isEmpty()) surroundings.taken.push_back(m_legendBox);
  std::vector<LabelRequest> requests;
  std::vector<PointLabel> labels;
  const std::vector<bool> isNamed = namedPoints(area);
  PixelSet takenPixels;
  for (std::size_t i = 0; i < m_data.points.size(); ++i) {
    const ParetoPoint& point = m_data.points[i];
    const QPointF at = pixelOf(point);
    if (!isShown(point) || !area.contains(at)) continue;
    const bool isStrong = isEmphasised(point.run);
    if (!isNamed[i]) {
      const qreal radius = m_look.markerRadius;
      if (takenPixels.insert(pixelKey(at, 0)).second)
        surroundings.taken.emplace_back(at.x() - radius, at.y() - radius, 2 * radius, 2 * radius);
      ++m_labelsLeftOut;
      continue;
    }
    // A published row that somebody has run again is named by that run.
    if (point.isReference() && std::any_of(m_data.points.begin(), m_data.points.end(), [&](const ParetoPoint& other) {
          return !other.isReference() && isShown(other) && other.name == point.name;
        }))
      continue;
    QString text = point.label;
    if (point.run == m_baseline && !point.isReference()) text += QStringLiteral(", baseline");
    const int priority = isStrong ? 3 : point.isOnFrontier ? 2 : point.isReference() ? 0 : 1;
    requests.push_back(
        {.point = at,
         .radius = isStrong ? std::max(m_look.markerRadius * 1.15, m_look.emphasisRadius) : m_look.markerRadius * 1.15,
         .size = QSizeF(font.horizontalAdvance(text), font.ascent() + font.descent()),
         .priority = priority,
         // The frontier runs at the lower left of everything: its labels have that side for themselves.
         .side = point.isOnFrontier ? LabelRequest::Side::LeftBelow : LabelRequest::Side::RightAbove,
         .mayGoFar = !point.isReference()});
    labels.push_back({.point = i, .text = text, .box = {}, .hasLeader = false});
  }
  const std::vector<PlacedLabel> placed = placeLabels(requests, surroundings);
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (!placed[i].isShown) {
      if (!m_data.points[labels[i].point].isReference()) ++m_labelsLeftOut;
      continue;
    }
    labels[i].box = placed[i].box;
    labels[i].hasLeader = placed[i].hasLeader;
    m_labels.push_back(labels[i]);
  }
}

void ParetoItem::drawLabels(QPainter& painter) const {
  painter.setFont(m_look.font);
  const QFontMetricsF font(m_look.font);
  for (const PointLabel& label : m_labels) {
    const ParetoPoint& point = m_data.points[label.point];
    if (label.hasLeader) {
      const QPointF at = pixelOf(point);
      const QPointF end(std::clamp(at.x(), label.box.left(), label.box.right()),
                        std::clamp(at.y(), label.box.top(), label.box.bottom()));
      painter.setPen(QPen(m_look.edge, m_look.lineWidth / 2));
      painter.drawLine(at, end);
    }
    painter.setPen(point.isOnFrontier || isEmphasised(point.run) ? m_look.text : m_look.weakText);
    painter.drawText(QPointF(label.box.left(), label.box.top() + font.ascent()), label.text);
  }
}

void ParetoItem::drawMarkers(QPainter& painter) const {
  const QRectF area =
      QRectF(clipAxisRect()->rect())
          .adjusted(-m_look.markerRadius, -m_look.markerRadius, m_look.markerRadius, m_look.markerRadius);
  std::vector<SeriesStyle> styles;  // of the families
  std::vector<std::size_t> familyOfPoint(m_data.points.size(), 0);
  for (const ParetoCurve& curve : m_data.curves) {
    for (const std::size_t i : curve.points) familyOfPoint[i] = styles.size();
    styles.push_back(familyStyle(curve.family, *m_look.theme));
  }
  // What is on the frontier lies on top. Points of one family on one pixel are one marker.
  enum class Round { References, Dominated, Frontier };
  for (const Round round : {Round::References, Round::Dominated, Round::Frontier}) {
    PixelSet drawn;
    for (std::size_t i = 0; i < m_data.points.size(); ++i) {
      const ParetoPoint& point = m_data.points[i];
      const Round own = point.isReference()  ? Round::References
                        : point.isOnFrontier ? Round::Frontier
                                             : Round::Dominated;
      if (own != round || !isShown(point)) continue;
      const QPointF at = pixelOf(point);
      if (!area.contains(at) || !drawn.insert(pixelKey(at, familyOfPoint[i])).second) continue;
      paintMarker(painter, at, point.isReference() ? m_look.markerRadius * 0.9 : m_look.markerRadius,
                  styles[familyOfPoint[i]], point.isOnFrontier ? MarkerFill::Filled : MarkerFill::Hollow,
                  m_look.ground);
    }
  }
}

}  // namespace weft::ui
