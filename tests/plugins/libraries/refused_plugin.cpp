// Plugin libraries that the loader must refuse, and one that it must take: CMakeLists.txt compiles this file once for
// each, with one lie each.
#include <torch/version.h>

#include "engine/nn/kv_cache.h"

#ifndef WEFT_LIE_MAGIC
#define WEFT_LIE_MAGIC weft::nn::KvCachePlugin::kMagic
#endif
#ifndef WEFT_LIE_API
#define WEFT_LIE_API weft::nn::KvCachePlugin::kApi
#endif
#ifndef WEFT_LIE_TORCH
#define WEFT_LIE_TORCH TORCH_VERSION
#endif
#ifndef WEFT_LIE_COMPILER
#define WEFT_LIE_COMPILER __VERSION__
#endif
#ifndef WEFT_LIE_CREATE
#define WEFT_LIE_CREATE makeNothing
#endif
#ifndef WEFT_LIE_ENTRY
#define WEFT_LIE_ENTRY weft_kv_cache_plugin
#endif

namespace {
[[maybe_unused]] std::unique_ptr<weft::nn::KvCache> makeNothing(const weft::nn::CacheSpec&) { return nullptr; }
}  // namespace

extern "C" __attribute__((visibility("default"))) const weft::nn::KvCachePlugin* WEFT_LIE_ENTRY() {
#ifdef WEFT_LIE_NOTHING
  return nullptr;
#else
  static const weft::nn::KvCachePlugin plugin{.magic = WEFT_LIE_MAGIC,
                                              .api = WEFT_LIE_API,
                                              .torchVersion = WEFT_LIE_TORCH,
                                              .compiler = WEFT_LIE_COMPILER,
                                              .name = "refused",
                                              .version = "1",
                                              .description = "a plugin of the tests",
                                              .create = WEFT_LIE_CREATE};
  return &plugin;
#endif
}
