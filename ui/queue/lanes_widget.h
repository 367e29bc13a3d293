// ui/queue/lanes_widget.h -- devices as lanes on one time axis: what runs there, how far it is, what is planned after
// it (dashed), and now.
#pragma once

#include <QWidget>
#include <memory>

#include "ui/queue/queue_plan.h"

namespace weft::ui {

class LanesWidget : public QWidget {
  Q_OBJECT
 public:
  explicit LanesWidget(QWidget* parent = nullptr);
  void setPlan(std::shared_ptr<const RunsSnapshot> snapshot, QueuePlan plan, double now_s);
  void setSelected(store::RunId run);
  store::RunId jobAt(QPointF position) const;
  QRectF areaOf(const PlannedJob& job) const;

  QSize sizeHint() const override;
  QSize minimumSizeHint() const override { return {480, sizeHint().height()}; }

 Q_SIGNALS:
  void jobClicked(weft::store::RunId run);

 protected:
  void paintEvent(QPaintEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  bool event(QEvent* event) override;

 private:
  double xOf(double time_s) const;
  QRect nowTag(const QFontMetrics& font) const;
  void paintAxis(QPainter& painter) const;
  void paintJob(QPainter& painter, const PlannedJob& job, int number) const;
  std::shared_ptr<const RunsSnapshot> m_snapshot;
  QueuePlan m_plan;
  double m_now_s = 0, m_from_s = 0, m_to_s = 1;
  store::RunId m_selected;
};

}  // namespace weft::ui
