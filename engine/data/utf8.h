// engine/data/utf8.h -- the few questions about UTF-8 that corpus and tokenizer share; ICU holds the tables.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace weft::data {

bool isAscii(std::string_view text);
bool isValidUtf8(std::string_view text);

// The line, counted from 1, of the first byte that is not UTF-8; 0 if all are.
std::int64_t firstIllFormedLine(std::string_view text);

// Ill-formed sequences become U+FFFD, one for each maximal subpart (Unicode 3.9; what Python's errors="replace" does).
// Returns how many bytes were replaced.
std::int64_t replaceInvalidUtf8(std::string& text);

// Maximal runs without Unicode white space: Python's len(text.split()) but for U+001C..U+001F.
std::int64_t countWords(std::string_view utf8);

}  // namespace weft::data
