// engine/kernels/block_attention.h -- grouped causal attention without the matrix of scores: blocks of queries, each of
// which reads only the keys that its queries see, so memory is linear in the sequence (sharing/step_layout.h,
// AttentionBlocks, says how it is cut and what it takes). CPU.
// B batch, T tokens, H query heads, Gk and Gv heads of K and V, D head width.
//
//   out_t = sum_s p_ts v_s, p_t = softmax over the seen s of q_t k_s / sqrt(D); Vaswani et al. 2017, eq. 1.
//   s is seen by t if t - window < s <= t. Query head h reads K head h / (H / Gk), V head h / (H / Gv) (Ainslie et al.
//   2023, sec. 2.2): the query heads of a group stand in the rows of one matrix, and K and V are never repeated.
//   Backward, from L = log sum exp and delta_t = out_t . dout_t (Dao et al. 2022, 2205.14135, appendix B.2):
//   p = exp(q k / sqrt(D) - L), dv = p^T dout, ds = p (dout v^T - delta), dq = ds k / sqrt(D), dk = ds^T q / sqrt(D).
// Scores, softmax and all sums in the accumulation type (float32; float64 for float64). The same bits on every run with
// the same number of threads.
#pragma once

#include <ATen/core/Tensor.h>

#include "engine/sharing/step_layout.h"

namespace weft::kernels {

// Views of any strides whose last dimension lies together: heads of a merged projection as they are.
struct AttentionInputs {
  at::Tensor q_BTHD, k_BTGD, v_BTGD;
};

struct AttentionGradients {
  at::Tensor dq_BTHD;           // written, in q's type
  at::Tensor dk_BTGD, dv_BTGD;  // added to, in the accumulation type
};

class BlockAttention {
 public:
  // `workspace`: at least attentionBlocks(sizes).backward() elements of the accumulation type (forward() for forward
  // alone), contiguous; nothing of it is kept between calls.
  BlockAttention(const sharing::AttentionSizes& sizes, at::Tensor workspace);
  // Writes out_BTHD (in q's type) and logSums_BHT (accumulation type). Throws std::invalid_argument for shapes that do
  // not fit the sizes.
  void forward(const AttentionInputs& inputs, at::Tensor& out_BTHD, at::Tensor& logSums_BHT);
  void backward(const AttentionInputs& inputs, const at::Tensor& out_BTHD, const at::Tensor& dout_BTHD,
                const at::Tensor& logSums_BHT, AttentionGradients gradients);

 private:
  struct Round;
  at::Tensor take(std::int64_t& used, at::IntArrayRef shape) const;
  void checkInputs(const AttentionInputs& inputs) const;

  sharing::AttentionSizes m_sizes;
  sharing::AttentionBlocks m_blocks;
  at::Tensor m_workspace;
};

}  // namespace weft::kernels
