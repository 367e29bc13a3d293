// engine/nn/cache_factory.h -- a cache by name: "" the dense one, else a plugin library found beside the program or in WEFT_PLUGIN_PATH.
#pragma once

#include <memory>
#include <string>

#include "engine/base/result.h"
#include "engine/nn/kv_cache.h"

namespace weft::nn {
class CacheFactory {
 public:
  // NotFound names the folders that were searched and what is there; Unsupported "plugin int8_cache was built for torch 2.10.0, this is 2.11.0".
  // Loaded libraries stay loaded until the process ends.
  [[nodiscard]] static Result<CacheFactory> create(const std::string& name);
  // Throws std::runtime_error if a plugin makes none.
  std::unique_ptr<KvCache> make(const CacheSpec& spec) const;
  const std::string& name() const { return m_name; }

 private:
  std::string m_name;
  const KvCachePlugin* m_plugin = nullptr;
};
}  // namespace weft::nn
