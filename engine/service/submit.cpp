// submit: from a configuration to a queued row. The row holds the whole snapshot, and the service lays out the folder
// from it: nothing to clean up.
#include <fmt/format.h>

#include <system_error>

#include "engine/base/files.h"
#include "engine/base/run_name.h"
#include "engine/config/trainable.h"
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

store::NewRun rowOf(const ResolvedRun& run) {
  store::NewRun row;
  row.name = run.config.name;
  row.configToml = config::toToml(run.config);
  row.map = run.config.model.sharing;
  row.generator = sharing::describeGenerator(run.map);
  row.cache = run.config.cache.plugin;
  row.layers = run.config.model.layers;
  row.queryHeads = run.config.model.queryHeads;
  row.kvHeads = run.config.model.kvHeads;
  row.headWidth = run.config.model.headWidth;
  row.hidden = run.config.model.hidden;
  row.parameters = run.cost.parameters.total();
  // With a plugin this is the dense cache's: the plugin's own formula replaces it as soon as its run has measured
  // itself.
  row.kvBytesPerToken = static_cast<double>(run.cost.kv.bytesPerToken);
  row.seed = run.config.train.seed;
  row.steps = run.config.train.steps;
  row.tags = run.config.tags;
  row.resources.device = run.config.device.device;
  return row;
}

Result<store::RunId> submit(const store::Project&, store::RunStore& store, const config::RunConfig& given,
                            store::RunState state) {
  config::RunConfig config = given;
  std::error_code error;
  config::resolvePaths(config, fs::current_path(error));
  WEFT_TRY(checkRunName(config.name));
  WEFT_TRY(config::validate(config));
  WEFT_TRY(config::requireTrainable(config.model));
  WEFT_TRY(requireFiles(config));
  WEFT_ASSIGN(const ResolvedRun run, resolveRun(config));
  store::NewRun row = rowOf(run);
  row.state = state;
  return store.addRun(row);
}

}  // namespace weft::service
