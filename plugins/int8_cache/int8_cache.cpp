// plugins/int8_cache -- keys and values kept in int8 with one scale per token and head; composes with any sharing map,
// because a slot is a producer.
//   scale = max |x| / 127 over the D channels, rounded up to float16;  q = round(x / scale), ties to even, within -127
//   .. 127;  x' = q scale A row of zeros has scale 0 and comes back as zeros. |x - x'| <= scale / 2 (plus the rounding
//   of x' to the model's type).
// Bytes per token: sum over slots of G (D + 2) for K and the same for V, as far as stored.
// B batch, G KV heads, T new tokens, S entries, D head width.
#include <ATen/ATen.h>
#include <torch/version.h>

#include <algorithm>
#include <stdexcept>
#include <string>

#include "engine/nn/kv_cache.h"

namespace {

using weft::nn::CacheSpec;
using weft::nn::KvCache;
using weft::nn::KvCachePlugin;
using weft::nn::SlotSpec;
using weft::nn::SlotView;

std::int64_t kept(const SlotSpec& slot, std::int64_t tokens) {
  return slot.window ? std::min(*slot.window, tokens) : tokens;
}

struct Quantised {
  at::Tensor values_BGTD;  // int8
  at::Tensor scales_BGT1;  // float16
};

Quantised quantise(const at::Tensor& x_BGTD) {
  const at::Tensor x = x_BGTD.to(at::kFloat);
  const at::Tensor exact = (x.abs().amax(-1, true) / 127.0).clamp_max(65504.0);
  at::Tensor scales = exact.to(at::kHalf);
  // Rounded up, since a scale rounded down would push the largest channel beyond 127: the next float16 is the next bit
  // pattern.
  const at::Tensor next = scales.view(at::kShort).add(1).view(at::kHalf);
  scales = at::where(scales.to(at::kFloat).lt(exact), next, scales);
  const at::Tensor divisor = scales.to(at::kFloat);
  const at::Tensor values =
      at::where(divisor.gt(0), x / divisor.clamp_min(1e-38), at::zeros({}, x.options())).round().clamp(-127, 127);
  return {values.to(at::kChar), scales};
}

at::Tensor restore(const at::Tensor& values, const at::Tensor& scales, at::ScalarType type) {
  return (values.to(at::kFloat) * scales.to(at::kFloat)).to(type);
}

// One stream (K or V) of one slot: a ring of `capacity` entries.
class Stream {
 public:
  Stream() = default;
  Stream(const CacheSpec& spec, const SlotSpec& slot, std::int64_t capacity)
      : m_capacity(capacity), m_type(spec.dtype) {
    const at::TensorOptions options = at::TensorOptions().device(spec.device);
    m_values = at::empty({spec.batch, slot.heads, capacity, slot.headWidth}, options.dtype(at::kChar));
    m_scales = at::empty({spec.batch, slot.heads, capacity, 1}, options.dtype(at::kHalf));
  }
  bool isStored() const { return m_values.defined(); }

  // Entries of the last `before` positions, then x, all as the cache gives them back; x is stored at positions `length`
  // on.
  at::Tensor append(const at::Tensor& x_BGTD, std::int64_t length, std::int64_t before) {
    if (!isStored()) return {};
    const Quantised made = quantise(x_BGTD);
    at::Tensor view = restore(made.values_BGTD, made.scales_BGT1, m_type);
    if (before > 0) view = at::cat({last(length, before), view}, 2);
    write(m_values, made.values_BGTD, length);
    write(m_scales, made.scales_BGT1, length);
    return view;
  }
  at::Tensor last(std::int64_t length, std::int64_t count) const {
    if (!isStored()) return {};
    return restore(read(m_values, length - count, count), read(m_scales, length - count, count), m_type);
  }
  void addTensors(std::vector<at::Tensor>& all) const {
    if (!isStored()) return;
    all.push_back(m_values);
    all.push_back(m_scales);
  }

