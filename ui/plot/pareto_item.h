// ui/plot/pareto_item.h -- the drawing of ParetoData in a QCustomPlot: frontier band, family curves, markers (filled =
// on the frontier, hollow = dominated), labels that cover nothing, legend. The same for the Compare page and for paper;
// it draws with its axis rect's bottom and left axis.
#pragma once

#include <optional>

#include "ui/plot/custom_plot.h"
#include "ui/plot/pareto.h"
#include "ui/plot/plot_legend.h"

namespace weft::ui {

struct ParetoLook {
  enum class Legend { Auto, TopRight, TopLeft, BottomLeft, BottomRight, None };  // Auto: the corner that covers least

  const Theme* theme = nullptr;  // for the families' styles
  QColor ground, text, weakText, band, edge;
  QFont font;
  qreal emphasisRadius = 0;  // what labels of emphasised points keep clear of, such as a ring
  qreal markerRadius = 6, lineWidth = 1.5, bandWidth = 5;
  Dashes dashes = Dashes::Yes;
  Legend legend = Legend::Auto;
  int legendColumns = 2;
  bool showsFrontier = true, showsDominated = true, showsLabels = true;

  static ParetoLook onScreen(const Theme& theme);
};

class ParetoItem : public QCPAbstractItem {
  Q_OBJECT
 public:
  explicit ParetoItem(QCustomPlot* plot);

  void setData(ParetoData data);
  const ParetoData& data() const { return m_data; }
  void setLook(const ParetoLook& look);
  const ParetoLook& look() const { return m_look; }
  void setBaseline(store::RunId run) { m_baseline = run; }
  // Their labels choose first and are written in the strong colour.
  void setEmphasised(std::vector<store::RunId> runs) { m_emphasised = std::move(runs); }

  bool isShown(const ParetoPoint& point) const {
    return point.isOnFrontier || point.isReference() || m_look.showsDominated;
  }
  QPointF pixelOf(const ParetoPoint& point) const;
  // The nearest marker, or the label under the pointer.
  std::optional<std::size_t> pointAt(const QPointF& position) const;
  std::vector<LegendEntry> legendEntries() const;
  LegendLook legendLook() const;

  // Of the last drawing.
  QRectF legendBox() const { return m_legendBox; }
  bool legendCoversPoints() const { return m_legendCovers; }
  int labelsLeftOut() const { return m_labelsLeftOut; }
  std::optional<QRectF> labelBox(store::RunId run) const;

  double selectTest(const QPointF& position, bool onlySelectable, QVariant* details = nullptr) const override;

 protected:
  void draw(QCPPainter* painter) override;

 private:
  struct PointLabel {
    std::size_t point = 0;
    QString text;
    QRectF box;
    bool hasLeader = false;
  };
  void drawFrontier(QPainter& painter, std::vector<QLineF>& lines) const;
  void drawCurves(QPainter& painter, std::vector<QLineF>& lines) const;
  void placeLegend(const std::vector<QLineF>& lines);
  std::vector<bool> namedPoints(const QRectF& area) const;
  void placeLabelsAround(const std::vector<QLineF>& lines);
  void drawLabels(QPainter& painter) const;
  void drawMarkers(QPainter& painter) const;
  bool isEmphasised(store::RunId run) const;

  ParetoData m_data;
  ParetoLook m_look;
  store::RunId m_baseline;
  std::vector<store::RunId> m_emphasised;
  std::vector<PointLabel> m_labels;
  QRectF m_legendBox;
  int m_legendCorner = 0;
  bool m_legendCovers = false;
  int m_labelsLeftOut = 0;
};

}  // namespace weft::ui
