#include "engine/interchange/import_model.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

#include "engine/base/files.h"
#include "engine/base/json.h"
#include "engine/base/run_name.h"
#include "engine/base/text.h"
#include "engine/data/bpe_definition.h"
#include "engine/interchange/end_tokens.h"
#include "engine/interchange/foreign_config.h"
#include "engine/interchange/partial_folder.h"
#include "engine/interchange/recipe.h"
#include "engine/nn/checkpoint.h"

namespace weft::interchange {

namespace fs = std::filesystem;

namespace {

// Why a tensor that no parameter of ours is made from may be left out. Unsupported if it may not.
Result<std::string> reasonToDrop(const std::string& name, const TensorSource& source, const config::ModelConfig& model,
                                 Layout layout) {
  if (name.ends_with("rotary_emb.inv_freq")) return "the angles follow from rope_theta";
  if (name == "lm_head.weight" && model.tieEmbeddings) {
    const std::string embedding = layout == Layout::Llama ? "model.embed_tokens.weight" : "transformer.wte.weight";
    WEFT_ASSIGN(const torch::Tensor head, source.read(name));
    WEFT_ASSIGN(const torch::Tensor table, source.read(embedding));
    if (at::equal(head, table)) return "it equals the embedding, which is tied";
    return fail(ErrorCode::Unsupported,
                fmt::format("{}: the config ties the head to the embedding, but \"{}\" differs from it.",
                            source.folder().string(), name));
  }
  if (name.ends_with(".bias")) {
    WEFT_ASSIGN(const torch::Tensor bias, source.read(name));
    if (!bias.to(torch::kDouble).ne(0).any().item<bool>()) return "a bias of zeros";
    return fail(ErrorCode::Unsupported, fmt::format("{}: \"{}\" is a bias that is not zero; this decoder has none.",
                                                    source.folder().string(), name));
  }
  return fail(ErrorCode::Unsupported,
              fmt::format("{}: this decoder has no place for the tensor \"{}\".", source.folder().string(), name));
}

Result<std::optional<std::string>> optionalFile(const fs::path& folder, const std::string& name) {
  WEFT_ASSIGN(const fs::path path, fileWithin(folder, name));
  std::error_code error;
  if (!fs::exists(path, error)) return std::optional<std::string>();
  WEFT_ASSIGN(std::string text, readFile(path, JsonLimits().bytes));
  return std::optional(std::move(text));
}

// The folder's name, with what no run's name may have replaced.
std::string nameFor(const fs::path& folder, const std::string& architecture) {
  std::string name = presentable(folder.lexically_normal().filename().string());
  if (name.empty() || name == ".") name = presentable(folder.lexically_normal().parent_path().filename().string());
  for (char& letter : name) {
    if (letter == '@' || letter == '/' || letter == ',') letter = '-';
  }
  if (checkRunName(name)) return name;
  name = "model-" + shortened(name, 150);
  return checkRunName(name) ? name : architecture;
}

// Copies tokenizer.json and tokenizer_config.json; what data.tokenizer is then.
Result<std::string> importTokenizer(const fs::path& folder, const fs::path& out, std::int64_t vocabulary,
                                    std::vector<std::string>& warnings) {
  std::error_code error;
  WEFT_ASSIGN(const std::optional<std::string> config, optionalFile(folder, "tokenizer_config.json"));
  if (config) {
    const std::string origin = (folder / "tokenizer_config.json").string();
    WEFT_ASSIGN(const nlohmann::json parsed, parseJson(*config, origin));
    if (!parsed.is_object()) return fail(ErrorCode::InvalidInput, origin + " is no JSON object.");
    WEFT_TRY(writeFileAtomically(out / "tokenizer_config.json", *config));
  }
  WEFT_ASSIGN(const std::optional<std::string> tokenizer, optionalFile(folder, "tokenizer.json"));
  const auto idsAlone = [&](const std::string& why) {
    warnings.push_back(why + " The checkpoint takes token ids, and no text.");
    return std::string(config::kNoTokenizer);
  };
  if (!tokenizer) {
    const bool hasModel = fs::exists(folder / "tokenizer.model", error);
    const bool hasMerges = fs::exists(folder / "vocab.json", error) && fs::exists(folder / "merges.txt", error);
    const std::string other = hasModel    ? " (tokenizer.model is not read)"
                              : hasMerges ? " (vocab.json and merges.txt are not read)"
                                          : "";
    return idsAlone(fmt::format("{} has no tokenizer.json{}.", folder.string(), other));
  }
  WEFT_TRY(writeFileAtomically(out / "tokenizer.json", *tokenizer));
  const Result<data::BpeDefinition> read = data::parseBpeDefinition(*tokenizer, (folder / "tokenizer.json").string());
  if (!read) return idsAlone(read.error().message);
  if (static_cast<std::int64_t>(read->tokens.size()) > vocabulary) {
    warnings.push_back(
        fmt::format("The tokenizer has {} ids, and the model a vocabulary of {}: a text with one of the "
                    "others is refused.",
                    read->tokens.size(), vocabulary));
  }
  return std::string("tokenizer.json");
}

}  // namespace

Result<ImportReport> importModel(const fs::path& folder, const fs::path& out,
                                 const std::function<void(double)>& progress) {
  WEFT_TRY(PartialFolder::checkFree(out));
  WEFT_ASSIGN(const fs::path configFile, fileWithin(folder, "config.json"));
  WEFT_ASSIGN(const std::string configText, readFile(configFile, JsonLimits().bytes));
  WEFT_ASSIGN(const ForeignConfig foreign, parseForeignConfig(configText, configFile.string()));
  WEFT_ASSIGN(const TensorSource source, TensorSource::open(folder));
  if (!foreign.quantization.empty()) {
    return fail(ErrorCode::Unsupported,
                fmt::format("{}: its weights are quantized ({}); take the model's weights as they were before.",
                            folder.string(), shortened(foreign.quantization)));
  }
  WEFT_ASSIGN(const std::optional<std::string> generation, optionalFile(folder, kGenerationConfigFile));
  WEFT_ASSIGN(const std::vector<std::int64_t> endTokens, endTokensOf(configText, generation));
  WEFT_ASSIGN(const sharing::SharingMap map, config::sharingMap(foreign.model));
  // Names and shapes on a device without memory: a config that asks for more than the files hold allocates nothing.
  WEFT_ASSIGN(const std::unique_ptr<nn::Decoder> outline,
              nn::Decoder::create(nn::decoderSpec(foreign.model, map), std::nullopt, torch::kMeta));
  ImportReport report{
      .architecture = foreign.architecture, .parameters = outline->parameterCount(), .dropped = {}, .warnings = {}};
  std::vector<Recipe> recipes;
  std::vector<nn::TensorInfo> infos;
  std::set<std::string> used;
  // Whether this checkpoint has the older names of gpt_crosslayer's parts.
  const auto renamed = [&](Recipe recipe) {
    for (Piece& piece : recipe) {
      if (source.find(piece.name)) continue;
      std::string older = piece.name;
      for (const auto& [now, then] : {std::pair(".sequence_mixer.", ".attn."), std::pair(".mlp_block.", ".mlp.")}) {
        if (const std::size_t at = older.find(now); at != std::string::npos)
          older.replace(at, std::string(now).size(), then);
      }
      if (source.find(older)) piece.name = older;
    }
    return recipe;
  };
  for (const nn::NamedParameter& parameter : outline->parameters()) {
    WEFT_ASSIGN(Recipe recipe, recipeOf(parameter.name, foreign.layout, foreign.model, map));
    recipe = renamed(std::move(recipe));
    WEFT_ASSIGN(nn::TensorInfo info, planned(parameter.name, recipe, parameter.value.sizes().vec(), source));
    for (const Piece& piece : recipe) used.insert(piece.name);
    recipes.push_back(std::move(recipe));
    infos.push_back(std::move(info));
  }
  for (const auto& [name, info] : source.tensors()) {
    if (used.contains(name)) continue;
    WEFT_ASSIGN(const std::string reason, reasonToDrop(name, source, foreign.model, foreign.layout));
    report.dropped.push_back(name + ": " + reason);
  }

  config::RunConfig run;
  run.name = nameFor(folder, foreign.architecture);
  run.model = foreign.model;
  run.train.steps = 0;
  run.train.sequenceLength = foreign.context;
  WEFT_ASSIGN(PartialFolder partial, PartialFolder::create(out));
  WEFT_ASSIGN(run.data.tokenizer, importTokenizer(folder, partial.path(), run.model.vocabulary, report.warnings));
  WEFT_ASSIGN(const std::string generationText, generationConfig(generation, endTokens));
  WEFT_TRY(writeFileAtomically(partial.path() / kGenerationConfigFile, generationText));
  WEFT_TRY(config::validate(run));
  const auto tensor = [&](std::size_t index) -> Result<torch::Tensor> {
    if (progress) progress(static_cast<double>(index) / static_cast<double>(infos.size()));
    return made(recipes[index], source);
  };
  WEFT_TRY(nn::writeSafetensors(partial.path() / "model.safetensors", {{"format", "weft"}}, infos, tensor));
  WEFT_TRY(writeFileAtomically(partial.path() / kSourceConfigFile, configText));
  WEFT_TRY(writeFileAtomically(partial.path() / "model.toml", config::toToml(run)));
  WEFT_TRY(partial.commit());
  if (progress) progress(1);
  return report;
}

}  // namespace weft::interchange
