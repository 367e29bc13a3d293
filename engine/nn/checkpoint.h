// engine/nn/checkpoint.h -- a checkpoint folder: model.toml ([model] of the run, vocabulary resolved, tokenizer),
// model.safetensors, and, for resuming, trainer.safetensors + trainer.json (written by train/). A folder is complete
// when it bears its final name: it is filled under a temporary name, synced and renamed.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "engine/base/result.h"
#include "engine/config/run_config.h"
#include "engine/nn/decoder.h"

namespace weft::nn {

struct LoadedModel {
  std::unique_ptr<Decoder> decoder;
  config::RunConfig config;  // model.vocabulary resolved, data.tokenizer absolute
};

// Of a validated configuration; throws for a RoPE scaling that does not exist.
DecoderSpec decoderSpec(const config::ModelConfig& model, const sharing::SharingMap& map);

// Writes model.toml and model.safetensors into an existing folder. Io.
[[nodiscard]] Result<void> saveModel(const std::filesystem::path& folder, const Decoder& decoder,
                                     const config::RunConfig& config);
// NotFound, InvalidInput (model.toml, or a map in it that cannot be trained yet), Corrupt (a missing, additional or
// misshapen tensor by name).
[[nodiscard]] Result<LoadedModel> loadModel(const std::filesystem::path& folder, torch::Device device);
// Copies weights by name into an existing decoder of the same shape; on an error it stays as it was. NotFound, Corrupt.
[[nodiscard]] Result<void> loadWeights(const std::filesystem::path& folder, Decoder& decoder);

}  // namespace weft::nn
