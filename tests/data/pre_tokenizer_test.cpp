// The hand-written scanners against ICU's regular expressions.
#include "engine/data/pre_tokenizer.h"

#include <gtest/gtest.h>
#include <unicode/regex.h>
#include <unicode/uchar.h>

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "engine/data/character_kind.h"

namespace weft::data {
namespace {

struct Pattern {
  Splitter splitter;
  const char* expression;
};

constexpr const char* kEndings = R"((?i:'s|'t|'re|'ve|'m|'ll|'d))";
const std::vector<Pattern>& patterns() {
  static const std::string llama =
      std::string(kEndings) +
      R"(|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
  static const std::string qwen =
      std::string(kEndings) + R"(|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
  static const std::vector<Pattern> all{
      {Splitter::Gpt2, R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)"},
      {Splitter::Llama3, llama.c_str()},
      {Splitter::Qwen2, qwen.c_str()},
      {Splitter::EachDigit, R"(\p{N}|\P{N}+)"},
      {Splitter::DigitRuns, R"(\p{N}+|\P{N}+)"},
  };
  return all;
}

std::string toUtf8(const icu::UnicodeString& text) {
  std::string bytes;
  return text.toUTF8String(bytes);
}

std::vector<std::string> piecesOf(icu::RegexMatcher& matcher, const icu::UnicodeString& text) {
  std::vector<std::string> pieces;
  matcher.reset(text);
  UErrorCode status = U_ZERO_ERROR;
  while (matcher.find(status) && U_SUCCESS(status)) pieces.push_back(toUtf8(matcher.group(status)));
  EXPECT_TRUE(U_SUCCESS(status)) << u_errorName(status);
  return pieces;
}

std::vector<std::string> piecesOf(Splitter splitter, std::string_view text) {
  std::vector<std::string> pieces;
  while (!text.empty()) {
    const std::size_t length = firstPiece(splitter, text);
    if (length == 0 || length > text.size()) {
      ADD_FAILURE() << "a piece of " << length << " bytes of " << text.size();
      break;
    }
    pieces.emplace_back(text.substr(0, length));
    text.remove_prefix(length);
  }
  return pieces;
}

// Short texts of characters that the patterns tell apart, dense in borders: after a few thousand every pair and most
// triples have met.
class Texts {
 public:
  icu::UnicodeString next() {
    icu::UnicodeString text;
    for (std::size_t left = 1 + m_random() % 12; left > 0; --left) text.append(character());
    return text;
  }

 private:
  UChar32 character() {
    static constexpr UChar32 kDense[] = {
        ' ',     ' ',     ' ',    '\n',   '\r',   '\t',   '\v',  '\f',  '\'', '\'',   '\'',   's',    'S',
        't',     'T',     'r',    'R',    'e',    'E',    'v',   'm',   'M',  'l',    'L',    'd',    'D',
        'a',     '1',     '2',    '.',    '-',    '_',    '!',   0x17F, 0xE9, 0x301,  0x85,   0xA0,   0x1680,
        0x2003,  0x2028,  0x202F, 0x3000, 0x200B, 0xFEFF, 0x660, 0x967, 0xBD, 0x2167, 0x56DB, 0x65E5, 0x1F642,
        0x1D7D8, 0x20000, 0x200D, 0xFE0F, 0x2019, 0x212A, 0x0,   0x1F,  0x7F, 0xFFFD};
    if (m_random() % 8 != 0) return kDense[m_random() % std::size(kDense)];
    for (;;) {
      const auto code = static_cast<UChar32>(m_random() % (m_random() % 2 ? 0x3000 : 0x30000));
      UVersionInfo age;
      u_charAge(code, age);
      // Unassigned, or of a Unicode that other ICUs know too.
      if (!U_IS_SURROGATE(code) && age[0] <= 15 && (age[0] > 0 || kindOf(code) == CharacterKind::Other)) return code;
    }
  }
  std::mt19937_64 m_random{20261125};
};

TEST(PreTokenizer, SplitsAsTheRegularExpressionsDo) {
  for (const Pattern& pattern : patterns()) {
    UErrorCode status = U_ZERO_ERROR;
    const std::unique_ptr<icu::RegexPattern> compiled(
        icu::RegexPattern::compile(icu::UnicodeString::fromUTF8(pattern.expression), 0, status));
    ASSERT_TRUE(U_SUCCESS(status)) << pattern.expression;
    const std::unique_ptr<icu::RegexMatcher> matcher(compiled->matcher(status));
    Texts texts;
    for (int round = 0; round < 40000; ++round) {
      const icu::UnicodeString text = texts.next();
      ASSERT_EQ(piecesOf(pattern.splitter, toUtf8(text)), piecesOf(*matcher, text))
          << pattern.expression << " on " << testing::PrintToString(toUtf8(text));
    }
  }
}

TEST(PreTokenizer, KnowsTheLettersNumbersAndMarksOfUnicode16WhateverIcuIsThere) {
  // Garay's letters, digits and marks, and a Sunuwar letter: of Unicode 16.0; the CJK ideographs of 15.1.
  EXPECT_EQ(kindOf(0x10D4A), CharacterKind::Letter);
  EXPECT_EQ(kindOf(0x10D40), CharacterKind::Number);
  EXPECT_EQ(kindOf(0x10D69), CharacterKind::Other);
  EXPECT_EQ(kindOf(0x11BC0), CharacterKind::Letter);
  EXPECT_EQ(kindOf(0x2EBF0), CharacterKind::Letter);
  EXPECT_EQ(kindOf(0x1C89), CharacterKind::Letter);
  EXPECT_TRUE(isWordCharacter(0x10D69));
  EXPECT_TRUE(isWordCharacter(0x897));
  // Of Unicode 17.0, and of none.
  EXPECT_EQ(kindOf(0xA7CE), CharacterKind::Other);
  EXPECT_FALSE(isWordCharacter(0xA7CE));
  EXPECT_EQ(kindOf(0x10FFFF), CharacterKind::Other);
  EXPECT_EQ(kindOf(0x2FE0), CharacterKind::Other);
}

}  // namespace
}  // namespace weft::data
