// engine/nn/safetensors.h -- named tensors in one file: 8-byte little-endian header length, JSON header, one buffer
// without holes. Format: the huggingface/safetensors README. Reading validates everything before a tensor is made.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/result.h"

namespace weft::nn {

struct TensorInfo {
  std::string name;
  torch::ScalarType type = torch::kFloat;
  std::vector<std::int64_t> shape;
  std::int64_t bytes() const;
};

struct TensorFile {
  std::vector<std::pair<std::string, torch::Tensor>> tensors;  // in file order
  std::map<std::string, std::string> metadata;
  const torch::Tensor* find(const std::string& name) const;
};

// A file whose header is read and checked; it is mapped, and its tensors are copied out one at a time
// (base/mapped_file.h: a file that somebody cuts short meanwhile is an error, not the end).
class SafetensorsReader {
 public:
  // Errors of base/safetensors_header.h; Unsupported, naming the tensor, for a type that torch's tensors here do not
  // have (F8_E4M3, F4, ...).
  [[nodiscard]] static Result<SafetensorsReader> open(const std::filesystem::path& path);
  SafetensorsReader(SafetensorsReader&&) noexcept;
  SafetensorsReader& operator=(SafetensorsReader&&) noexcept;
  ~SafetensorsReader();
  const std::vector<TensorInfo>& tensors() const;  // in file order
  const std::map<std::string, std::string>& metadata() const;
  // A CPU tensor that owns its memory. Corrupt if the file has become shorter, Io.
  [[nodiscard]] Result<torch::Tensor> read(std::size_t index) const;

 private:
  struct File;
  explicit SafetensorsReader(std::unique_ptr<File> file);
  std::unique_ptr<File> m_file;
};

// Atomic (temporary name, sync, rename). Contiguous copies are made where needed, of one tensor at a time. Io,
// Unsupported (an element type without a name), Internal (a name twice).
[[nodiscard]] Result<void> writeSafetensors(const std::filesystem::path& path, const TensorFile& file);
// The same where the tensors are made one after the other: `tensor(i)` gives the one that `infos[i]` announced.
[[nodiscard]] Result<void> writeSafetensors(const std::filesystem::path& path,
                                            const std::map<std::string, std::string>& metadata,
                                            const std::vector<TensorInfo>& infos,
                                            const std::function<Result<torch::Tensor>(std::size_t)>& tensor);
// All of it. Errors as SafetensorsReader.
[[nodiscard]] Result<TensorFile> readSafetensors(const std::filesystem::path& path);

}  // namespace weft::nn
