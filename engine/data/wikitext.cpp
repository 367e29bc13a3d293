#include "engine/data/wikitext.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "engine/base/files.h"
#include "engine/data/json_objects.h"
#include "engine/data/python_text.h"
#include "engine/data/utf8.h"

namespace weft::data {

namespace {

// re.sub(open \s* ([^close]*?) \s* close, open \1 close): the white space inside each pair goes.
std::string trimInside(std::string_view text, char open, char close) {
  std::string result;
  result.reserve(text.size());
  std::size_t begin = 0;
  while (true) {
    const std::size_t opened = text.find(open, begin);
    const std::size_t closed = opened == std::string_view::npos ? opened : text.find(close, opened + 1);
    if (closed == std::string_view::npos) return result.append(text, begin);
    result.append(text, begin, opened + 1 - begin);
    result += strip(text.substr(opened + 1, closed - opened - 1));
    result += close;
    begin = closed + 1;
  }
}

// re.sub(r"/' [0-9]/", r"/'[0-9]/", text): the replacement is no pattern, so the digit is lost.
std::string slashedDigits(std::string_view text) {
  std::string result;
  std::size_t begin = 0;
  for (std::size_t found; (found = text.find("/' ", begin)) != std::string_view::npos;) {
    const bool isMatch =
        found + 4 < text.size() && text[found + 3] >= '0' && text[found + 3] <= '9' && text[found + 4] == '/';
    result.append(text, begin, found - begin);
    result += isMatch ? "/'[0-9]/" : "/";
    begin = found + (isMatch ? 5 : 1);
  }
  return result.append(text, begin);
}

bool isTitle(std::string_view line) {
  const std::string flat = replaceAll(replaceAll(line, "= = =", "==="), "= =", "==");
  const std::string_view bare = strip(flat);
  return bare.starts_with("= ") && bare.ends_with(" =");
}

WikitextPage pageOf(const std::string& page) {
  return {.text = wikitextDetokenized(page),
          .words = countSplitAtSpace(page),
          .bytes = static_cast<std::int64_t>(page.size())};
}

std::vector<WikitextPage> pagesOf(std::string_view text) {
  std::vector<WikitextPage> pages;
  for (const std::string& page : wikitextPages(text)) pages.push_back(pageOf(page));
  return pages;
}

Result<std::vector<WikitextPage>> readObjects(const std::filesystem::path& file) {
  std::vector<WikitextPage> pages;
  std::string lines;
  WEFT_TRY(readJsonObjects(file, [&](nlohmann::json&& object, const std::string& where) -> Result<bool> {
    const auto page = object.find("page"), text = object.find("text");
    if (page != object.end() && page->is_string()) {
      pages.push_back(pageOf(page->get<std::string>()));
    } else if (text != object.end() && text->is_string()) {
      const auto& line = text->get_ref<const std::string&>();
      lines += line.empty() ? " \n" : line;
    } else {
      return fail(ErrorCode::Corrupt, where + ": it has neither a \"page\" nor a \"text\" that is a string.");
    }
    return true;
  }));
  if (!lines.empty() && !pages.empty()) {
    return fail(ErrorCode::Corrupt,
                fmt::format("'{}' has lines with a \"page\" and lines with a \"text\"; it must be one of the two.",
                            file.string()));
  }
  return lines.empty() ? pages : pagesOf(lines);
}

}  // namespace

std::vector<std::string> wikitextPages(std::string_view text) {
  std::vector<std::string> pages;
  std::string page;
  bool isFirstLine = true;
  for (std::size_t begin = 0;;) {
    const std::size_t end = text.find('\n', begin);
    const std::string_view line = text.substr(begin, end == std::string_view::npos ? end : end - begin);
    if (isTitle(line)) {
      if (!strip(page).empty()) pages.push_back(std::move(page));
      page.clear();
      isFirstLine = true;
    }
    if (!isFirstLine) page += '\n';
    page += line;
    isFirstLine = false;
    if (end == std::string_view::npos) break;
    begin = end + 1;
  }
  pages.push_back(std::move(page));
  return pages;
}

std::string wikitextDetokenized(std::string_view page) {
  std::string text = replaceAll(page, "s '", "s'");
  text = slashedDigits(text);
  for (const char* mark : {"-", ",", "."}) text = replaceAll(text, fmt::format(" @{}@ ", mark), mark);
  for (const char* mark : {":", ";", ".", "!", "?", ","})
    text = replaceAll(text, fmt::format(" {} ", mark), fmt::format("{} ", mark));
  text = trimInside(text, '(', ')');
  text = trimInside(text, '[', ']');
  text = trimInside(text, '{', '}');
  text = trimInside(text, '"', '"');
  text = trimInside(text, '\'', '\'');
  for (const auto& [from, to] : {std::pair{"= = = =", "===="},
                                 {"= = =", "==="},
                                 {"= =", "=="},
                                 {" ° ", "°"},
                                 {" \n", "\n"},
                                 {"\n ", "\n"},
                                 {" N ", " 1 "},
                                 {" 's", "'s"}}) {
    text = replaceAll(text, from, to);
  }
  return text;
}

Result<std::vector<WikitextPage>> readWikitext(const std::filesystem::path& file) {
  const std::string name = file.filename().string();
  const bool isPlain = name.ends_with(".txt") || name.ends_with(".raw") || name.ends_with(".tokens");
  std::vector<WikitextPage> pages;
  if (isPlain) {
    WEFT_ASSIGN(std::string text, readFile(file));
    replaceInvalidUtf8(text);
    pages = pagesOf(text);
  } else if (name.ends_with(".jsonl") || name.ends_with(".jsonl.zst") || name.ends_with(".json")) {
    WEFT_ASSIGN(pages, readObjects(file));
  } else {
    return fail(ErrorCode::Unsupported, fmt::format("'{}' does not end in .txt, .raw, .tokens, .jsonl, .jsonl.zst or "
                                                    ".json, which is what Weft reads WikiText from.",
                                                    file.string()));
  }
  const auto isBlank = [](const WikitextPage& page) { return strip(page.text).empty(); };
  if (std::all_of(pages.begin(), pages.end(), isBlank))
    return fail(ErrorCode::InvalidInput, fmt::format("'{}' has no text.", file.string()));
  return pages;
}

}  // namespace weft::data
