// engine/data/synthetic_corpus.h -- a text source of our own with a known entropy rate, so that a loss can be judged against its floor.
#pragma once

#include <cstdint>
#include <string>

namespace weft::data {

// A seeded stochastic source over readable ASCII words whose next token depends on recent AND distant context (so that attention, and
// therefore KV sharing, matters), with an exactly computable conditional entropy. Deterministic in (seed).
class SyntheticCorpus {
 public:
  explicit SyntheticCorpus(std::uint64_t seed);
  // The next about `bytes` bytes, cut at a sentence end. Successive calls continue the text.
  std::string generate(std::int64_t bytes);
  // Entropy in nats per byte of the text generated so far: minus the mean log-probability that the source itself gave to what it drew.
  double entropyPerByte_nats() const;

 private:
  std::uint64_t m_state[4];
  double m_nats = 0;
  std::int64_t m_bytes = 0;
};

}  // namespace weft::data
