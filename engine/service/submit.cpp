// submit: from a configuration to a queued row. The row holds the whole snapshot, and the service lays out the folder from it: nothing to clean up.
#include <fmt/format.h>

#include <system_error>

#include "engine/data/tokenizer.h"
#include "engine/service/client.h"
#include "engine/service/local_executor.h"
#include "engine/sharing/generators.h"
#include "engine/sharing/map_text.h"

namespace weft::service {

namespace fs = std::filesystem;

namespace {

Result<void> requireFile(const std::string& field, const std::string& file) {
  std::error_code error;
  if (fs::is_regular_file(file, error)) return {};
  return fail(ErrorCode::NotFound, fmt::format("{}: there is no file {}.", field, file));
}

Result<void> requireFiles(const config::RunConfig& config) {
  for (const std::string& file : config.data.files) WEFT_TRY(requireFile("data.files", file));
  for (const std::string& file : config.data.validFiles) WEFT_TRY(requireFile("data.valid_files", file));
  if (!config.train.initFrom.empty()) WEFT_TRY(requireFile("train.init_from", config.train.initFrom + "/model.safetensors"));
  return {};
}

// The element type of a dense cache, as the worker will choose it on the lane that the run will get.
Result<sharing::ElementType> cacheType(const config::RunConfig& config) {
  const auto resolved = [&](const std::string& name) { return name == "model" ? config.device.dtype : name; };
  const std::string type = resolved(config.cache.dtype);
  if (type != "auto") return sharing::parseElementType(type);
  const bool onCpu = config.device.device == "cpu" || (config.device.device == "auto" && localLanes().front() == "cpu");
  return onCpu ? sharing::ElementType::Float32 : sharing::ElementType::BFloat16;
}

}  // namespace

Result<store::RunId> submit(const store::Project&, store::RunStore& store, const config::RunConfig& given, store::RunState state) {
  config::RunConfig config = given;
  std::error_code error;
  config::resolvePaths(config, fs::current_path(error));
  WEFT_TRY(config::validate(config));
  WEFT_TRY(requireFiles(config));
  WEFT_ASSIGN(const auto tokenizer, data::openTokenizer(config.data.tokenizer));
  if (config.model.vocabulary == 0) config.model.vocabulary = tokenizer->vocabularySize();
  if (config.model.vocabulary < tokenizer->vocabularySize()) {
    return fail(ErrorCode::InvalidInput, fmt::format("model.vocabulary is {}, and the tokenizer {} has {} ids; it must be at least that, or 0.",
                                                     config.model.vocabulary, config.data.tokenizer, tokenizer->vocabularySize()));
  }
  WEFT_ASSIGN(const sharing::SharingMap map, config::sharingMap(config.model));
  config.model.sharing = sharing::toText(map);
  WEFT_ASSIGN(const sharing::ElementType type, cacheType(config));
  WEFT_ASSIGN(const sharing::CostReport cost,
              sharing::cost(config::shapeOf(config.model), map, {.cacheType = type, .context = config.train.sequenceLength}));
  return store.addRun({.name = config.name,
                       .configToml = config::toToml(config),
                       .map = config.model.sharing,
                       .generator = sharing::describeGenerator(map),
                       .cache = config.cache.plugin,
                       .layers = config.model.layers,
                       .queryHeads = config.model.queryHeads,
                       .kvHeads = config.model.kvHeads,
                       .headWidth = config.model.headWidth,
                       .hidden = config.model.hidden,
                       .parameters = cost.parameters.total(),
                       .seed = config.train.seed,
                       .steps = config.train.steps,
                       // With a plugin this is the dense cache's: the plugin's own formula replaces it as soon as its run has measured itself.
                       .kvBytesPerToken = static_cast<double>(cost.kv.bytesPerToken),
                       .tags = config.tags,
                       .state = state});
}

}  // namespace weft::service
