// engine/sharing/map_difference.h -- what tells two maps apart, layer by layer, in words.
#pragma once

#include <string>
#include <vector>

#include "engine/sharing/sharing_map.h"

namespace weft::sharing {

struct MapDifference {
  int layer = -1;    // -1: the layer counts
  std::string text;  // "reads K and V from layer 2 instead of its own"; of the first map, against the second
};
// In layer order; empty if the maps are equal. Layers that only one map has are told by the entry with layer -1, which
// comes first.
std::vector<MapDifference> differences(const SharingMap& map, const SharingMap& other);

}  // namespace weft::sharing
