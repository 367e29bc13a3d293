// engine/data/sampler.h -- which tokens a training step sees: a pure function of (shard size, sequence length, seed,
// step), so that every run of a comparison sees the same tokens in the same order and a resumed run continues exactly.
#pragma once

#include <cstdint>
#include <span>

namespace weft::data {

// The shard is cut into windows of T + 1 tokens (stride T); every epoch visits all of them once in a new pseudo-random
// order (a keyed permutation of the index, so nothing is stored). Needs size >= T + 1.
class SequenceSampler {
 public:
  SequenceSampler(std::int64_t shardTokens, std::int64_t sequenceLength, std::uint64_t seed);
  std::int64_t windowCount() const { return m_windows; }
  // First token of the window that the n-th sequence of the whole training reads, n = step * batchSequences + row.
  std::int64_t offsetOf(std::int64_t sequenceNumber) const;

 private:
  std::int64_t m_windows;
  std::int64_t m_sequenceLength;
  std::uint64_t m_seed;
};

}  // namespace weft::data
