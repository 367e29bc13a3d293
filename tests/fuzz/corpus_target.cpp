// Documents from .jsonl and .jsonl.zst: valid UTF-8, the same when they are written and read again, or one sentence
// that names the line.
#include <fmt/format.h>
#include <zstd.h>

#include <vector>

#include "engine/data/corpus_reader.h"
#include "engine/data/utf8.h"
#include "tests/fuzz/targets.h"

namespace weft::fuzz {
namespace {

using Json = nlohmann::json;

const std::string kLines =
    "{\"text\": \"one \\u00e9\\n\", \"meta\": {\"a\": [1, -2.5e3, null, true]}}\n{\"text\": \"caf\u00e9 "
    "\\ud83d\\ude42\"}\n\n{\"x\": {}, \"text\": "
    "\"three\"}\r\n";

const std::vector<std::string>& words() {
  static const std::vector<std::string> all{"\n",           "\r\n",    "\"text\": ",   "{\"text\": \"\"}\n",
                                            "\\ud83d",      "\\ude42", "\\u0000",      "\\",
                                            "\"",           "null",    "[[[[",         "{\"a\":",
                                            "1e999",        "-0",      "\xEF\xBB\xBF", "\xC0\x80",
                                            "\xED\xA0\x80", "\xF5",    "\x00",         "\x7F"};
  return all;
}

std::string linesFrom(Mutator& mutator) {
  if (mutator.chance(2)) return mutator.bytes(kLines, words());
  static const Json document{{"text", "a document \u00e9"},
                             {"meta", {{"set", "Book"}, {"n", 3}, {"list", {1, 2.5, nullptr}}}}};
  std::string lines = kLines;
  lines += mutator.json(document) + "\n";
  return lines + "{\"text\": \"the last\"}";
}

std::string compressed(std::string_view plain) {
  std::string packed(ZSTD_compressBound(plain.size()), '\0');
  packed.resize(ZSTD_compress(packed.data(), packed.size(), plain.data(), plain.size(), 1));
  return packed;
}

Result<std::vector<std::string>> documentsOf(const std::filesystem::path& file) {
  std::vector<std::string> documents;
  WEFT_TRY(data::readDocuments(file, [&](std::string&& text) {
    documents.push_back(std::move(text));
    return true;
  }));
  return documents;
}

Outcome check(const std::filesystem::path& file) {
  const auto documents = documentsOf(file);
  if (!documents) {
    if (documents.error().code != ErrorCode::Corrupt)
      return broken("refused for another reason than its content: " + documents.error().message);
    if (documents.error().message.find("line ") == std::string::npos)
      return broken("names no line: " + documents.error().message);
    return refused(documents.error());
  }
  std::string lines;
  for (const std::string& document : *documents) {
    if (!data::isValidUtf8(document)) return broken("a document that is not UTF-8");
    lines += Json{{"text", document}}.dump() + "\n";
  }
  const auto again = documentsOf(scratchFile("again.jsonl", lines));
  if (!again || *again != *documents) return broken("the documents, written and read again, differ");
  return {.isAccepted = true, .problem = ""};
}

// Frames, whole and damaged: the content damaged before packing, the packed bytes damaged, several frames, a skippable
// one.
std::string framesFrom(Mutator& mutator) {
  // A frame of one raw block, so that its bytes stand open to damage.
  static const std::string raw = std::string("\x28\xB5\x2F\xFD\x20\x10\x81\x00\x00", 9) + "{\"text\": \"abc\"}\n";
  static const std::string skippable = std::string("\x50\x2A\x4D\x18\x03\x00\x00\x00", 8) + "xyz";
  static const std::vector<std::string> frames{compressed(kLines), raw, skippable, compressed(""),
                                               compressed(std::string(1000, '\n') + kLines)};
  switch (mutator.below(4)) {
    case 0:
      return compressed(linesFrom(mutator));
    case 1:
      return mutator.bytes(raw, frames);
    case 2:
      return mutator.oneOf(frames) + mutator.oneOf(frames) + mutator.bytes(mutator.oneOf(frames), {});
    default:
      return mutator.bytes(compressed(linesFrom(mutator)), frames);
  }
}

}  // namespace

Target linesTarget() {
  return {.name = "jsonl",
          .description = "documents, one JSON object a line",
          .executions = 3000,
          .make = linesFrom,
          .run = [](const std::string& input) { return check(scratchFile("fuzz.jsonl", input)); }};
}

Target compressedLinesTarget() {
  return {.name = "jsonl.zst",
          .description = "the same, compressed with zstd",
          .executions = 4000,
          .make = framesFrom,
          .run = [](const std::string& input) { return check(scratchFile("fuzz.jsonl.zst", input)); }};
}

}  // namespace weft::fuzz
