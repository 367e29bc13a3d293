#include "engine/data/utf8.h"

#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include <cstring>

namespace weft::data {

bool isAscii(std::string_view text) {
  constexpr std::uint64_t kHighBits = 0x8080808080808080ull;
  std::size_t i = 0;
  for (; i + 8 <= text.size(); i += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + i, 8);
    if (word & kHighBits) return false;
  }
  for (; i < text.size(); ++i) {
    if (static_cast<unsigned char>(text[i]) >= 0x80) return false;
  }
  return true;
}

bool isValidUtf8(std::string_view text) {
  if (isAscii(text)) return true;
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  const auto length = static_cast<std::int64_t>(text.size());
  for (std::int64_t i = 0; i < length;) {
    UChar32 code = 0;
    U8_NEXT(bytes, i, length, code);
    if (code < 0) return false;
  }
  return true;
}

std::int64_t firstIllFormedLine(std::string_view text) {
  if (isValidUtf8(text)) return 0;
  std::size_t begin = 0;
  for (std::int64_t line = 1;; ++line) {
    const std::size_t end = text.find('\n', begin);
    if (end == std::string_view::npos || !isValidUtf8(text.substr(begin, end - begin))) return line;
    begin = end + 1;
  }
}

std::int64_t replaceInvalidUtf8(std::string& text) {
  if (isValidUtf8(text)) return 0;
  std::int64_t replaced = 0;
  std::string clean;
  clean.reserve(text.size() + 16);
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  const auto length = static_cast<std::int64_t>(text.size());
  for (std::int64_t i = 0; i < length;) {
    const std::int64_t start = i;
    UChar32 code = 0;
    U8_NEXT(bytes, i, length, code);
    if (code < 0) {
      clean += "\xEF\xBF\xBD";
      replaced += i - start;
    } else {
      clean.append(text, static_cast<std::size_t>(start), static_cast<std::size_t>(i - start));
    }
  }
  text = std::move(clean);
  return replaced;
}

std::int64_t countWords(std::string_view utf8) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(utf8.data());
  const auto length = static_cast<std::int64_t>(utf8.size());
  std::int64_t words = 0;
  bool inWord = false;
  for (std::int64_t i = 0; i < length;) {
    UChar32 code = 0;
    U8_NEXT(bytes, i, length, code);
    const bool isSpace = code >= 0 && u_isUWhiteSpace(code);
    if (!isSpace && !inWord) ++words;
    inWord = !isSpace;
  }
  return words;
}

}  // namespace weft::data
