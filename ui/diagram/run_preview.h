// ui/diagram/run_preview.h -- what Queue run says before the button is pressed: in what the run will differ from the
// design, how long it takes here, and whether it fits.
#pragma once

#include <QWidget>

#include "engine/service/design_differences.h"
#include "ui/models/run_forecast.h"

class QVBoxLayout;

namespace weft::ui {

class FitBar;
class PanelSection;
class TextLabel;

class RunPreview : public QWidget {
  Q_OBJECT
 public:
  explicit RunPreview(QWidget* parent = nullptr);
  // `drawn`: what the design counts; `runs`: how many are queued at once, one a seed.
  void show(const RunForecast& forecast, const service::DrawnNumbers& drawn, std::size_t runs);

  // For tests and screen readers: one sentence a line.
  QStringList differences() const { return m_differences; }
  QString estimate() const;
  QString fit() const;

 private:
  void showDifferences(const RunForecast& forecast, const service::DrawnNumbers& drawn);
  void showEstimate(const RunForecast& forecast, std::size_t runs);
  QStringList m_differences;
  PanelSection* m_section;
  TextLabel* m_count;
  QVBoxLayout* m_rows;
  TextLabel *m_estimate, *m_fit;
  FitBar* m_bar;
};

}  // namespace weft::ui
