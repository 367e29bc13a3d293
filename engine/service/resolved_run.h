// engine/service/resolved_run.h -- what a configuration becomes on a device: its tokenizer's vocabulary, its types, and
// the costs that follow from them. The one room from which submit() and every face take the numbers of a run that does
// not exist yet, so that one number has one meaning: parameters include the embedding of the tokenizer, KV bytes are
// those of the type that the device will keep.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/config/run_config.h"
#include "engine/service/executor.h"
#include "engine/sharing/cost_model.h"
#include "engine/sharing/memory_model.h"
#include "engine/store/run_store.h"

namespace weft::service {

// What the configuration does not say itself.
struct Surroundings {
  std::vector<Lane> lanes;  // of the machine, as localLanes() gives them; empty: this machine's
  // How many ids the tokenizer has, where the caller has read it already; nullopt: it is read from disk (the byte
  // tokenizer needs no reading).
  std::optional<std::int64_t> tokenizerVocabulary;
};

// What "auto" and "model" mean on a device.
struct RunTypes {
  bool isOnCpu = true;
  sharing::ElementType compute = sharing::ElementType::Float32;  // of training, by device.dtype
  sharing::ElementType cache = sharing::ElementType::Float32;    // of a dense cache, by cache.dtype
};

struct ResolvedRun {
  config::RunConfig config;  // with its vocabulary, and the map in its canonical form
  sharing::SharingMap map = sharing::SharingMap::identity(1);
  sharing::ModelShape shape;
  std::int64_t tokenizerVocabulary = 0;
  RunTypes types;
  sharing::CostReport cost;  // one sequence of train.sequence_length tokens, in types.cache

  std::string tokenizerWords() const;  // "the byte tokenizer's 257 ids", "a vocabulary of 50,304"
};
// Validates, reads the tokenizer, resolves device, types and map. InvalidInput, NotFound, Corrupt: one sentence. That
// data files exist is not asked.
[[nodiscard]] Result<ResolvedRun> resolveRun(const config::RunConfig& config, const Surroundings& surroundings = {});

// InvalidInput for a name of a type that is none.
[[nodiscard]] Result<RunTypes> typesOf(const config::RunConfig& config, const std::vector<Lane>& lanes);
const char* deviceWords(const RunTypes& types);  // "this CPU", "a CUDA device"

// KV bytes per token in the type that somebody asked for, and beside them those of a run on this device where they are
// others: "256 B in bfloat16, 512 B in float32 on this CPU"; "512 B in float32, as on this CPU". "" if the map does not
// fit the shape.
std::string bytesPerTokenWords(const sharing::ModelShape& shape, const sharing::SharingMap& map,
                               sharing::ElementType asked, const RunTypes& here);

// Its training step as a question to the memory model: with the types and the attention that this device will take.
sharing::TrainingRequest trainingRequestOf(const ResolvedRun& run);

// "689,536 parameters without the embedding of a tokenizer that is not read yet": what stands beside a count whose
// vocabulary is 0.
inline constexpr const char* kWithoutEmbedding = "without the embedding of a tokenizer that is not read yet";

// The row that the store keeps of it, as it is submitted.
store::NewRun rowOf(const ResolvedRun& run);

}  // namespace weft::service
