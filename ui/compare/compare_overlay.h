// ui/compare/compare_overlay.h -- what lies over the points and follows the pointer: rings around the chosen, the
// iso-memory cursor with its handle, and the callout that reads it. On a layer of its own, so that dragging repaints
// nothing else.
#pragma once

#include <optional>
#include <vector>

#include "ui/compare/memory_reading.h"
#include "ui/plot/pareto_item.h"

namespace weft::ui {

class CompareOverlay : public QCPAbstractItem {
  Q_OBJECT
 public:
  static constexpr double kRing = 11;  // around the chosen
  explicit CompareOverlay(ParetoItem* points);

  struct State {
    std::vector<store::RunId> chosen;  // A, then B
    std::optional<std::size_t> hovered;
    std::optional<double> cursor;
    std::optional<MemoryReading> reading;  // the callout
    QString unit;
    const ConfigurationGroups* groups = nullptr;  // of the runs in the plot
  };
  State state;

  // Of the last painting; empty without a cursor.
  QRectF handleBox() const;
  QRectF calloutBox() const { return m_callout; }

  double selectTest(const QPointF& position, bool onlySelectable, QVariant* details = nullptr) const override;

 protected:
  void draw(QCPPainter* painter) override;

 private:
  double cursorPixel() const;
  void drawRings(QPainter& painter) const;
  void drawCursor(QPainter& painter) const;
  void drawReading(QPainter& painter);
  QRectF placeCallout(const QSizeF& size, double x, double y) const;
  ParetoItem* m_points;
  QRectF m_callout;
};

}  // namespace weft::ui
