// engine/data/bpe_definition.h -- what a BPE tokenizer.json says, checked: everything the tokenizer needs
// and nothing else.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
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

// What BPE begins with.
enum class Alphabet {
  Bytes,      // the bytes of the text, each written as one character: GPT-2 and its like
  Characters  // the characters of the text, a blank written as U+2581: SentencePiece's BPE (Llama 1 and 2, Mistral,
              // Gemma)
};

// A step of the normaliser of a file of characters.
struct NormalizerStep {
  enum class Kind { Prepend, Replace };
  Kind kind = Kind::Replace;
  std::string from, to;  // Prepend: `to` in front of every stretch of text; Replace: every `from`
};

// The pre-tokenizer "Metaspace" of a file of characters.
struct Metaspace {
  enum class Prefix { Never, First, Always };  // a blank in front: of the text alone, or of every stretch of it
  std::string mark;
  Prefix prefix = Prefix::Always;
  bool splits = true;  // a piece begins at each mark; else the stretch is one piece
};

// How tokens of characters become text again.
struct CharacterDecoder {
  enum class Strip { Nothing, Blanks, MarksOfFirstToken };
  std::string mark;         // becomes a blank
  bool joinsBytes = false;  // "<0x0A>" is the byte 10
  Strip strip = Strip::Nothing;
  std::size_t blanks = 0;  // Strip::Blanks: at most so many at the beginning
};

struct BpeDefinition {
  Alphabet alphabet = Alphabet::Bytes;
  std::vector<std::string> tokens;  // id -> bytes (Characters: as spelled); empty where no token has the id
  std::vector<std::pair<std::string, TokenId>> modelTokens;  // what BPE itself may produce; others are added only
  std::vector<Merge> merges;                                 // the first has the highest priority
  std::vector<AddedToken> addedTokens;
  std::vector<Splitter> splitters;  // applied one inside the other
  std::vector<TokenId> prefix;      // special tokens that the post-processor puts before a text
  bool normalizesToNfc = false;
  bool addsPrefixSpace = false;  // before every stretch of text that does not begin with a space
  bool ignoresMerges = false;    // a piece that is a token is that token, whatever the merges say

  // Of Characters alone.
  std::vector<NormalizerStep> normalizer;
  std::optional<Metaspace> metaspace;
  CharacterDecoder decoder;
  bool fallsBackToBytes = false;   // a character without a token is its bytes, "<0xE2>" and so on
  std::optional<TokenId> unknown;  // else it is this
  bool fusesUnknown = false;       // one for a run of them
};

// `origin` is what the message calls the text. Of the post-processor only the tokens before a text are read, and
// encode() does not add them; truncation and padding are not applied. An added token that is not in the vocabulary gets
// the next free id, as `tokenizers` gives it, whatever id it states. Corrupt: "'F' is not a BPE tokenizer.json that
// Weft reads:
// ...", also for what is understood but would give other ids.
[[nodiscard]] Result<BpeDefinition> parseBpeDefinition(std::string_view text, const std::string& origin);

// A stretch of text, which is not empty, after the steps.
std::string normalized(std::string_view stretch, const std::vector<NormalizerStep>& steps);

// "<0x0A>": how a file of characters writes a byte that it has no character for.
std::string byteFallbackToken(unsigned char byte);

// How a tokenizer.json writes a byte: one character, as GPT-2's bytes_to_unicode.
std::string byteLevelCharacter(unsigned char byte);

// The whole of a tokenizer.json is held in memory: larger files are refused (the largest in use, 200,000 tokens, has 28
// MB).
inline constexpr std::int64_t kMaxTokenizerBytes = 64 << 20;
inline constexpr std::int64_t kMaxVocabulary = 1 << 20;
inline constexpr std::size_t kMaxAddedTokenBytes = 1024;

}  // namespace weft::data
