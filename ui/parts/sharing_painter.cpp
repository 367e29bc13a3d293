#include "ui/parts/sharing_painter.h"

#include <QFontMetricsF>
#include <QPainterPath>
#include <algorithm>
#include <cmath>

namespace weft::ui {
namespace {

constexpr int kHues = 7;
constexpr qreal kShortColumn = 0.42;  // of a producer's column

// K and V heads that the layer keeps, in units of one head.
int keptHeads(const sharing::SharingMap& map, int layer, int modelKvHeads) {
  if (!map.isProducer(layer)) return 0;
  const bool keepsV = map.producesV(layer) && !map.layer(layer).isValueKey;
  return (map.producesK(layer) ? map.kvHeads(layer, modelKvHeads) : 0) +
         (keepsV ? map.valueHeads(layer, modelKvHeads) : 0);
}

}  // namespace

std::vector<int> sharingGroups(const sharing::SharingMap& map) {
  const auto count = static_cast<std::size_t>(map.layerCount());
  std::vector<bool> isRead(count, false);
  for (int layer = 0; layer < map.layerCount(); ++layer) {
    for (const std::vector<sharing::HeadRange>& parts : {map.keyParts(layer), map.valueParts(layer)}) {
      for (const sharing::HeadRange& part : parts) {
        if (part.source != layer) isRead[static_cast<std::size_t>(part.source)] = true;
      }
    }
  }
  std::vector<int> groups(count, -1);
  int next = 0;
  for (std::size_t layer = 0; layer < count; ++layer) {
    if (map.producesK(static_cast<int>(layer)) && isRead[layer]) groups[layer] = next++;
  }
  for (std::size_t layer = 0; layer < count; ++layer) {
    if (!map.producesK(static_cast<int>(layer)))
      groups[layer] = groups[static_cast<std::size_t>(map.layer(static_cast<int>(layer)).kSource)];
  }
  return groups;
}

QColor groupColor(int group, const Theme& theme) {
  return group < 0 ? theme.groupOfOne : theme.series[static_cast<std::size_t>(group % kHues)].fill;
}

QColor groupLineColor(int group, const Theme& theme) {
  return group < 0 ? theme.groupOfOne : theme.series[static_cast<std::size_t>(group % kHues)].line;
}

int groupBars(int group) { return group < 0 ? 1 : group / kHues % 3 + 1; }

void paintGlyph(QPainter& painter, const QRectF& area, const sharing::SharingMap& map, const Theme& theme) {
  if (area.width() <= 0 || area.height() <= 0) return;
  const std::vector<int> groups = sharingGroups(map);
  const int count = map.layerCount();
  // Whole pixels for every column and gap, so that columns are equally wide; a map wider than the area is squeezed.
  const qreal step = area.width() / count >= 1 ? std::min(std::floor(area.width() / count), 6.0) : area.width() / count;
  const qreal gap = step >= 3 ? 1 : 0;
  painter.save();
  painter.setRenderHint(QPainter::Antialiasing, step < 1);
  for (int layer = 0; layer < count; ++layer) {
    const qreal height =
        map.isProducer(layer) ? area.height() : std::max(2.0, std::round(area.height() * kShortColumn));
    const QRectF column(area.left() + layer * step, area.bottom() - height, step - gap, height);
    const int group = groups[static_cast<std::size_t>(layer)];
    painter.fillRect(column, groupColor(group, theme));
    // A second or third round of hues is notched, as its bars are in the editor.
    for (int notch = 1; notch < groupBars(group) && height >= 8; ++notch)
      painter.fillRect(QRectF(column.left(), column.top() + 3 * notch - 1, column.width(), 1), theme.panel);
  }
  painter.restore();
}

void paintMiniDiagram(QPainter& painter, const QRectF& area, const sharing::SharingMap& map, int modelKvHeads,
                      const Theme& theme, double barShare) {
  const int count = map.layerCount();
  const qreal row = std::min(area.height() / count, 18.0);
  if (row <= 0 || area.width() <= 0) return;
  const std::vector<int> groups = sharingGroups(map);
  painter.save();
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setFont(captionFont());
  const QFontMetricsF metrics(painter.font());
  const qreal labelWidth = std::ceil(metrics.horizontalAdvance(QString::number(count - 1))) + 8;
  const bool hasEveryLabel = row >= metrics.height();
  const bool hasLabels = row * 5 >= metrics.height();
  const qreal arcs = std::clamp(area.width() * 0.3, 12.0, 56.0);
  const qreal ringX = area.left() + arcs, radius = std::clamp(row * 0.22, 1.5, 4.0);
  const qreal barLeft = ringX + radius + (hasLabels ? labelWidth : 4) + 4;
  int most = 1;
  for (int layer = 0; layer < count; ++layer) most = std::max(most, keptHeads(map, layer, modelKvHeads));
  for (int layer = 0; layer < count; ++layer)
    most = std::max(most, 2 * map.kvHeads(map.layer(layer).kSource, modelKvHeads));
  const qreal perHead = std::max(0.0, area.right() - barLeft - 1) * barShare / most;
  const auto middleOf = [&](int layer) { return area.bottom() - (layer + 0.5) * row; };

  for (int layer = 0; layer < count; ++layer) {
    const int group = groups[static_cast<std::size_t>(layer)];
    const sharing::LayerSharing& from = map.layer(layer);
    const QPen pen(groupLineColor(group, theme), row >= 6 ? 1.5 : 1);
    if (from.kSource != layer) paintArc(painter, ringX, middleOf(layer), middleOf(from.kSource), arcs - 2, pen);
    if (from.vSource != layer && from.vSource != from.kSource) {
      QPen dashed(groupLineColor(groups[static_cast<std::size_t>(from.vSource)], theme), pen.widthF());
      dashed.setDashPattern({3, 2});
      paintArc(painter, ringX, middleOf(layer), middleOf(from.vSource), arcs - 2, dashed);
    }
    for (const sharing::Reading* reading : {&from.kReading, &from.vReading}) {
      for (const sharing::HeadRange& part : reading->parts) {
        if (part.source != layer && part.source != from.kSource && part.source != from.vSource)
          paintArc(painter, ringX, middleOf(layer), middleOf(part.source), arcs - 2, pen);
      }
    }
  }
  for (int layer = 0; layer < count; ++layer) {
    const int group = groups[static_cast<std::size_t>(layer)];
    const qreal y = middleOf(layer);
    paintRing(painter, {ringX, y}, radius, map.isProducer(layer), group, theme);
    if (hasLabels && (hasEveryLabel || layer % 5 == 0)) {
      painter.setPen(theme.text2);
      painter.drawText(QRectF(ringX + radius, y - 10, labelWidth, 20), Qt::AlignRight | Qt::AlignVCenter,
                       QString::number(layer));
    }
    const qreal height = std::max(2.0, std::min(row - (row >= 5 ? 2 : 0), 10.0));
    const int heads = keptHeads(map, layer, modelKvHeads);
    if (heads > 0) {
      paintGroupBar(painter, QRectF(barLeft, y - height / 2, heads * perHead, height), group, theme);
    } else if (row >= 5) {
      QPen ghost(theme.ghost, 1);
      ghost.setDashPattern({3, 2});
      painter.setPen(ghost);
      painter.setBrush(Qt::NoBrush);
      painter.drawRect(QRectF(barLeft + 0.5, y - height / 2 + 0.5,
                              2 * map.kvHeads(map.layer(layer).kSource, modelKvHeads) * perHead - 1, height - 1));
    }
  }
  painter.restore();
}

void paintGroupBar(QPainter& painter, const QRectF& area, int group, const Theme& theme) {
  painter.save();
  painter.setPen(Qt::NoPen);
  painter.setBrush(groupColor(group, theme));
  const int bars = area.height() >= 5 ? groupBars(group) : 1;
  const qreal gap = area.height() >= 12 ? 2 : 1;
  if (bars == 1 && area.height() >= 10) {
    painter.setRenderHint(QPainter::Antialiasing);
    painter.drawRoundedRect(area, 2, 2);
  } else {
    const qreal height = (area.height() - gap * (bars - 1)) / bars;
    for (int bar = 0; bar < bars; ++bar)
      painter.drawRect(QRectF(area.left(), area.top() + bar * (height + gap), area.width(), height));
  }
  painter.restore();
}

void paintArc(QPainter& painter, qreal x, qreal fromY, qreal toY, qreal maximumBulge, const QPen& pen, ArcLines lines) {
  const qreal top = std::min(fromY, toY), height = std::abs(toY - fromY);
  const qreal bulge = std::min(height / 2, maximumBulge);
  painter.save();
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setBrush(Qt::NoBrush);
  QPen line = pen;
  line.setCapStyle(Qt::FlatCap);
  if (lines == ArcLines::Double) line.setWidthF(std::max(1.0, pen.widthF() - 0.5));
  painter.setPen(line);
  const auto draw = [&](qreal inset) {
    QPainterPath path;
    const QRectF box(x - bulge + inset, top + inset, 2 * (bulge - inset), height - 2 * inset);
    path.arcMoveTo(box, 90);
    path.arcTo(box, 90, 180);
    painter.drawPath(path);
  };
  if (lines == ArcLines::Double && bulge > 4) {
    draw(-1.5);
    draw(1.5);
  } else {
    draw(0);
  }
  painter.restore();
}

void paintRing(QPainter& painter, const QPointF& center, qreal radius, bool isProducer, int group, const Theme& theme) {
  painter.save();
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(QPen(groupLineColor(group, theme), radius >= 3 ? 1.5 : 1));
  painter.setBrush(isProducer ? groupColor(group, theme) : theme.panel);
  painter.drawEllipse(center, radius, radius);
  if (isProducer && groupBars(group) > 1 && radius >= 4) {
    painter.setPen(Qt::NoPen);
    painter.setBrush(theme.panel);
    painter.drawEllipse(center, 1.4, 1.4);
  }
  painter.restore();
}

}  // namespace weft::ui
