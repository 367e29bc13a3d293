// engine/sharing/cost_model.h -- what a pattern costs: parameters, FLOPs, KV bytes. Exact integers; every formula
// stands here. L layers, d hidden, f feed-forward, H query heads, D head width, V vocabulary, G_p KV heads of producer
// p, b bytes per element.
//
// A map of the second edition may give a producer a width D_p and a number of V heads GV_p of its own (else D and G_p).
// K_l and V_l are then the widths of the key and value heads that layer l reads: its queries are K_l wide and its heads
// put out V_l, so that "H D" of a layer l stands for H K_l at the query projection, H V_l at the output projection, and
// H (K_l + V_l) / 2 in scores and values together. With V := K a producer has one projection and keeps one tensor.
// Where all widths are D, each formula is the plain one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/sharing/sharing_map.h"

namespace weft::sharing {

enum class EmbeddingTie { Tied, Untied };
enum class KvNorm { Own, Tied };  // a learned norm before the K/V projection, or the query norm's (= Llama)
enum class ElementType { Float32, Float64, BFloat16, Float16, Int8 };

std::int64_t bytesPerElement(ElementType type);
const char* toString(ElementType type);                                     // "float32", "bfloat16", ...
[[nodiscard]] Result<ElementType> parseElementType(std::string_view name);  // also fp32, bf16, fp16

struct ModelShape {
  int layers = 0;
  std::int64_t hidden = 0, feedForward = 0, vocabulary = 0;
  int queryHeads = 0, kvHeads = 0, headWidth = 0;
  EmbeddingTie embedding = EmbeddingTie::Tied;
  KvNorm kvNorm = KvNorm::Own;
  bool hasQkvBias = false;  // of the query, key and value projections (Qwen2)
  bool hasQkNorm =
      false;  // a norm over each head of queries and keys, one weight of D for all heads of a layer (Qwen3)
  std::optional<std::int64_t> window;  // what "s" in a map means
  // Of a map with upward reads: passes without a gradient (LCKV's m), then with one (b); Wu & Tu 2024, arXiv
  // 2405.10637, sec. 2.2. A causal map takes one.
  int forwardPasses = 7, backwardPasses = 2;
};

// The layers that a map with upward reads sends through all passes: from the lowest that reads upward to the highest
// that is read so, [begin, end). Empty for a causal map.
struct LayerRange {
  int begin = 0, end = 0;
};
LayerRange repeatedLayers(const SharingMap& map);

struct ParameterCount {
  std::int64_t embedding = 0;  // V d
  std::int64_t head = 0;       // V d if untied, else 0
  std::int64_t query = 0;      // L d (H D): sum over layers d H K_l
  // Sum over producers: d G_p D_p for K and d GV_p D_p for V, each only if produced, V's not with V := K.
  std::int64_t keyValue = 0;
  std::int64_t output = 0;       // L (H D) d: sum over layers H V_l d
  std::int64_t feedForward = 0;  // 3 L d f (SwiGLU: gate, up, down)
  std::int64_t norms = 0;  // 2 L d + d final, + d for each producer with its own KV norm; with QK norm + K_l a layer
                           // and + D_p a producer of K
  // With QKV bias: sum over layers H K_l + sum over producers: a number for each row of keyValue's matrices.
  std::int64_t biases = 0;
  // Learned gates of mixtures and residuals. A mixture of n sources with G heads of width D: n G D / 2 for K (one for
  // each rotary pair, so that K may be rotated first; FusedKV, arXiv 2512.03870), n G D for V. A residual: 1 each for K
  // and V as produced, or with a gate a channel G_p D_p / 2 and GV_p D_p (YOCO++, arXiv 2604.13556).
  std::int64_t gates = 0;
  std::int64_t total() const {
    return embedding + head + query + keyValue + output + feedForward + norms + biases + gates;
  }
  std::int64_t nonEmbedding() const { return total() - embedding - head; }
  // Weights that take part in a matrix product per token: everything but norms, biases, gates and the input embedding;
  // the head always counts.
  std::int64_t matmul = 0;
};

struct FlopsPerToken {
  // 6 N_matmul + 6 sum_l s_l H D (forward 2, backward 4; causal half of the 4 s H D score and value products). s_l = s,
  // and with a window W_l < s: W_l (2 - W_l / s), twice what a token sees on average. With upward reads the repeated
  // layers count m' + b' forward and 2 b' for the backward instead of 1 and 2, m' + b' = min(m + b, s) of them.
  // Gates: forward 2 a multiply-add, backward 4. A residual has one for each element that its producer keeps of a
  // token. A mixture has one for each element of each of its sources: once a token where a whole sequence is computed
  // (the layer mixes it once), and at decoding for each of the min(T, W_l) positions that are read, since what is mixed
  // is not kept.
  double train = 0;
  double prefill = 0;  // the forward passes: a third of train for a causal map
  double decode = 0;   // 2 N_matmul + 4 sum_l min(T, W_l) H D at context T, and the gates
};

struct KvCost {
  // Sum over producers b D_p (G_p + GV_p), K and V as produced, one of them with V := K; windows do not change it.
  std::int64_t bytesPerToken = 0;
  std::int64_t bytesResident = 0;  // batch x sum over producers of the same x min(T, slot window)
  // Batch x sum over LAYERS of what they read: sharing does not shrink it. Of a head range that range, of a mixture all
  // its sources, of V := K the one tensor once. A residual reads nothing: what it adds was made for the same token.
  std::int64_t bytesReadPerStep = 0;
};

struct CostRequest {
  ElementType cacheType = ElementType::BFloat16;
  std::int64_t context = 2048;  // T of decode and residency; s of training
  std::int64_t batch = 1;
};

struct LayerKv {                        // one row of the editor
  std::int64_t bytesPerToken = 0;       // 0 for a consumer
  std::int64_t bytesAtContext = 0;      // for one sequence at the context, window applied
  std::int64_t bytesSavedPerToken = 0;  // what this layer would have kept under the identity map with the model's heads
  std::int64_t bytesSavedAtContext = 0;
};

struct CostReport {
  ParameterCount parameters;
  FlopsPerToken flops;
  KvCost kv;
  std::vector<LayerKv> perLayer;
  std::int64_t weightBytes = 0;  // parameters.total() x bytes of cacheType
};

// InvalidInput if the map's layer count is not the shape's, or head counts, head ranges or widths do not fit (KV heads
// must divide query heads; slots.h has the list). A map that cannot be trained yet has costs (trainable.h).
[[nodiscard]] Result<CostReport> cost(const ModelShape& shape, const SharingMap& map, const CostRequest& request);

// Largest batch whose weights + KV at `context` fit `deviceBytes - reservedBytes`; 0 if not even one does.
[[nodiscard]] Result<std::int64_t> largestBatch(const ModelShape& shape, const SharingMap& map,
                                                const CostRequest& request, double deviceBytes, double reservedBytes);

// A formula with its numbers filled in, for the place where the number is shown ("2 · 2 B · 128 · 11 = 5,632 B").
std::string explainKvBytesPerToken(const ModelShape& shape, const SharingMap& map, ElementType type);

}  // namespace weft::sharing
