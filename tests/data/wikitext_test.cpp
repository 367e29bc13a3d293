#include "engine/data/wikitext.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <numeric>

#include "engine/data/python_text.h"
#include "tests/data/test_files.h"

namespace weft::data {
namespace {

using Json = nlohmann::json;
using test::evaluationFixture;
using test::expectError;
using Wikitext = test::DataTest;

TEST_F(Wikitext, PagesOfTheFixtureAreWhatLmEvalScored) {
  const Result<std::vector<WikitextPage>> pages = readWikitext(evaluationFixture("wikitext.txt"));
  ASSERT_TRUE(pages) << pages.error().message;
  const Json expected =
      Json::parse(test::contentOf(evaluationFixture("expected.json")))["tokenizer.json"]["wikitext"]["requests"];
  ASSERT_EQ(pages->size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i)
    EXPECT_EQ((*pages)[i].text, expected[i][0][0].get<std::string>()) << "page " << i;
}

// Each rule of the detokeniser by itself; expected values by lm-eval's wikitext_detokenizer.
TEST_F(Wikitext, DetokenisesRuleByRule) {
  for (const auto& [text, expected] : {std::pair{"the dogs ' bones", "the dogs' bones"},
                                       {"/' 4/ /' x/ /' 4", "/'[0-9]/ /' x/ /' 4"},
                                       {"5 @-@ 6 1 @,@ 589 3 @.@ 5", "5-6 1,589 3.5"},
                                       {"a : b ; c . d ! e ? f , g", "a: b; c. d! e? f, g"},
                                       {"( a ) [ b ] { c } ( d", "(a) [b] {c} ( d"},
                                       {"\" a \" b \" c \" \" d", "\"a\" b \"c\" \" d"},
                                       {"= = = = x = = = =", "==== x ===="},
                                       {"= = = x = = =", "=== x ==="},
                                       {"= = x = =", "== x =="},
                                       {"40 ° north", "40°north"},
                                       {"a \n b", "a\nb"},
                                       {"a N b", "a 1 b"},
                                       {"it 's", "it's"}}) {
    EXPECT_EQ(wikitextDetokenized(text), expected) << text;
  }
}

TEST_F(Wikitext, APageBeginsAtAHeadingOfLevelOne) {
  const std::vector<std::string> pages = wikitextPages(" \n = One = \n a\n = = Part = = \n b = c =\n = Two = \n c\n");
  ASSERT_EQ(pages.size(), 2u);
  EXPECT_EQ(pages[0], " = One = \n a\n = = Part = = \n b = c =");
  EXPECT_EQ(pages[1], " = Two = \n c\n");
  EXPECT_EQ(wikitextPages("no heading\n at all").size(), 1u);
}

TEST_F(Wikitext, ReadsLinesAndPagesFromJson) {
  const std::string text = test::contentOf(evaluationFixture("wikitext.txt"));
  std::string lines, pages;
  std::size_t begin = 0;
  // Hugging Face's export: a row a line with its end, a blank line without.
  for (std::size_t end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
    const std::string line = text.substr(begin, end + 1 - begin);
    lines += Json{{"text", strip(line).empty() ? "" : line}}.dump() + "\n";
  }
  const auto expected = readWikitext(evaluationFixture("wikitext.txt"));
  const auto fromLines = readWikitext(write("lines.jsonl", lines));
  ASSERT_TRUE(fromLines) << fromLines.error().message;
  for (const std::string& page : wikitextPages(text)) pages += Json{{"page", page}}.dump() + "\n";
  const auto fromPages = readWikitext(write("pages.jsonl", pages));
  ASSERT_TRUE(fromPages) << fromPages.error().message;
  ASSERT_EQ(fromPages->size(), expected->size());
  ASSERT_EQ(fromLines->size(), expected->size());
  for (std::size_t i = 0; i < expected->size(); ++i) {
    EXPECT_EQ((*fromPages)[i].text, (*expected)[i].text);
    EXPECT_EQ((*fromPages)[i].words, (*expected)[i].words);
    EXPECT_EQ((*fromPages)[i].bytes, (*expected)[i].bytes);
    EXPECT_EQ((*fromLines)[i].words, (*expected)[i].words);
  }
}

TEST_F(Wikitext, RefusesWhatItCannotRead) {
  expectError(readWikitext(folder() / "none.txt"), ErrorCode::NotFound, "none.txt");
  expectError(readWikitext(write("w.parquet", "PAR1")), ErrorCode::Unsupported, ".tokens");
  expectError(readWikitext(write("blank.txt", " \n \n")), ErrorCode::InvalidInput, "has no text");
  expectError(readWikitext(write("a.jsonl", "{\"txt\": \"x\"}\n")), ErrorCode::Corrupt, "line 1");
  expectError(readWikitext(write("b.jsonl", "{\"page\": \"x\"}\n{\"text\": \"y\"}\n")), ErrorCode::Corrupt,
              "one of the two");
}

// 62 pages, as the data set of whole pages has them; words and bytes counted with Python.
TEST_F(Wikitext, TestSplitOfWikitext2HasItsKnownSize) {
  const test::fs::path file = test::sharedData() / "wikitext-2" / "test.txt";
  if (!test::fs::exists(file)) GTEST_SKIP() << "there is no shared data here";
  const Result<std::vector<WikitextPage>> pages = readWikitext(file);
  ASSERT_TRUE(pages) << pages.error().message;
  EXPECT_EQ(pages->size(), 62u);
  const auto sum = [&](std::int64_t WikitextPage::*member) {
    return std::accumulate(pages->begin(), pages->end(), std::int64_t{0},
                           [&](std::int64_t total, const WikitextPage& page) { return total + page.*member; });
  };
  EXPECT_EQ(sum(&WikitextPage::words), 241335);
  EXPECT_EQ(sum(&WikitextPage::bytes), 1256386);
}

}  // namespace
}  // namespace weft::data
