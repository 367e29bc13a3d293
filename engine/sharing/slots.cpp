#include "engine/sharing/slots.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <tuple>
#include <utility>

namespace weft::sharing {

namespace {

tl::unexpected<Error> wrong(std::string message) { return fail(ErrorCode::InvalidInput, std::move(message)); }

// Where the K and the V of a producer lie; the same slot mostly.
struct Places {
  int k = -1, v = -1;
};

class Planner {
 public:
  Planner(const ModelShape& shape, const SharingMap& map) : m_shape(shape), m_map(map) {}

  Result<SlotPlan> plan() {
    WEFT_TRY(addSlots());
    for (int layer = 0; layer < m_map.layerCount(); ++layer) {
      const LayerSharing& sharing = m_map.layer(layer);
      LayerReads reads;
      WEFT_ASSIGN(reads.keys, parts(layer, "K", m_map.keyParts(layer)));
      WEFT_ASSIGN(reads.values, parts(layer, "V", m_map.valueParts(layer)));
      reads.joinsKeys = sharing.kReading.join;
      reads.joinsValues = sharing.vReading.join;
      WEFT_TRY(checkJoin(layer, "K", reads.keys, reads.joinsKeys));
      WEFT_TRY(checkJoin(layer, "V", reads.values, reads.joinsValues));
      reads.heads = headsOf(reads.keys, reads.joinsKeys);
      WEFT_TRY(checkHeads(layer, reads.heads, headsOf(reads.values, reads.joinsValues)));
      reads.keyWidth = slot(reads.keys.front()).headWidth;
      reads.valueWidth = slot(reads.values.front()).headWidth;
      reads.gates = mixtureGates(reads.keys, reads.joinsKeys) / 2 + mixtureGates(reads.values, reads.joinsValues);
      if (sharing.residual) {
        WEFT_TRY(checkResidual(layer, *sharing.residual));
        reads.gates += residualGates(layer, sharing.residual->gate);
      }
      m_plan.layers.push_back(std::move(reads));
    }
    return std::move(m_plan);
  }

 private:
  const Slot& slot(const SlotHeads& part) const { return m_plan.slots[static_cast<std::size_t>(part.slot)]; }

  Result<void> addSlots() {
    m_places.resize(static_cast<std::size_t>(m_map.layerCount()));
    for (const int producer : m_map.producers()) {
      const LayerSharing& sharing = m_map.layer(producer);
      const int keyHeads = m_map.kvHeads(producer, m_shape.kvHeads);
      const int valueHeads = m_map.valueHeads(producer, m_shape.kvHeads);
      const bool keepsK = m_map.producesK(producer), keepsV = m_map.producesV(producer) && !sharing.isValueKey;
      // A producer that reads nothing but its own, as all of the first edition do, is told what is wrong with its own.
      const bool readsOwnAlone = sharing.kReading.parts.empty() && sharing.vReading.parts.empty();
      for (const int heads : {keyHeads, valueHeads}) {
        if (heads < 1 || heads > m_shape.queryHeads || (readsOwnAlone && m_shape.queryHeads % heads != 0)) {
          return wrong(fmt::format("Layer {} has {} KV heads, which do not divide the {} query heads.", producer, heads,
                                   m_shape.queryHeads));
        }
      }
      Slot made{.layer = producer,
                .keepsK = keepsK,
                .keepsV = keepsV,
                .isValueKey = sharing.isValueKey,
                .heads = keepsK ? keyHeads : valueHeads,
                .headWidth = m_map.headWidth(producer, m_shape.headWidth),
                .window = m_map.slotWindow(producer, m_shape.window)};
      const bool isSplit = keepsK && keepsV && keyHeads != valueHeads;
      Places& places = m_places[static_cast<std::size_t>(producer)];
      places.k = places.v = static_cast<int>(m_plan.slots.size());
      made.keepsV = keepsV && !isSplit;
      m_plan.slots.push_back(made);
      if (!isSplit) continue;
      made.keepsK = false;
      made.keepsV = true;
      made.heads = valueHeads;
      places.v = static_cast<int>(m_plan.slots.size());
      m_plan.slots.push_back(made);
    }
    return {};
  }

  Result<std::vector<SlotHeads>> parts(int layer, const char* role, const std::vector<HeadRange>& ranges) const {
    std::vector<SlotHeads> found;
    for (const HeadRange& range : ranges) {
      const Places& places = m_places[static_cast<std::size_t>(range.source)];
      const int index = *role == 'K' ? places.k : places.v;
      const int heads = m_plan.slots[static_cast<std::size_t>(index)].heads;
      const std::int64_t end = std::int64_t{range.first} + range.count.value_or(heads);
      if (end > heads) {
        return wrong(fmt::format("Layer {} reads {} head {} of layer {}, which has {}: they are counted from 0 to {}.",
                                 layer, role, end - 1, range.source, heads, heads - 1));
      }
      found.push_back({.slot = index, .first = range.first, .heads = range.count.value_or(heads)});
    }
    return found;
  }

  static int headsOf(const std::vector<SlotHeads>& parts, Reading::Join join) {
    if (join == Reading::Join::Mixture) return parts.front().heads;
    std::int64_t sum = 0;  // of distinct heads of at most 256 slots
    for (const SlotHeads& part : parts) sum += part.heads;
    return static_cast<int>(std::min<std::int64_t>(sum, 1 << 30));
  }

