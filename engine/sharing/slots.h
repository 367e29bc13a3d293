// engine/sharing/slots.h -- what a map comes to for one model: the slots of the KV cache, and for each layer which
// heads of which slots it reads. Costs, cache and checkpoints all go by this plan. A slot has its own heads and head
// width; a reader names a slot and a range of its heads. D_p head width and G_p heads of producer p, H query heads.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "engine/sharing/cost_model.h"
#include "engine/sharing/sharing_map.h"

namespace weft::sharing {

// What one producer keeps of each token. A producer has one slot, or two where its V has another number of heads than
// its K: K's first.
struct Slot {
  int layer = 0;
  bool keepsK = true, keepsV = true;
  // V := K: the one projection is kept as K, before its head norm and its rotation. A reader takes it as it is for V,
  // and norms and rotates it for K (Gemma 4's global layers, attention_k_eq_v).
  bool isValueKey = false;
  int heads = 1;
  int headWidth = 1;
  std::optional<std::int64_t> window;  // positions that some reader still needs; nullopt = all
  std::int64_t elementsPerToken() const {
    return std::int64_t{heads} * headWidth * ((keepsK ? 1 : 0) + (keepsV ? 1 : 0));
  }
};

// Heads first .. first + heads - 1 of a slot.
struct SlotHeads {
  int slot = 0;
  int first = 0, heads = 1;
  bool operator==(const SlotHeads&) const = default;
};

struct LayerReads {
  std::vector<SlotHeads> keys, values;  // in the order of the layer's own KV heads
  Reading::Join joinsKeys = Reading::Join::SideBySide, joinsValues = Reading::Join::SideBySide;
  int heads = 1;                     // KV heads that the layer sees: query head h reads KV head h / (H / heads)
  int keyWidth = 1, valueWidth = 1;  // of a head; queries are as wide as keys, the heads' outputs as values
  // Learned gates, numbers: of a mixture here (a part's heads x its width, for K half of that: equal within a rotary
  // pair), and of the residual that this layer, a producer, adds.
  std::int64_t gates = 0;
};

struct SlotPlan {
  std::vector<Slot> slots;  // by producer, ascending
  std::vector<LayerReads> layers;
  // Elements that a query of `layer` reads at each position. What serves as K and as V is read once.
  std::int64_t elementsRead(int layer) const;
};

// InvalidInput, naming the layer: the layer counts differ; KV heads that do not divide the query heads; a range beyond
// what its source has; K and V of different head counts; parts or a mixture or a residual of different widths, a
// mixture or a residual of different head counts, a gate a channel over an odd width.
[[nodiscard]] Result<SlotPlan> slotPlan(const ModelShape& shape, const SharingMap& map);

}  // namespace weft::sharing
