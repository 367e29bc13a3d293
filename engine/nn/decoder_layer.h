// engine/nn/decoder_layer.h -- the weights of one layer of nn::Decoder. d hidden, f feed-forward.
#pragma once

#include <torch/types.h>

namespace weft::nn {

struct DecoderLayer {
  torch::Tensor kvNorm_d;  // undefined on a consumer, and where the query norm serves K and V too
  torch::Tensor queryNorm_d, mlpNorm_d;
  torch::Tensor query, key, value, output;  // [out, in]; key and value undefined where not produced
  torch::Tensor gateUp, down;               // gate and up in one matrix [2 f, d]: one product instead of two
};

}  // namespace weft::nn
