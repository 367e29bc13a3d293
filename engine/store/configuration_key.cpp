#include "engine/store/configuration_key.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "engine/base/text.h"
#include "engine/config/run_config.h"
#include "engine/store/project_roots.h"

namespace weft::store {

namespace {

namespace fs = std::filesystem;

std::string hashOf(const std::string& text) {
  const XXH128_hash_t hash = XXH3_128bits(text.data(), text.size());
  return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

struct Origin {
  RunId run;               // 0: no run of this project
  std::string checkpoint;  // "checkpoints/step-300"
};

// RUNS/12/checkpoints/step-300, where RUNS is the project's root of runs; or the same of a folder that is gone, since
// the project was moved and its runs with it, where this project has such a checkpoint.
Origin originOf(const fs::path& weights, const fs::path& runs) {
  std::vector<fs::path> parts;
  for (const fs::path& part : weights.lexically_normal())
    if (!part.empty()) parts.push_back(part);
  if (parts.size() < 4) return {};
  const std::string checkpoint = (parts[parts.size() - 2] / parts.back()).string();
  std::int64_t number = 0;
  if (!parseInteger(parts[parts.size() - 3].string(), number) || number <= 0) return {};
  const fs::path here = runs / std::to_string(number) / checkpoint;
  std::error_code error;
  const bool isHere = weights.lexically_normal() == here.lexically_normal();
  const bool wasMoved = !fs::exists(weights, error) && parts[parts.size() - 4] == "runs" && fs::exists(here, error);
  return isHere || wasMoved ? Origin{RunId{number}, checkpoint} : Origin{};
}

std::string configurationKeyOf(SQLite::Database& connection, RunId run) {
  SQLite::Statement statement(connection, "SELECT configuration_key FROM run WHERE id = ?");
  statement.bind(1, run.value);
  return statement.executeStep() ? statement.getColumn(0).getString() : std::string();
}

}  // namespace

ConfigurationKeys configurationKeys(SQLite::Database& connection, const std::string& configToml) {
  const Result<config::RunConfig> config = config::parseRunConfig(configToml, "config.toml");
  if (!config) return {};
  std::string configuration, text;
  for (const auto& [key, value] : config::flatten(*config)) {
    if (key == "name" || key == "tags" || key == "train.seed") continue;
    std::string shown = value;
    if (key == "train.init_from" && !config->train.initFrom.empty()) {
      const Origin origin = originOf(config->train.initFrom, runsFolderOf(connection));
      const std::string made = origin.run.value > 0 ? configurationKeyOf(connection, origin.run) : std::string();
      if (!made.empty()) shown = "{" + made + "} " + origin.checkpoint;
    }
    const std::string line = fmt::format("{} = {}\n", key, shown);
    configuration += line;
    if (key.starts_with("data.") || key == "evaluation.tokens") text += line;
  }
  return {.configuration = hashOf(configuration), .text = hashOf(text)};
}

}  // namespace weft::store
