// ui/monitor/loss_chart.h -- the large chart: training loss as average and raw band, held-out loss as markers, what
// token frequencies alone reach and the entropy of the text as lines, alerts on their curve, and each curve's name and
// last value at its end.
#pragma once

#include <vector>

#include "ui/monitor/metric_chart.h"

namespace weft::ui {

struct LossReference {
  QString name;  // "unigram", "entropy floor"
  double loss_nats = 0;
  bool operator==(const LossReference&) const = default;
};

enum class AlertLevel { Info, Warning, Error };
QColor alertTone(AlertLevel level, const Theme& theme);
QString alertShape(AlertLevel level);  // an icon's name

struct LossAlert {
  std::int64_t id = 0;
  store::RunId run;
  std::int64_t step = 0;
  QString title, detail;
  AlertLevel level = AlertLevel::Warning;
  bool operator==(const LossAlert&) const = default;
};

class LossChart : public MetricChart {
  Q_OBJECT
 public:
  explicit LossChart(QWidget* parent = nullptr);

  void setEvaluations(store::RunId run, const std::vector<store::Evaluation>& evaluations);
  void setReferences(std::vector<LossReference> references);
  void setAlerts(std::vector<LossAlert> alerts);
  void setCurrentAlert(std::int64_t id);  // its text is shown beside it; 0: none
  std::int64_t currentAlert() const { return m_currentAlert; }
  const std::vector<LossAlert>& alerts() const { return m_alerts; }
  // Where a reference line's name stands; at the edge of the plot if the line is out of view.
  QRectF referenceLabel(const LossReference& reference) const;
  // Where an alert is on its curve; nullopt if its run is not on show or has no loss there.
  std::optional<QPointF> alertPixel(const LossAlert& alert) const;
  // Held-out losses of a run by x; the nearest one at or before `x`.
  std::optional<double> evaluationAt(store::RunId run, double x) const;

  // The names beside the plot as they were last drawn, from top to bottom; of more runs than have room, some.
  struct NamedRun {
    store::RunId run;
    QRectF box;
  };
  const std::vector<NamedRun>& namedRuns() const { return m_namedRuns; }
  // Room at the right for the names at the ends of curves.
  void updateLabelRoom();

 Q_SIGNALS:
  void alertClicked(std::int64_t id);

 protected:
  std::optional<QCPRange> valuesWorthSeeing(const QCPRange& keys) const override;
  void applyTheme() override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void leaveEvent(QEvent* event) override;

 private:
  friend class LossMarks;
  friend class LossLines;
  struct HeldOut {
    std::int64_t step = 0;
    double loss_nats = 0;
  };
  std::int64_t alertAt(QPointF pixel) const;

  std::map<store::RunId, std::vector<HeldOut>> m_heldOut;
  std::vector<LossReference> m_references;
  std::vector<LossAlert> m_alerts;
  mutable std::vector<NamedRun> m_namedRuns;
  std::int64_t m_currentAlert = 0, m_hoveredAlert = 0;
};

}  // namespace weft::ui
