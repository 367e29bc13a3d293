#include "ui/plot/plot_legend.h"

#include <QFontMetricsF>
#include <algorithm>
#include <cmath>

namespace weft::ui {
namespace {

// Everything in proportion to the font, so that a legend is the same on screen and on paper.
struct Cells {
  qreal row = 0, sample = 0, gap = 0, padding = 0;
  int rows = 0;
  std::vector<qreal> lefts;  // of the columns, from the box's left edge
  qreal width = 0;

  Cells(const std::vector<LegendEntry>& entries, const LegendLook& look) {
    const QFontMetricsF font(look.font);
    const qreal em = font.height();
    const int count = static_cast<int>(entries.size());
    const int columns = std::clamp(look.columns, 1, std::max(1, count));
    rows = (count + columns - 1) / columns;
    row = std::ceil(em * 1.3);
    sample = std::ceil(em * 1.7);
    gap = std::ceil(em * 0.45);
    padding = std::ceil(em * 0.55);
    width = padding;
    for (int first = 0; first < count; first += rows) {
      if (first > 0) width += 2 * padding;
      lefts.push_back(width);
      qreal text = 0;
      for (int i = first; i < std::min(first + rows, count); ++i)
        text = std::max(text, std::ceil(font.horizontalAdvance(entries[static_cast<std::size_t>(i)].text)));
      width += sample + gap + text;
    }
    width += padding;
  }
  QSizeF size() const { return {width, padding + rows * row + padding * 0.6}; }
};

void paintSample(QPainter& painter, const QRectF& area, const LegendEntry& entry, const LegendLook& look) {
  const QPointF center = area.center();
  switch (entry.sample) {
    case LegendEntry::Sample::Band: {
      QPen pen(entry.style.line, look.bandWidth);
      pen.setCapStyle(Qt::FlatCap);
      painter.setPen(pen);
      painter.drawLine(QPointF(area.left(), center.y()), QPointF(area.right(), center.y()));
      return;
    }
    case LegendEntry::Sample::Line:
    case LegendEntry::Sample::MarkerOnLine:
      painter.setPen(seriesPen(LineStyle{entry.style, entry.widthFactor}, look.lineWidth, look.dashes));
      painter.drawLine(QPointF(area.left(), center.y()), QPointF(area.right(), center.y()));
      if (entry.sample == LegendEntry::Sample::Line) return;
      break;
    case LegendEntry::Sample::Marker:
      break;
  }
  paintMarker(painter, center, look.markerRadius, entry.style, entry.fill,
              look.ground.isValid() ? look.ground : QColor(Qt::white));
}

}  // namespace

QSizeF legendSize(const std::vector<LegendEntry>& entries, const LegendLook& look) {
  return entries.empty() ? QSizeF() : Cells(entries, look).size();
}

void paintLegend(QPainter& painter, const QPointF& topLeft, const std::vector<LegendEntry>& entries,
                 const LegendLook& look) {
  if (entries.empty()) return;
  const Cells cells(entries, look);
  painter.save();
  painter.setRenderHint(QPainter::Antialiasing);
  if (look.ground.isValid()) {
    const qreal edge = std::max(1.0, look.lineWidth / 2);
    painter.setPen(QPen(look.edge, edge));
    painter.setBrush(look.ground);
    painter.drawRoundedRect(QRectF(topLeft, cells.size()).adjusted(edge / 2, edge / 2, -edge / 2, -edge / 2), 2 * edge,
                            2 * edge);
  }
  painter.setFont(look.font);
  const QFontMetricsF font(look.font);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const int column = static_cast<int>(i) / cells.rows, row = static_cast<int>(i) % cells.rows;
    const qreal left = topLeft.x() + cells.lefts[static_cast<std::size_t>(column)];
    const qreal top = topLeft.y() + cells.padding * 0.8 + row * cells.row;
    paintSample(painter, QRectF(left, top, cells.sample, cells.row), entries[i], look);
    painter.setPen(look.text);
    painter.drawText(QPointF(left + cells.sample + cells.gap, top + (cells.row + font.ascent() - font.descent()) / 2),
                     entries[i].text);
  }
  painter.restore();
}

}  // namespace weft::ui
