// engine/data/merge_table.h -- the merge rules of a BPE as a flat hash table, and the loop that applies them to one
// piece of text.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/data/bpe_definition.h"

namespace weft::data {

class MergeTable {
 public:
  // A pair that is there twice has its last place, as in Hugging Face tokenizers.
  explicit MergeTable(std::span<const Merge> merges);

  // Merges neighbours until no rule fits: always the pair of the highest priority, the leftmost of equals. `ids` holds
  // the tokens of single bytes before and the result after. n tokens cost n^2 for short pieces and n log n for long
  // ones (a line of 100,000 equal signs).
  void apply(std::vector<TokenId>& ids) const;

 private:
  struct Rule {
    std::uint64_t pair = kEmpty;
    std::uint32_t rank = kNoRank;
    TokenId result = 0;
  };
  static constexpr std::uint64_t kEmpty = ~std::uint64_t{0};  // no pair of ids below 2^32 - 1
  static constexpr std::uint32_t kNoRank = ~std::uint32_t{0};
  static constexpr std::size_t kLongPiece = 48;

  const Rule& find(TokenId left, TokenId right) const;
  void applyShort(std::vector<TokenId>& ids) const;
  void applyLong(std::vector<TokenId>& ids) const;

  std::vector<Rule> m_rules;  // open addressing, at most half full
  std::uint64_t m_mask = 0;
};

}  // namespace weft::data
