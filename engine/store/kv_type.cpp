#include "engine/store/kv_type.h"

#include <algorithm>
#include <optional>

#include "engine/base/text.h"
#include "engine/sharing/cost_model.h"
#include "engine/sharing/map_text.h"

namespace weft::store {

namespace {

using sharing::ElementType;

// Elements of K and V that a token keeps under the run's map; nullopt for a map that cannot be read.
std::optional<double> kvElements(const RunSummary& run) {
  const auto map = sharing::parseMapText(run.map, {.layers = run.layers, .upward = sharing::UpwardReads::Allow});
  if (!map) return std::nullopt;
  const sharing::ModelShape shape{.layers = run.layers,
                                  .hidden = std::max<std::int64_t>(1, run.hidden),
                                  .feedForward = 1,
                                  .vocabulary = 1,
                                  .queryHeads = run.queryHeads,
                                  .kvHeads = run.kvHeads,
                                  .headWidth = run.headWidth,
                                  .window = 1};
  const auto cost = sharing::cost(shape, *map, {.cacheType = ElementType::Int8, .context = 1});
  if (!cost || cost->kv.bytesPerToken == 0) return std::nullopt;
  return static_cast<double>(cost->kv.bytesPerToken);
}

}  // namespace

std::string kvTypeOf(const RunSummary& run) {
  if (!run.cache.empty()) return run.cache;
  const std::optional<double> elements = kvElements(run);
  if (!elements) return {};
  const double bytes = run.kvBytesPerToken / *elements;
  return bytes == 2 ? "16-bit" : bytes == 4 ? "float32" : bytes == 8 ? "float64" : "";
}

std::string kvTypesOf(const std::vector<const RunSummary*>& runs) {
  std::vector<std::string> types;
  for (const RunSummary* run : runs)
    if (!run->kvType.empty() && std::find(types.begin(), types.end(), run->kvType) == types.end())
      types.push_back(run->kvType);
  return join(types, " and ");
}

}  // namespace weft::store
