// app/cli/model_choice.h -- the model that a verb works with, and what of its worker's job the user may choose.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <optional>
#include <string>

#include "app/cli/output.h"
#include "app/cli/program.h"

namespace weft::cli {

struct ModelChoice {
  std::string model, device, dtype, cache;

  void addModel(CLI::App& verb, const char* more = "");  // MODEL and --device; `more` goes on where MODEL's help ends
  void addCache(CLI::App& verb);
  void addType(CLI::App& verb, const char* otherwise = "float32 on a CPU, bfloat16 on a GPU");
};

struct ChosenModel {
  std::optional<store::Project> project;
  std::filesystem::path folder;
  // Whose checkpoint it is, and of which step.
  std::optional<store::RunId> run;
  std::int64_t step = 0;
};
// NotFound; a project that was named must be there, else one is welcome and not needed.
[[nodiscard]] Result<ChosenModel> findModel(const ModelChoice& choice, const Context& context);

// The store that keeps what is found out about a run's model, opened before the work: nullopt for a model that belongs
// to no run, and, with a sentence on stderr, where the project cannot be written; the answer is printed all the same.
[[nodiscard]] Result<std::optional<store::RunStore>> storeToKeep(const ChosenModel& model);

// As a job takes them: "" for a device that is chosen there; no cache: the one that the model's own run used.
std::string chosenDevice(const ModelChoice& choice);
std::optional<std::string> chosenCache(const ModelChoice& choice);

}  // namespace weft::cli
