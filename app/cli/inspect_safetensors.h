// app/cli/inspect_safetensors.h -- what `inspect` says of a safetensors file; no tensor is read.
#pragma once

#include <filesystem>

#include "app/cli/output.h"
#include "engine/base/result.h"

namespace weft::cli {

// {kind, bytes, elements, metadata, tensors: [{name, dtype, shape}]}. Errors of base/safetensors_header.h.
[[nodiscard]] Result<Json> inspectSafetensors(const std::filesystem::path& path);

}  // namespace weft::cli
