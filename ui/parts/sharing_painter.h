// ui/parts/sharing_painter.h -- one painter for every picture of a map: glyph in a table cell, mini diagram, PDF and
// SVG.
#pragma once

#include <QPainter>
#include <QRectF>
#include <vector>

#include "engine/sharing/sharing_map.h"
#include "ui/parts/theme.h"

namespace weft::ui {

// Colour group of each layer: -1 = a producer that nobody else reads (grey), else 0.. in order of the producer, bottom
// up; hue = group % 7, bars = group / 7 + 1 (double, triple). The group of a consumer is its K source's.
std::vector<int> sharingGroups(const sharing::SharingMap& map);
QColor groupColor(int group, const Theme& theme);
QColor groupLineColor(int group, const Theme& theme);  // for arcs and rings: 3:1 against the panel
int groupBars(int group);                              // 1, 2 or 3; then the looks repeat

// One column a layer, left = layer 0: tall = producer, short = consumer.
void paintGlyph(QPainter& painter, const QRectF& area, const sharing::SharingMap& map, const Theme& theme);
// Rows with arcs and KV bars to scale, layer 0 at the bottom, labels every fifth row if there is room. `barShare`: how
// much of the room the widest slot takes, so that several maps can be held against each other.
void paintMiniDiagram(QPainter& painter, const QRectF& area, const sharing::SharingMap& map, int modelKvHeads,
                      const Theme& theme, double barShare = 1);

// The parts that the editor draws with, too.
// A filled cell in the group's hue, split into the group's double or triple bar.
void paintGroupBar(QPainter& painter, const QRectF& area, int group, const Theme& theme);
enum class ArcLines { Single, Double };
// A half circle at the left of `x` between two rows; flattened to `maximumBulge`.
void paintArc(QPainter& painter, qreal x, qreal fromY, qreal toY, qreal maximumBulge, const QPen& pen,
              ArcLines lines = ArcLines::Single);
// Filled = producer, ring = consumer.
void paintRing(QPainter& painter, const QPointF& center, qreal radius, bool isProducer, int group, const Theme& theme);

}  // namespace weft::ui
