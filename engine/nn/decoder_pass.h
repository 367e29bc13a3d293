// engine/nn/decoder_pass.h -- one chunk of tokens on its way through the layers: once, or several times where layers
// read upward. B batch, T tokens of the chunk, S entries of a slot, G KV heads, D head width, d hidden.
//
// A causal map takes one pass. In a map with upward reads (Wu & Tu 2024, arXiv 2405.10637; LCKV's "top") a layer reads
// K and V that a later layer makes of the tokens BEFORE its own, and nothing (zero) at position 0. Token by token this
// is exact in one pass. For a chunk of T tokens the layers between the lowest upward reader and the highest layer read
// upward go through m + b passes, at most T: each reads what the pass before it made, the first only what the cache
// has. Every pass makes at least one more token exact, so T passes are the sequential form. The last b are recorded for
// backward; only the last is stored in the cache. The layers below and above go through once.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "engine/kernels/rope.h"
#include "engine/nn/decoder.h"
#include "engine/nn/decoder_layer.h"
#include "engine/nn/kv_cache.h"

namespace weft::nn {

class DecoderPass {
 public:
  // All references outlive the pass. `slotOfLayer`: the slot of each producer, -1 on others.
  DecoderPass(const DecoderSpec& spec, kernels::RopeFrequencies frequencies, const std::vector<DecoderLayer>& layers,
              const std::vector<int>& slotOfLayer, KvCache* cache, torch::ScalarType type);
  // x_BTd: the embedded tokens, in the compute type, at positions length() of the cache (0 without one) and after.
  // Returns the stream behind the last layer, before the final norm.
  torch::Tensor run(torch::Tensor x_BTd);

 private:
  enum class Store { Keep, Commit };  // Commit: what is made goes into the cache
  // What a slot offers in this chunk. `hasChunk`: the chunk's own tokens are in it (else only what the cache had).
  struct Readable {
    SlotView view;
    bool hasChunk = false;
  };
  // Attention that a slot received before its producer stored the chunk: told to the cache right after.
  struct Watched {
    int slot = 0;
    torch::Tensor probabilities_BHTS;
  };

  torch::Tensor throughLayers(int begin, int end, torch::Tensor x_BTd, Store store);
  void produce(int index, const torch::Tensor& x_BTd, const torch::Tensor& queryInput_BTd, Store store);
  // [B, heads, T, D], a view: the projection of x_BTd with its bias, each head normalised; without either where there
  // is none.
  torch::Tensor headsOf(const torch::Tensor& x_BTd, const torch::Tensor& weight, const torch::Tensor& bias,
                        const torch::Tensor& headNorm_D) const;
  torch::Tensor attend(int index, const torch::Tensor& q_BHTD, Store store);
  Readable readable(int slot);
  SlotView inComputeType(SlotView view) const;
  SlotView rotatedOnRead(SlotView view) const;
  void observe(int slot, std::int64_t entries, const torch::Tensor& probabilities_BHTS);

  const DecoderSpec& m_spec;
  kernels::RopeFrequencies m_frequencies;
  const std::vector<DecoderLayer>& m_layers;
  const std::vector<int>& m_slotOfLayer;
  KvCache* m_cache;
  torch::ScalarType m_type;
  bool m_rotatesOnRead;
  std::int64_t m_first = 0, m_tokens = 0;
  torch::Tensor m_positions_T;
  kernels::RopeTable m_table;
  std::vector<Readable> m_readable;  // per slot, undefined until its producer ran once in this chunk
  std::vector<Watched> m_watched;
};

}  // namespace weft::nn
