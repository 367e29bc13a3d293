// B batch, G KV heads, T new tokens, S entries, D head width.
#include "engine/nn/dense_kv_cache.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <stdexcept>

namespace weft::nn {

namespace {

std::int64_t kept(const SlotSpec& slot, std::int64_t tokens) {
  return slot.window ? std::min(*slot.window, tokens) : tokens;
}

// Writes x at positions first .. first+T-1 into a ring of `capacity` entries; of more than `capacity` tokens the last
// stay.
void writeRing(at::Tensor& ring_BGSD, const at::Tensor& x_BGTD, std::int64_t first, std::int64_t capacity) {
  const std::int64_t tokens = std::min(x_BGTD.size(2), capacity);
  const at::Tensor last = x_BGTD.narrow(2, x_BGTD.size(2) - tokens, tokens);
  const std::int64_t begin = (first + x_BGTD.size(2) - tokens) % capacity;
  const std::int64_t untilEnd = std::min(tokens, capacity - begin);
  ring_BGSD.narrow(2, begin, untilEnd).copy_(last.narrow(2, 0, untilEnd));
  if (untilEnd < tokens) ring_BGSD.narrow(2, 0, tokens - untilEnd).copy_(last.narrow(2, untilEnd, tokens - untilEnd));
}

// The entries at positions first .. first+count-1 in order.
at::Tensor readRing(const at::Tensor& ring_BGSD, std::int64_t first, std::int64_t count, std::int64_t capacity) {
  const std::int64_t begin = first % capacity;
  if (begin + count <= capacity) return ring_BGSD.narrow(2, begin, count);
  return at::cat({ring_BGSD.narrow(2, begin, capacity - begin), ring_BGSD.narrow(2, 0, begin + count - capacity)}, 2);
}

class DenseKvCache final : public KvCache {
 public:
  explicit DenseKvCache(const CacheSpec& spec) : m_spec(spec) {
    const at::TensorOptions options = at::TensorOptions().dtype(spec.dtype).device(spec.device);
    for (const SlotSpec& slot : spec.slots) {
      Slot made;
      made.capacity = kept(slot, spec.capacity);
      const std::vector<std::int64_t> shape{spec.batch, slot.heads, made.capacity, slot.headWidth};
      if (slot.storesK) made.k_BGSD = at::empty(shape, options);
      if (slot.storesV) made.v_BGSD = at::empty(shape, options);
      m_slots.push_back(std::move(made));
    }
  }

  SlotView append(int index, const at::Tensor& k_BGTD, const at::Tensor& v_BGTD) override {
    Slot& slot = m_slots.at(static_cast<std::size_t>(index));
    const std::int64_t tokens = (k_BGTD.defined() ? k_BGTD : v_BGTD).size(2);
    if (slot.length + tokens > m_spec.capacity) {
      throw std::length_error(fmt::format("the KV cache holds {} tokens a sequence; {} more do not fit behind {}",
                                          m_spec.capacity, tokens, slot.length));
    }
    // Entries from before these tokens that some new query still sees: all, or the last window - 1.
    const bool isRing = slot.capacity < m_spec.capacity;
    const std::int64_t before = isRing ? std::min(slot.length, slot.capacity - 1) : slot.length;
    SlotView view;
    view.k_BGSD = store(slot, slot.k_BGSD, k_BGTD, before, isRing);
    view.v_BGSD = store(slot, slot.v_BGSD, v_BGTD, before, isRing);
    view.positions_S = at::arange(slot.length - before, slot.length + tokens,
                                  at::TensorOptions().dtype(at::kLong).device(m_spec.device));
    slot.length += tokens;
    return view;
  }

  SlotView read(int index) const override {
    const Slot& slot = m_slots.at(static_cast<std::size_t>(index));
    const bool isRing = slot.capacity < m_spec.capacity;
    const std::int64_t count = isRing ? std::min(slot.length, slot.capacity - 1) : slot.length;
    SlotView view;
    view.positions_S =
        at::arange(slot.length - count, slot.length, at::TensorOptions().dtype(at::kLong).device(m_spec.device));
    if (slot.k_BGSD.defined()) view.k_BGSD = readRing(slot.k_BGSD, slot.length - count, count, slot.capacity);
    if (slot.v_BGSD.defined()) view.v_BGSD = readRing(slot.v_BGSD, slot.length - count, count, slot.capacity);
    return view;
  }

  std::int64_t length(int slot) const override { return m_slots.at(static_cast<std::size_t>(slot)).length; }
  void reset() override {
    for (Slot& slot : m_slots) slot.length = 0;
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
    at::Tensor k_BGSD, v_BGSD;
    std::int64_t capacity = 0, length = 0;
  };

  static at::Tensor store(const Slot& slot, at::Tensor stored_BGSD, const at::Tensor& x_BGTD, std::int64_t before,
                          bool isRing) {
    if (!stored_BGSD.defined()) return {};
    if (!isRing) {
      stored_BGSD.narrow(2, slot.length, x_BGTD.size(2)).copy_(x_BGTD);
      return stored_BGSD.narrow(2, 0, slot.length + x_BGTD.size(2));
    }
    // A chunk longer than the ring overwrites entries that its own first tokens still see, so the view is made before
    // the write.
    at::Tensor view = x_BGTD.to(stored_BGSD.scalar_type());
    if (before > 0) view = at::cat({readRing(stored_BGSD, slot.length - before, before, slot.capacity), view}, 2);
    writeRing(stored_BGSD, x_BGTD, slot.length, slot.capacity);
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
    const std::int64_t one =
        static_cast<std::int64_t>(c10::elementSize(spec.dtype)) * slot.heads * slot.headWidth * kept(slot, tokens);
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
