#include "app/cli/arguments.h"

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <system_error>
#include <utility>

#include "engine/base/files.h"
#include "engine/base/json.h"
#include "engine/base/text.h"
#include "engine/config/presets.h"
#include "engine/store/run_reference.h"

namespace weft::cli {

void ConfigArguments::addTo(CLI::App& verb, const char* fileOption) {
  CLI::Option* fromFile =
      verb.add_option(fileOption, file, "A run's configuration ('-': standard input)")->type_name("FILE");
  verb.add_option("--preset", preset, "A ready configuration; `weft presets` lists them")
      ->type_name("NAME")
      ->excludes(fromFile);
  verb.add_option("--set", settings, "Change one field, like train.steps=100 (repeatable)")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
}

Result<config::RunConfig> ConfigArguments::load() const {
  if (file.empty() && preset.empty()) {
    return fail(ErrorCode::InvalidInput,
                "No configuration was named; give a FILE.toml or --preset NAME (`weft presets` lists them).");
  }
  WEFT_ASSIGN(config::RunConfig config, preset.empty() ? config::loadRunConfig(file) : config::preset(preset));
  for (const std::string& setting : settings) {
    const std::size_t equals = setting.find('=');
    if (equals == std::string::npos)
      return fail(ErrorCode::InvalidInput, "--set " + setting + " has no '='; write it like train.steps=100.");
    WEFT_TRY(config::setField(config, trim(std::string_view(setting).substr(0, equals)),
                              std::string_view(setting).substr(equals + 1)));
  }
  // What came with a file is absolute already; what was set here is meant against where the user stands.
  std::error_code error;
  config::resolvePaths(config, std::filesystem::current_path(error));
  if (error) return fail(ErrorCode::Io, "The current folder cannot be found: " + error.message() + ".");
  return config;
}

Result<std::string> mapText(const std::string& argument) {
  if (argument == "-") return readFile("-", JsonLimits().bytes);
  if (argument.empty() || argument.front() != '@') return argument;
  return readFile(argument.substr(1), JsonLimits().bytes);
}

Result<sharing::SharingMap> namedMap(const std::string& argument, const sharing::ParseOptions& options) {
  WEFT_ASSIGN(const std::string text, mapText(argument));
  const auto map = sharing::parseMapText(text, options);
  if (map) return *map;
  Error error = map.error().error;
  if (map.error().fix) error.message += " '" + *map.error().fix + "' would be valid.";
  return tl::unexpected(std::move(error));
}

Result<std::vector<store::RunSummary>> findRuns(store::RunStore& store, const std::vector<std::string>& texts) {
  std::vector<store::RunSummary> runs;
  for (const std::string& text : texts) {
    WEFT_ASSIGN(store::RunSummary run, store.findRun(text));
    runs.push_back(std::move(run));
  }
  return runs;
}

Result<std::vector<store::RunSummary>> findRunsToCompare(store::RunStore& store,
                                                         const std::vector<std::string>& texts) {
  std::vector<store::RunSummary> runs;
  for (const std::string& text : texts) {
    WEFT_ASSIGN(const std::vector<store::RunSummary> meant, store::findRunsMeant(store, text));
    for (const store::RunSummary& run : meant) {
      const auto isIt = [&](const store::RunSummary& other) { return other.id == run.id; };
      if (std::none_of(runs.begin(), runs.end(), isIt)) runs.push_back(run);
    }
  }
  return runs;
}

Result<std::vector<std::int64_t>> parseIds(const std::string& text, const char* option) {
  std::vector<std::int64_t> ids;
  for (const std::string& part : split(text, ',')) {
    std::int64_t id = 0;
    if (!parseInteger(trim(part), id) || id < 0) {
      return fail(ErrorCode::InvalidInput, std::string(option) + " has '" + part +
                                               "' in it; it takes whole numbers with commas between, like 1,2,3.");
    }
    ids.push_back(id);
  }
  return ids;
}

}  // namespace weft::cli
