// ui/plot/curve.h -- a curve of any length on a Plot: as a line, or as the band between the lowest and highest values
// of neighbouring points. Drawn from pixel columns, so that its cost follows the width of the plot, not the number of
// points, and every outlier stays visible at every zoom.
#pragma once

#include <memory>
#include <optional>

#include "ui/plot/curve_data.h"
#include "ui/plot/custom_plot.h"

namespace weft::ui {

class Plot;

class Curve : public QCPAbstractPlottable {
  Q_OBJECT
 public:
  // Band: filled with the brush; with too few points for a band in view, the points' line in the pen.
  enum class Form { Line, Band };

  Curve(Plot* plot, Form form);  // the plot takes it over
  void setData(std::shared_ptr<const CurveData> data) { m_data = std::move(data); }
  const CurveData* data() const { return m_data.get(); }
  Form form() const { return m_form; }

  // Lowest and highest value with x inside `keys`; nullopt if none.
  std::optional<QCPRange> valuesIn(const QCPRange& keys) const;

  double selectTest(const QPointF& pixel, bool onlySelectable, QVariant* details = nullptr) const override;
  QCPRange getKeyRange(bool& found, QCP::SignDomain domain = QCP::sdBoth) const override;
  QCPRange getValueRange(bool& found, QCP::SignDomain domain = QCP::sdBoth, const QCPRange& keys = {}) const override;

 protected:
  void draw(QCPPainter* painter) override;
  void drawLegendIcon(QCPPainter* painter, const QRectF& area) const override;

 private:
  // Every point as it is; with more than two points a pixel column from first to last by way of the extremes.
  std::vector<QPolygonF> linePieces() const;
  bool isDense() const;  // more than two points a pixel column are in view
  void drawLine(QCPPainter* painter, const QPen& pen) const;
  void drawColumns(QCPPainter* painter, const QPen& pen) const;
  void drawBand(QCPPainter* painter) const;
  std::vector<double> edges(int columns) const;
  double valuePixel(double value) const;

  Form m_form;
  const Plot* m_plot;
  std::shared_ptr<const CurveData> m_data;
};

}  // namespace weft::ui
