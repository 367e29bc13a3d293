// engine/data/bpe_definition.h -- what a byte-level BPE tokenizer.json says, checked: everything the tokenizer needs
// and nothing else.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/data/pre_tokenizer.h"
#include "engine/data/tokenizer.h"

namespace weft::data {

// A token that is found in the text before BPE sees it.
struct AddedToken {
  std::string content;
  TokenId id = 0;
  bool isSpecial = false;
  bool isNormalized = false;  // matched in the normalised text, else in the text as it came
  bool isSingleWord = false;  // not inside a word
  bool stripsLeft = false;    // takes the white space before it along
  bool stripsRight = false;
};

struct Merge {
  TokenId left = 0, right = 0, result = 0;
};

struct BpeDefinition {
  std::vector<std::string> tokens;  // id -> bytes; no holes
  std::vector<bool> isInModel;      // id -> BPE itself may produce it; the others are added tokens only
  std::vector<Merge> merges;        // the first has the highest priority
  std::vector<AddedToken> addedTokens;
  std::vector<Splitter> splitters;  // applied one inside the other
  std::vector<TokenId> prefix;      // special tokens that the post-processor puts before a text
  bool normalizesToNfc = false;
  bool addsPrefixSpace = false;  // before every stretch of text that does not begin with a space
  bool ignoresMerges = false;    // a piece that is a token is that token, whatever the merges say
};

// `origin` is what the message calls the text. Of the post-processor only the tokens before a text are read, and
// encode() does not add them; truncation and padding are not applied. Corrupt: "'F' is not a byte-level BPE
// tokenizer.json: ...", also for what is understood but would give other ids.
[[nodiscard]] Result<BpeDefinition> parseBpeDefinition(std::string_view text, const std::string& origin);

// How a tokenizer.json writes a byte: one character, as GPT-2's bytes_to_unicode.
std::string byteLevelCharacter(unsigned char byte);

// The whole of a tokenizer.json is held in memory: larger files are refused (the largest in use, 200,000 tokens, has 28
// MB).
inline constexpr std::int64_t kMaxTokenizerBytes = 64 << 20;
inline constexpr std::int64_t kMaxVocabulary = 1 << 20;
inline constexpr std::size_t kMaxAddedTokenBytes = 1024;

}  // namespace weft::data
