// engine/interchange/import_model.h -- a model folder of another project as a checkpoint folder of ours
// (nn/checkpoint.h). Weights keep their element type in the checkpoint (the decoder computes from float32 copies), so
// that they can go back bitwise. One tensor at a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "engine/base/result.h"

namespace weft::interchange {

inline constexpr const char* kSourceConfigFile =
    "source_config.json";  // the config.json that a checkpoint was imported from

struct ImportReport {
  std::string architecture;
  std::int64_t parameters = 0;
  std::vector<std::string> dropped;   // "NAME: why", for tensors that the checkpoint does not need
  std::vector<std::string> warnings;  // sentences: what the checkpoint cannot do that its folder might let expect
};

// `folder` holds config.json, the weights (tensor_source.h) and, mostly, tokenizer.json, which is copied (with
// tokenizer_config.json), and generation_config.json. Where there is no tokenizer.json, or one that is not read, the
// checkpoint takes ids alone (config::kNoTokenizer) and a warning says so. Links out of the folder are not followed
// (fileWithin). `out` gets model.toml and model.safetensors; it must not exist or be empty, and bears its
// name only when it is whole. Errors of parseForeignConfig and TensorSource; Corrupt for a tensor that is missing,
// misshapen or no floating-point number; Unsupported for one that this decoder has no place for, like a bias that is
// not zero. `progress` gets 0..1.
[[nodiscard]] Result<ImportReport> importModel(const std::filesystem::path& folder, const std::filesystem::path& out,
                                               const std::function<void(double)>& progress = {});

}  // namespace weft::interchange
