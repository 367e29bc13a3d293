// engine/nn/decoder_layer.h -- the weights of one layer of nn::Decoder. d hidden, f feed-forward.
#pragma once

#include <torch/types.h>

namespace weft::nn {

// x W^T, x [.., in], W [out, in], in x's type: weights are cast where they are used.
inline torch::Tensor matmulT(const torch::Tensor& x, const torch::Tensor& weight) {
  return torch::matmul(x, weight.to(x.scalar_type()).t());
}

struct DecoderLayer {
  torch::Tensor kvNorm_d;  // undefined on a consumer, and where the query norm serves K and V too
  torch::Tensor queryNorm_d, mlpNorm_d;
  torch::Tensor query, key, value, output;  // [out, in]; key and value undefined where not produced
  torch::Tensor queryBias, keyBias,
      valueBias;  // [out]; undefined where the model has none, or the projection is not there
  torch::Tensor queryHeadNorm_D,
      keyHeadNorm_D;           // undefined where the model has none, the second where no K is produced
  torch::Tensor gateUp, down;  // gate and up in one matrix [2 f, d]: one product instead of two
};

}  // namespace weft::nn
