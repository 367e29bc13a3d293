// engine/interchange/tensor_source.h -- the weights of a model folder: model.safetensors, or shards that
// model.safetensors.index.json names.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "engine/nn/safetensors.h"

namespace weft::interchange {

class TensorSource {
 public:
  // NotFound: neither file. Corrupt: an index that is none, that names a file outside the folder, or a tensor that is
  // not in its file; a tensor in two files; and what SafetensorsReader finds.
  [[nodiscard]] static Result<TensorSource> open(const std::filesystem::path& folder);
  const std::map<std::string, nn::TensorInfo>& tensors() const { return m_infos; }
  const nn::TensorInfo* find(const std::string& name) const;
  [[nodiscard]] Result<torch::Tensor> read(const std::string& name) const;  // of a tensor that is there
  const std::filesystem::path& folder() const { return m_folder; }

 private:
  struct Place {
    std::size_t file = 0, index = 0;
  };
  Result<void> add(const std::filesystem::path& file);
  std::filesystem::path m_folder;
  std::vector<nn::SafetensorsReader> m_files;
  std::map<std::string, nn::TensorInfo> m_infos;
  std::map<std::string, Place> m_places;
};

}  // namespace weft::interchange
