// ui/monitor/metric_text.h -- a metric by its name in the store: what it is called, its unit, how its numbers are
// written, what place it has. A name that is not known here is shown too, in its own words.
#pragma once

#include <QString>
#include <string>

#include "ui/plot/axis_ticker.h"

namespace weft::ui {

inline constexpr const char* kLossMetric = "train/loss";

struct MetricText {
  QString title;    // "Learning rate"
  QString caption;  // unit or origin: "nats per token", "train"
  Quantity quantity = Quantity::Number;
  int order = 100;           // of the small charts
  bool startsAtZero = true;  // its axis, if no value is negative
};
MetricText metricText(const std::string& name);

// "2.829", "2.53e-4", "47.6 k": with as many digits as a reader compares.
QString metricValue(double value, Quantity quantity);

}  // namespace weft::ui
