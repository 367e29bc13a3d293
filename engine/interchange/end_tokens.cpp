#include "engine/interchange/end_tokens.h"

#include <fmt/format.h>

#include <system_error>

#include "engine/base/files.h"
#include "engine/base/json.h"
#include "engine/base/text.h"

namespace weft::interchange {

namespace {

using Json = nlohmann::json;

Result<Json> objectOf(std::string_view text, const std::string& origin) {
  WEFT_ASSIGN(Json object, parseJson(text, origin));
  if (!object.is_object()) return fail(ErrorCode::InvalidInput, origin + " is no JSON object.");
  return object;
}

Result<std::vector<std::int64_t>> idsOf(const Json& object, const std::string& origin) {
  constexpr std::size_t kMost = 1000;
  std::vector<std::int64_t> ids;
  const auto found = object.find("eos_token_id");
  if (found == object.end() || found->is_null()) return ids;
  const auto take = [&](const Json& id) {
    const bool isId = id.is_number_unsigned() && id.get<double>() < 4294967296.0;
    if (isId) ids.push_back(id.get<std::int64_t>());
    return isId;
  };
  bool isGood = found->is_array() ? found->size() <= kMost : take(*found);
  if (found->is_array()) {
    for (const Json& id : *found) isGood = isGood && take(id);
  }
  if (isGood) return ids;
  return fail(ErrorCode::InvalidInput,
              fmt::format("{}: eos_token_id is {}; it must be a token's id or a list of them.", origin,
                          shortened(found->dump(-1, ' ', false, Json::error_handler_t::replace))));
}

}  // namespace

Result<std::vector<std::int64_t>> parseEndTokens(std::string_view json, const std::string& origin) {
  WEFT_ASSIGN(const Json object, objectOf(json, origin));
  return idsOf(object, origin);
}

Result<std::vector<std::int64_t>> endTokensOf(std::string_view config, const std::optional<std::string>& generation) {
  std::vector<std::int64_t> ids;
  if (generation) {
    WEFT_ASSIGN(ids, parseEndTokens(*generation, kGenerationConfigFile));
  }
  if (!ids.empty()) return ids;
  WEFT_ASSIGN(const Json object, objectOf(config, "config.json"));
  WEFT_ASSIGN(ids, idsOf(object, "config.json"));
  const auto type = object.find("model_type");
  const bool hasDefault = type != object.end() && (*type == "llama" || *type == "mistral");
  if (!generation && hasDefault && !object.contains("eos_token_id")) ids = {2};
  return ids;
}

Result<std::string> generationConfig(const std::optional<std::string>& generation,
                                     const std::vector<std::int64_t>& endTokens) {
  nlohmann::ordered_json object = nlohmann::ordered_json::object();
  if (generation) {
    WEFT_ASSIGN(object, parseOrderedJson(*generation, kGenerationConfigFile));
    if (!object.is_object())
      return fail(ErrorCode::InvalidInput, std::string(kGenerationConfigFile) + " is no JSON object.");
    WEFT_ASSIGN(const std::vector<std::int64_t> own, parseEndTokens(*generation, kGenerationConfigFile));
    if (!own.empty() && own == endTokens) return *generation;
  }
  if (endTokens.size() == 1) {
    object["eos_token_id"] = endTokens.front();
  } else {
    object["eos_token_id"] = endTokens.empty() ? nlohmann::ordered_json() : nlohmann::ordered_json(endTokens);
  }
  return object.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

Result<std::optional<std::vector<std::int64_t>>> endTokensOfCheckpoint(const std::filesystem::path& checkpoint) {
  const std::filesystem::path file = checkpoint / kGenerationConfigFile;
  std::error_code error;
  if (!std::filesystem::exists(file, error)) return std::optional<std::vector<std::int64_t>>();
  WEFT_ASSIGN(const std::string text, readFile(file));
  WEFT_ASSIGN(std::vector<std::int64_t> ids, parseEndTokens(text, file.string()));
  return std::optional(std::move(ids));
}

}  // namespace weft::interchange
