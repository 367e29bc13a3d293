// engine/kernels/swiglu.h -- the gate of the feed-forward block.
//   y = silu(gate) * up,  silu(z) = z / (1 + e^-z)        Shazeer 2020, eq. 6
// gateUp [..., 2 f], f at least 1: gate first, up second; y [..., f] in the same type, computed in float32 (float64 for
// float64). Backward recomputes silu from gateUp, so nothing but the input is kept:
//   dgate = dy up s (1 + gate (1 - s)),  dup = dy gate s,  s = sigmoid(gate)
#pragma once

#include <ATen/core/Tensor.h>

namespace weft::kernels {
at::Tensor swiglu(const at::Tensor& gateUp);
}
