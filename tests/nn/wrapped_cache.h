// tests/nn/wrapped_cache.h -- dense caches that behave like other kinds of plugin.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "engine/nn/dense_kv_cache.h"

namespace weft::nn::test {

class WrappedCache : public KvCache {
 public:
  explicit WrappedCache(const CacheSpec& spec) : m_inner(makeDenseKvCache(spec)), m_entries(spec.slots.size()) {}
  SlotView append(int slot, const at::Tensor& k, const at::Tensor& v) override {
    SlotView view = m_inner->append(slot, k, v);
    m_entries[static_cast<std::size_t>(slot)] = view.positions_S.size(0);
    return view;
  }
  SlotView read(int slot) const override { return m_inner->read(slot); }
  std::int64_t length(int slot) const override { return m_inner->length(slot); }
  void reset() override { m_inner->reset(); }
  std::vector<at::Tensor> tensors() const override { return m_inner->tensors(); }
  std::int64_t analyticBytes(std::int64_t tokens) const override { return m_inner->analyticBytes(tokens); }

 protected:
  std::int64_t entries(int slot) const { return m_entries[static_cast<std::size_t>(slot)]; }

 private:
  std::unique_ptr<KvCache> m_inner;
  std::vector<std::int64_t> m_entries;  // of each slot's last view
};

class BeforeRopeCache final : public WrappedCache {
 public:
  using WrappedCache::WrappedCache;
  KeyForm keyForm() const override { return KeyForm::BeforeRope; }
};

}  // namespace weft::nn::test
