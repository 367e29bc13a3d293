// ui/paper/curve_choice.h -- which of many curves a figure draws. Ten thousand lines are one dark area, and nobody
// can tell them apart: a figure draws as many as have a style of their own to be told by, evenly spread over where the
// curves end, and says so.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "ui/paper/figure.h"

namespace weft::ui {

inline constexpr std::size_t kMostCurves = 40;
// Beyond it the bands of the raw values would cover each other.
inline constexpr std::size_t kMostBands = 12;

// What the store's summary says of the metric's last value; nullopt: the run has no such curve. For a metric of which
// the summary holds nothing, the run's number: then the choice is spread over the runs.
std::optional<double> lastValueOf(const store::RunSummary& run, const std::string& metric);

// Before the series are loaded: marks the curves that are not to be drawn. Returns the indices of those whose series
// are needed.
std::vector<std::size_t> leaveOutCurves(const FigureOptions& options, std::vector<FigureRun>& runs);

// How many curves are drawn of how many there are, once the series are there.
struct DrawnCurves {
  std::size_t drawn = 0, all = 0;
};
DrawnCurves drawnCurves(const std::vector<FigureRun>& runs);
// "40 of 10,000 curves are drawn: the lowest, the highest and evenly spaced ones between, by their last value." Empty
// if all are drawn.
QString thinningSentence(const DrawnCurves& curves);

}  // namespace weft::ui
