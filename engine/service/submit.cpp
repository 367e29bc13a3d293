// submit: from a configuration to a queued row. The row holds the whole snapshot, and the service lays out the folder
// from it: nothing to clean up.
#include <fmt/format.h>

#include <system_error>

#include "engine/base/files.h"
#include "engine/base/run_name.h"
#include "engine/service/client.h"
#include "engine/service/resolved_run.h"
#include "engine/sharing/generators.h"

namespace weft::service {

namespace fs = std::filesystem;

namespace {

Result<void> requireFile(const std::string& field, const std::string& file) {
  const Result<InputFile> open = InputFile::open(file);
  if (open) return {};
  if (open.error().code == ErrorCode::NotFound)
    return fail(ErrorCode::NotFound, fmt::format("{}: there is no file {}.", field, file));
  return fail(open.error().code, field + ": " + open.error().message);
}

Result<void> requireFiles(const config::RunConfig& config) {
  for (const std::string& file : config.data.files) WEFT_TRY(requireFile("data.files", file));
  for (const std::string& file : config.data.validFiles) WEFT_TRY(requireFile("data.valid_files", file));
  if (!config.train.initFrom.empty())
    WEFT_TRY(requireFile("train.init_from", config.train.initFrom + "/model.safetensors"));
  return {};
}

}  // namespace

Result<store::RunId> submit(const store::Project&, store::RunStore& store, const config::RunConfig& given,
                            store::RunState state) {
  config::RunConfig config = given;
  std::error_code error;
  config::resolvePaths(config, fs::current_path(error));
  WEFT_TRY(checkRunName(config.name));
  WEFT_TRY(config::validate(config));
  WEFT_TRY(requireFiles(config));
  WEFT_ASSIGN(const ResolvedRun run, resolveRun(config));
  config = run.config;
  return store.addRun({.name = config.name,
                       .configToml = config::toToml(config),
                       .map = config.model.sharing,
                       .generator = sharing::describeGenerator(run.map),
                       .cache = config.cache.plugin,
                       .layers = config.model.layers,
                       .queryHeads = config.model.queryHeads,
                       .kvHeads = config.model.kvHeads,
                       .headWidth = config.model.headWidth,
                       .hidden = config.model.hidden,
                       .parameters = run.cost.parameters.total(),
                       .seed = config.train.seed,
                       .steps = config.train.steps,
                       // With a plugin this is the dense cache's: the plugin's own formula replaces it as soon as its
                       // run has measured itself.
                       .kvBytesPerToken = static_cast<double>(run.cost.kv.bytesPerToken),
                       .tags = config.tags,
                       .state = state});
}

}  // namespace weft::service
