// engine/nn/dense_kv_cache.h -- keys and values as they are, preallocated for the capacity; a windowed slot keeps a
// ring of its window.
#pragma once

#include <memory>

#include "engine/nn/kv_cache.h"

namespace weft::nn {
std::unique_ptr<KvCache> makeDenseKvCache(const CacheSpec& spec);
// The same formula without a cache (for the cost model's tests): sum over slots of bytes x G x D x (K + V) x
// min(tokens, window).
std::int64_t denseBytes(const CacheSpec& spec, std::int64_t tokens);
// Bytes of the distinct storages under these tensors: views and aliases count once.
std::int64_t uniqueStorageBytes(const std::vector<at::Tensor>& tensors);
}  // namespace weft::nn
