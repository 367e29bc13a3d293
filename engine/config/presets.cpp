#include "engine/config/presets.h"

#include <algorithm>
#include <cassert>
#include <filesystem>
#include <iterator>
#include <string_view>
#include <system_error>
#include <utility>

#include "engine/base/files.h"
#include "engine/base/text.h"
#include "engine/config/preset_files.h"

namespace weft::config {

namespace {

std::string firstComment(std::string_view text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  return line.substr(0, 1) == "#" ? std::string(trim(line.substr(1))) : std::string();
}

// "# base = NAME" among the comments that begin a file; "" if it stands on its own.
std::string baseOf(std::string_view text) {
  constexpr std::string_view kMark = "# base = ";
  const std::size_t at = text.find(kMark);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = text.substr(at + kMark.size());
  return std::string(trim(rest.substr(0, rest.find('\n'))));
}

Result<RunConfig> readPreset(const std::string& name, int depth) {
  for (const PresetFile& file : presetFiles()) {
    if (file.name != name) continue;
    const std::string base = baseOf(file.text);
    if (base.empty()) return parseRunConfig(file.text, file.name + ".toml");
    if (depth > 4) return fail(ErrorCode::Internal, "The presets' bases go in a circle at " + name + ".");
    WEFT_ASSIGN(RunConfig config, readPreset(base, depth + 1));
    return parseRunConfig(file.text, file.name + ".toml", std::move(config));
  }
  return fail(ErrorCode::Internal, "There is no preset " + name + ", which another one has as its base.");
}

// The family of a preset is its first tag. In the order of menus.
constexpr std::pair<const char*, const char*> kGroups[] = {{"demo", "Demo"},
                                                           {"paper-1b", "CLA paper, 1B: Table 1"},
                                                           {"paper-1b-tuned", "CLA paper, 1B: Table 3"},
                                                           {"paper-3b", "CLA paper, 3B: Table 5"},
                                                           {"paper-3b-second", "CLA paper, 3B: Table 7"},
                                                           {"scaled", "Scaled for one GPU"},
                                                           {"lckv", "LCKV"},
                                                           {"", "Shapes"}};

std::size_t groupOf(const RunConfig& config) {
  std::size_t group = 0;
  while (group + 1 < std::size(kGroups) && (config.tags.empty() || config.tags.front() != kGroups[group].first))
    ++group;
  return group;
}

// "scaled-25m" before "scaled-110m": runs of digits are compared as numbers.
bool isBefore(std::string_view a, std::string_view b) {
  const auto isDigit = [](char letter) { return letter >= '0' && letter <= '9'; };
  std::size_t i = 0, j = 0;
  while (i < a.size() && j < b.size()) {
    std::size_t digitsA = 0, digitsB = 0;
    while (i + digitsA < a.size() && isDigit(a[i + digitsA])) ++digitsA;
    while (j + digitsB < b.size() && isDigit(b[j + digitsB])) ++digitsB;
    if (digitsA > 0 && digitsB > 0) {
      if (digitsA != digitsB) return digitsA < digitsB;  // names have no leading zeros
      const int order = a.substr(i, digitsA).compare(b.substr(j, digitsB));
      if (order != 0) return order < 0;
      i += digitsA;
      j += digitsB;
    } else {
      if (a[i] != b[j]) return a[i] < b[j];
      ++i;
      ++j;
    }
  }
  return a.size() - i < b.size() - j;
}

std::vector<Preset> readPresets() {
  std::vector<Preset> all;
  for (const PresetFile& file : presetFiles()) {
    Result<RunConfig> config = readPreset(file.name, 0);
    assert(config && "a preset that is compiled in must be valid; tests/config reads each of them");
    if (!config) continue;
    std::string group = kGroups[groupOf(*config)].second;
    all.push_back({file.name, firstComment(file.text), std::move(group), *std::move(config)});
  }
  std::sort(all.begin(), all.end(), [](const Preset& a, const Preset& b) {
    const std::size_t groupA = groupOf(a.config), groupB = groupOf(b.config);
    return groupA != groupB ? groupA < groupB : isBefore(a.name, b.name);
  });
  return all;
}

}  // namespace

const std::vector<Preset>& presets() {
  static const std::vector<Preset> all = readPresets();
  return all;
}

Result<RunConfig> preset(const std::string& name) {
  std::vector<std::string> names;
  for (const Preset& known : presets()) {
    if (known.name == name) return known.config;
    names.push_back(known.name);
  }
  const std::string near = nearestName(name, names);
  return fail(ErrorCode::NotFound, "There is no preset '" + name + "'; " +
                                       (near.empty() ? "`weft presets` lists them." : "did you mean '" + near + "'?"));
}

}  // namespace weft::config
