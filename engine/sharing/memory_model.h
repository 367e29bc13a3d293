// engine/sharing/memory_model.h -- the memory of a training step: parameters, gradients, AdamW's moments, and what the
// backward pass needs of the forward pass. Integers. The written-out step is counted by the list that it allocates by
// (step_layout.h; held against its arenas and the library's allocator by tests/step/step_memory_test.cpp), the tape
// after what engine/nn/decoder_pass.cpp, attention.cpp and the autograd faces of engine/kernels keep (against the bytes
// that really stay alive: tests/nn/training_memory_test.cpp). The formulas below are the tape's; step_layout.h has the
// others. n = B T tokens of a micro batch, d hidden, f feed-forward, H query heads, D head width, G_p KV heads of
// producer p, V vocabulary, L layers; c bytes of the compute type, p of the parameters' type, a of the accumulation
// type (8 for float64, else 4).
#pragma once

#include <cstdint>

#include "engine/sharing/cost_model.h"

namespace weft::sharing {

// How attention is computed, and with it the step. Blocks: the written-out step, which the CPU takes for causal maps.
// The others belong to the tape. Fused: cuDNN or flash, which CUDA takes in bfloat16 for a full causal layer (a layer
// whose window is shorter than the sequence falls back to Explicit). Explicit: scores written out, everywhere else.
enum class AttentionKernel { Blocks, Fused, Explicit };
enum class Processor { Cpu, Cuda };
AttentionKernel trainingAttention(const SharingMap& map, ElementType computeType, Processor processor);

struct TrainingRequest {
  std::int64_t sequence = 2048;  // T
  std::int64_t microBatch = 8;   // B: sequences per forward pass; accumulation over several of them costs no more
  ElementType parameterType = ElementType::Float32;  // parameters, their gradients and moments
  ElementType computeType = ElementType::BFloat16;   // float32, bfloat16 or float64
  AttentionKernel attention = AttentionKernel::Fused;
};

// What is alive between forward and backward, beside the parameters, in bytes.
struct ActivationBytes {
  std::int64_t stream =
      0;  // (2 L + 1) n d c: the residual stream at each layer's input, behind its attention, and at the end
  // (2 L + P + 1) n (d c + a): each norm's output and 1/rms; P producers with a norm of their own. QK norm keeps what
  // it normalises instead, since RoPE makes another of its output: n H (D c + a) a layer, n G_p (D c + a) a producer of
  // K.
  std::int64_t norms = 0;
  std::int64_t queries = 0;  // L n H D c
  // Sum over producers of n G_p D c for K, the same for V: the part that sharing shrinks. Explicit attention copies V
  // for each reader where B > 1, G > 1 and T > 1, and then it is a sum over layers.
  std::int64_t keysValues = 0;
  // Explicit, per layer: the weights, B H T^2 a (+ B H T^2 c where the two types differ), and the mask, T^2. Fused, per
  // layer: the output as the kernel leaves it, n H D c, and a log sum a row, n H a.
  std::int64_t attention = 0;
  std::int64_t attentionOut = 0;  // L n H D c: heads side by side, the input of the output projection
  std::int64_t feedForward = 0;   // L 3 n f c: gate, up and their product
  std::int64_t logits = 0;        // n V c: the loss keeps its gradient, not the logits
  std::int64_t castWeights = 0;  // N_matmul c where compute and parameter types differ: every matrix is cast at its use
                                 // and kept until its backward
  std::int64_t tables = 0;       // 2 T floor(D / 2) a: cosines and sines; and two numbers of the loss
  // Of the written-out step alone: a producer's gradients of K and V in the accumulation type; what one half of a
  // layer, or a chunk of the loss, needs for itself; a micro batch's tokens and targets.
  std::int64_t keyValueGradients = 0, scratch = 0, tokens = 0;
  std::int64_t total() const {
    return stream + norms + queries + keysValues + attention + attentionOut + feedForward + logits + castWeights +
           tables + keyValueGradients + scratch + tokens;
  }
};

struct TrainingMemory {
  std::int64_t parameters = 0, gradients = 0;  // N p each
  std::int64_t moments = 0;  // 2 N p: AdamW's m and v (Loshchilov and Hutter 2019, algorithm 2) in the parameters' type
  ActivationBytes activations;
  // Of the written-out step what the library's allocator gives its operators (step_layout.h, pool). Of the tape:
  // two tensors of the size of the logits stand side by side at the end of the forward pass (logits, their gradient)
  // and at the beginning of the backward pass (that gradient, scaled): n V c beside what activations.logits has.
  std::int64_t workspace = 0;
  std::int64_t resident() const { return parameters + gradients + moments; }
  // The sum of all of the above. What really is the peak can lie above by the temporaries of one layer's backward
  // (about 4 n f c) where V is below that, and by what an allocator rounds up; not below.
  std::int64_t peak() const { return resident() + activations.total() + workspace; }
};

// A causal map is counted exactly. With upward reads every recorded pass (cost_model.h: b of them) is counted whole: an
// upper bound, since what no later pass reads is freed at once. InvalidInput as cost() and checkTrainable(), and for a
// compute type that no kernel has.
[[nodiscard]] Result<TrainingMemory> trainingMemory(const ModelShape& shape, const SharingMap& map,
                                                    const TrainingRequest& request);

// The largest micro batch whose peak fits `deviceBytes - reservedBytes`; 0 if not even one sequence does.
// request.microBatch is not read.
[[nodiscard]] Result<std::int64_t> largestMicroBatch(const ModelShape& shape, const SharingMap& map,
                                                     const TrainingRequest& request, double deviceBytes,
                                                     double reservedBytes);

}  // namespace weft::sharing
