// engine/base/safetensors_header.h -- the table of contents of a safetensors file, checked against the file's size
// before anything is made of it: the one reader of inspect, import and checkpoints. Format: the huggingface/safetensors
// README.
//
// What is accepted and refused is what the `safetensors` package 0.8.0 accepts and refuses, but that a key that stands
// twice is refused wherever it stands (the package takes the last of two tensors of one name).
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "engine/base/mapped_file.h"
#include "engine/base/result.h"

namespace weft {

struct SafetensorsEntry {
  std::string name;
  std::string type;  // "F32", "BF16", "F8_E4M3", ...: one that elementBits() knows
  std::vector<std::uint64_t> shape;
  std::uint64_t begin = 0, end = 0;  // bytes of the buffer
  std::uint64_t elements() const;    // which fits, as the header was checked
};

struct SafetensorsHeader {
  std::uint64_t fileBytes = 0;
  std::uint64_t bufferBegin = 0;          // in the file
  std::vector<SafetensorsEntry> tensors;  // in the order of the buffer, which they fill without holes
  std::map<std::string, std::string> metadata;
};

// Bits of one element: 32 for "F32", 4 for "F4"; 0 for a type that the format does not have.
std::uint64_t elementBits(const std::string& type);

// Corrupt with the reason: a header longer than the file or 100 MB, no JSON object or one that nests deeply, a key that
// stands twice, metadata that is no text, an unknown type, offsets that are out of range, overlap, leave a hole or do
// not fit the shape, bytes behind the last tensor. `path` is what the message calls the file. Errors of MappedFile.
[[nodiscard]] Result<SafetensorsHeader> readSafetensorsHeader(const MappedFile& file,
                                                              const std::filesystem::path& path);

}  // namespace weft
