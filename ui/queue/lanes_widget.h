// ui/queue/lanes_widget.h -- devices as lanes on one time axis: what runs there, how far it is, what is planned after
// it (dashed), and now.
#pragma once

#include <QWidget>
#include <functional>
#include <memory>

#include "ui/queue/queue_plan.h"

namespace weft::ui {

class LanesWidget : public QWidget {
  Q_OBJECT
 public:
  explicit LanesWidget(QWidget* parent = nullptr);
  // What a job is called; without one, by its run.
  void setNames(std::function<QString(store::JobId)> name) { m_name = std::move(name); }
  void setPlan(std::shared_ptr<const RunsSnapshot> snapshot, QueuePlan plan, double now_s);
  void setSelected(store::JobId job);
  store::JobId jobAt(QPointF position) const;
  QRectF areaOf(const PlannedJob& job, int lane) const;

  QSize sizeHint() const override;
  QSize minimumSizeHint() const override { return {480, sizeHint().height()}; }

 Q_SIGNALS:
  void jobClicked(weft::store::JobId job);

 protected:
  void paintEvent(QPaintEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  bool event(QEvent* event) override;

 private:
  double xOf(double time_s) const;
  QRect nowTag(const QFontMetrics& font) const;
  void paintAxis(QPainter& painter) const;
  void paintJob(QPainter& painter, const PlannedJob& job, int lane, int number) const;
  QString nameOf(const PlannedJob& job) const;
  std::shared_ptr<const RunsSnapshot> m_snapshot;
  QueuePlan m_plan;
  std::function<QString(store::JobId)> m_name;
  double m_now_s = 0, m_from_s = 0, m_to_s = 1;
  store::JobId m_selected;
};

}  // namespace weft::ui
