// engine/data/header_corpus.h -- real text that every machine with Weft has: the C++ headers of LibTorch, which the
// set-up brings and which are the same bytes wherever that release is installed. The demo trains on them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "engine/base/result.h"

namespace weft::data {

struct HeaderCorpus {
  std::filesystem::path trainFile, validFile;  // .jsonl, a header a line: {"text": ..., "path": ...}
  int headers = 0;                             // held-out ones included
  std::int64_t bytes = 0;
  std::string hash;  // 32 hex digits of XXH3 over every path, size and content, in order
};

// The headers of the release that Weft is built for, in the wheel from PyPI.
inline constexpr std::int64_t kKnownHeaderBytes = 12'381'095;
inline constexpr const char* kKnownHeaderHash = "8169207fdcd03927402914f7c6be1c8a";
bool isKnown(const HeaderCorpus& corpus);

// Where LibTorch's headers are: $WEFT_TORCH_DIR/include, else the include folder that this program was built with; ""
// in one built without LibTorch.
std::filesystem::path usualIncludeFolder();

// Every .h and .cuh below c10, torch/csrc and ATen's core, native, cpu and cuda of `includeFolder`, sorted by path;
// every 20th is held out. Written to `folder`/libtorch-headers-HASH.{train,valid}.jsonl, unless they are there.
// Symbolic links are not followed. NotFound: there are no such headers (fewer than 20). Io.
[[nodiscard]] Result<HeaderCorpus> prepareHeaderCorpus(const std::filesystem::path& includeFolder,
                                                       const std::filesystem::path& folder);

}  // namespace weft::data
