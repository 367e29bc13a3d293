// ui/monitor/loss_marks.h -- what the loss chart draws besides curves: reference lines under them; held-out losses,
// names and alerts over them.
#pragma once

#include "ui/plot/custom_plot.h"

namespace weft::ui {

class LossChart;

class LossLines : public QCPAbstractItem {
 public:
  explicit LossLines(LossChart* chart);
  double selectTest(const QPointF&, bool, QVariant* = nullptr) const override { return -1; }

 protected:
  void draw(QCPPainter* painter) override;

 private:
  const LossChart* m_chart;
};

class LossMarks : public QCPAbstractItem {
 public:
  explicit LossMarks(LossChart* chart);
  double selectTest(const QPointF&, bool, QVariant* = nullptr) const override { return -1; }

 protected:
  void draw(QCPPainter* painter) override;

 private:
  void drawUnit(QCPPainter* painter) const;
  void drawHeldOut(QCPPainter* painter) const;
  void drawEnds(QCPPainter* painter) const;
  void drawNames(QCPPainter* painter) const;
  static void drawEnd(QCPPainter* painter, QPointF at, const QColor& color);
  void drawAlerts(QCPPainter* painter) const;
  void drawBubble(QCPPainter* painter, QPointF at, const struct LossAlert& alert) const;
  const LossChart* m_chart;
};

}  // namespace weft::ui
