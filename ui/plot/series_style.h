// ui/plot/series_style.h -- how a run or a family of runs looks in every plot: colour, dash, marker. A run keeps its
// style for ever (it follows from its number), a family has a fixed one. Styles are values of a theme; ask again when
// the theme changes.
#pragma once

#include <QColor>
#include <QPainter>
#include <QPainterPath>
#include <QPen>
#include <QString>
#include <vector>

#include "engine/store/run_store.h"
#include "ui/parts/theme.h"

class QCPScatterStyle;

namespace weft::ui {

// --- runs: curves over steps

// A series and the width of its line, as a multiple of the usual one.
struct LineStyle : SeriesStyle {
  qreal widthFactor = 1;
};
// Eight hues, each with a dash of its own; every further round of eight gives each hue the next dash, from the eighth
// round on in wide lines: so many lines can be told apart.
inline constexpr int kLineStyles = 112;
LineStyle lineStyle(int number, const Theme& theme);

// A run's own style.
int styleNumber(store::RunId run);
LineStyle runStyle(store::RunId run, const Theme& theme);
// Of runs that share a plot: each its own where that is free, else the next free one of its hue. All differ, as long as
// there are enough styles.
std::vector<int> styleNumbers(const std::vector<store::RunId>& runs);

// `dash`: lengths at the design's line width of 1.5; they grow with the pen.
QPen dashedPen(const QColor& color, qreal width, const QVector<qreal>& dash);

// On screen curves are dashed when more than this share a plot; in exported figures always.
inline constexpr int kMostSolidCurves = 3;
enum class Dashes { No, Yes };
QPen seriesPen(const SeriesStyle& style, qreal width, Dashes dashes);
QPen seriesPen(const LineStyle& style, qreal width, Dashes dashes);
// The line as a key for lists: `area` wide, on its middle.
void paintLineSample(QPainter& painter, const QRectF& area, const LineStyle& style, qreal width, Dashes dashes);

// --- families: points of the Pareto plot

enum class FamilyKind { Mha, Gqa4, Gqa2, Mqa, Cla2, Cla3, Cla4, Uneven, Reference };

struct Family {
  FamilyKind kind = FamilyKind::Uneven;
  QString name;   // "MQA-CLA2", "GQA4", "MQA-CLA2, int8_cache": what the legend says, one name = one family
  QString cache;  // the plugin that keeps its keys and values; its markers have a dot, so that colour and shape can
                  // stay those of the map
  bool operator==(const Family&) const = default;
};

// From the map's generator, the head counts and the cache; a map without a regular generator is "uneven".
Family familyOf(const store::RunSummary& run);
// The order of legends: by kind, then by name.
bool operator<(const Family& a, const Family& b);

// The line between a family's points; dash as in the design. No line for Reference.
SeriesStyle familyStyle(const Family& family, const Theme& theme);
Marker shapeOf(const SeriesStyle& style);
bool hasLine(const Family& family);

// --- markers

// Every shape has about the area of a circle of this radius. Cross is the only one that is never filled.
QPainterPath markerPath(Marker marker, qreal radius);

// In SeriesStyle::marker beside the shape.
inline constexpr int kDottedMarker = 16;
enum class MarkerFill { Filled, Hollow };  // filled = on the frontier
// `line` is 1.5 wide at radius 6. A hollow marker is filled with `ground`, so that lines end at its edge.
void paintMarker(QPainter& painter, const QPointF& center, qreal radius, const SeriesStyle& style, MarkerFill fill,
                 const QColor& ground);
QCPScatterStyle scatterStyle(const SeriesStyle& style, qreal radius, MarkerFill fill, const QColor& ground);

}  // namespace weft::ui
