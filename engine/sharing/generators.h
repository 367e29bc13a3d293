// engine/sharing/generators.h -- named patterns that fill in a SharingMap.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/sharing/sharing_map.h"

namespace weft::sharing {

// CLA-n (arXiv 2405.12981 Figure 2): groups of n layers that read their first; if n does not divide the layer count the short
// group comes FIRST: 10 layers, n = 3: 0,1,1,1,4,4,4,7,7,7. InvalidInput for n < 1 or n > layers.
[[nodiscard]] Result<SharingMap> claN(int layers, int n);
// First and last layer alone, CLA2 between them (paper, Table 1 "KeepEnds").
[[nodiscard]] Result<SharingMap> keepEnds(int layers);
// Table 1 "DenseFront": layers 0 .. L/2-1 own their KV, layers L/2 .. L-2 read layer L/2-1, the last layer owns its.
[[nodiscard]] Result<SharingMap> denseFront(int layers);
// Table 1 "DenseBack": layer 0 own; layers 1 .. L/2 read layer 1; the rest own. The prose counts 21 layers; this is the
// 20-layer map with the table's 11 KV layers.
[[nodiscard]] Result<SharingMap> denseBack(int layers);

struct Generator {
  std::string name;         // "identity", "cla", "keep-ends", ...
  std::string title;        // "CLA-n"
  std::string description;  // one sentence
  bool takesNumber = false; // "cla" + n
  int defaultNumber = 0;
  std::function<Result<SharingMap>(int layers, int number)> make;
};
const std::vector<Generator>& generators();

// "cla2", "CLA-2", "identity", "keep-ends", ... NotFound names the nearest.
[[nodiscard]] Result<SharingMap> generate(std::string_view nameAndNumber, int layers);
// The shortest generator that yields this map ("cla2"), "" if none does.
std::string describeGenerator(const SharingMap& map);

}  // namespace weft::sharing
