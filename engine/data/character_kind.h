// engine/data/character_kind.h -- what a splitting pattern sees of a character: \p{L}, \p{N}, \s or none of them.
// As of Unicode 16.0, whatever ICU the system has: that is the version in the regular expressions of Hugging Face
// tokenizers 0.23, and the ids of a text must not depend on the machine. tests/fixtures/tokenizer/compare_documents.py
// asks about every code point.
#pragma once

#include <cstdint>

namespace weft::data {

enum class CharacterKind : std::uint8_t { Letter, Number, Space, Other };

// Of every code point below U+10000: an array that the scanners read directly.
const CharacterKind* basicPlaneKinds();
// Of any code point.
CharacterKind kindOf(std::int32_t code);
// \w of the Unicode regular expressions (UTS 18): alphabetic, mark, decimal digit, connector punctuation, join control.
bool isWordCharacter(std::int32_t code);

}  // namespace weft::data
