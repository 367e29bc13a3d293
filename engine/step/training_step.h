// engine/step/training_step.h -- the training step as a program over buffers that are allocated once: forward and
// backward of every layer of a causal map, without a tape (DESIGN.md, section 7). The model is nn::Decoder's, which
// stays the oracle: the same loss, the same gradient of every parameter.
// B sequences of a micro batch, T tokens, n = B T, d hidden, f feed-forward, H query heads, G KV heads, D head width.
//
// What differs from the tape, layer by layer:
//   - A norm's weight stands in the compute copy of the matrices behind it (buffer_operations.h, norm_fold): Q, K and V
//     are one product of one normalised input, whether or not the KV norm is a norm of its own.
//   - The residual stream is one buffer: output projections add into it. What is kept is sharing/step_layout.h.
//   - Attention keeps log sums, not probabilities (kernels/block_attention.h).
//   - The loss goes over chunks of tokens; whole logits never exist.
//   - Readers add their gradients of K and V, in the accumulation type, into the producer's buffer, from the highest
//     layer down; products of gradients add into the gradient arena, so nothing is rounded between micro batches.
// On the CPU, and there the same bits on every run with the same number of threads.
#pragma once

#include <torch/types.h>

#include <memory>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/kernels/rope.h"
#include "engine/sharing/step_layout.h"
#include "engine/step/parameters.h"

namespace weft::step {

// Whether a model's step is written out for this device: a causal map, on the CPU. Others train by nn::Decoder's tape.
bool isWrittenOut(const nn::DecoderSpec& spec, torch::Device device);

class TrainingStep {
 public:
  // `parameters` are the decoder's; both outlive the step. Throws std::invalid_argument where isWrittenOut() is false;
  // std::bad_alloc and c10::OutOfMemoryError pass through.
  TrainingStep(const nn::Decoder& decoder, Parameters& parameters, std::int64_t microBatch, std::int64_t sequence);

  // Forward and backward of one micro batch. ids_BT and targets_BT int64, any strides; targets < 0 are not counted.
  // Adds share times the gradient of the mean loss to the gradient arena, and share times the loss to loss().
  void accumulate(const torch::Tensor& ids_BT, const torch::Tensor& targets_BT, double share);
  // Between the last micro batch and the optimizer: gradients of the parameters as they are (a norm's weight apart from
  // the matrices behind it).
  void finishGradients();
  // Behind the optimizer, or whoever else changed the parameters: takes over the new values, and begins a new sum of
  // gradients and losses.
  void takeParameters();

  double loss_nats() const { return m_loss_nats; }
  // Bytes of the arenas beside Parameters' own, as sharing::stepLayout() says.
  std::int64_t arenaBytes() const { return m_activations.numel() + m_weights.numel(); }

 private:
  struct Matrix {
    torch::Tensor value, compute, gradient;  // [rows, columns]: parameter, what products read, its gradient
  };
  // Rows of a merged matrix and the norm in front of them.
  struct Folded {
    torch::Tensor norm, normGradient, value, gradient, compute;
  };
  struct Bias {
    torch::Tensor value, gradient, compute;  // compute: its part of bias_r, from `first` on
    std::int64_t first = 0;
  };
  // The norm of QK norm over `heads` heads of the merged projection, from `first` on.
  struct HeadNorm {
    torch::Tensor weight, gradient, normal_nHD, scale_nH;
    std::int64_t first = 0, heads = 0;
  };
  // Weights, what is kept for the backward pass (sharing::StepLayer), and views of both.
  struct Layer {
    Matrix projections, output, gateUp, down;
    std::vector<Folded> folds;
    torch::Tensor bias_r;
    std::vector<Bias> biases;
    std::vector<HeadNorm> headNorms;
    torch::Tensor attentionInput_nd, attentionScale_n, projected_nr, attended_nh, logSums_BHT, mlpInput_nd, mlpScale_n,
        gateUp_nf;
    torch::Tensor q_BTHD, ownK_BTGD;                 // of projected_nr; the second undefined where no K is produced
    torch::Tensor k_BTGD, v_BTGD, dk_BTGD, dv_BTGD;  // of what it reads
    torch::Tensor keyValueGradient_nr;               // of a producer
    std::vector<int> cleared;                        // producers whose last reader it is: their gradients begin here
    sharing::AttentionSizes attention;
  };
  class Arena;
  enum class Sum { Begin, Add };

  // A parameter that no norm stands in front of.
  Matrix matrix(const std::string& name, Arena& weights) const;
  void bindWeights(int index, Arena& weights);
  void bindBuffers(int index, Arena& arena);
  void bindKeysAndValues(const torch::Tensor& gradientBytes);
  torch::Tensor scratch(std::int64_t& used, at::IntArrayRef shape, torch::ScalarType type) const;
  void attend(Layer& layer);
  void attendBackward(Layer& layer);
  void feedForward(Layer& layer);
  void feedForwardBackward(Layer& layer);
  void lossForwardBackward(double share);
  void addProduct(const torch::Tensor& gradient, const torch::Tensor& dy_nr, const torch::Tensor& x_nc, Sum sum);

  Parameters& m_parameters;
  const nn::DecoderSpec& m_spec;
  torch::ScalarType m_type, m_accumulate;
  std::int64_t m_batch, m_sequence;
  sharing::StepLayout m_layout;
  torch::Tensor m_activations, m_weights;  // bytes
  torch::Tensor m_stream_nd, m_scratch, m_ids_n, m_targets_n;
  kernels::RopeTable m_table;
  std::vector<Layer> m_layers;
  Matrix m_embedding, m_head;  // the same where tied
  torch::Tensor m_finalNorm_d, m_finalNormGradient_d;
  bool m_isFirst = true;  // no micro batch of this sum yet: products write where they would add
  double m_loss_nats = 0;
};

}  // namespace weft::step
