#include "engine/data/sampler.h"

#include <algorithm>
#include <bit>
#include <cassert>

namespace weft::data {
namespace {

// The finaliser of splitmix64 (Steele, Lea, Flood 2014): every input bit reaches every output bit.
std::uint64_t mix(std::uint64_t value) {
  value += 0x9E3779B97F4A7C15ull;
  value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9ull;
  value = (value ^ (value >> 27)) * 0x94D049BB133111EBull;
  return value ^ (value >> 31);
}

// A permutation of 0..count-1 chosen by `key`: a Feistel network on the smallest even number of bits that holds count -
// 1, walked until it falls inside (Black and Rogaway 2002, "cycle walking"; at most 4 rounds of it on average). 6
// rounds are pseudo-random enough for shuffling.
std::uint64_t permute(std::uint64_t index, std::uint64_t count, std::uint64_t key) {
  const int halfBits = std::max(1, static_cast<int>(std::bit_width(count - 1) + 1) / 2);
  const std::uint64_t halfMask = (std::uint64_t{1} << halfBits) - 1;
  do {
    std::uint64_t left = index >> halfBits, right = index & halfMask;
    for (std::uint64_t round = 0; round < 6; ++round) {
      const std::uint64_t next = left ^ (mix(right ^ mix(key + round)) & halfMask);
      left = right;
      right = next;
    }
    index = left << halfBits | right;
  } while (index >= count);
  return index;
}

}  // namespace

SequenceSampler::SequenceSampler(std::int64_t shardTokens, std::int64_t sequenceLength, std::uint64_t seed)
    : m_windows(sequenceLength > 0 ? std::max<std::int64_t>(0, (shardTokens - 1) / sequenceLength) : 0),
      m_sequenceLength(sequenceLength),
      m_seed(seed) {}

std::int64_t SequenceSampler::offsetOf(std::int64_t sequenceNumber) const {
  assert(m_windows > 0 && sequenceNumber >= 0);
  const auto windows = static_cast<std::uint64_t>(std::max<std::int64_t>(1, m_windows));
  const auto number = static_cast<std::uint64_t>(sequenceNumber);
  const std::uint64_t epochKey = mix(m_seed ^ mix(number / windows));
  return static_cast<std::int64_t>(permute(number % windows, windows, epochKey)) * m_sequenceLength;
}

}  // namespace weft::data
