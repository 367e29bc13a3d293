// ui/parts/run_cell_painter.h -- the painted cells that tables, the palette and the queue share: map glyph, state,
// progress, sparkline, tags.
#pragma once

#include <QPainter>
#include <QStringList>

#include "engine/store/run_store.h"
#include "ui/parts/theme.h"

namespace weft::ui {

QColor stateColor(store::RunState state, const Theme& theme);

// The glyph of a map, from a cache by (map, size, scale, theme); nothing for a text that is no map.
void paintMapGlyph(QPainter& painter, const QRectF& area, const std::string& map, const Theme& theme);
// The shape of the state, 16 px, centred in `area`.
void paintStateIcon(QPainter& painter, const QRectF& area, store::RunState state, const Theme& theme);
void paintProgressBar(QPainter& painter, const QRectF& area, double progress, const QColor& color, const Theme& theme);
// `losses` from left to right over `share` of the width: a run half done fills half of its cell.
void paintSparkline(QPainter& painter, const QRectF& area, const std::vector<float>& losses, double share,
                    const Theme& theme);
// As many chips as fit, then "+2".
void paintTags(QPainter& painter, const QRectF& area, const QStringList& tags, const Theme& theme);

}  // namespace weft::ui
