// app/cli/safetensors_header.h -- the table of contents of a safetensors file, checked against the file's size; no
// tensor is read.
#pragma once

#include <filesystem>

#include "app/cli/output.h"
#include "engine/base/result.h"

namespace weft::cli {

// {kind, bytes, elements, metadata, tensors: [{name, dtype, shape}]}. NotFound, Io, Corrupt with what is wrong.
[[nodiscard]] Result<Json> readSafetensorsHeader(const std::filesystem::path& path);

}  // namespace weft::cli
