// plugins/int8_cache -- keys and values kept in int8 with one scale per token and head; composes with any sharing map,
// because a slot is a producer.
//   scale = max |x| / 127 over the D channels, rounded up to float16
//   q     = round(x / scale), ties to even, within -127 .. 127
//   x'    = q scale
// A row of zeros has scale 0 and comes back as zeros. |x - x'| <= scale / 2 (plus the rounding of x' to the model's
// type).
// Bytes per token: sum over slots of G (D + 2) for K and the same for V, as far as stored.
// B batch, G KV heads, T new tokens, S entries, D head width.
#include <ATen/ATen.h>
#include <torch/version.h>

#include <algorithm>
#include <string>

#include "engine/nn/kv_cache.h"
#include "engine/nn/kv_ring.h"

namespace {

using weft::nn::CacheSpec;
using weft::nn::KvCache;
using weft::nn::KvCachePlugin;
using weft::nn::RingPlaces;
using weft::nn::SlotSpec;
using weft::nn::SlotView;

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
  Stream(const CacheSpec& spec, const SlotSpec& slot, std::int64_t entries) : m_type(spec.dtype) {
    const at::TensorOptions options = at::TensorOptions().device(spec.device);
    m_values = at::empty({spec.batch, slot.heads, entries, slot.headWidth}, options.dtype(at::kChar));
    m_scales = at::empty({spec.batch, slot.heads, entries, 1}, options.dtype(at::kHalf));
  }
  bool isStored() const { return m_values.defined(); }

  // Entries of the last `before` positions, then x, all as the cache gives them back; x is stored at positions `length`
  // on.
  at::Tensor append(const at::Tensor& x_BGTD, std::int64_t length, std::int64_t before) {
    if (!isStored()) return {};
    const Quantised made = quantise(x_BGTD);
    at::Tensor view = restore(made.values_BGTD, made.scales_BGT1, m_type);
    if (before > 0) view = at::cat({last(length, before), view}, 2);
    weft::nn::writeRing(m_values, made.values_BGTD, length);
    weft::nn::writeRing(m_scales, made.scales_BGT1, length);
    return view;
  }
  at::Tensor last(std::int64_t length, std::int64_t count) const {
    if (!isStored()) return {};
    return restore(weft::nn::readRing(m_values, length - count, count),
                   weft::nn::readRing(m_scales, length - count, count), m_type);
  }
  void addTensors(std::vector<at::Tensor>& all) const {
    if (!isStored()) return;
    all.push_back(m_values);
    all.push_back(m_scales);
  }

 private:
  at::ScalarType m_type = at::kFloat;
  at::Tensor m_values, m_scales;
};

class Int8KvCache final : public KvCache {
 public:
  explicit Int8KvCache(const CacheSpec& spec) : m_spec(spec) {
    for (const SlotSpec& slot : spec.slots) {
      Slot made{.places = RingPlaces(slot, spec)};
      if (slot.storesK) made.k = Stream(spec, slot, made.places.entries());
      if (slot.storesV) made.v = Stream(spec, slot, made.places.entries());
      m_slots.push_back(std::move(made));
    }
  }

  SlotView append(int index, const at::Tensor& k_BGTD, const at::Tensor& v_BGTD) override {
    Slot& slot = m_slots.at(static_cast<std::size_t>(index));
    const std::int64_t tokens = (k_BGTD.defined() ? k_BGTD : v_BGTD).size(2);
    weft::nn::requireRoom(slot.places, tokens, m_spec.capacity, "int8 KV cache");
    SlotView view;
    view.k_BGSD = slot.k.append(k_BGTD, slot.places.length(), slot.places.visible());
    view.v_BGSD = slot.v.append(v_BGTD, slot.places.length(), slot.places.visible());
    view.positions_S = slot.places.positions_S(tokens, m_spec.device);
    slot.places.advance(tokens);
    return view;
  }
  SlotView read(int index) const override {
    const Slot& slot = m_slots.at(static_cast<std::size_t>(index));
    const std::int64_t length = slot.places.length(), count = slot.places.visible();
    return {slot.k.last(length, count), slot.v.last(length, count), slot.places.positions_S(0, m_spec.device)};
  }
  std::int64_t length(int slot) const override { return m_slots.at(static_cast<std::size_t>(slot)).places.length(); }
  void reset() override {
    for (Slot& slot : m_slots) slot.places.reset();
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
      const std::int64_t one = slot.heads * (slot.headWidth + 2) * weft::nn::keptEntries(slot, tokens);
      bytes += (slot.storesK ? one : 0) + (slot.storesV ? one : 0);
    }
    return bytes;
  }

 private:
  struct Slot {
    RingPlaces places;
    Stream k{}, v{};
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
