// ui/paper/figure_scene.h -- a figure laid out and ready to be painted, on any device and at any scale. Measured in
// quarters of a point, so that pens and half-point fonts are whole numbers.
#pragma once

#include <QFont>
#include <QSize>
#include <QStringList>
#include <memory>

#include "ui/paper/figure.h"
#include "ui/plot/axis_range.h"
#include "ui/plot/custom_plot.h"

namespace weft::ui {

inline constexpr double kUnitsPerPoint = 4, kUnitsPerInch = 72 * kUnitsPerPoint;

class FigureScene {
 public:
  // InvalidInput: nothing to plot, a size out of range. GUI thread.
  [[nodiscard]] static Result<std::unique_ptr<FigureScene>> create(const FigureOptions& options,
                                                                   const std::vector<FigureRun>& runs);
  virtual ~FigureScene() = default;

  QSize size() const { return m_size; }  // in units
  // Paints at (0, 0) on a painter that is scaled to units; white ground included.
  void paint(QPaintDevice* device, double scale);
  void paint(QCPPainter& painter);
  // What could not be drawn as asked for, known after paint().
  virtual QStringList problems() const { return {}; }

 protected:
  explicit FigureScene(QSize size) : m_size(size) {}
  void setSize(QSize size) { m_size = size; }
  virtual void paintInto(QCPPainter& painter) = 0;

 private:
  QSize m_size;
};

// What the scenes share.
QStringList figureLabels(
    const std::vector<FigureRun>& runs);  // what each run of the figure is called beside the others
double tickSize_pt(const FigureOptions& options);
QFont figureFont(const FigureOptions& options, double size_pt);
// 0 = golden ratio. Whole points: a PDF page has no others.
QSize figureSize(const FigureOptions& options);
int wholePoints(double units);
// Black frame with ticks outside at bottom and left, grid or not. `lastNumber`: a number that may stand at the right
// end of the lower axis.
void setUpPaperPlot(QCustomPlot& plot, const FigureOptions& options, const QString& lastNumber = {});
Result<std::unique_ptr<FigureScene>> makeParetoScene(const FigureOptions& options, const std::vector<FigureRun>& runs);
Result<std::unique_ptr<FigureScene>> makeCurvesScene(const FigureOptions& options, const std::vector<FigureRun>& runs);
Result<std::unique_ptr<FigureScene>> makeMapsScene(const FigureOptions& options, const std::vector<FigureRun>& runs);

// The plotted data as text (fields by csvField of qt_text.h), one header line; numbers read back to the same double.
QString csvNumber(double value);
QString paretoCsv(const FigureOptions& options, const std::vector<FigureRun>& runs);
QString curvesCsv(const FigureOptions& options, const std::vector<FigureRun>& runs);
QString mapsCsv(const std::vector<FigureRun>& runs);

}  // namespace weft::ui
