// ui/plot/axis_range.h -- limits of an axis around some values.
#pragma once

#include "ui/plot/custom_plot.h"

namespace weft::ui {

// Linear, at whole ticks, with a little room at both ends.
QCPRange niceRange(double low, double high);
// Logarithmic, with about a tenth of room at both ends. `low` > 0.
QCPRange niceLogRange(double low, double high);

}  // namespace weft::ui
