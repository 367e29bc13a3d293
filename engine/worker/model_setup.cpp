#include "engine/worker/model_setup.h"

#include <fmt/format.h>

#include "engine/data/token_shard.h"
#include "engine/device/device.h"
#include "engine/interchange/import_model.h"
#include "engine/worker/progress.h"

namespace weft::worker {

Result<Machine> setUpMachine(JobContext& context, const config::DeviceConfig& config, const std::string& dtype) {
  device::setThreads(config.threads);
  const std::string& device = context.job.device;
  Machine machine;
  WEFT_ASSIGN(machine.device, device::chooseDevice(device.empty() ? config.device : device));
  WEFT_ASSIGN(machine.type, device::chooseType(dtype.empty() ? config.dtype : dtype, machine.device));
  writeHello(context, device::describe(machine.device));
  context.log.say(fmt::format("Computes in {} with {}.", device::typeName(machine.type), device::describeThreads()));
  return machine;
}

Result<ReadyModel> setUpModel(JobContext& context, const ModelRequest& request) {
  WEFT_ASSIGN(const config::RunConfig config,
              config::loadRunConfig(std::filesystem::path(request.folder) / "model.toml"));
  WEFT_TRY(config::validate(config));
  WEFT_ASSIGN(const Machine machine, setUpMachine(context, config.device, request.dtype));
  WEFT_ASSIGN(nn::CacheFactory caches,
              nn::CacheFactory::create(request.cache.value_or(config.cache.plugin), config.cache.dtype));
  WEFT_ASSIGN(nn::LoadedModel loaded, nn::loadModel(request.folder, machine.device));
  // Checkpoints that were imported before a missing tokenizer had a name say "byte", which is not theirs.
  std::error_code error;
  const bool wasImported =
      std::filesystem::exists(std::filesystem::path(request.folder) / interchange::kSourceConfigFile, error);
  if (wasImported && loaded.config.data.tokenizer == "byte") loaded.config.data.tokenizer = config::kNoTokenizer;
  loaded.decoder->setComputeType(machine.type);
  return ReadyModel{machine, std::move(loaded), std::move(caches)};
}

Result<void> checkWeights(const nn::Decoder& decoder) {
  const torch::NoGradGuard noGrad;
  for (const nn::NamedParameter& parameter : decoder.parameters()) {
    // A sum is NaN if a summand is, and is made without a second tensor; infinities of both signs give it too.
    if (!parameter.value.sum().isnan().item<bool>() || !parameter.value.isnan().any().item<bool>()) continue;
    return fail(
        ErrorCode::Corrupt,
        fmt::format("The weights of the model hold NaN, first in \"{}\": it gives no numbers.", parameter.name));
  }
  return {};
}

Result<data::Dataset> prepareData(JobContext& context, const config::DataConfig& config) {
  const std::filesystem::path shards = context.folder / context.job.shards;
  ProgressReporter report(context);
  WEFT_ASSIGN(
      data::Dataset dataset,
      data::prepareDataset(config, shards, [&](double fraction, const std::string& what) { report(what, fraction); }));
  for (const std::string& note : dataset.notes) warn(context, note);
  return dataset;
}

void warn(JobContext& context, const std::string& sentence) {
  context.events.write(protocol::AlertEvent{.level = "warning", .message = sentence});
}

std::vector<std::int64_t> readIds(const data::TokenShard& shard, std::int64_t count) {
  std::vector<std::int64_t> ids(static_cast<std::size_t>(count > 0 ? std::min(count, shard.size()) : shard.size()));
  shard.copy(0, ids);
  return ids;
}

Result<void> checkIds(const std::vector<std::int64_t>& ids, std::int64_t vocabulary) {
  for (const std::int64_t id : ids) {
    if (id < 0 || id >= vocabulary)
      return fail(ErrorCode::InvalidInput,
                  fmt::format("The id {} is outside the model's vocabulary of {}.", id, vocabulary));
  }
  if (ids.empty()) return fail(ErrorCode::InvalidInput, "There are no token ids to read; give at least one.");
  return {};
}

protocol::MeasurementEvent kvMemoryEvent(const infer::KvMemory& memory, const std::string& cache,
                                         c10::ScalarType type) {
  protocol::MeasurementEvent event{.name = "kv_memory"};
  event.values = {{"batch", memory.batch},
                  {"context", memory.context},
                  {"analytic", memory.analytic},
                  {"storage", memory.storage},
                  {"bytes_per_token_analytic", memory.bytesPerTokenAnalytic()},
                  {"bytes_per_token_storage", memory.bytesPerTokenStorage()},
                  {"prefill_tokens_per_second", memory.prefillTokensPerSecond},
                  {"decode_tokens_per_second", memory.decodeTokensPerSecond}};
  if (memory.allocated) event.values["allocated"] = static_cast<double>(*memory.allocated);
  if (memory.reserved) event.values["reserved"] = static_cast<double>(*memory.reserved);
  if (memory.device) event.values["device"] = static_cast<double>(*memory.device);
  event.labels = {{"cache", cache.empty() ? "dense" : cache}, {"dtype", device::typeName(type)}};
  return event;
}

}  // namespace weft::worker
