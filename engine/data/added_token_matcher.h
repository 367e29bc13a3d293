// engine/data/added_token_matcher.h -- finds a tokenizer's added tokens in text: leftmost, longest, with their
// stripping flags, in the order and with the corner cases of Hugging Face tokenizers
// (src/tokenizer/added_vocabulary.rs, find_matches).
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/data/bpe_definition.h"

namespace weft::data {

class AddedTokenMatcher {
 public:
  // Each token with the text to look for (its content, or that normalised).
  explicit AddedTokenMatcher(const std::vector<std::pair<AddedToken, std::string>>& tokens);

  // Calls `take` for each stretch of text and each token, in order; a stretch comes without an id.
  void split(std::string_view text, const std::function<void(std::string_view, std::optional<TokenId>)>& take) const;

 private:
  struct Match {
    std::size_t end = 0;
    int token = -1;
  };
  Match longestAt(std::string_view text, std::size_t at) const;
  std::uint32_t childOf(std::uint32_t node, unsigned char byte) const;
  bool mayStartAt(std::string_view text, std::size_t at) const;

  std::vector<AddedToken> m_tokens;
  std::array<std::uint32_t, 256> m_roots{};                     // first byte -> node, 0 = none
  std::unordered_map<std::uint64_t, std::uint32_t> m_children;  // node << 8 | byte -> node
  std::vector<int> m_tokenOfNode;                               // -1 = no token ends here
  // The first two bytes of all tokens (after a token of one byte any byte): a run of spaces is a token in many files,
  // and every word begins with one space.
  std::vector<bool> m_beginnings = std::vector<bool>(1 << 16, false);
};

}  // namespace weft::data
