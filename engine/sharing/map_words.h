// engine/sharing/map_words.h -- what a layer reads and what a producer is, in words: for the difference of two maps,
// the command line and the editor.
#pragma once

#include <optional>
#include <string>

#include "engine/sharing/sharing_map.h"

namespace weft::sharing {

enum class Role { Key, Value };

// "its own", "layer 2", "heads 2 and 3 of layer 0", "its own, then heads 2 to 5 of layer 0", "a gated mixture of layer
// 0 and its own": what the layer at `index` reads as its K or V.
std::string readingWords(const LayerSharing& layer, int index, Role role);
// The same as a map's text has it: "2", "1,0:2-3", "0+3".
std::string readingMark(const LayerSharing& layer, Role role);
// As a map's text has what a producer is: "h2d512=", "r0c"; without V heads of another number.
std::string ownMark(const LayerSharing& layer);
// What a producer is beyond the model's defaults, of the second edition: "heads 512 wide, V := K", "2 V heads", "a
// residual of layer 0's KV under a gate a channel". Empty: nothing.
std::string ownWords(const LayerSharing& layer);
// What of this layer the first edition, one source and a number of KV heads, cannot say: "reads K from ...", "has ...".
// Empty: nothing.
std::string secondEditionWords(const LayerSharing& layer, int index);
// The residual alone; "no residual" without one.
std::string residualWords(const std::optional<Residual>& residual);

}  // namespace weft::sharing
