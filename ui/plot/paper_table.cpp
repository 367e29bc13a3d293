#include "ui/plot/paper_table.h"

#include <array>
#include <utility>

#include "engine/config/presets.h"
#include "engine/sharing/cost_model.h"

namespace weft::ui {
namespace {

// The presets hold the shapes; only the measured perplexities stand here.
constexpr std::array<std::pair<const char*, double>, 20> kPerplexities{{
    {"h128-mha", 13.15},
    {"h128-gqa4", 13.36},
    {"h128-gqa2", 13.52},
    {"h128-mqa", 13.54},
    {"h64-mqa", 13.81},
    {"h46-mqa", 13.96},
    {"h32-mqa", 14.37},
    {"h512-mqa-cla2", 13.49},
    {"h256-mqa-cla2", 13.51},
    {"h128-mqa-cla2", 13.60},
    {"h90-mqa-cla2", 13.73},
    {"h64-mqa-cla2", 13.89},
    {"h256-gqa4-cla2", 13.38},
    {"h128-gqa4-cla2", 13.48},
    {"h128-gqa2-cla2", 13.59},
    {"h128-mqa-cla3", 13.77},
    {"h128-mqa-cla4", 13.95},
    {"h128-mqa-cla2-keep-ends", 13.62},
    {"h128-mqa-cla2-dense-front", 13.75},
    {"h128-mqa-cla2-dense-back", 14.03},
}};

}  // namespace

const std::vector<PaperRow>& paperTable1() {
  static const std::vector<PaperRow> rows = [] {
    std::vector<PaperRow> made;
    for (const auto& [name, perplexity] : kPerplexities) {
      const auto config = config::preset(std::string("paper-1b-") + name);
      if (!config) continue;
      const auto map = config::sharingMap(config->model);
      if (!map) continue;
      const auto cost = sharing::cost(config::shapeOf(config->model), *map, {.cacheType = sharing::ElementType::BFloat16});
      if (!cost) continue;
      made.push_back({config->name, static_cast<double>(cost->kv.bytesPerToken), perplexity, cost->parameters.total()});
    }
    return made;
  }();
  return rows;
}

}  // namespace weft::ui
