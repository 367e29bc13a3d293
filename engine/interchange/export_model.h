// engine/interchange/export_model.h -- a checkpoint of ours (nn/checkpoint.h) as a model folder for Hugging Face's
// transformers: config.json, model.safetensors (or shards with an index), tokenizer.json, and for the layout CrossLayer
// the Python files that run it (export_config.h).
//
// Weights go out bit for bit in their type, unless another is asked for, so that what was imported and is exported
// again is what it was; a checkpoint that still is what it was imported from gets back the config.json that came with
// it. One exception: Llama has one norm in front of queries, keys and values. Where K and V have a norm of their own,
// g', beside the queries' g, their weights take it in: W' = W diag(g' / g), in float64, rounded once.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/interchange/export_config.h"
#include "engine/nn/safetensors.h"

namespace weft::interchange {

struct ExportRequest {
  std::optional<ExportLayout> layout;       // nullopt: Llama where the map shares nothing, else CrossLayer
  std::optional<torch::ScalarType> type;    // nullopt: as they are
  std::int64_t shardBytes = 5'000'000'000;  // a larger model is divided into files of at most so many
};

struct ExportReport {
  std::string architecture;
  std::int64_t parameters = 0;
  std::vector<std::string> dropped;  // "NAME: why"
};

// `out` as in importModel. InvalidInput: a layout that has no place for the model, a type that cannot hold a weight,
// shards below 1 byte; Corrupt: a checkpoint that is not whole. `progress` gets 0..1.
[[nodiscard]] Result<ExportReport> exportModel(const std::filesystem::path& folder, const std::filesystem::path& out,
                                               const ExportRequest& request = {},
                                               const std::function<void(double)>& progress = {});

}  // namespace weft::interchange
