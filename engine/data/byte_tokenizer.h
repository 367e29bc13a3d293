// engine/data/byte_tokenizer.h -- a token a byte, 0..255, and 256 = end of text: the embedded default that needs no
// file and loses nothing, not even text that is not UTF-8.
#pragma once

#include "engine/data/tokenizer.h"

namespace weft::data {

class ByteTokenizer final : public Tokenizer {
 public:
  static constexpr TokenId kEndOfText = 256;
  std::vector<TokenId> encode(std::string_view utf8) const override;
  std::string decode(std::span<const TokenId> ids) const override;
  std::int64_t vocabularySize() const override { return 257; }
  std::optional<TokenId> endOfText() const override { return kEndOfText; }
  std::string name() const override { return "byte"; }
  std::string fingerprint() const override { return "byte-257"; }
};

}  // namespace weft::data
