// engine/data/json_objects.h -- the objects of a .jsonl or .jsonl.zst file (one a line) or of a .json file (a list),
// one after the other.
#pragma once

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "engine/base/result.h"

namespace weft::data {

// Calls `take` with each object and where it stands ("'F', line 3" or "'F', item 3"); it returns false to stop. Bytes
// that are not UTF-8 become U+FFFD; a byte-order mark and blank lines are passed over. NotFound, Io; Corrupt for what
// is no JSON object; Unsupported for another ending.
[[nodiscard]] Result<void> readJsonObjects(
    const std::filesystem::path& file,
    const std::function<Result<bool>(nlohmann::json&& object, const std::string& where)>& take);

}  // namespace weft::data
