// engine/nn/cache_slots.h -- between a map's slot plan (sharing/slots.h) and a cache: the cache that it asks for, and
// the heads that a layer reads of what the slots offer. B batch, G KV heads, S entries, D head width of the slot.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "engine/nn/kv_cache.h"
#include "engine/sharing/slots.h"

namespace weft::nn {

// One slot of the cache for each of the plan's, in its order, with its own heads and width. V := K stores K alone.
// Its bytes (KvCache::analyticBytes) are those of sharing::cost: batch x sum over slots.
CacheSpec cacheSpecOf(const sharing::SlotPlan& plan, std::int64_t batch, std::int64_t capacity, at::ScalarType dtype,
                      at::Device device);

enum class Take { Keys, Values };
// The heads that `parts` (a layer's keys or values) name, side by side: [B, sum of heads, S, D]. `views`: what each
// slot offers, by slot. A view where there is one part, else a copy. V of a V := K slot is its stored tensor; its K is
// the same one, which the caller norms and rotates. The parts of a mixture are read one by one. Throws
// std::invalid_argument naming both shapes where parts differ in entries or width.
at::Tensor headsRead(const sharing::SlotPlan& plan, const std::vector<sharing::SlotHeads>& parts,
                     const std::vector<SlotView>& views, Take take);

}  // namespace weft::nn
