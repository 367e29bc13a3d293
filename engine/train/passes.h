// engine/train/passes.h -- forward and backward of one optimizer step: the written-out program where the model has one
// on this device (step/training_step.h), else the decoder's tape. Both add to the same gradient arena.
#pragma once

#include <torch/types.h>

#include <optional>

#include "engine/nn/decoder.h"
#include "engine/step/training_step.h"

namespace weft::train {

class Passes {
 public:
  // Of a decoder and its parameters, which outlive this. Allocates the program's buffers.
  Passes(nn::Decoder& decoder, step::Parameters& parameters, std::int64_t microBatch, std::int64_t sequence);
  // The parameters may have changed; sums begin anew.
  void begin();
  // Tokens [B, T + 1] of one micro batch, on the decoder's device, each row's next tokens as its targets. `share` of
  // the batch that it is.
  void add(const torch::Tensor& rows, double share);
  // The batch's mean loss in nats, a scalar on the device; the gradients are whole.
  torch::Tensor finish();

 private:
  nn::Decoder& m_decoder;
  step::Parameters& m_parameters;
  std::optional<step::TrainingStep> m_program;
  torch::Tensor m_loss;  // of the tape
};

}  // namespace weft::train
