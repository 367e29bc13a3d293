// ui/measure/measure_plot.h -- speed, KV memory or the largest batch over context or batch: one line a run, in its
// series colour, both axes logarithmic.
#pragma once

#include <QByteArray>

#include "ui/measure/measured_point.h"
#include "ui/plot/plot.h"

namespace weft::ui {

class MeasurePlot : public Plot {
  Q_OBJECT
 public:
  struct View {
    MeasureX x = MeasureX::Batch;
    MeasureY y = MeasureY::Decode;
    std::int64_t at = 0;  // the other one of batch and context; the largest batch has no batch to hold
    bool operator==(const View&) const = default;
  };
  explicit MeasurePlot(QWidget* parent = nullptr);
  void setPoints(const std::vector<MeasuredPoint>& points);
  void setView(const View& view);
  const View& view() const { return m_view; }
  // Contexts where x is the batch, batches where x is the context; ascending.
  std::vector<std::int64_t> choicesOfAt(MeasureX x) const;
  std::int64_t fullestAt(MeasureX x) const;  // the one with the most points, the largest of several; 0 if there is none

  struct Line {
    store::RunId run;
    QString name;
    QVector<double> x, y, low, high;  // low, high: quartiles, where there are any
  };
  const std::vector<Line>& lines() const { return m_lines; }
  // The picture as a file's content: "pdf", "svg" or "png".
  QByteArray rendered(const QString& format);

 protected:
  void applyTheme() override;
  void fitAxes() override;

 private:
  void rebuild();
  std::vector<MeasuredPoint> m_points;
  View m_view;
  std::vector<Line> m_lines;
};

}  // namespace weft::ui
