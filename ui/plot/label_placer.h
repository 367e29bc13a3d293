// ui/plot/label_placer.h -- where the labels of points go, so that none covers another label or a marker.
// Deterministic: same input, same places.
#pragma once

#include <QLineF>
#include <QPointF>
#include <QRectF>
#include <QSizeF>
#include <vector>

namespace weft::ui {

struct LabelRequest {
  QPointF point;
  qreal radius = 6;  // of the marker at the point, which the label keeps clear of
  QSizeF size;
  int priority = 0;  // higher ones choose first and are the last to be left out
  enum class Side { RightAbove, LeftBelow } side = Side::RightAbove;  // where to look first
  bool mayGoFar = true;                                               // with a leader, before it is left out
};

struct LabelSurroundings {
  QRectF bounds;              // labels stay inside
  std::vector<QRectF> taken;  // never covered: legend, callouts, other markers
  std::vector<QLineF> lines;  // better not covered
};

struct PlacedLabel {
  QRectF box;
  bool isShown = false;
  bool hasLeader = false;  // it had to go far: draw a line to its point
};

// One answer a request, in the order of the requests. A label that fits nowhere is not shown.
std::vector<PlacedLabel> placeLabels(const std::vector<LabelRequest>& requests, const LabelSurroundings& surroundings);

}  // namespace weft::ui
