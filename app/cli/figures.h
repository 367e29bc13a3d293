// app/cli/figures.h -- figures come from weft-studio, run without a window; their data as CSV comes from the store
// alone.
#pragma once

#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/store/project.h"
#include "engine/store/run_store.h"

namespace weft::cli {

struct FigureRequest {
  std::string kind = "pareto";  // pareto | loss | maps
  std::string out;              // .pdf, .svg, .png, .csv
  std::vector<store::RunSummary> runs;
};

// InvalidInput (kind, ending, nothing to plot), Unsupported (no studio beside this program), JobFailed (the studio
// could not).
[[nodiscard]] Result<void> writeFigure(const store::Project& project, store::RunStore& store,
                                       const FigureRequest& request);

// For `weft export metrics`: one row a point.
[[nodiscard]] Result<std::string> metricsCsv(store::RunStore& store, const std::vector<store::RunSummary>& runs);

}  // namespace weft::cli
