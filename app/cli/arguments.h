// app/cli/arguments.h -- the arguments that several verbs read alike: a configuration, a map, a list of runs.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/config/run_config.h"
#include "engine/sharing/map_text.h"
#include "engine/store/run_store.h"

namespace weft::cli {

// FILE.toml or --preset, then --set key=value in their order.
struct ConfigArguments {
  std::string file, preset;
  std::vector<std::string> settings;

  void addTo(CLI::App& verb, const char* fileOption);
  [[nodiscard]] Result<config::RunConfig> load() const;
};

// A map's text as it was given, or the content of the file after '@' ("-": standard input).
[[nodiscard]] Result<std::string> mapText(const std::string& argument);
// The map that such an argument says; the sentence of an error ends with a text that would be valid, if one is near.
[[nodiscard]] Result<sharing::SharingMap> namedMap(const std::string& argument, const sharing::ParseOptions& options);

// Each of them as RunStore::findRun finds it, in that order; every argument must say one run.
[[nodiscard]] Result<std::vector<store::RunSummary>> findRuns(store::RunStore& store,
                                                              const std::vector<std::string>& texts);
// To be held against each other: a name stands for every run that bears it and is not archived. Each run once.
[[nodiscard]] Result<std::vector<store::RunSummary>> findRunsToCompare(store::RunStore& store,
                                                                       const std::vector<std::string>& texts);

// "1,2, 3" -> 1, 2, 3. InvalidInput naming the option.
[[nodiscard]] Result<std::vector<std::int64_t>> parseIds(const std::string& text, const char* option);

}  // namespace weft::cli
