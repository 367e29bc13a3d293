// tests/nn/plain_decoder.h -- a decoder that knows no sharing map: weights by name and the parts of a layer, built from
// the same kernels. The tests put the parts together: a Llama whose every layer computes its own K and V, or a pass in
// which every read of K and V is cut from its producer.
#pragma once

#include <map>
#include <string>

#include "engine/nn/decoder.h"

namespace weft::nn::test {

struct KeysAndValues {
  torch::Tensor k_BGTD, v_BGTD;  // undefined where the layer has no such weight
};

class PlainDecoder {
 public:
  // Copies of the decoder's parameters as leaves of their own, under the same names.
  explicit PlainDecoder(const Decoder& model);

  torch::Tensor embed(const torch::Tensor& ids_BT) const;
  // The block's input after the query norm. The norms' gradients are summed in the order in which they are made, and to
  // the last bit that order counts: this one first, as in the decoder.
  torch::Tensor queryInput(int layer, const torch::Tensor& x_BTd) const;
  // From the block's input, normalised by the layer's KV norm (the query norm where it has none).
  KeysAndValues keysAndValues(int layer, const torch::Tensor& x_BTd, const torch::Tensor& queryInput_BTd) const;
  // The layer's output for these keys and values. Queries stand at positions firstQuery, firstQuery + 1, ... for their
  // rotation; 0 is right.
  torch::Tensor block(int layer, const torch::Tensor& x_BTd, const torch::Tensor& queryInput_BTd,
                      const KeysAndValues& read, std::optional<std::int64_t> window, std::int64_t firstQuery = 0) const;
  torch::Tensor head(const torch::Tensor& x_BTd) const;

  // The whole model with K and V per layer.
  torch::Tensor logits(const torch::Tensor& ids_BT) const;

  const std::map<std::string, torch::Tensor>& weights() const { return m_weights; }

 private:
  torch::Tensor weight(int layer, const std::string& name) const;
  torch::Tensor rms(const torch::Tensor& x, const torch::Tensor& weight) const;

  sharing::ModelShape m_shape;
  double m_epsilon, m_theta;
  torch::ScalarType m_type;
  std::map<std::string, torch::Tensor> m_weights;
};

}  // namespace weft::nn::test
