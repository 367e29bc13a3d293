// engine/interchange/end_tokens.h -- the ids that end a text, as a model folder of Hugging Face names them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"

namespace weft::interchange {

inline constexpr const char* kGenerationConfigFile = "generation_config.json";

// "eos_token_id" of a config.json or generation_config.json: a number or a list of them; empty where it is missing or
// null. InvalidInput for anything else.
[[nodiscard]] Result<std::vector<std::int64_t>> parseEndTokens(std::string_view json, const std::string& origin);

// Of a folder: generation_config.json's where it has any, else config.json's, else what the class has that config.json
// names (2 of a Llama or a Mistral; transformers 5). Empty: none. `generation`: the text of generation_config.json.
[[nodiscard]] Result<std::vector<std::int64_t>> endTokensOf(std::string_view config,
                                                            const std::optional<std::string>& generation);

// The generation_config.json that goes along with a checkpoint: the folder's own, with these ids in it.
[[nodiscard]] Result<std::string> generationConfig(const std::optional<std::string>& generation,
                                                   const std::vector<std::int64_t>& endTokens);

// Of a checkpoint that was imported; nullopt where it has no generation_config.json, as one that was trained here.
[[nodiscard]] Result<std::optional<std::vector<std::int64_t>>> endTokensOfCheckpoint(
    const std::filesystem::path& checkpoint);

}  // namespace weft::interchange
