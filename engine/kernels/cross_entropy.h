// engine/kernels/cross_entropy.h -- mean negative log-likelihood in nats.
//   loss = sum over counted rows of (logsumexp(logits_row) - logits_row[target]) / number of counted rows
// logits_NV, targets_N int64; a row with target < 0 is not counted (no counted row: 0). float32 accumulation (float64
// for float64); returns a scalar of the accumulation type. Backward: (softmax - one-hot) / count, in the logits' type.
// Throws std::invalid_argument for shapes that do not fit and std::out_of_range for a target >= V (on CPU only: a check
// on CUDA would wait for the device, so there the loss is NaN instead).
#pragma once

#include <ATen/core/Tensor.h>

namespace weft::kernels {
at::Tensor crossEntropy(const at::Tensor& logits_NV, const at::Tensor& targets_N);
}
