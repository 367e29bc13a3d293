// engine/config/preset_files.h -- the text of resources/presets/*.toml as it was when the library was built.
#pragma once

#include <string>
#include <vector>

namespace weft::config {

struct PresetFile {
  std::string name;  // the file's, without .toml
  std::string text;
};
const std::vector<PresetFile>& presetFiles();  // by name

}  // namespace weft::config
