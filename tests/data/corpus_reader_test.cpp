#include "engine/data/corpus_reader.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <zstd.h>

#include <vector>

#include "tests/data/test_files.h"

namespace weft::data {
namespace {

using CorpusReader = test::DataTest;

Result<std::vector<std::string>> documentsOf(const test::fs::path& file) {
  std::vector<std::string> documents;
  Result<void> result = readDocuments(file, [&](std::string&& text) {
    documents.push_back(std::move(text));
    return true;
  });
  if (!result) return tl::unexpected(result.error());
  return documents;
}

std::string compress(const std::string& plain) {
  std::string packed(ZSTD_compressBound(plain.size()), '\0');
  packed.resize(ZSTD_compress(packed.data(), packed.size(), plain.data(), plain.size(), 3));
  return packed;
}

using Documents = std::vector<std::string>;

TEST_F(CorpusReader, TakesATextFileAsOneDocument) {
  EXPECT_EQ(documentsOf(write("a.txt", "one\ntwo\n")), (Documents{"one\ntwo\n"}));
  EXPECT_EQ(documentsOf(write("a.txt", "\xEF\xBB\xBFmarked")), (Documents{"marked"}));
  EXPECT_EQ(documentsOf(write("a.txt", "")), Documents{});
}

TEST_F(CorpusReader, TakesTheTextOfEachLine) {
  const std::string lines =
      "\xEF\xBB\xBF{\"text\": \"one\\n\\u00e9\", \"meta\": {\"text\": \"not me\", \"list\": [1, [2], {\"text\": "
      "3}]}}\r\n\n   \n"
      "{\"meta\": null, \"text\": \"\"}\n{\"a\": 1.5, \"b\": true, \"text\": \"last\"}";
  EXPECT_EQ(documentsOf(write("a.jsonl", lines)), (Documents{"one\n\u00e9", "", "last"}));
  EXPECT_EQ(documentsOf(write("a.jsonl.zst", compress(lines))), (Documents{"one\n\u00e9", "", "last"}));
}

TEST_F(CorpusReader, ReadsSeveralZstdFramesAndLinesLongerThanItsBuffers) {
  const std::string longText(1000003, 'x');
  const std::string packed = compress("{\"text\": \"" + longText + "\"}\n{\"text\"") + compress(": \"two\"}\n");
  EXPECT_EQ(documentsOf(write("a.jsonl.zst", packed)), (Documents{longText, "two"}));
}

// A frame whose text fills the reader's buffer to the last byte is whole all the same.
TEST_F(CorpusReader, ReadsAWholeFileOfAnyNumberOfBytes) {
  constexpr std::size_t kBuffer = 1 << 17;
  for (const std::size_t bytes : {kBuffer - 1, kBuffer, kBuffer + 1, 2 * kBuffer, 3 * kBuffer, 8 * kBuffer}) {
    const std::string frame = "{\"text\": \"", end = "\"}\n";
    const std::string text(bytes - frame.size() - end.size(), 'x');
    const std::string packed = compress(frame + text + end);
    EXPECT_EQ(documentsOf(write("a.jsonl.zst", packed)), (Documents{text})) << bytes;
    EXPECT_EQ(documentsOf(write("a.jsonl.zst", packed + packed)), (Documents{text, text})) << bytes;
    test::expectError(documentsOf(write("a.jsonl.zst", packed + packed.substr(0, packed.size() - 1))),
                      ErrorCode::Corrupt, "cut off");
  }
}

TEST_F(CorpusReader, PassesOverWhatOnlyPythonWrites) {
  const std::string lines =
      "{\"text\":\"one\",\"score\":NaN}\n{\"score\":[-Infinity,Infinity],\"text\":\"NaN \\\"NaN\"}\n";
  EXPECT_EQ(documentsOf(write("a.jsonl", lines)), (Documents{"one", "NaN \"NaN"}));
  test::expectError(documentsOf(write("a.jsonl", "{\"text\": NaN}\n")), ErrorCode::Corrupt, "line 1");
  test::expectError(documentsOf(write("a.jsonl", "{\"text\": \"x\", \"score\": NaNa}\n")), ErrorCode::Corrupt,
                    "is not JSON");
}

TEST_F(CorpusReader, CountsTheBytesThatWereNoUtf8) {
  const auto notesOf = [&](const test::fs::path& file) {
    ReadNotes notes;
    EXPECT_TRUE(readDocuments(
        file, [](std::string&&) { return true; }, &notes));
    return notes;
  };
  const ReadNotes text = notesOf(write("a.txt", "fine\ncaf\xE9 cr\xE8me\n"));
  EXPECT_EQ(text.replacedBytes, 2);
  EXPECT_EQ(text.firstLine, 2);
  EXPECT_EQ(text.sentence("a.txt"),
            "'a.txt' is not all UTF-8: 2 bytes of it, the first in line 2, were read as U+FFFD; convert it if it is in "
            "another encoding.");
  const ReadNotes lines =
      notesOf(write("a.jsonl", "{\"text\": \"a\"}\n\n{\"text\": \"\xE9\xE8\"}\n{\"text\": \"\xFF\"}\n"));
  EXPECT_EQ(lines.replacedBytes, 3);
  EXPECT_EQ(lines.firstLine, 3);
  EXPECT_EQ(notesOf(write("b.txt", "caf\u00e9")).sentence("b.txt"), "");
}

TEST_F(CorpusReader, RefusesALineThatNestsDeeply) {
  const auto lineOf = [](int depth) {
    return "{\"text\": \"x\", \"meta\": " + std::string(static_cast<std::size_t>(depth), '[') +
           std::string(static_cast<std::size_t>(depth), ']') + "}\n";
  };
  EXPECT_EQ(documentsOf(write("a.jsonl", lineOf(99))), (Documents{"x"}));
  test::expectError(documentsOf(write("a.jsonl", lineOf(100))), ErrorCode::Corrupt, "line 1: it nests deeper than 100");
}

TEST_F(CorpusReader, NeverWaitsForAPipe) {
  for (const char* name : {"a.txt", "a.jsonl", "a.jsonl.zst"}) {
    ASSERT_EQ(::mkfifo((folder() / name).c_str(), 0600), 0);
    test::expectError(documentsOf(folder() / name), ErrorCode::InvalidInput, "is a pipe, not a file");
  }
}

TEST_F(CorpusReader, StopsWhenTold) {
  int taken = 0;
  const auto file = write("a.jsonl", "{\"text\": \"1\"}\n{\"text\": \"2\"}\nnot reached\n");
  ASSERT_TRUE(readDocuments(file, [&](std::string&&) { return ++taken < 2; }));
  EXPECT_EQ(taken, 2);
}

TEST_F(CorpusReader, ReadsIllFormedUtf8AsReplacementCharacters) {
  EXPECT_EQ(documentsOf(write("a.txt",
                              "a\xFF"
                              "b\xE2\x82")),
            (Documents{"a\uFFFD"
                       "b\uFFFD"}));
  EXPECT_EQ(documentsOf(write("a.jsonl", "{\"text\": \"a\xC3\"}\n")), (Documents{"a\uFFFD"}));
}

TEST_F(CorpusReader, ReadsHalfASurrogatePairAsAReplacementCharacter) {
  const std::string lines =
      R"({"text": "\ud83d\ude42 \ud83d, \ude42 \uD83D\uD83D\uDE42 \ud83d\u0041 \\ud83d \\\ud83d"})"
      "\n"
      R"({"\udc00": 1, "text": "\ud83d"})";
  EXPECT_EQ(documentsOf(write("a.jsonl", lines)),
            (Documents{"\U0001F642 \uFFFD, \uFFFD \uFFFD\U0001F642 \uFFFDA \\ud83d \\\uFFFD", "\uFFFD"}));
}

TEST_F(CorpusReader, NamesTheBadLine) {
  const std::string good = "{\"text\": \"ok\"}\n\n";
  for (const auto& [line, says] :
       std::vector<std::pair<std::string, std::string>>{{"{\"text\": \"cut", "is not JSON"},
                                                        {"{\"text\": \"ok\"} more", "is not JSON"},
                                                        {"{\"text\": \"\\ud8\"}", "is not JSON"},
                                                        {"[\"text\", \"ok\"]", "is not a JSON object"},
                                                        {"\"text\"", "is not a JSON object"},
                                                        {"17", "is not a JSON object"},
                                                        {"{\"body\": \"ok\"}", "has no \"text\""},
                                                        {"{\"meta\": {\"text\": \"ok\"}}", "has no \"text\""},
                                                        {"{\"text\": 17}", "not a string"},
                                                        {"{\"text\": null}", "not a string"},
                                                        {"{\"text\": [\"ok\"]}", "not a string"},
                                                        {std::string("{\"text\": \"ok\"}\0 more", 21), "is not JSON"},
                                                        {std::string(200000, '['), "is not a JSON object"}}) {
    const auto documents = documentsOf(write("a.jsonl", good + line + "\n"));
    test::expectError(documents, ErrorCode::Corrupt, "line 3");
    test::expectError(documents, ErrorCode::Corrupt, says);
  }
}

TEST_F(CorpusReader, SaysWhenACompressedFileIsCutOffOrNone) {
  std::string lines;
  for (int i = 0; i < 50000; ++i) lines += "{\"text\": \"number " + std::to_string(i * 7919) + "\"}\n";
  const std::string packed = compress(lines);
  ASSERT_TRUE(documentsOf(write("a.jsonl.zst", packed)));
  test::expectError(documentsOf(write("a.jsonl.zst", packed.substr(0, packed.size() - 5))), ErrorCode::Corrupt,
                    "cut off");
  test::expectError(documentsOf(write("a.jsonl.zst", "plain text")), ErrorCode::Corrupt, "not a zstd file");
  EXPECT_EQ(documentsOf(write("a.jsonl.zst", "")), Documents{});
}

TEST_F(CorpusReader, RefusesWhatIsMissingUnknownOrNoText) {
  test::expectError(documentsOf(folder() / "none.txt"), ErrorCode::NotFound, "none.txt");
  test::expectError(documentsOf(write("a.parquet", "x")), ErrorCode::Unsupported, ".jsonl.zst");
  test::expectError(documentsOf(folder()), ErrorCode::InvalidInput, "folder");
  test::expectError(documentsOf(write("a.txt", std::string("\xFF\xFE"
                                                           "a\0",
                                                           4))),
                    ErrorCode::Corrupt, "UTF-16");
}

}  // namespace
}  // namespace weft::data
