// ui/figures/figure.h -- a plot as a paper wants it: always white, width in inches, embedded fonts, and a data twin. Used by the pages' Export and by
// `weft-studio --export-figure` (the command line's `weft export --figure`).
#pragma once

#include <QString>
#include <vector>

#include "engine/base/result.h"
#include "engine/store/run_store.h"

namespace weft::ui {

enum class FigureKind { Pareto, LossCurves, SharingMaps };
struct FigureRun {
  store::RunSummary summary;
  store::MetricSeries loss;  // LossCurves only
};
struct FigureOptions {
  FigureKind kind = FigureKind::Pareto;
  double width_in = 5.5, height_in = 0;  // 0 = golden ratio
  double fontSize_pt = 9;
  bool labels = true;
};
// By the ending: .pdf, .svg, .png (300 dpi), .csv (the plotted data). Io, InvalidInput (another ending, nothing to plot).
// Needs a QGuiApplication (offscreen will do).
[[nodiscard]] Result<void> writeFigure(const QString& path, const FigureOptions& options, const std::vector<FigureRun>& runs);

// Runs that no other run beats in both perplexity and KV bytes per token (indices into `runs`, by KV bytes ascending).
std::vector<std::size_t> paretoFrontier(const std::vector<store::RunSummary>& runs);

}  // namespace weft::ui
