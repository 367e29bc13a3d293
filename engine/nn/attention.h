// engine/nn/attention.h -- B batch, H query heads, G KV heads, T query tokens, S keys, D head width.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <optional>

namespace weft::nn {

// Which keys a query sees: key at position p, query at position q: p <= q (p < q unless it sees itself), and q - p <
// window if there is one.
struct Visibility {
  std::int64_t firstQuery = 0;   // position of query 0; query t stands at firstQuery + t
  torch::Tensor keyPositions_S;  // undefined: key s stands at s
  std::optional<std::int64_t> window;
  bool seesItself = true;  // false where K and V come from a later layer, which has not seen the token yet (the
                           // diagonal mask of LCKV)
};

// Grouped scaled dot-product attention with grouping of K and V apart.
//   out = softmax(q k^T / sqrt(D) + mask) v; query head h reads K head h / (H / Gk) and V head h / (H / Gv).
//   Vaswani et al. 2017 eq. 1; Ainslie et al. 2023 sec. 2.2. A query that sees no key reads zeros (Wu & Tu 2024: the
//   zero KV of the first token).
// q_BHTD, k_BGSD, v_BGSD: equal type and device, H a multiple of both G. Returns out_BHTD in the same type; softmax
// accumulates in float32 (float64 for float64). `probabilities`, if given, receives softmax(...) as [B, H, T, S]. Cost
// 4 B H T S D FLOPs. Throws std::invalid_argument naming both shapes.
torch::Tensor attention(const torch::Tensor& q_BHTD, const torch::Tensor& k_BGSD, const torch::Tensor& v_BGSD,
                        const Visibility& visibility, torch::Tensor* probabilities = nullptr);

}  // namespace weft::nn