 private:
  at::Tensor read(const at::Tensor& ring, std::int64_t first, std::int64_t count) const {
    const std::int64_t begin = first % m_capacity;
    if (begin + count <= m_capacity) return ring.narrow(2, begin, count);
    return at::cat({ring.narrow(2, begin, m_capacity - begin), ring.narrow(2, 0, begin + count - m_capacity)}, 2);
  }
  void write(at::Tensor& ring, const at::Tensor& x, std::int64_t first) const {
    const std::int64_t tokens = std::min(x.size(2), m_capacity);
    const at::Tensor last = x.narrow(2, x.size(2) - tokens, tokens);
    const std::int64_t begin = (first + x.size(2) - tokens) % m_capacity,
                       untilEnd = std::min(tokens, m_capacity - begin);
    ring.narrow(2, begin, untilEnd).copy_(last.narrow(2, 0, untilEnd));
    if (untilEnd < tokens) ring.narrow(2, 0, tokens - untilEnd).copy_(last.narrow(2, untilEnd, tokens - untilEnd));
  }

  std::int64_t m_capacity = 0;
  at::ScalarType m_type = at::kFloat;
  at::Tensor m_values, m_scales;
};

class Int8KvCache final : public KvCache {
 public:
  explicit Int8KvCache(const CacheSpec& spec) : m_spec(spec) {
    for (const SlotSpec& slot : spec.slots) {
      const std::int64_t capacity = kept(slot, spec.capacity);
      Slot made{.isRing = capacity < spec.capacity, .capacity = capacity};
      if (slot.storesK) made.k = Stream(spec, slot, capacity);
      if (slot.storesV) made.v = Stream(spec, slot, capacity);
      m_slots.push_back(std::move(made));
    }
  }

  SlotView append(int index, const at::Tensor& k_BGTD, const at::Tensor& v_BGTD) override {
    Slot& slot = m_slots.at(static_cast<std::size_t>(index));
    const std::int64_t tokens = (k_BGTD.defined() ? k_BGTD : v_BGTD).size(2);
    if (slot.length + tokens > m_spec.capacity) {
      throw std::length_error("the int8 KV cache holds " + std::to_string(m_spec.capacity) + " tokens a sequence; " +
                              std::to_string(tokens) + " more do not fit behind " + std::to_string(slot.length));
    }
    const std::int64_t before = slot.isRing ? std::min(slot.length, slot.capacity - 1) : slot.length;
    SlotView view;
    view.k_BGSD = slot.k.append(k_BGTD, slot.length, before);
    view.v_BGSD = slot.v.append(v_BGTD, slot.length, before);
    view.positions_S = at::arange(slot.length - before, slot.length + tokens,
                                  at::TensorOptions().dtype(at::kLong).device(m_spec.device));
    slot.length += tokens;
    return view;
  }
  SlotView read(int index) const override {
    const Slot& slot = m_slots.at(static_cast<std::size_t>(index));
    const std::int64_t count = slot.isRing ? std::min(slot.length, slot.capacity - 1) : slot.length;
    return {slot.k.last(slot.length, count), slot.v.last(slot.length, count),
            at::arange(slot.length - count, slot.length, at::TensorOptions().dtype(at::kLong).device(m_spec.device))};
  }
  std::int64_t length(int slot) const override { return m_slots.at(static_cast<std::size_t>(slot)).length; }
  void reset() override {
    for (Slot& slot : m_slots) slot.length = 0;
  }
  std::vector<at::Tensor> tensors() const override {
    std::vector<at::Tensor> all;
    for (const Slot& slot : m_slots) {
      slot.k.addTensors(all);
      slot.v.addTensors(all);
    }
    return all;
  }
  std::int64_t analyticBytes(std::int64_t tokens) const override {
    std::int64_t bytes = 0;
    for (const SlotSpec& slot : m_spec.slots) {
      const std::int64_t one = slot.heads * (slot.headWidth + 2) * kept(slot, tokens);
      bytes += (slot.storesK ? one : 0) + (slot.storesV ? one : 0);
    }
    return bytes;
  }

 private:
  struct Slot {
    bool isRing = false;
    std::int64_t capacity = 0, length = 0;
    Stream k, v;
  };
  CacheSpec m_spec;
  std::vector<Slot> m_slots;
};

std::unique_ptr<KvCache> create(const CacheSpec& spec) { return std::make_unique<Int8KvCache>(spec); }

}  // namespace

extern "C" __attribute__((visibility("default"))) const KvCachePlugin* weft_kv_cache_plugin() {
  static const KvCachePlugin plugin{.torchVersion = TORCH_VERSION,
                                    .compiler = __VERSION__,
                                    .name = "int8_cache",
                                    .version = "1",
                                    .description = "int8 keys and values, one float16 scale per token and head",
                                    .create = create};
  return &plugin;
}
