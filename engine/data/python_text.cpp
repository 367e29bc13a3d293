#include "engine/data/python_text.h"

#include <unicode/bytestream.h>
#include <unicode/casemap.h>
#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include "engine/data/utf8.h"

namespace weft::data {

namespace {

// Python counts the four separators U+001C..U+001F as white space, Unicode does not.
bool isSpace(UChar32 code) { return u_isUWhiteSpace(code) || (code >= 0x1C && code <= 0x1F); }

// Calls `take` with each code point and the bytes before and behind it.
template <typename Take>
void forEachCharacter(std::string_view text, Take take) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  const auto length = static_cast<std::int64_t>(text.size());
  for (std::int64_t i = 0; i < length;) {
    const std::int64_t begin = i;
    UChar32 code = 0;
    U8_NEXT_OR_FFFD(bytes, i, length, code);
    take(code, static_cast<std::size_t>(begin), static_cast<std::size_t>(i));
  }
}

}  // namespace

std::string_view stripLeft(std::string_view text) {
  std::size_t begin = text.size();
  forEachCharacter(text, [&](UChar32 code, std::size_t at, std::size_t) {
    if (begin == text.size() && !isSpace(code)) begin = at;
  });
  return text.substr(begin);
}

std::string_view stripRight(std::string_view text) {
  std::size_t end = 0;
  forEachCharacter(text, [&](UChar32 code, std::size_t, std::size_t behind) {
    if (!isSpace(code)) end = behind;
  });
  return text.substr(0, end);
}

std::string_view strip(std::string_view text) { return stripRight(stripLeft(text)); }

std::string capitalize(std::string_view text) {
  std::string result;
  icu::StringByteSink<std::string> sink(&result);
  UErrorCode error = U_ZERO_ERROR;
  icu::CaseMap::utf8ToTitle("", U_TITLECASE_WHOLE_STRING | U_TITLECASE_NO_BREAK_ADJUSTMENT, nullptr,
                            icu::StringPiece(text.data(), static_cast<std::int32_t>(text.size())), sink, nullptr,
                            error);
  return U_SUCCESS(error) ? result : std::string(text);
}

std::string replaceAll(std::string_view text, std::string_view from, std::string_view to) {
  std::string result;
  result.reserve(text.size());
  std::size_t begin = 0;
  for (std::size_t found; (found = text.find(from, begin)) != std::string_view::npos; begin = found + from.size()) {
    result.append(text, begin, found - begin);
    result += to;
  }
  return result.append(text, begin);
}

std::int64_t countCharacters(std::string_view text) {
  std::int64_t count = 0;
  forEachCharacter(text, [&](UChar32, std::size_t, std::size_t) { ++count; });
  return count;
}

std::int64_t countSplitAtSpace(std::string_view text) {
  std::int64_t parts = 1;
  bool inSpace = false;
  forEachCharacter(text, [&](UChar32 code, std::size_t, std::size_t) {
    if (isSpace(code) && !inSpace) ++parts;
    inSpace = isSpace(code);
  });
  return parts;
}

}  // namespace weft::data
