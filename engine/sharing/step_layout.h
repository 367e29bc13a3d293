// engine/sharing/step_layout.h -- the buffers of a training step that is written out as a program (engine/step): how
// large each is and when it is alive, known before the first step. The step allocates by this list, and the memory
// model counts by it. n = B T tokens of a micro batch, d hidden, f feed-forward, H query heads, D head width, G_p KV
// heads of producer p, V vocabulary, L layers.
//
// The forward pass keeps of each layer what its backward pass reads, and nothing else; scratch lives within one half of
// a layer, and all halves share one region. A producer's gradients of K and V live from its last reader's backward pass
// to its own.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "engine/sharing/cost_model.h"

namespace weft::sharing {

// Grouped attention over blocks of queries, each of which reads only the keys that its queries see.
struct AttentionSizes {
  std::int64_t batch = 1, sequence = 1;
  int queryHeads = 1, keyHeads = 1, valueHeads = 1, headWidth = 1;
  std::optional<std::int64_t> window;
};

// How the work is cut. A unit is one sequence and one of `groups` = gcd(G_k, G_v) groups of heads: what shares no K
// and no V with another. The tile holds the scores of one block of queries of `unitsAtOnce` units, so memory is linear
// in the sequence.
struct AttentionBlocks {
  std::int64_t queries = 1;  // of a block
  std::int64_t unitsAtOnce = 1;
  std::int64_t groups = 1;  // of a sequence; B x groups units in all
  // Elements of the accumulation type.
  std::int64_t tile = 0;              // unitsAtOnce x H / groups x queries x widest reach of a block
  std::int64_t block = 0;             // unitsAtOnce x H / groups x queries x D: queries, or outputs, of a block
  std::int64_t rows = 0;              // unitsAtOnce x H / groups x queries
  std::int64_t keys = 0, values = 0;  // B G T D, packed by head
  std::int64_t forward() const { return keys + values + tile + 2 * block; }
  std::int64_t backward() const { return 2 * (keys + values) + 2 * tile + 3 * block + rows; }
};
AttentionBlocks attentionBlocks(const AttentionSizes& sizes);

// What a layer keeps for its backward pass, in bytes; each buffer begins at a multiple of kStepAlignment. c bytes of
// the compute type, a of the accumulation type (8 for float64, else 4).
struct StepLayer {
  std::int64_t attentionInput = 0, attentionScale = 0;  // n d c: the block's input times its 1/rms, which is n a
  std::int64_t projected = 0;  // n (H D + what it produces) c: Q and, of a producer, K and V, side by side
  std::int64_t headNormal = 0, headScale = 0;  // with QK norm: n (H + G_p) D c, heads by their 1/rms; n (H + G_p) a
  std::int64_t attended = 0, logSums = 0;      // n H D c; n H a
  std::int64_t mlpInput = 0, mlpScale = 0;     // n d c; n a
  std::int64_t gateUp = 0;                     // n 2 f c
  std::int64_t kept() const;
  // Of a producer: its gradients of K and V, n (G_k + G_v) D a, and where they begin in the region of all layers'.
  std::int64_t keyValueGradients = 0, keyValueOffset = 0;
  AttentionSizes attention;  // of the K and V that it reads
};

// Scratch of each half of a layer and of the loss, in bytes. What a half needs after something else of it shares its
// place.
struct StepScratch {
  std::int64_t hidden = 0;                                   // n f c: silu(gate) up; its gradient
  std::int64_t branch = 0;                                   // n d c: the gradient of a normalised input
  std::int64_t attendedGradient = 0;                         // n H D c
  std::int64_t projectedGradient = 0;                        // n times the widest (H D + what a layer produces) c
  std::int64_t attentionForward = 0, attentionBackward = 0;  // of the layer that needs most
  std::int64_t lossChunk = 0;                                // tokens whose logits exist at once
  std::int64_t logits = 0;                                   // lossChunk V c
  std::int64_t lossRows = 0, lossNumbers = 0;                // lossChunk d c, three times; lossChunk a, twice
  std::int64_t bytes() const;
};

struct StepLayout {
  std::int64_t stream = 0;  // n d c: the residual stream, then its gradient
  std::vector<StepLayer> layers;
  std::int64_t keyValueGradients = 0;  // a region in which the producers take turns
  StepScratch scratch;
  std::int64_t tables = 0;  // 2 T floor(D / 2) a: cosines and sines
  std::int64_t tokens = 0;  // n int64 for the tokens, n for their targets
  std::int64_t kept() const;
  // One arena.
  std::int64_t activations() const { return stream + kept() + keyValueGradients + scratch.bytes() + tables + tokens; }
  // Another, for as long as the training: weights in the compute type. A matrix behind a norm has the norm's weight
  // in it, so that Q, K and V, whose norms differ only there, are one product; all others stand here where parameters
  // have another type. And the biases of Q, K and V in one row.
  std::int64_t weights = 0;
  // Where the types differ, the library's allocator gives a product of gradients two copies of its factors, n (rows +
  // columns) a of the largest one.
  std::int64_t pool = 0;
};

struct StepRequest {
  std::int64_t sequence = 1, microBatch = 1;
  ElementType parameterType = ElementType::Float32, computeType = ElementType::Float32;
};

// Of a causal map that cost() and checkTrainable() accept.
StepLayout stepLayout(const ModelShape& shape, const SharingMap& map, const StepRequest& request);

inline constexpr std::int64_t kStepAlignment = 64;
inline std::int64_t stepAligned(std::int64_t bytes) {
  return (bytes + kStepAlignment - 1) / kStepAlignment * kStepAlignment;
}

}  // namespace weft::sharing
