// engine/worker/model_setup.h -- what every job does first: device, types, threads, cache, model, tokens.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/config/run_config.h"
#include "engine/data/dataset.h"
#include "engine/data/tokenizer.h"
#include "engine/infer/kv_memory.h"
#include "engine/nn/cache_factory.h"
#include "engine/nn/checkpoint.h"
#include "engine/worker/jobs.h"

namespace weft::worker {

struct Machine {
  c10::Device device = c10::kCPU;
  c10::ScalarType type = c10::kFloat;
};
// Sets the threads, chooses device and type, writes hello. The job's device and `dtype`, where they are not empty, win
// over the configuration's. `config` is valid.
[[nodiscard]] Result<Machine> setUpMachine(JobContext& context, const config::DeviceConfig& config,
                                           const std::string& dtype = {});

struct ReadyModel {
  Machine machine;
  nn::LoadedModel loaded;
  nn::CacheFactory caches;
};
// The checkpoint of a folder, on the job's device, in this type, with this cache (else the configuration's).
struct ModelRequest {
  std::string folder, dtype;
  std::optional<std::string> cache;
};
[[nodiscard]] Result<ReadyModel> setUpModel(JobContext& context, const ModelRequest& request);
template <class Job>
[[nodiscard]] Result<ReadyModel> setUpModel(JobContext& context, const Job& job) {
  return setUpModel(context, ModelRequest{.folder = job.model, .dtype = job.dtype, .cache = job.cache});
}

// Corrupt, naming the first weight that holds NaN: such a model gives no numbers, and what it gives looks like some.
[[nodiscard]] Result<void> checkWeights(const nn::Decoder& decoder);

// Shards of the configuration's data in the job's folder of shards, with progress events.
[[nodiscard]] Result<data::Dataset> prepareData(JobContext& context, const config::DataConfig& config);
// An alert of level "warning": the faces show it, and a run keeps it.
void warn(JobContext& context, const std::string& sentence);
std::vector<std::int64_t> readIds(const data::TokenShard& shard, std::int64_t count);  // the first `count`, 0 = all

// InvalidInput for no ids and for one outside the vocabulary.
[[nodiscard]] Result<void> checkIds(const std::vector<std::int64_t>& ids, std::int64_t vocabulary);

protocol::MeasurementEvent kvMemoryEvent(const infer::KvMemory& memory, const std::string& cache, c10::ScalarType type);

}  // namespace weft::worker
