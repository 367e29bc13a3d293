#include "ui/plot/paper_table.h"

#include "engine/config/paper_results.h"
#include "engine/config/presets.h"
#include "engine/sharing/cost_model.h"

namespace weft::ui {

const std::vector<PaperRow>& paperTable1() {
  static const std::vector<PaperRow> rows = [] {
    std::vector<PaperRow> made;
    for (const config::PaperResult& result : config::paperResults()) {
      if (result.table != 1 || !result.perplexity) continue;
      const auto config = config::preset(result.preset);
      if (!config) continue;
      const auto map = config::sharingMap(config->model);
      if (!map) continue;
      const auto cost =
          sharing::cost(config::shapeOf(config->model), *map, {.cacheType = sharing::ElementType::BFloat16});
      if (!cost) continue;
      made.push_back(
          {config->name, static_cast<double>(result.kvBytesPerToken), *result.perplexity, cost->parameters.total()});
    }
    return made;
  }();
  return rows;
}

}  // namespace weft::ui
