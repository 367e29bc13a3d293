// engine/data/wikitext.h -- WikiText as lm-eval 0.4's task `wikitext` scores it: whole pages, detokenised, their words
// and bytes counted before that.
//   pages       a page begins at a heading of level 1, a line " = Title = " (EleutherAI/wikitext_document_level; 62
//               pages in WikiText-2's test split)
//   detokenised " @-@ " -> "-", no space before punctuation or inside brackets and quotes, ... (Megatron's rules,
//               tasks/wikitext/preprocess_wikitext.py, with their slips: "/' 4/" becomes the text "/'[0-9]/", every
//               " N " becomes " 1 ")
//   words       len(re.split(r"\s+", page)), bytes its UTF-8, both of the page as it was
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"

namespace weft::data {

inline constexpr const char* kWikitextTask = "wikitext";

struct WikitextPage {
  std::string text;  // detokenised
  std::int64_t words = 0, bytes = 0;
};

std::vector<std::string> wikitextPages(std::string_view text);
std::string wikitextDetokenized(std::string_view page);

// .txt, .raw and .tokens: the data set's own file. .jsonl, .jsonl.zst and .json: objects with a "page", or with a
// "text" each of which is a line of that file (as Hugging Face exports it, where a blank line lost its space and its
// end). NotFound, Io, Corrupt, Unsupported; InvalidInput for a file without text.
[[nodiscard]] Result<std::vector<WikitextPage>> readWikitext(const std::filesystem::path& file);

}  // namespace weft::data
