#include "engine/data/corpus_reader.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "engine/base/files.h"
#include "engine/base/json.h"
#include "engine/base/text.h"
#include "engine/data/line_reader.h"
#include "engine/data/utf8.h"

namespace weft::data {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

// Takes the "text" of a line's object and builds nothing of the rest; nesting costs a bit a level.
class TextField final : public Json::json_sax_t {
 public:
  std::optional<std::string> text;
  std::string problem;

  bool null() override { return value(); }
  bool boolean(bool) override { return value(); }
  bool number_integer(Json::number_integer_t) override { return value(); }
  bool number_unsigned(Json::number_unsigned_t) override { return value(); }
  bool number_float(Json::number_float_t, const Json::string_t&) override { return value(); }
  bool binary(Json::binary_t&) override { return value(); }
  bool string(Json::string_t& content) override {
    if (m_depth == 1 && m_isText) {
      text = std::move(content);
      m_isText = false;
      return true;
    }
    return value();
  }
  bool start_object(std::size_t) override { return descend(); }
  bool end_object() override { return ascend(); }
  bool start_array(std::size_t) override { return descend() && (m_depth > 1 || stop("is not a JSON object")); }
  bool end_array() override { return ascend(); }
  bool key(Json::string_t& name) override {
    m_isText = m_depth == 1 && name == "text";
    return true;
  }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) override {
    return stop(fmt::format("is not JSON from its character {} on", position));
  }

 private:
  bool stop(std::string reason) {
    if (problem.empty()) problem = std::move(reason);
    return false;
  }
  bool value() {
    if (m_depth == 0) return stop("is not a JSON object");
    return !m_isText || stop("has a \"text\" that is not a string");
  }
  bool descend() {
    if (m_isText) return stop("has a \"text\" that is not a string");
    // Kept to though nothing of it is built: what no other reader takes is no line of a corpus.
    if (++m_depth > JsonLimits().depth) return stop(fmt::format("nests deeper than {} levels", JsonLimits().depth));
    return true;
  }
  bool ascend() {
    --m_depth;
    return true;
  }

  int m_depth = 0;
  bool m_isText = false;  // the next value is the document
};

Result<void> readJsonLines(const fs::path& file, Compression compression,
                           const std::function<bool(std::string&& text)>& take, ReadNotes& notes) {
  WEFT_ASSIGN(LineReader reader, LineReader::open(file, compression));
  std::string line;
  for (std::int64_t number = 1;; ++number) {
    WEFT_ASSIGN(const bool isLine, reader.next(line));
    if (!isLine) return {};
    if (number == 1 && line.starts_with(kByteOrderMark)) line.erase(0, kByteOrderMark.size());
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    notes.add(number, replaceInvalidUtf8(line));
    TextField field;
    // The parser would take a NUL for the end of the line.
    if (const std::size_t nul = line.find('\0'); nul != std::string::npos) {
      return fail(ErrorCode::Corrupt, fmt::format("'{}', line {}: it is not JSON from its character {} on.",
                                                  file.string(), number, nul + 1));
    }
    bool isParsed = Json::sax_parse(line, &field);
    if (!isParsed && replacePythonJson(line, JsonDialect::PythonData)) {
      field = TextField();
      isParsed = Json::sax_parse(line, &field);
    }
    if (isParsed && !field.text) field.problem = "has no \"text\"";
    if (!field.problem.empty()) {
      return fail(ErrorCode::Corrupt,
                  fmt::format("'{}', line {}: it {}; each line should be an object like {{\"text\": \"...\"}}.",
                              file.string(), number, field.problem));
    }
    if (!take(std::move(*field.text))) return {};
  }
}

Result<void> readPlainText(const fs::path& file, const std::function<bool(std::string&& text)>& take,
                           ReadNotes& notes) {
  WEFT_ASSIGN(std::string text, readFile(file));
  if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF")) {
    return fail(ErrorCode::Corrupt, fmt::format("'{}', line 1: it is UTF-16; convert it to UTF-8.", file.string()));
  }
  if (text.starts_with(kByteOrderMark)) text.erase(0, kByteOrderMark.size());
  const std::int64_t line = firstIllFormedLine(text);
  if (line > 0) notes.add(line, replaceInvalidUtf8(text));
  if (!text.empty()) take(std::move(text));
  return {};
}

}  // namespace

void ReadNotes::add(std::int64_t line, std::int64_t bytes) {
  if (bytes > 0 && replacedBytes == 0) firstLine = line;
  replacedBytes += bytes;
}

std::string ReadNotes::sentence(const fs::path& file) const {
  if (replacedBytes == 0) return {};
  return fmt::format(
      "'{}' is not all UTF-8: {} bytes of it, the first in line {}, were read as U+FFFD; convert it if it "
      "is in another encoding.",
      presentable(file.string()), groupDigits(replacedBytes), firstLine);
}

Result<void> readDocuments(const fs::path& file, const std::function<bool(std::string&& text)>& take,
                           ReadNotes* given) {
  ReadNotes ignored;
  ReadNotes& notes = given ? *given : ignored;
  const std::string name = file.filename().string();
  const bool isPlain = name.ends_with(".txt"), isLines = name.ends_with(".jsonl"),
             isCompressed = name.ends_with(".jsonl.zst");
  std::error_code error;
  const fs::file_status status = fs::status(file, error);
  if (!fs::exists(status)) return fail(ErrorCode::NotFound, fmt::format("There is no file '{}'.", file.string()));
  if (fs::is_directory(status))
    return fail(ErrorCode::InvalidInput,
                fmt::format("'{}' is a folder; give the .txt, .jsonl or .jsonl.zst files in it.", file.string()));
  if (isPlain) return readPlainText(file, take, notes);
  if (isLines || isCompressed)
    return readJsonLines(file, isCompressed ? Compression::Zstd : Compression::None, take, notes);
  return fail(ErrorCode::Unsupported,
              fmt::format("'{}' does not end in .txt, .jsonl or .jsonl.zst, which is what Weft reads text from.",
                          file.string()));
}

}  // namespace weft::data
