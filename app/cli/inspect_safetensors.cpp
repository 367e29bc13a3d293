#include "app/cli/inspect_safetensors.h"

#include <cstdint>
#include <utility>

#include "engine/base/mapped_file.h"
#include "engine/base/safetensors_header.h"

namespace weft::cli {

Result<Json> inspectSafetensors(const std::filesystem::path& path) {
  WEFT_ASSIGN(const MappedFile file, MappedFile::open(path));
  WEFT_ASSIGN(const SafetensorsHeader header, readSafetensorsHeader(file, path));
  Json tensors = Json::array();
  std::uint64_t elements = 0;
  for (const SafetensorsEntry& entry : header.tensors) {
    elements += entry.elements();
    tensors.push_back({{"name", entry.name}, {"dtype", entry.type}, {"shape", entry.shape}});
  }
  return Json{{"kind", "safetensors"},
              {"bytes", header.fileBytes},
              {"elements", elements},
              {"metadata", header.metadata},
              {"tensors", std::move(tensors)}};
}

}  // namespace weft::cli
