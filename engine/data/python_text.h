// engine/data/python_text.h -- the string operations of Python that lm-eval's tasks are written in, exactly: a score is
// only comparable if the prompt is the same to the byte. Texts are valid UTF-8; white space is str.isspace()'s.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace weft::data {

std::string_view stripLeft(std::string_view text);   // lstrip()
std::string_view stripRight(std::string_view text);  // rstrip()
std::string_view strip(std::string_view text);       // strip()
// The first character in title case, all others in lower case: "ßIE" -> "Ssie".
std::string capitalize(std::string_view text);
// Every `from`, left to right, not overlapping.
std::string replaceAll(std::string_view text, std::string_view from, std::string_view to);
std::int64_t countCharacters(std::string_view text);    // len(text): code points
std::int64_t countSplitAtSpace(std::string_view text);  // len(re.split(r"\s+", text)): empty ends count

}  // namespace weft::data
