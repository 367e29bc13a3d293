// engine/data/encoded_pair.h -- a context and its continuation as ids, divided where lm-eval divides them
// (TemplateLM._encode_pair).
#pragma once

#include <string_view>
#include <vector>

#include "engine/data/tokenizer.h"

namespace weft::data {

struct EncodedPair {
  std::vector<TokenId> context, continuation;
};

// Both together are encoded, and what is longer than the context alone is the continuation; white space at the
// context's end belongs to it. An empty context is the token that stands before a text. Special tokens that the
// tokenizer puts before a text come first in the context. InvalidInput: nothing is left of the continuation; an empty
// context where the tokenizer knows no token to stand for it.
[[nodiscard]] Result<EncodedPair> encodePair(const Tokenizer& tokenizer, std::string_view context,
                                             std::string_view continuation);

// What stands before a text of which every token is scored: the last special token that the tokenizer itself puts
// there, else its end of text.
std::optional<TokenId> startOfText(const Tokenizer& tokenizer);

// encode() after the special tokens that the tokenizer puts before a text.
std::vector<TokenId> encodeWithPrefix(const Tokenizer& tokenizer, std::string_view text);

}  // namespace weft::data
