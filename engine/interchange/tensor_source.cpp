#include "engine/interchange/tensor_source.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>
#include <system_error>
#include <utility>

#include "engine/base/files.h"
#include "engine/base/json.h"

namespace weft::interchange {

namespace fs = std::filesystem;

Result<void> TensorSource::add(const fs::path& file) {
  WEFT_ASSIGN(nn::SafetensorsReader reader, nn::SafetensorsReader::open(file));
  for (std::size_t index = 0; index < reader.tensors().size(); ++index) {
    const nn::TensorInfo& info = reader.tensors()[index];
    if (!m_infos.emplace(info.name, info).second) {
      return fail(ErrorCode::Corrupt,
                  fmt::format("{}: the tensor \"{}\" stands in two files.", m_folder.string(), info.name));
    }
    m_places[info.name] = {m_files.size(), index};
  }
  m_files.push_back(std::move(reader));
  return {};
}

Result<TensorSource> TensorSource::open(const fs::path& folder) {
  TensorSource source;
  source.m_folder = folder;
  std::error_code error;
  WEFT_ASSIGN(const fs::path single, fileWithin(folder, "model.safetensors"));
  WEFT_ASSIGN(const fs::path index, fileWithin(folder, "model.safetensors.index.json"));
  if (fs::exists(single, error)) {
    WEFT_TRY(source.add(single));
    return source;
  }
  if (!fs::exists(index, error)) {
    return fail(
        ErrorCode::NotFound,
        fmt::format(
            "{} has no model.safetensors and no model.safetensors.index.json; weights in other formats are not read.",
            folder.string()));
  }
  WEFT_ASSIGN(const std::string text, readFile(index, JsonLimits().bytes));
  WEFT_ASSIGN(const nlohmann::json parsed, parseJson(text, index.string()));
  const auto bad = [&](const std::string& why) {
    return fail(ErrorCode::Corrupt, fmt::format("{} {}.", index.string(), why));
  };
  if (!parsed.is_object() || !parsed.contains("weight_map") || !parsed["weight_map"].is_object())
    return bad("is no index: it has no weight_map");
  std::set<std::string> files;
  for (const auto& [name, file] : parsed["weight_map"].items()) {
    if (!file.is_string()) return bad(fmt::format("names no file for the tensor \"{}\"", name));
    const std::string fileName = file.get<std::string>();
    // A file of the folder itself, never a path that leads elsewhere.
    if (fileName.empty() || fileName.find('/') != std::string::npos || fileName.find('\0') != std::string::npos ||
        fileName == "." || fileName == "..") {
      return bad(fmt::format("names \"{}\" for the tensor \"{}\", which is no file of this folder", fileName, name));
    }
    files.insert(fileName);
  }
  for (const std::string& file : files) {
    WEFT_ASSIGN(const fs::path path, fileWithin(folder, file));
    WEFT_TRY(source.add(path));
  }
  for (const auto& [name, file] : parsed["weight_map"].items()) {
    if (!source.find(name))
      return bad(fmt::format("names the tensor \"{}\", which {} does not have", name, file.get<std::string>()));
  }
  return source;
}

const nn::TensorInfo* TensorSource::find(const std::string& name) const {
  const auto found = m_infos.find(name);
  return found == m_infos.end() ? nullptr : &found->second;
}

Result<torch::Tensor> TensorSource::read(const std::string& name) const {
  const Place place = m_places.at(name);
  return m_files[place.file].read(place.index);
}

}  // namespace weft::interchange
