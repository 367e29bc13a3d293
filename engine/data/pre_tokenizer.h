// engine/data/pre_tokenizer.h -- cuts text into the pieces that BPE merges within; hand-written scanners for the
// regular expressions that byte-level tokenizers use, exact in their alternation order and look-ahead (ICU gives the
// character categories).
#pragma once

#include <cstddef>
#include <string_view>

namespace weft::data {

enum class Splitter {
  Gpt2,       // 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
  Llama3,     // (?i:'s|...)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
  Qwen2,      // as Llama3 with \p{N} alone
  EachDigit,  // every numeric character stands alone
  DigitRuns,  // every run of numeric characters stands alone
};

// The length of the first piece, in bytes; 1..text.size(). `text` is not empty and is valid UTF-8 up to the end that
// look-ahead may see.
std::size_t firstPiece(Splitter splitter, std::string_view text);

}  // namespace weft::data
