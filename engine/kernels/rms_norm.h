// engine/kernels/rms_norm.h -- root-mean-square normalisation with a learned scale.
//   y = x / sqrt(mean(x^2) + epsilon) * weight        Zhang and Sennrich 2019, eq. 4
// x [..., d], weight [d]; y has x's type; the statistics accumulate in float32 (float64 for float64 input).
// Backward, with r = 1 / sqrt(mean(x^2) + epsilon), g = dy * weight, n = x r:
//   dx = r (g - n mean(g n)),  dweight = sum over rows of dy n       in weight's type
// Throws std::invalid_argument naming both shapes if weight is not [d], d at least 1.
#pragma once

#include <ATen/core/Tensor.h>

namespace weft::kernels {
at::Tensor rmsNorm(const at::Tensor& x, const at::Tensor& weight_d, double epsilon);
}
