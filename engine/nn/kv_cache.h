// engine/nn/kv_cache.h -- the seam for everything that keeps keys and values: the dense cache, and plugins that
// quantise, couple or evict. B batch, G KV heads, T new tokens, S entries in the cache, D head width, H query heads.
// One slot per producer (two where its K and its V have different numbers of heads), never one per layer. Header only
// on purpose: a plugin links torch and nothing of ours.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace weft::nn {

// What one producing layer stores.
struct SlotSpec {
  int layer = 0;                        // the producer
  bool storesK = true, storesV = true;  // a layer may produce only one of them
  std::int64_t heads = 1, headWidth = 1;
  std::optional<std::int64_t> window;  // positions that some reader still needs; nullopt = all
};

struct CacheSpec {
  std::vector<SlotSpec> slots;
  std::int64_t batch = 1;
  std::int64_t capacity = 0;          // tokens per sequence that will be stored at most
  at::ScalarType dtype = at::kFloat;  // of the views; what a dense cache keeps
  at::Device device = at::kCPU;
};

// What a slot offers to its readers: S entries and their absolute positions, ascending. k or v undefined if the slot
// does not store it.
struct SlotView {
  at::Tensor k_BGSD, v_BGSD;
  at::Tensor positions_S;  // int64, same device
};

enum class KeyForm { AfterRope, BeforeRope };  // BeforeRope: the decoder rotates what a view returns, at its positions

class KvCache {
 public:
  virtual ~KvCache() = default;
  // Stores T new tokens at positions length() .. length()+T-1 of this slot (k, v undefined where the slot does not
  // store them) and returns all that a query may now read, the new tokens included, as tensors of the spec's dtype.
  // Throws std::length_error above the capacity.
  virtual SlotView append(int slot, const at::Tensor& k_BGTD, const at::Tensor& v_BGTD) = 0;
  // What append would return without the new tokens: all that a query at position length() may read. S = 0 in an empty
  // slot. Layers that read upward need it, before their producer has made the tokens of this chunk.
  virtual SlotView read(int slot) const = 0;
  // Tokens per sequence seen so far by the slot (evicted ones included): the position of the next token.
  virtual std::int64_t length(int slot) const = 0;
  virtual void reset() = 0;
  // Every tensor that holds cached state (values, scales, tables): what the storage measurement sums up, each storage
  // once.
  virtual std::vector<at::Tensor> tensors() const = 0;
  // The formula: bytes that `tokens` tokens of one sequence take in all slots, scales included. The storage of a cache
  // with that capacity must equal batch x this.
  virtual std::int64_t analyticBytes(std::int64_t tokens) const = 0;
  virtual KeyForm keyForm() const { return KeyForm::AfterRope; }
  // Eviction policies see the attention that a slot received: summed by every reader of the slot. probabilities_BHTS in
  // S of the last view.
  virtual bool wantsAttention() const { return false; }
  virtual void observeAttention(int slot, const at::Tensor& probabilities_BHTS) {
    (void)slot, (void)probabilities_BHTS;
  }
};

// What a plugin library exports: extern "C" const weft::nn::KvCachePlugin* weft_kv_cache_plugin();
// The loader compares magic, api, torch and compiler before it touches anything else.
struct KvCachePlugin {
  static constexpr std::uint64_t kMagic = 0x5745465450313031ULL;
  static constexpr int kApi = 2;
  std::uint64_t magic = kMagic;
  int api = kApi;
  const char* torchVersion = "";  // TORCH_VERSION of its build
  const char* compiler = "";      // __VERSION__ of its build
  const char* name = "";
  const char* version = "";
  const char* description = "";
  std::unique_ptr<KvCache> (*create)(const CacheSpec& spec) = nullptr;
};

}  // namespace weft::nn
