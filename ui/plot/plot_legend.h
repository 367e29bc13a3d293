// ui/plot/plot_legend.h -- a legend as a box of samples and names in columns, for plots on screen and on paper.
#pragma once

#include <QFont>
#include <QPainter>
#include <QString>
#include <vector>

#include "ui/plot/series_style.h"

namespace weft::ui {

struct LegendEntry {
  enum class Sample { Marker, MarkerOnLine, Line, Band };
  QString text;
  SeriesStyle style;
  Sample sample = Sample::Marker;
  MarkerFill fill = MarkerFill::Filled;
  qreal widthFactor = 1;  // of its line
};

struct LegendLook {
  QFont font;
  QColor text, ground, edge;
  qreal markerRadius = 6, lineWidth = 1.5, bandWidth = 5;
  Dashes dashes = Dashes::Yes;
  int columns = 1;
};

QSizeF legendSize(const std::vector<LegendEntry>& entries, const LegendLook& look);
// Entries go down the columns. `ground` invalid: no box.
void paintLegend(QPainter& painter, const QPointF& topLeft, const std::vector<LegendEntry>& entries,
                 const LegendLook& look);

}  // namespace weft::ui
