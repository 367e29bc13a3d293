// ui/plot/axis_range.h -- limits of an axis around some values.
#pragma once

#include "ui/plot/custom_plot.h"

namespace weft::ui {

// Linear, at whole ticks, with a little room at both ends.
QCPRange niceRange(double low, double high);
// Logarithmic, with about a tenth of room at both ends. `low` > 0.
QCPRange niceLogRange(double low, double high);

// Whether memories (or parameters) from `low` to `high` want a logarithmic axis: a quarter of a plot for one doubling
// is too much for a linear one; a single value stands in the middle of a doubling.
bool isLogMemory(double low, double high);
// The same for perplexities and losses, which people compare by difference as long as that is possible.
bool isLogQuality(double low, double high);

}  // namespace weft::ui
