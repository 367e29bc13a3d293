#include "engine/service/design_differences.h"

#include <fmt/format.h>

#include "engine/base/text.h"

namespace weft::service {

namespace {

DesignDifference parametersOf(const ResolvedRun& run, const DrawnNumbers& drawn, const sharing::CostReport& costs) {
  const std::int64_t here = run.cost.parameters.total(), there = costs.parameters.total();
  DesignDifference difference{.differs = here != there, .number = groupDigits(here) + " parameters", .reason = {}};
  if (!difference.differs) {
    difference.reason = fmt::format(", as drawn, with {}", run.tokenizerWords());
  } else if (drawn.shape.vocabulary == 0) {
    difference.reason = fmt::format(", not {}: the design counts no embedding, the run has {}", groupDigits(there),
                                    run.tokenizerWords());
  } else {
    difference.reason = fmt::format(", not {}: the design counts a vocabulary of {}, the run has {}",
                                    groupDigits(there), groupDigits(drawn.shape.vocabulary), run.tokenizerWords());
  }
  return difference;
}

DesignDifference bytesOf(const ResolvedRun& run, const DrawnNumbers& drawn, const sharing::CostReport& costs) {
  const std::int64_t here = run.cost.kv.bytesPerToken, there = costs.kv.bytesPerToken;
  const char* type = sharing::toString(run.types.cache);
  DesignDifference difference{.differs = here != there || run.types.cache != drawn.type,
                              .number = groupDigits(here) + " B per token",
                              .reason = {}};
  if (!difference.differs) {
    difference.reason = fmt::format(" in {}, as drawn", type);
  } else {
    difference.reason = fmt::format(", not {}: {} keeps them in {}, the design counts {}", groupDigits(there),
                                    deviceWords(run.types), type, sharing::toString(drawn.type));
  }
  return difference;
}

}  // namespace

std::vector<DesignDifference> differencesFromDesign(const ResolvedRun& run, const DrawnNumbers& drawn) {
  std::vector<DesignDifference> differences;
  const auto costs = sharing::cost(drawn.shape, drawn.map, {.cacheType = drawn.type, .context = 1});
  if (!costs) return differences;
  differences.push_back(parametersOf(run, drawn, *costs));
  differences.push_back(bytesOf(run, drawn, *costs));
  const std::string& plugin = run.config.cache.plugin;
  if (!plugin.empty()) {
    differences.push_back({.differs = true,
                           .number = "The cache is " + plugin + "'s",
                           .reason = ": perplexity is measured through it, and its own bytes replace these as soon as "
                                     "the run has measured itself"});
  }
  const char* computes = sharing::toString(run.types.compute);
  if (run.types.compute != run.types.cache) {
    differences.push_back({.differs = true,
                           .number = fmt::format("Training computes in {}", computes),
                           .reason = ", the cache keeps another type"});
  }
  return differences;
}

}  // namespace weft::service
