// B batch, G KV heads, T new tokens, S entries, D head width.
#include "engine/nn/dense_kv_cache.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <set>

#include "engine/nn/kv_ring.h"

namespace weft::nn {

namespace {

class DenseKvCache final : public KvCache {
 public:
  explicit DenseKvCache(const CacheSpec& spec) : m_spec(spec) {
    const at::TensorOptions options = at::TensorOptions().dtype(spec.dtype).device(spec.device);
    for (const SlotSpec& slot : spec.slots) {
      Slot made{.places = RingPlaces(slot, spec)};
      const std::vector<std::int64_t> shape{spec.batch, slot.heads, made.places.entries(), slot.headWidth};
      if (slot.storesK) made.k_BGSD = at::empty(shape, options);
      if (slot.storesV) made.v_BGSD = at::empty(shape, options);
      m_slots.push_back(std::move(made));
    }
  }

  SlotView append(int index, const at::Tensor& k_BGTD, const at::Tensor& v_BGTD) override {
    Slot& slot = m_slots.at(static_cast<std::size_t>(index));
    const std::int64_t tokens = (k_BGTD.defined() ? k_BGTD : v_BGTD).size(2);
    requireRoom(slot.places, tokens, m_spec.capacity, "KV cache");
    SlotView view;
    view.k_BGSD = store(slot.places, slot.k_BGSD, k_BGTD);
    view.v_BGSD = store(slot.places, slot.v_BGSD, v_BGTD);
    view.positions_S = slot.places.positions_S(tokens, m_spec.device);
    slot.places.advance(tokens);
    return view;
  }

  SlotView read(int index) const override {
    const Slot& slot = m_slots.at(static_cast<std::size_t>(index));
    const std::int64_t count = slot.places.visible(), first = slot.places.length() - count;
    SlotView view;
    view.positions_S = slot.places.positions_S(0, m_spec.device);
    if (slot.k_BGSD.defined()) view.k_BGSD = readRing(slot.k_BGSD, first, count);
    if (slot.v_BGSD.defined()) view.v_BGSD = readRing(slot.v_BGSD, first, count);
    return view;
  }

  std::int64_t length(int slot) const override { return m_slots.at(static_cast<std::size_t>(slot)).places.length(); }
  void reset() override {
    for (Slot& slot : m_slots) slot.places.reset();
  }
  std::vector<at::Tensor> tensors() const override {
    std::vector<at::Tensor> all;
    for (const Slot& slot : m_slots) {
      if (slot.k_BGSD.defined()) all.push_back(slot.k_BGSD);
      if (slot.v_BGSD.defined()) all.push_back(slot.v_BGSD);
    }
    return all;
  }
  std::int64_t analyticBytes(std::int64_t tokens) const override { return denseBytes(m_spec, tokens); }

 private:
  struct Slot {
    RingPlaces places;
    at::Tensor k_BGSD{}, v_BGSD{};
  };

  static at::Tensor store(const RingPlaces& places, at::Tensor stored_BGSD, const at::Tensor& x_BGTD) {
    if (!stored_BGSD.defined()) return {};
    const std::int64_t length = places.length(), tokens = x_BGTD.size(2);
    if (!places.isRing()) {
      stored_BGSD.narrow(2, length, tokens).copy_(x_BGTD);
      return stored_BGSD.narrow(2, 0, length + tokens);
    }
    // A chunk longer than the ring overwrites entries that its own first tokens still see, so the view is made before
    // the write.
    const std::int64_t before = places.visible();
    at::Tensor view = x_BGTD.to(stored_BGSD.scalar_type());
    if (before > 0) view = at::cat({readRing(stored_BGSD, length - before, before), view}, 2);
    writeRing(stored_BGSD, x_BGTD, length);
    return view;
  }

  CacheSpec m_spec;
  std::vector<Slot> m_slots;
};

}  // namespace

std::unique_ptr<KvCache> makeDenseKvCache(const CacheSpec& spec) { return std::make_unique<DenseKvCache>(spec); }

std::int64_t denseBytes(const CacheSpec& spec, std::int64_t tokens) {
  std::int64_t bytes = 0;
  for (const SlotSpec& slot : spec.slots) {
    const std::int64_t one = static_cast<std::int64_t>(c10::elementSize(spec.dtype)) * slot.heads * slot.headWidth *
                             keptEntries(slot, tokens);
    bytes += (slot.storesK ? one : 0) + (slot.storesV ? one : 0);
  }
  return bytes;
}

std::int64_t uniqueStorageBytes(const std::vector<at::Tensor>& tensors) {
  std::set<const void*> seen;
  std::int64_t bytes = 0;
  for (const at::Tensor& tensor : tensors) {
    if (tensor.defined() && seen.insert(tensor.storage().unsafeGetStorageImpl()).second)
      bytes += static_cast<std::int64_t>(tensor.storage().nbytes());
  }
  return bytes;
}

}  // namespace weft::nn
