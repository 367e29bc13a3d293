// engine/data/corpus_reader.h -- documents from .txt (the whole file is one document), .jsonl and .jsonl.zst
// (SlimPajama: {"text": ...} a line).
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "engine/base/result.h"

namespace weft::data {

// What a reader changed on the way.
struct ReadNotes {
  std::int64_t replacedBytes = 0;  // that were not UTF-8
  std::int64_t firstLine = 0;      // of the file, counted from 1, that had some
  void add(std::int64_t line, std::int64_t bytes);
  // A sentence for a person; "" where nothing was changed.
  std::string sentence(const std::filesystem::path& file) const;
};

// Calls `take` with each document in file order, streaming (a .zst is never unpacked as a whole). `take` returns false
// to stop. Bytes that are not UTF-8 become U+FFFD (one for each ill-formed sequence), as does half a surrogate pair in
// a JSON escape; a byte-order mark is dropped, blank lines and an empty .txt give nothing; a line that is no object
// with a string "text" ends the reading. NaN and its like, which Python writes, may stand in fields that nobody reads.
// A line has at most 256 MiB and nests at most 100 deep (line_reader.h, base/json.h). Errors of InputFile::open;
// Corrupt (file, line, what is wrong), Unsupported (an unknown ending). `notes`, where it is given, is added to.
[[nodiscard]] Result<void> readDocuments(const std::filesystem::path& file,
                                         const std::function<bool(std::string&& text)>& take,
                                         ReadNotes* notes = nullptr);

}  // namespace weft::data
