// ui/diagram/sharing_scene.h -- the sharing stack as a picture: where everything lies (arithmetic only) and how it is
// painted. The editor, the exported figure and the tests use the same scene.
#pragma once

#include <QPainter>
#include <QRectF>
#include <QString>
#include <optional>
#include <vector>

#include "ui/diagram/sharing_document.h"
#include "ui/parts/theme.h"

namespace weft::ui {

// What a row has room for.
enum class Density {
  Full,     // 24 px and up: heads as ticks, "reads n", bytes at every producer
  Bars,     // 14 to 23: heads as one bar, "reads n" in the tooltip
  Minimal,  // 10 to 13: index on every fourth row, bytes in the tooltip
};

// Columns and rows of a view of `width` x `height`; y counts from the view's top, `scroll` pixels of the rows lie above
// it.
struct SceneLayout {
  static constexpr qreal kHeader = 34, kFooter = 50, kCaption = 18, kLowestRow = 10, kHighestRow = 36;

  SceneLayout() = default;
  // `fixedRow`: the user's row height, else the rows fill the view between the two limits.
  SceneLayout(QSizeF view, int layers, std::optional<qreal> fixedRow = {});

  int layers = 0;
  QSizeF view;
  qreal rowHeight = 20, scroll = 0;
  qreal ringX = 0, rowLeft = 0, indexRight = 0, heads = 0, headsWidth = 0, keys = 0, values = 0, cellWidth = 0,
        window = 0, windowWidth = 0;
  qreal perToken = 0, perTokenWidth = 0, atContext = 0, atContextWidth = 0, right = 0;

  Density density() const {
    return rowHeight >= 24 ? Density::Full : rowHeight >= 14 ? Density::Bars : Density::Minimal;
  }
  qreal contentHeight() const { return 2 * kCaption + layers * rowHeight; }  // what scrolls, between header and footer
  qreal visibleHeight() const { return view.height() - kHeader - kFooter; }
  qreal maximumScroll() const { return std::max(0.0, contentHeight() - visibleHeight()); }
  qreal rowTop(int layer) const { return kHeader + kCaption + (layers - 1 - layer) * rowHeight - scroll; }
  qreal rowMiddle(int layer) const { return rowTop(layer) + rowHeight / 2; }
  QRectF row(int layer) const { return {rowLeft, rowTop(layer), right - rowLeft, rowHeight}; }
  // -1: header, footer, captions.
  int layerAt(const QPointF& point) const;
  // The ring that a drag to another row starts at, or -1.
  int ringAt(const QPointF& point) const;
};

// What is shown besides the design itself.
struct SceneState {
  LayerSet selection;
  int current = -1;
  int hovered = -1;
  QString typed;                  // digits typed at the current row, not yet entered
  std::optional<int> dragSource;  // the row under the pointer while a ring is dragged
  LayerSet dragged;               // the rows being given a source
  QPointF pointer;                // end of the dragged arc
  bool hasFocus = false;
  bool isFigure = false;  // exported: no hints, white paper
};

void paintScene(QPainter& painter, const SceneLayout& layout, const SharingDocument& document, const SceneState& state,
                const Theme& theme);

}  // namespace weft::ui
