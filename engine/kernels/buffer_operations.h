// engine/kernels/buffer_operations.h -- the operations of a written-out training step between its matrix products: over
// buffers that the caller owns, without a tape and without an allocation. CPU. Formulas: rms_norm.h, swiglu.h, rope.h,
// cross_entropy.h; here a norm has no weight (norm_fold says where it went).
// n rows, d hidden, f feed-forward, V vocabulary, D head width. Activations float32, bfloat16 or float64; statistics,
// sums and gradients of parameters in the accumulation type (float32; float64 for float64). Every sum runs in a fixed
// order: the same bits for any number of threads.
#pragma once

#include <ATen/core/Tensor.h>

#include "engine/kernels/rope.h"

namespace weft::kernels {

// y = x r with r = 1 / sqrt(mean(x^2) + epsilon), [n]; both kept for the backward pass.
void normalise(const at::Tensor& x_nd, double epsilon, at::Tensor& y_nd, at::Tensor& r_n);
// dx += r (dy - y mean(dy y))
void normaliseBackward(const at::Tensor& dy_nd, const at::Tensor& y_nd, const at::Tensor& r_n, at::Tensor& dx_nd);

// Each head of x_nHD (any strides, D together) by its own 1/rms, kept in normal_nHD and r_nH, times weight_D; in place.
void normaliseHeads(at::Tensor& x_nHD, const at::Tensor& weight_D, double epsilon, at::Tensor& normal_nHD,
                    at::Tensor& r_nH);
// The gradient of its output becomes that of its input; dweight_D += sum over rows and heads.
void normaliseHeadsBackward(at::Tensor& dx_nHD, const at::Tensor& weight_D, const at::Tensor& normal_nHD,
                            const at::Tensor& r_nH, at::Tensor& dweight_D);

void swigluInto(const at::Tensor& gateUp, at::Tensor& h_nf);
// dh_nf is replaced by h, gateUp by its gradient.
void swigluBackwardInPlace(at::Tensor& gateUp, at::Tensor& dh_nf);

enum class Turn { Forward, Back };
// x_BTHD (any strides, D together) by the table's angles of its T positions.
void ropeInPlace(at::Tensor& x_BTHD, const RopeTable& table, Turn turn);

// Rows of table_Vd. Throws std::out_of_range for an id that is none.
void embed(const at::Tensor& ids_n, const at::Tensor& table_Vd, at::Tensor& x_nd);
// dtable[id] += dx, in the order of the rows.
void embedBackward(const at::Tensor& ids_n, const at::Tensor& dx_nd, at::Tensor& dtable_Vd);

// y = x w
void scaleColumns(const at::Tensor& x_nd, const at::Tensor& weight_d, at::Tensor& y_nd);
// sum_d += over rows of x y
void addColumnProducts(const at::Tensor& x_nd, const at::Tensor& y_nd, at::Tensor& sum_d);
// sum_d += over rows of x; x may be a range of columns.
void addColumnSums(const at::Tensor& x_nd, at::Tensor& sum_d);

// Logits become share (softmax - one-hot), or 0 where target < 0. Returns the sum of the counted rows' losses, in nats.
// Throws std::out_of_range for a target that is no class. losses_n: room for a number a row.
double crossEntropyInPlace(at::Tensor& logits_nV, const at::Tensor& targets_n, double share, at::Tensor& losses_n);

// norm_fold: y = W' x r where W' = W diag(w) is what rmsNorm(x, w) W^T comes to.
//   dW = dW' diag(w), dw = sum over rows of dW' W
// W in the parameters' type, W' in the compute type; dW' (becomes dW) and dw (added to) in the parameters' type.
void foldNorm(const at::Tensor& weight_rd, const at::Tensor& norm_d, at::Tensor& folded_rd);
void unfoldNorm(const at::Tensor& weight_rd, const at::Tensor& norm_d, at::Tensor& dweight_rd, at::Tensor& dnorm_d);

}  // namespace weft::kernels
