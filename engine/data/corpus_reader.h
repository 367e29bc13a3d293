// engine/data/corpus_reader.h -- documents from .txt (the whole file is one document), .jsonl and .jsonl.zst
// (SlimPajama: {"text": ...} a line).
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "engine/base/result.h"

namespace weft::data {

// Calls `take` with each document in file order, streaming (a .zst is never unpacked as a whole). `take` returns false
// to stop. Bytes that are not UTF-8 become U+FFFD (one for each ill-formed sequence), as does half a surrogate pair in
// a JSON escape; a byte-order mark is dropped, blank lines and an empty .txt give nothing; a line that is no object
// with a string "text" ends the reading. NotFound, Io, Corrupt (file, line, what is wrong), Unsupported (an unknown
// ending).
[[nodiscard]] Result<void> readDocuments(const std::filesystem::path& file,
                                         const std::function<bool(std::string&& text)>& take);

}  // namespace weft::data
