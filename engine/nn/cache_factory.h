// engine/nn/cache_factory.h -- a cache by name: "" the dense one, else a plugin library found beside the program or in
// WEFT_PLUGIN_PATH.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "engine/base/result.h"
#include "engine/nn/kv_cache.h"

namespace weft::nn {
class CacheFactory {
 public:
  // `dtype` is what a dense cache keeps: "model" (the spec's type), float32, bfloat16, float16, float64; a plugin has a
  // form of its own. NotFound names the folders that were searched and what is there; Unsupported "plugin int8_cache
  // was built for torch 2.10.0, this is 2.11.0"; InvalidInput for another dtype. Loaded libraries stay loaded until the
  // process ends.
  [[nodiscard]] static Result<CacheFactory> create(const std::string& name, const std::string& dtype = "model");
  // Throws std::runtime_error if a plugin makes none.
  std::unique_ptr<KvCache> make(CacheSpec spec) const;
  const std::string& name() const { return m_name; }
  // What the dense cache of a model with this type keeps.
  at::ScalarType storedType(at::ScalarType modelType) const { return m_storedType.value_or(modelType); }
  // Whether reading K and V through the cache differs from reading them as they were made, so that a perplexity must be
  // measured through it.
  bool changesValues(at::ScalarType modelType) const { return m_plugin || storedType(modelType) != modelType; }

 private:
  std::string m_name;
  std::optional<at::ScalarType> m_storedType;
  const KvCachePlugin* m_plugin = nullptr;
};
}  // namespace weft::nn
