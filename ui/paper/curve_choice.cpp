#include "ui/paper/curve_choice.h"

#include <algorithm>
#include <cmath>

#include "engine/base/text.h"
#include "engine/protocol/metrics.h"
#include "ui/plot/end_labels.h"

namespace weft::ui {
namespace {

bool hasPoint(const FigureRun& run) {
  return std::any_of(run.series.points.begin(), run.series.points.end(),
                     [](const store::MetricPoint& point) { return std::isfinite(point.value); });
}

}  // namespace

std::optional<double> lastValueOf(const store::RunSummary& run, const std::string& metric) {
  const auto finite = [](std::optional<double> value) { return value && std::isfinite(*value) ? value : std::nullopt; };
  if (metric == protocol::kTrainLoss) return finite(run.lastLoss);
  // Of one text they are in the same order.
  if (protocol::isOfEvaluations(metric)) return finite(run.perplexity);
  if (metric == protocol::kTokensPerSecond) return finite(run.tokensPerSecond);
  return run.step > 0 ? std::optional(static_cast<double>(run.id.value)) : std::nullopt;
}

std::vector<std::size_t> leaveOutCurves(const FigureOptions& options, std::vector<FigureRun>& runs) {
  std::vector<std::size_t> candidates;
  std::vector<double> values;
  std::optional<std::size_t> baseline;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    runs[i].isLeftOut = false;
    const auto value = lastValueOf(runs[i].summary, options.metric);
    // Few runs are all asked for their curve; of many, only those that are known to have one.
    if (!value && runs.size() > kMostCurves) continue;
    if (runs[i].summary.id == options.baseline && options.baseline.value != 0) baseline = candidates.size();
    candidates.push_back(i);
    values.push_back(value.value_or(0));
  }
  if (candidates.size() <= kMostCurves) return candidates;
  for (const std::size_t i : candidates) runs[i].isLeftOut = true;
  std::vector<std::size_t> needed;
  for (const std::size_t chosen : evenRanks(values, kMostCurves, baseline)) {
    needed.push_back(candidates[chosen]);
    runs[candidates[chosen]].isLeftOut = false;
  }
  return needed;
}

DrawnCurves drawnCurves(const std::vector<FigureRun>& runs) {
  std::size_t there = 0, left = 0;
  for (const FigureRun& run : runs) {
    if (run.isLeftOut)
      ++left;
    else
      there += hasPoint(run);
  }
  return {.drawn = std::min(there, kMostCurves), .all = there + left};
}

QString thinningSentence(const DrawnCurves& curves) {
  if (curves.drawn == curves.all) return {};
  return QStringLiteral(
             "%1 of %2 curves are drawn: the lowest, the highest and evenly spaced ones between, by their last value.")
      .arg(curves.drawn)
      .arg(QString::fromStdString(groupDigits(static_cast<std::int64_t>(curves.all))));
}

}  // namespace weft::ui
