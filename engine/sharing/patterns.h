// engine/sharing/patterns.h -- the published sharing patterns as functions of the layer count. What each is called, and
// its number, stands in generators.h. All return InvalidInput, with the pattern and the range, for a layer count or a
// number that the pattern does not have. Windows are the model's.
#pragma once

#include "engine/base/result.h"
#include "engine/sharing/sharing_map.h"

namespace weft::sharing {

// CLA-n (Brandon et al. 2024, arXiv 2405.12981, Figure 2): groups of n layers that read their first; if n does not
// divide the layer count the short group comes FIRST: 10 layers, n = 3: 0,1,1,1,4,4,4,7,7,7. The paper shows only those
// 10 layers; for its 20 with n = 3 we go on by the same rule, which has the table's 7 KV layers.
[[nodiscard]] Result<SharingMap> claN(int layers, int n);
// First and last layer alone, CLA2 between them (there, Table 1 "KeepEnds").
[[nodiscard]] Result<SharingMap> keepEnds(int layers);
// Table 1 "DenseFront": layers 0 .. L/2-1 own their KV, layers L/2 .. L-2 read layer L/2-1, the last layer owns its.
[[nodiscard]] Result<SharingMap> denseFront(int layers);
// Table 1 "DenseBack": layer 0 own; layers 1 .. L/2 read layer 1; the rest own. The prose counts 21 layers; this is the
// 20-layer map with the table's 11 KV layers.
[[nodiscard]] Result<SharingMap> denseBack(int layers);
// Hunyuan-Large's cla_share_factor: layer i reads layer i - i % n, so that a short group comes LAST. CLA-n where n
// divides the layer count.
[[nodiscard]] Result<SharingMap> shareFactor(int layers, int n);
// MLKV (Zuhri et al. 2024, arXiv 2406.09297): m KV layers; layer i reads floor(j L / m) for the largest such j; the
// last of even groups of L/m.
[[nodiscard]] Result<SharingMap> mlkv(int layers, int kvLayers);

// The nine layouts of Wu et al. 2024 (arXiv 2410.14442, Table 1) with `kvLayers` layers that keep KV. What shares:
//   Pizza     the first l-1 layers keep their own, the rest is one group
//   Sandwich  the first ceil((l-1)/2) and the last floor((l-1)/2) layers keep their own, the middle is one group
//   Lasagna   l consecutive groups, as even as possible, shorter ones first
// and whom a group reads: its Bottom, Middle (floor of the mean of first and last), or Top layer. "The first layer is
// always a KV layer" there: where a first group would read above layer 0, layer 0 keeps its own and the other layers
// make up the l-1 groups (our reading for Lasagna; Pizza and Sandwich have it for l >= 2). Middle and Top read upward.
enum class Partition { Pizza, Sandwich, Lasagna };
enum class Target { Bottom, Middle, Top };
[[nodiscard]] Result<SharingMap> layout(int layers, Partition partition, Target target, int kvLayers);
// LCKV with w warm-up layers (Wu & Tu 2024, arXiv 2405.10637): the sandwich that reads its top, 22 layers and w = 2:
// 0_20x20_21.
[[nodiscard]] Result<SharingMap> lckv(int layers, int warmupLayers);

// YOCO (Sun et al. 2024, arXiv 2405.05254): the lower half has sliding windows and KV of its own, the upper half reads
// its first layer. LCKV's string for 22 layers: 0s..10s_11_11...; an odd layer count has the longer half above.
[[nodiscard]] Result<SharingMap> yoco(int layers);
// Gemma 3n: four sliding layers, then a full one, and so on; the last `shared` layers read the last earlier layer of
// their own kind that keeps KV (35 layers, 15 shared: 18 and 19). Its config: layer_types and num_kv_shared_layers.
[[nodiscard]] Result<SharingMap> gemma3n(int layers, int shared);
// Apple's on-device model (arXiv 2507.13575): the last 37.5 % of the layers read the last layer before them.
[[nodiscard]] Result<SharingMap> apple(int layers);
// MixAttention (Rajput et al. 2024, arXiv 2409.15012) as in LCKV's string 0_1s_1s_3s_3s_3s_0_7s_7s_9s_9s_9s_12_13s...:
// blocks of six, a full layer, then groups of two and three sliding ones; every second block's full layer reads the one
// of the block before. (The paper's depth ends within a block; so may ours.)
[[nodiscard]] Result<SharingMap> mixAttention(int layers);
// Hymba (Dong et al. 2024, arXiv 2411.13676): the first, middle and last layer see all and share nothing; between them
// pairs of sliding layers share, an odd stretch begins with three (32 layers: [1,2] .. [13,14], [16,17,18], [19,20] ..
// [29,30]).
[[nodiscard]] Result<SharingMap> hymba(int layers);

}  // namespace weft::sharing
