// engine/sharing/map_text.h -- the text form of a map: one token a layer, joined by "_"; printing and parsing lose
// nothing.
//   0_0_2_2_4_4          layer -> KV source
//   0s_0_2s1024_2        s: the model's window, s1024: an own window (of the layer's queries)
//   0h2_0_2_2            h2: this producer has 2 KV heads of its own (order: source, window, heads: 0s1024h2)
//   k:0_0_2_2 v:0_1_1_3  K and V from different sources; the windows and heads stand in the k part, and in the v part
//                        only for a layer that produces V alone
// The second edition (README.md). A token is what is read, then s, h, d, =, r, each where it applies and in this order:
//   0_1,0:2-3            layer 1 reads its own heads and, behind them, heads 2 and 3 of layer 0's (0:2 is one head)
//   0_1_0+1              layer 2 reads the mixture of layers 0 and 1: their sum, each under gates a channel
//   0d512_1              this producer's heads are 512 wide
//   0=_0                 V := K: layer 0 keeps one tensor, which is both
//   0_1r0_2r0c           a producer adds layer 0's K and V to its own, under one number each (r0) or a gate a channel
//   k:0_1 v:0_1,0:2-3h2  h in the v part of a layer that produces both: its number of V heads
// Also read: a JSON list [0,0,2,2] (the authors' sharing_pattern), a JSON object with another project's keys
// (foreign_forms.h), and generator names with their number: identity, cla2, keep-ends, pizza-bottom-6, ...
// (generators.h; these need the layer count).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/sharing/sharing_map.h"

namespace weft::sharing {

struct MapTextError {
  Error error;
  std::size_t begin = 0, end = 0;  // the wrong characters in the text, for the underline; begin == end: the whole text
  int layer = -1;                  // where the problem is, -1 if not known
  std::optional<std::string> fix;  // a whole text that would be valid and is probably meant
};

struct ParseOptions {
  std::optional<int> layers;  // the model's layer count: needed by generator names, checked against everything else
  UpwardReads upward = UpwardReads::Refuse;
};

[[nodiscard]] tl::expected<SharingMap, MapTextError> parseMapText(std::string_view text, const ParseOptions& options);
[[nodiscard]] Result<SharingMap> parseMap(std::string_view text, const ParseOptions& options);

// Canonical text; parseMap(toText(map)) == map. `s`, `h` and the rest only where they apply; a map of the first
// edition prints as ever.
std::string toText(const SharingMap& map);

}  // namespace weft::sharing
