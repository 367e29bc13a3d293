#include "app/cli/model_choice.h"

#include "app/cli/direct_job.h"
#include "engine/base/files.h"
#include "engine/base/text.h"
#include "engine/service/client.h"

namespace weft::cli {

void ModelChoice::addModel(CLI::App& verb, const char* more) {
  verb.add_option("MODEL", model, std::string("A checkpoint folder, RUN, RUN@step-N or RUN@best") + more)->required();
  verb.add_option("--device", device, "auto, cpu, cuda or cuda:N [auto]")->type_name("DEVICE");
}

void ModelChoice::addCache(CLI::App& verb) {
  verb.add_option("--cache", cache, "dense, or a KV cache plugin like int8_cache [the run's]")->type_name("PLUGIN");
}

void ModelChoice::addType(CLI::App& verb, const char* otherwise) {
  verb.add_option("--dtype", dtype, std::string("float32, bfloat16 or float64 [") + otherwise + "]")->type_name("TYPE");
}

Result<ChosenModel> findModel(const ModelChoice& choice, const Context& context) {
  ChosenModel chosen{.project = projectIfAny(context)};
  if (!context.projectFolder.empty() && !chosen.project) WEFT_TRY(context.project());
  WEFT_ASSIGN(chosen.folder, service::resolveModel(choice.model, chosen.project));
  chosen.folder = absolutePath(chosen.folder.string());
  if (chosen.project) chosen.run = service::runOfCheckpoint(chosen.folder, *chosen.project);
  const std::string name = chosen.folder.filename().string();
  if (chosen.run) parseInteger(name.substr(name.find('-') + 1), chosen.step);
  return chosen;
}

Result<std::optional<store::RunStore>> storeToKeep(const ChosenModel& model) {
  if (!model.run) return std::optional<store::RunStore>{};
  Result<store::RunStore> store = store::RunStore::open(model.project->database());
  if (store) return std::optional<store::RunStore>(std::move(*store));
  if (store.error().code != ErrorCode::Io) return tl::unexpected(store.error());
  inform("weft: run " + std::to_string(model.run->value) + " will not keep the answer: " + store.error().message);
  return std::optional<store::RunStore>{};
}

std::string chosenDevice(const ModelChoice& choice) { return choice.device == "auto" ? "" : choice.device; }

std::optional<std::string> chosenCache(const ModelChoice& choice) {
  if (choice.cache.empty()) return std::nullopt;
  return choice.cache == "dense" ? "" : choice.cache;
}

}  // namespace weft::cli
