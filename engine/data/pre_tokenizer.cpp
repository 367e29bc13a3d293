#include "engine/data/pre_tokenizer.h"

#include <unicode/utf8.h>

#include <cstdint>

#include "engine/data/character_kind.h"

namespace weft::data {
namespace {

using Kind = CharacterKind;

// Reads forward through one piece of text.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : m_text(text), m_kinds(basicPlaneKinds()) {}

  bool atEnd(std::size_t at) const { return at >= m_text.size(); }
  char byte(std::size_t at) const { return at < m_text.size() ? m_text[at] : '\0'; }
  bool isNewline(std::size_t at) const { return byte(at) == '\n' || byte(at) == '\r'; }

  // The kind of the character at `at`, and where the next one starts.
  Kind read(std::size_t at, std::size_t& next) const {
    const auto first = static_cast<unsigned char>(m_text[at]);
    if (first < 0x80) {
      next = at + 1;
      return m_kinds[first];
    }
    std::size_t end = at;
    UChar32 code = 0;
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(m_text.data());
    U8_NEXT(bytes, end, m_text.size(), code);
    next = end;
    if (code < 0) return Kind::Other;
    return code < 0x10000 ? m_kinds[code] : kindOf(code);
  }

  // Where the run of `kind` that begins at `at` ends; `at` itself when the character there is of another kind.
  std::size_t endOfRun(Kind kind, std::size_t at, int longest = -1) const {
    for (std::size_t next = 0; !atEnd(at) && longest != 0; at = next, --longest) {
      if (read(at, next) != kind) break;
    }
    return at;
  }

  std::size_t endOfNewlines(std::size_t at) const {
    while (isNewline(at)) ++at;
    return at;
  }

  // \s+(?!\S)|\s+ : a run before a word leaves its last character to the word.
  std::size_t whiteSpacePiece() const {
    std::size_t last = 0, at = 0;
    for (std::size_t next = 0; !atEnd(at); at = next) {
      if (read(at, next) != Kind::Space) break;
      last = at;
    }
    return atEnd(at) || last == 0 ? at : last;
  }

 private:
  std::string_view m_text;
  const Kind* m_kinds;
};

enum class LetterCase { Exact, Folded };

// The length of 's 't 're 've 'm 'll 'd at the start of the text, else 0.
std::size_t contraction(std::string_view text, LetterCase letterCase) {
  if (text.size() < 2 || text[0] != '\'') return 0;
  const auto letter = [&](std::size_t at) -> char {
    if (at >= text.size()) return '\0';
    const char c = text[at];
    return letterCase == LetterCase::Folded && c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  };
  switch (letter(1)) {
    case 's':
    case 't':
    case 'm':
    case 'd':
      return 2;
    case 'r':
    case 'v':
      return letter(2) == 'e' ? 3 : 0;
    case 'l':
      return letter(2) == 'l' ? 3 : 0;
    default:
      break;
  }
  // U+017F, the long s, folds to s.
  if (letterCase == LetterCase::Folded && text.substr(1, 2) == "\xC5\xBF") return 3;
  return 0;
}

std::size_t firstGpt2Piece(std::string_view text) {
  if (const std::size_t length = contraction(text, LetterCase::Exact)) return length;
  const Scanner scanner(text);
  std::size_t next = 0;
  const Kind first = scanner.read(0, next);
  if (first != Kind::Space) return scanner.endOfRun(first, next);
  if (text[0] == ' ' && text.size() > 1) {
    std::size_t afterSecond = 0;
    const Kind second = scanner.read(1, afterSecond);
    if (second != Kind::Space) return scanner.endOfRun(second, afterSecond);
  }
  return scanner.whiteSpacePiece();
}

std::size_t firstLlamaPiece(std::string_view text, int longestNumber) {
  if (const std::size_t length = contraction(text, LetterCase::Folded)) return length;
  const Scanner scanner(text);
  std::size_t next = 0;
  const Kind first = scanner.read(0, next);
  if (first == Kind::Letter) return scanner.endOfRun(Kind::Letter, next);
  if (first == Kind::Number) return scanner.endOfRun(Kind::Number, 0, longestNumber);
  if (!scanner.isNewline(0)) {
    const std::size_t end = scanner.endOfRun(Kind::Letter, next);
    if (end > next) return end;
  }
  const std::size_t symbols = text[0] == ' ' ? 1 : 0;
  const std::size_t symbolsEnd = scanner.endOfRun(Kind::Other, symbols);
  if (symbolsEnd > symbols) return scanner.endOfNewlines(symbolsEnd);

  const std::size_t spacesEnd = scanner.endOfRun(Kind::Space, 0);
  const std::size_t lastNewline = text.substr(0, spacesEnd).find_last_of("\r\n");
  if (lastNewline != std::string_view::npos) return lastNewline + 1;
  return scanner.whiteSpacePiece();
}

std::size_t firstDigitPiece(std::string_view text, int longestNumber) {
  const Scanner scanner(text);
  if (const std::size_t end = scanner.endOfRun(Kind::Number, 0, longestNumber)) return end;
  std::size_t at = 0;
  for (std::size_t next = 0; !scanner.atEnd(at); at = next) {
    if (scanner.read(at, next) == Kind::Number) break;
  }
  return at;
}

}  // namespace

std::size_t firstPiece(Splitter splitter, std::string_view text) {
  switch (splitter) {
    case Splitter::Gpt2:
      return firstGpt2Piece(text);
    case Splitter::Llama3:
      return firstLlamaPiece(text, 3);
    case Splitter::Qwen2:
      return firstLlamaPiece(text, 1);
    case Splitter::EachDigit:
      return firstDigitPiece(text, 1);
    case Splitter::DigitRuns:
      return firstDigitPiece(text, -1);
  }
  return text.size();
}

}  // namespace weft::data