  Result<void> checkJoin(int layer, const char* role, const std::vector<SlotHeads>& parts, Reading::Join join) const {
    const Slot& first = slot(parts.front());
    const bool isMixture = join == Reading::Join::Mixture;
    for (const SlotHeads& part : parts) {
      const Slot& other = slot(part);
      if (other.headWidth != first.headWidth) {
        return wrong(
            fmt::format("Layer {} {} {} of layers {} and {}, whose heads are {} and {} wide; they must be "
                        "equally wide.",
                        layer, isMixture ? "mixes the" : "reads", role, first.layer, other.layer, first.headWidth,
                        other.headWidth));
      }
      if (isMixture && other.heads != first.heads) {
        return wrong(
            fmt::format("Layer {} mixes the {} of layers {} and {}, which have {} and {} heads; they must have "
                        "equally many.",
                        layer, role, first.layer, other.layer, first.heads, other.heads));
      }
    }
    if (isMixture && first.headWidth % 2 != 0) return oddWidth(layer, first.headWidth);
    return {};
  }

  static tl::unexpected<Error> oddWidth(int layer, int width) {
    return wrong(
        fmt::format("Layer {} has a gate for each channel of heads {} wide; the gates of K are equal within a "
                    "rotary pair, so the width must be even.",
                    layer, width));
  }

  Result<void> checkHeads(int layer, int keyHeads, int valueHeads) const {
    const LayerSharing& sources = m_map.layer(layer);
    if (keyHeads != valueHeads) {
      return wrong(
          fmt::format("Layer {} reads K with {} heads from layer {} and V with {} heads from layer {}; the two must "
                      "have equally many.",
                      layer, keyHeads, sources.kSource, valueHeads, sources.vSource));
    }
    if (m_shape.queryHeads % keyHeads == 0) return {};
    return wrong(fmt::format("Layer {} reads {} KV heads, which do not divide the {} query heads.", layer, keyHeads,
                             m_shape.queryHeads));
  }

  Result<void> checkResidual(int layer, const Residual& residual) const {
    const Places& mine = m_places[static_cast<std::size_t>(layer)];
    const Places& theirs = m_places[static_cast<std::size_t>(residual.source)];
    for (const auto& [isKept, own, added] :
         {std::tuple(m_map.producesK(layer), mine.k, theirs.k), std::tuple(m_map.producesV(layer), mine.v, theirs.v)}) {
      if (!isKept) continue;
      const Slot& a = m_plan.slots[static_cast<std::size_t>(own)];
      const Slot& b = m_plan.slots[static_cast<std::size_t>(added)];
      if (a.heads != b.heads || a.headWidth != b.headWidth) {
        return wrong(
            fmt::format("Layer {} keeps {} heads of width {} and adds layer {}'s, {} of width {}; a residual "
                        "needs equal ones.",
                        layer, a.heads, a.headWidth, residual.source, b.heads, b.headWidth));
      }
      if (residual.gate == Residual::Gate::Channel && a.headWidth % 2 != 0) return oddWidth(layer, a.headWidth);
    }
    return {};
  }

  // Channels of all parts.
  std::int64_t mixtureGates(const std::vector<SlotHeads>& parts, Reading::Join join) const {
    std::int64_t channels = 0;
    if (join == Reading::Join::Mixture) {
      for (const SlotHeads& part : parts) channels += std::int64_t{part.heads} * slot(part).headWidth;
    }
    return channels;
  }

  std::int64_t residualGates(int layer, Residual::Gate gate) const {
    const Places& places = m_places[static_cast<std::size_t>(layer)];
    const auto channels = [&](int index) {
      const Slot& kept = m_plan.slots[static_cast<std::size_t>(index)];
      return std::int64_t{kept.heads} * kept.headWidth;
    };
    const bool isChannel = gate == Residual::Gate::Channel;
    return (m_map.producesK(layer) ? (isChannel ? channels(places.k) / 2 : 1) : 0) +
           (m_map.producesV(layer) ? (isChannel ? channels(places.v) : 1) : 0);
  }

  const ModelShape& m_shape;
  const SharingMap& m_map;
  SlotPlan m_plan;
  std::vector<Places> m_places;
};

// Heads that two ranges have in common.
std::int64_t common(const SlotHeads& a, const SlotHeads& b) {
  if (a.slot != b.slot) return 0;
  const std::int64_t begin = std::max(a.first, b.first);
  const std::int64_t end = std::min(std::int64_t{a.first} + a.heads, std::int64_t{b.first} + b.heads);
  return std::max<std::int64_t>(0, end - begin);
}

}  // namespace

std::int64_t SlotPlan::elementsRead(int layer) const {
  const LayerReads& reads = layers[static_cast<std::size_t>(layer)];
  const auto slotOf = [&](const SlotHeads& part) -> const Slot& { return slots[static_cast<std::size_t>(part.slot)]; };
  std::int64_t elements = 0;
  for (const SlotHeads& part : reads.keys) elements += std::int64_t{part.heads} * slotOf(part).headWidth;
  for (const SlotHeads& part : reads.values) {
    std::int64_t heads = part.heads;
    if (slotOf(part).isValueKey) {
      for (const SlotHeads& key : reads.keys) heads -= common(part, key);
    }
    elements += heads * slotOf(part).headWidth;
  }
  return elements;
}

Result<SlotPlan> slotPlan(const ModelShape& shape, const SharingMap& map) {
  if (map.layerCount() != shape.layers)
    return wrong(fmt::format("The map has {} layers, but the model has {}.", map.layerCount(), shape.layers));
  return Planner(shape, map).plan();
}

}  // namespace weft::sharing
