// engine/nn/safetensors.h -- named tensors in one file: 8-byte little-endian header length, JSON header, one buffer without holes.
// Format: the huggingface/safetensors README. Reading validates everything before a tensor is made.
#pragma once

#include <torch/types.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "engine/base/result.h"

namespace weft::nn {

struct TensorFile {
  std::vector<std::pair<std::string, torch::Tensor>> tensors;  // in file order
  std::map<std::string, std::string> metadata;
  const torch::Tensor* find(const std::string& name) const;
};

// Atomic (temporary name, sync, rename). Contiguous copies are made where needed. Io, Unsupported (an element type without a name), Internal (a name
// twice).
[[nodiscard]] Result<void> writeSafetensors(const std::filesystem::path& path, const TensorFile& file);
// CPU tensors that own their memory. NotFound; Corrupt with the reason: header longer than the file or 100 MB, no JSON, duplicate key, offsets out of
// range, overlapping or with holes, product of the shape not the length.
[[nodiscard]] Result<TensorFile> readSafetensors(const std::filesystem::path& path);

}  // namespace weft::nn
