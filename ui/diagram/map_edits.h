// ui/diagram/map_edits.h -- the edits of the sharing editor as pure functions: a map in, the layers of the next one
// out. Where an edit takes a producer away, its readers follow, so that an edit of a valid map gives a valid map.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/sharing/sharing_map.h"

namespace weft::ui {

using Layers = std::vector<sharing::LayerSharing>;
using LayerSet = std::vector<int>;  // ascending, without repeats

// Each of `readers` reads the K and V of `source` (itself: produces its own); who read one of them reads `source` too.
Layers withSource(const sharing::SharingMap& map, const LayerSet& readers, int source);
// The lowest of `members` produces, the others read it.
Layers grouped(const sharing::SharingMap& map, const LayerSet& members);
// `layer` joins the group of the layer below it and reads what that one reads; who read `layer` follows. nullopt: there
// is none below.
std::optional<Layers> joinedBelow(const sharing::SharingMap& map, int layer);
// Each of `members` produces its own K and V.
Layers separated(const sharing::SharingMap& map, const LayerSet& members);
// The same map without any sharing: every reader keeps a slot like the one it reads. What the ghosts and "removed" are
// measured against.
sharing::SharingMap unshared(const sharing::SharingMap& map);

enum class Boundary { Up, Down };
// The upper edge of the run of layers around `layer` that share a producer moves by one layer. nullopt: there is no
// layer to give or take.
std::optional<Layers> boundaryMoved(const sharing::SharingMap& map, int layer, Boundary direction);

Layers withWindow(const sharing::SharingMap& map, const LayerSet& members, const sharing::Window& window);
// KV heads of the producers among `members`; nullopt = the model's.
Layers withKvHeads(const sharing::SharingMap& map, const LayerSet& members, std::optional<int> heads);
// The pattern goes on if a generator describes it; else layers are cut off, or added with K and V of their own.
sharing::SharingMap withLayerCount(const sharing::SharingMap& map, int layers, sharing::UpwardReads upward);

// "layer 5", "layers 4-7", "layers 1, 3 and 5" -- for undo texts and headings.
std::string describeLayers(const LayerSet& layers);

}  // namespace weft::ui
