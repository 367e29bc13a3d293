// engine/nn/kv_ring.h -- where a slot's entries lie: in a row while all of them are kept, in a ring where a window caps
// them. Header only, like the seam it belongs to: caches of the engine and of plugins keep their streams by it.
// B batch, G KV heads, T new tokens, S entries, D channels.
#pragma once

#include <ATen/ATen.h>

#include <algorithm>
#include <cstdint>
#include <stdexcept>
#include <string>

#include "engine/nn/kv_cache.h"

namespace weft::nn {

// Of `tokens` tokens of a sequence, the entries that the slot keeps.
inline std::int64_t keptEntries(const SlotSpec& slot, std::int64_t tokens) {
  return slot.window ? std::min(*slot.window, tokens) : tokens;
}

// The positions of one slot: how many entries there are, and which of them a query still sees.
class RingPlaces {
 public:
  RingPlaces() = default;
  RingPlaces(const SlotSpec& slot, const CacheSpec& spec)
      : m_entries(keptEntries(slot, spec.capacity)), m_isRing(m_entries < spec.capacity) {}

  std::int64_t entries() const { return m_entries; }  // that are allocated
  std::int64_t length() const { return m_length; }    // tokens seen: the position of the next one
  // Entries from before the next token that it sees: all, or the last window - 1.
  std::int64_t visible() const { return m_isRing ? std::min(m_length, m_entries - 1) : m_length; }
  // int64 [S]: of the visible entries and of `tokens` new ones behind them, ascending.
  at::Tensor positions_S(std::int64_t tokens, at::Device device) const {
    return at::arange(m_length - visible(), m_length + tokens, at::TensorOptions().dtype(at::kLong).device(device));
  }
  void advance(std::int64_t tokens) { m_length += tokens; }
  void reset() { m_length = 0; }
  bool isRing() const { return m_isRing; }

 private:
  std::int64_t m_entries = 0, m_length = 0;
  bool m_isRing = false;
};

// Throws std::length_error, with all three numbers, if `tokens` more do not fit.
inline void requireRoom(const RingPlaces& places, std::int64_t tokens, std::int64_t capacity, const char* cache) {
  if (places.length() + tokens <= capacity) return;
  throw std::length_error(std::string("the ") + cache + " holds " + std::to_string(capacity) + " tokens a sequence; " +
                          std::to_string(tokens) + " more do not fit behind " + std::to_string(places.length()));
}

// Writes x_BGTD at positions first .. first+T-1; of more tokens than entries the last stay.
inline void writeRing(at::Tensor& ring_BGSD, const at::Tensor& x_BGTD, std::int64_t first) {
  const std::int64_t entries = ring_BGSD.size(2), all = x_BGTD.size(2), tokens = std::min(all, entries);
  const at::Tensor last = x_BGTD.narrow(2, all - tokens, tokens);
  const std::int64_t begin = (first + all - tokens) % entries, untilEnd = std::min(tokens, entries - begin);
  ring_BGSD.narrow(2, begin, untilEnd).copy_(last.narrow(2, 0, untilEnd));
  if (untilEnd < tokens) ring_BGSD.narrow(2, 0, tokens - untilEnd).copy_(last.narrow(2, untilEnd, tokens - untilEnd));
}

// The entries at positions first .. first+count-1, in order: a view where they lie in one piece, else a copy.
inline at::Tensor readRing(const at::Tensor& ring_BGSD, std::int64_t first, std::int64_t count) {
  const std::int64_t entries = ring_BGSD.size(2);
  if (count == 0) return ring_BGSD.narrow(2, 0, 0);
  const std::int64_t begin = first % entries;
  if (begin + count <= entries) return ring_BGSD.narrow(2, begin, count);
  return at::cat({ring_BGSD.narrow(2, begin, entries - begin), ring_BGSD.narrow(2, 0, begin + count - entries)}, 2);
}

}  // namespace weft::nn
