#include "engine/interchange/import_model.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>
#include <system_error>
#include <utility>

#include "engine/base/files.h"
#include "engine/base/text.h"
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

}  // namespace

Result<ImportReport> importModel(const fs::path& folder, const fs::path& out,
                                 const std::function<void(double)>& progress) {
  WEFT_TRY(PartialFolder::checkFree(out));
  const fs::path configFile = folder / "config.json";
  WEFT_ASSIGN(const std::string configText, readFile(configFile));
  WEFT_ASSIGN(const ForeignConfig foreign, parseForeignConfig(configText, configFile.string()));
  WEFT_ASSIGN(const TensorSource source, TensorSource::open(folder));
  WEFT_ASSIGN(const sharing::SharingMap map, config::sharingMap(foreign.model));
  // Names and shapes on a device without memory: a config that asks for more than the files hold allocates nothing.
  WEFT_ASSIGN(const std::unique_ptr<nn::Decoder> outline,
              nn::Decoder::create(nn::decoderSpec(foreign.model, map), std::nullopt, torch::kMeta));
  ImportReport report{.architecture = foreign.architecture, .parameters = outline->parameterCount(), .dropped = {}};
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
  run.name = folder.lexically_normal().filename().string();
  if (run.name.empty() || run.name == ".") run.name = foreign.architecture;
  if (run.name.find_first_not_of("0123456789") == std::string::npos) run.name = "model-" + run.name;
  run.model = foreign.model;
  run.train.steps = 0;
  run.train.sequenceLength = foreign.context;
  WEFT_ASSIGN(PartialFolder partial, PartialFolder::create(out));
  std::error_code error;
  if (fs::exists(folder / "tokenizer.json", error)) {
    WEFT_ASSIGN(const std::string tokenizer, readFile(folder / "tokenizer.json"));
    WEFT_TRY(writeFileAtomically(partial.path() / "tokenizer.json", tokenizer));
    run.data.tokenizer = "tokenizer.json";
  }
  if (fs::exists(folder / "tokenizer_config.json", error)) {
    WEFT_ASSIGN(const std::string tokenizerConfig, readFile(folder / "tokenizer_config.json"));
    WEFT_TRY(writeFileAtomically(partial.path() / "tokenizer_config.json", tokenizerConfig));
  }
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
