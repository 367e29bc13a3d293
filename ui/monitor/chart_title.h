// ui/monitor/chart_title.h -- the line above a chart: what it shows, its unit, and at the right a note or the readings
// at the cursor, in the runs' colours.
#pragma once

#include <QString>
#include <QWidget>
#include <vector>

#include "engine/store/run_id.h"

namespace weft::ui {

struct ChartReading {
  store::RunId run;
  int style = 0;  // of its curve
  QString text;
  bool operator==(const ChartReading&) const = default;
};

class ChartTitle : public QWidget {
  Q_OBJECT
 public:
  ChartTitle(const QString& title, const QString& caption, QWidget* parent = nullptr);
  void setNote(const QString& note);
  // As many as fit; the rest is counted.
  void setReadings(std::vector<ChartReading> readings);
  const std::vector<ChartReading>& readings() const { return m_readings; }
  QString note() const { return m_note; }
  QSize sizeHint() const override;
  QSize minimumSizeHint() const override { return {60, sizeHint().height()}; }

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  QString m_title, m_caption, m_note;
  std::vector<ChartReading> m_readings;
};

}  // namespace weft::ui
