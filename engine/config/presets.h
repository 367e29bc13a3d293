// engine/config/presets.h -- ready configurations. The files of resources/presets/*.toml are compiled into the library;
// a line "# base = NAME" there takes another preset's fields as defaults.
#pragma once

#include <string>
#include <vector>

#include "engine/config/run_config.h"

namespace weft::config {

struct Preset {
  std::string name;         // "demo-mqa-cla2", "paper-1b-h128-mqa-cla2"
  std::string description;  // first comment line of the file
  std::string group;        // its family, for menus: "CLA paper, 1B: Table 1"
  RunConfig config;
};
const std::vector<Preset>& presets();                             // family by family, numbers in a name by size
[[nodiscard]] Result<RunConfig> preset(const std::string& name);  // NotFound names the nearest

}  // namespace weft::config
