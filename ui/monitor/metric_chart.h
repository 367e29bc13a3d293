// ui/monitor/metric_chart.h -- one metric of the runs on show as curves over a shared x. The view follows new data in
// steps, never with every point, and not at all once the user has zoomed.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ui/monitor/metric_text.h"
#include "ui/monitor/smoothed_curve.h"
#include "ui/plot/plot.h"
#include "ui/plot/series_style.h"

namespace weft::ui {

class Curve;

struct ChartOptions {
  XAxis x = XAxis::Steps;
  double smoothing = 0.9;  // weight of the past
  bool raw = true;         // the raw values behind the average
  bool logY = false;
  bool operator==(const ChartOptions&) const = default;
};

// A run on show, in the order of the job list.
struct ChartRun {
  store::RunId id;
  QString name;
  double plannedSteps = 0;
  std::optional<int> style{};  // among the runs on show (styleNumbers()); without one the run's own
  LineStyle lineStyle(const Theme& theme) const { return style ? ui::lineStyle(*style, theme) : runStyle(id, theme); }
};

// Beyond so many curves bands and held-out markers would cover each other: then only the current run has them.
inline constexpr std::size_t kMostBands = 10;

class MetricChart : public Plot {
  Q_OBJECT
 public:
  enum class Detail { Large, Small };  // large: average on top of the raw band; small: the raw curve
  MetricChart(const std::string& metric, Detail detail, QWidget* parent = nullptr);

  const std::string& metric() const { return m_metric; }
  const MetricText& text() const { return m_text; }
  const ChartOptions& options() const { return m_options; }
  const std::vector<ChartRun>& runs() const { return m_runs; }
  // The run that the page is about: of many, only it has a band, and its name is always there.
  void setCurrent(store::RunId run);
  store::RunId current() const { return m_current; }
  bool showsBand(store::RunId run) const { return m_runs.size() <= kMostBands || run == m_current; }

  void setOptions(const ChartOptions& options);
  void setRuns(const std::vector<ChartRun>& runs);
  // Takes over what is new of a run; true if that is anything. The caller then moves all charts' views together with
  // follow().
  bool update(const RunSeries& series);
  bool hasData() const;

  // Where the longest curve ends, and where the longest is planned to end (0: not known on this axis).
  double lastX() const;
  double plannedX() const;
  // Shows x from 0 to `endX`, and the values there; by calling code, so that linked charts get one view.
  void follow(double endX);
  // Only the values, for the x in view. Nothing after the user has zoomed the values; fit() starts it again.
  void followValues();

  struct Reading {
    double x = 0, raw = 0, smooth = 0;
  };
  // The point nearest to x; nullopt beyond the curve's ends.
  std::optional<Reading> reading(store::RunId run, double x) const;
  std::optional<Reading> lastReading(store::RunId run) const;
  std::vector<CursorMark> cursorMarks(double x) const override;

 protected:
  struct RunCurve {
    ChartRun run;
    SmoothedCurve curve;
    const RunSeries* series = nullptr;
    Curve* line = nullptr;  // plottables, the plot's
    Curve* band = nullptr;  // large charts only
  };
  std::vector<RunCurve>& curves() { return m_curves; }
  const std::vector<RunCurve>& curves() const { return m_curves; }
  const RunCurve* curveOf(store::RunId run) const;
  // The values worth seeing with x in `keys`.
  virtual std::optional<QCPRange> valuesWorthSeeing(const QCPRange& keys) const;
  void fitAxes() override;
  void applyTheme() override;

 private:
  void styleCurves();
  std::string m_metric;
  MetricText m_text;
  Detail m_detail;
  ChartOptions m_options;
  std::vector<ChartRun> m_runs;
  store::RunId m_current;
  std::vector<RunCurve> m_curves;
  bool m_followsValues = true;
  bool m_hasValues = false;  // the range of values was chosen for what is shown
};

// What an axis from 0 shows when its data ends at `last`: a round number a little further, the planned end when that is
// near, and `current` as long as it will do, so that a growing curve does not move the view with every point.
double niceEnd(double last, double planned, double current);

}  // namespace weft::ui
