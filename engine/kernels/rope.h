// engine/kernels/rope.h -- rotary position embedding in the half-split layout of Llama.
//   for i < D/2, a = position * theta^(-2i/D):
//     y_i       = x_i cos a - x_{i+D/2} sin a
//     y_{i+D/2} = x_{i+D/2} cos a + x_i sin a
//   Su et al. 2021, eq. 34; the pairing (i, i + D/2) is Hugging Face's. An odd D leaves its last channel as it is.
//   Scaled frequencies turn by another angle, and YaRN's attention factor multiplies cos and sin (rope_scaling.h).
// x_BHTD any float type; positions_T int64 on the same device. Angles in float64, then float32 (float64 for float64
// input); y has x's type. Backward: the rotation by the negative angle, times the same factor. Throws
// std::invalid_argument if positions are not [T], or the table was made for other positions or another type.
#pragma once

#include <ATen/core/Tensor.h>

#include "engine/kernels/rope_scaling.h"

namespace weft::kernels {

struct RopeTable {
  at::Tensor cos_TD, sin_TD;  // D/2 wide
};
// Angles of these positions; made once per forward pass and used by every layer.
RopeTable ropeTable(const at::Tensor& positions_T, const RopeFrequencies& frequencies, at::ScalarType type);
RopeTable ropeTable(const at::Tensor& positions_T, std::int64_t headWidth, double theta,
                    at::ScalarType type);  // not scaled
at::Tensor rope(const at::Tensor& x_BHTD, const RopeTable& table);

}  // namespace weft::kernels
