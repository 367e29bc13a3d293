#include "engine/data/json_objects.h"

#include <fmt/format.h>

#include "engine/base/files.h"
#include "engine/base/json.h"
#include "engine/data/line_reader.h"
#include "engine/data/utf8.h"

namespace weft::data {

namespace {

using Json = nlohmann::json;
using Take = std::function<Result<bool>(Json&& object, const std::string& where)>;

// A data set may come as one list; a line has at most as many bytes (line_reader.h).
constexpr JsonLimits kLimits{.bytes = LineReader::kMaxLineBytes};
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

void clean(std::string& text, bool isFirst) {
  if (isFirst && text.starts_with(kByteOrderMark)) text.erase(0, kByteOrderMark.size());
  replaceInvalidUtf8(text);
}

Result<void> readLines(const std::filesystem::path& file, Compression compression, const Take& take) {
  WEFT_ASSIGN(LineReader reader, LineReader::open(file, compression));
  std::string line;
  for (std::int64_t number = 1;; ++number) {
    WEFT_ASSIGN(const bool isLine, reader.next(line));
    if (!isLine) return {};
    clean(line, number == 1);
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    const std::string where = fmt::format("'{}', line {}", file.string(), number);
    WEFT_ASSIGN(Json object, parseJson(line, where + ": it", JsonDialect::PythonData, kLimits));
    if (!object.is_object()) return fail(ErrorCode::Corrupt, where + ": it is no JSON object.");
    WEFT_ASSIGN(const bool goesOn, take(std::move(object), where));
    if (!goesOn) return {};
  }
}

Result<void> readList(const std::filesystem::path& file, const Take& take) {
  WEFT_ASSIGN(std::string text, readFile(file, kLimits.bytes));
  clean(text, true);
  const std::string origin = fmt::format("'{}'", file.string());
  if (const std::string excess = excessOf(text, kLimits); !excess.empty())
    return fail(ErrorCode::Corrupt, origin + " " + excess + ".");
  Json list = parseJson(text, origin, JsonDialect::PythonData, kLimits).value_or(Json());
  if (!list.is_array()) return fail(ErrorCode::Corrupt, fmt::format("'{}' is no JSON list of objects.", file.string()));
  std::int64_t number = 0;
  for (Json& object : list) {
    const std::string where = fmt::format("'{}', item {}", file.string(), ++number);
    if (!object.is_object()) return fail(ErrorCode::Corrupt, where + ": it is no JSON object.");
    WEFT_ASSIGN(const bool goesOn, take(std::move(object), where));
    if (!goesOn) return {};
  }
  return {};
}

}  // namespace

Result<void> readJsonObjects(const std::filesystem::path& file, const Take& take) {
  WEFT_TRY(InputFile::open(file));
  const std::string name = file.filename().string();
  if (name.ends_with(".jsonl")) return readLines(file, Compression::None, take);
  if (name.ends_with(".jsonl.zst")) return readLines(file, Compression::Zstd, take);
  if (name.ends_with(".json")) return readList(file, take);
  return fail(ErrorCode::Unsupported,
              fmt::format("'{}' does not end in .jsonl, .jsonl.zst or .json, which is what Weft reads items from.",
                          file.string()));
}

}  // namespace weft::data
