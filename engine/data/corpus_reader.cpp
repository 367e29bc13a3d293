#include "engine/data/corpus_reader.h"

#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>

#include "engine/base/files.h"
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
    ++m_depth;
    return true;
  }
  bool ascend() {
    --m_depth;
    return true;
  }

  std::int64_t m_depth = 0;
  bool m_isText = false;  // the next value is the document
};

// The code unit of a \uXXXX at `at`, or -1.
int escapedUnit(std::string_view line, std::size_t at) {
  if (at + 6 > line.size() || line[at] != '\\' || line[at + 1] != 'u') return -1;
  int unit = 0;
  const auto [end, error] = std::from_chars(line.data() + at + 2, line.data() + at + 6, unit, 16);
  return error == std::errc() && end == line.data() + at + 6 && line[at + 2] != '-' ? unit : -1;
}

bool isHighSurrogate(int unit) { return unit >= 0xD800 && unit < 0xDC00; }
bool isLowSurrogate(int unit) { return unit >= 0xDC00 && unit < 0xE000; }

// Half a surrogate pair, written as an escape, becomes \ufffd: Python and JavaScript write such lines when a text was
// cut in the middle of a pair. False if there is none.
bool replaceLoneSurrogates(std::string& line) {
  bool isChanged = false;
  for (std::size_t at = line.find('\\'); at != std::string::npos; at = line.find('\\', at)) {
    const int unit = escapedUnit(line, at);
    if (isHighSurrogate(unit) && isLowSurrogate(escapedUnit(line, at + 6))) {
      at += 12;
    } else if (isHighSurrogate(unit) || isLowSurrogate(unit)) {
      line.replace(at + 2, 4, "fffd");
      isChanged = true;
      at += 6;
    } else {
      at += unit >= 0 ? 6 : 2;
    }
  }
  return isChanged;
}

Result<void> readJsonLines(const fs::path& file, Compression compression,
                           const std::function<bool(std::string&& text)>& take) {
  WEFT_ASSIGN(LineReader reader, LineReader::open(file, compression));
  std::string line;
  for (std::int64_t number = 1;; ++number) {
    WEFT_ASSIGN(const bool isLine, reader.next(line));
    if (!isLine) return {};
    if (number == 1 && line.starts_with(kByteOrderMark)) line.erase(0, kByteOrderMark.size());
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    replaceInvalidUtf8(line);
    TextField field;
    bool isParsed = Json::sax_parse(line, &field);
    if (!isParsed && replaceLoneSurrogates(line)) {
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

Result<void> readPlainText(const fs::path& file, const std::function<bool(std::string&& text)>& take) {
  WEFT_ASSIGN(std::string text, readFile(file));
  if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF")) {
    return fail(ErrorCode::Corrupt, fmt::format("'{}', line 1: it is UTF-16; convert it to UTF-8.", file.string()));
  }
  if (text.starts_with(kByteOrderMark)) text.erase(0, kByteOrderMark.size());
  replaceInvalidUtf8(text);
  if (!text.empty()) take(std::move(text));
  return {};
}

}  // namespace

Result<void> readDocuments(const fs::path& file, const std::function<bool(std::string&& text)>& take) {
  const std::string name = file.filename().string();
  const bool isPlain = name.ends_with(".txt"), isLines = name.ends_with(".jsonl"),
             isCompressed = name.ends_with(".jsonl.zst");
  std::error_code error;
  const fs::file_status status = fs::status(file, error);
  if (!fs::exists(status)) return fail(ErrorCode::NotFound, fmt::format("There is no file '{}'.", file.string()));
  if (fs::is_directory(status))
    return fail(ErrorCode::InvalidInput,
                fmt::format("'{}' is a folder; give the .txt, .jsonl or .jsonl.zst files in it.", file.string()));
  if (isPlain) return readPlainText(file, take);
  if (isLines || isCompressed) return readJsonLines(file, isCompressed ? Compression::Zstd : Compression::None, take);
  return fail(ErrorCode::Unsupported,
              fmt::format("'{}' does not end in .txt, .jsonl or .jsonl.zst, which is what Weft reads text from.",
                          file.string()));
}

}  // namespace weft::data
