// d hidden, f feed-forward.
#include "engine/interchange/export_model.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

#include "engine/base/files.h"
#include "engine/base/json.h"
#include "engine/data/tokenizer.h"
#include "engine/data/tokenizer_file.h"
#include "engine/device/device.h"
#include "engine/interchange/end_tokens.h"
#include "engine/interchange/import_model.h"
#include "engine/interchange/partial_folder.h"
#include "engine/interchange/recipe.h"
#include "engine/nn/checkpoint.h"

namespace weft::interchange {

namespace fs = std::filesystem;

namespace {

// One tensor of the export: rows of one of ours, W diag(norm / by) where there are such norms.
struct Part {
  nn::TensorInfo info;
  std::string from;
  std::int64_t begin = 0;
  std::string norm, by;
};

// What is exported, and as what.
struct Plan {
  config::RunConfig run;
  sharing::SharingMap map = sharing::SharingMap::identity(1);
  ExportLayout layout = ExportLayout::CrossLayer;
  std::vector<Part> parts;
  ExportReport report;
};

std::string attention(int layer, const char* part) { return fmt::format("layers.{}.attention.{}.weight", layer, part); }

// The first layer whose KV norm the weights cannot take in: a channel that the query norm switches off and the KV norm
// does not. -1: none.
Result<int> layerThatCannotFold(const sharing::SharingMap& map, const TensorSource& source) {
  for (const int layer : map.producers()) {
    for (const char* name : {"kv_norm", "query_norm"}) {
      if (!source.find(attention(layer, name)))
        return fail(ErrorCode::Corrupt,
                    fmt::format("{}: there is no tensor \"{}\".", source.folder().string(), attention(layer, name)));
    }
    WEFT_ASSIGN(const torch::Tensor norm_d, source.read(attention(layer, "kv_norm")));
    WEFT_ASSIGN(const torch::Tensor by_d, source.read(attention(layer, "query_norm")));
    if (norm_d.sizes() == by_d.sizes() && (by_d.eq(0) & norm_d.ne(0)).any().item<bool>()) return layer;
  }
  return -1;
}

Result<ExportLayout> chooseLayout(const Plan& plan, const TensorSource& source,
                                  const std::optional<ExportLayout>& wanted) {
  if (wanted == ExportLayout::CrossLayer) return ExportLayout::CrossLayer;
  std::string reason = whyNotLlama(plan.run.model, plan.map);
  if (reason.empty() && plan.run.model.ownKvNorm) {
    WEFT_ASSIGN(const int layer, layerThatCannotFold(plan.map, source));
    if (layer >= 0)
      reason = fmt::format(
          "the weights of layer {} cannot take its KV norm in, since its query norm has a zero where that has none",
          layer);
  }
  if (reason.empty()) return ExportLayout::Llama;
  if (!wanted) return ExportLayout::CrossLayer;
  return fail(ErrorCode::InvalidInput,
              fmt::format("{} cannot be a Llama: {}; leave the layout to be chosen, or take cross-layer.",
                          source.folder().string(), reason));
}

Result<void> addParts(Plan& plan, const TensorSource& source, const std::optional<torch::ScalarType>& type) {
  const config::ModelConfig& model = plan.run.model;
  WEFT_ASSIGN(const std::unique_ptr<nn::Decoder> outline,
              nn::Decoder::create(nn::decoderSpec(model, plan.map), std::nullopt, torch::kMeta));
  plan.report.parameters = outline->parameterCount();
  const bool folds = plan.layout == ExportLayout::Llama && model.ownKvNorm;
  for (const nn::NamedParameter& parameter : outline->parameters()) {
    WEFT_ASSIGN(const nn::TensorInfo info,
                planned(parameter.name, {{parameter.name}}, parameter.value.sizes().vec(), source));
    const bool isKvNorm = parameter.name.ends_with(".attention.kv_norm.weight");
    if (folds && isKvNorm) {
      plan.report.dropped.push_back(parameter.name + ": the layer's key and value weights take it in");
      plan.report.parameters -= parameter.value.numel();
      continue;
    }
    WEFT_ASSIGN(const Recipe recipe, recipeOf(parameter.name, Layout::Llama, model, plan.map));
    const std::int64_t rows = info.shape[0] / static_cast<std::int64_t>(recipe.size());
    for (std::size_t i = 0; i < recipe.size(); ++i) {
      Part part{.info = {recipe[i].name, type.value_or(info.type), info.shape},
                .from = parameter.name,
                .begin = static_cast<std::int64_t>(i) * rows};
      part.info.shape[0] = rows;
      const bool isKeyOrValue =
          parameter.name.ends_with(".attention.key.weight") || parameter.name.ends_with(".attention.value.weight");
      if (folds && isKeyOrValue) {
        const std::string layer = parameter.name.substr(0, parameter.name.find(".attention."));
        part.norm = layer + ".attention.kv_norm.weight";
        part.by = layer + ".attention.query_norm.weight";
      }
      plan.parts.push_back(std::move(part));
    }
  }
  return {};
}

Result<torch::Tensor> made(const Part& part, const TensorSource& source) {
  WEFT_ASSIGN(torch::Tensor tensor, source.read(part.from));
  if (tensor.size(0) != part.info.shape[0]) tensor = tensor.narrow(0, part.begin, part.info.shape[0]);
  if (!part.norm.empty()) {
    WEFT_ASSIGN(const torch::Tensor norm_d, source.read(part.norm));
    WEFT_ASSIGN(const torch::Tensor by_d, source.read(part.by));
    const torch::Tensor ratio_d = torch::where(norm_d.eq(by_d), torch::ones({}, torch::kDouble),
                                               norm_d.to(torch::kDouble) / by_d.to(torch::kDouble));
    tensor = (tensor.to(torch::kDouble) * ratio_d).to(tensor.scalar_type());
  }
  if (tensor.scalar_type() == part.info.type) return tensor;
  const torch::Tensor converted = tensor.to(part.info.type);
  if ((converted.isfinite() != tensor.isfinite()).any().item<bool>()) {
    return fail(ErrorCode::InvalidInput,
                fmt::format("\"{}\" has a weight that {} cannot hold; take bfloat16 or float32.", part.from,
                            device::typeName(part.info.type)));
  }
  return converted;
}

// How many tensors, in order, each file takes.
std::vector<std::size_t> shardsOf(const std::vector<Part>& parts, std::int64_t most_bytes) {
  std::vector<std::size_t> counts{0};
  std::int64_t bytes = 0;
  for (const Part& part : parts) {
    if (counts.back() > 0 && bytes + part.info.bytes() > most_bytes) {
      counts.push_back(0);
      bytes = 0;
    }
    ++counts.back();
    bytes += part.info.bytes();
  }
  return counts;
}

Result<void> writeWeights(const Plan& plan, const TensorSource& source, const fs::path& folder, std::int64_t shardBytes,
                          const std::function<void(double)>& progress) {
  const std::vector<std::size_t> shards = shardsOf(plan.parts, shardBytes);
  nlohmann::ordered_json index{{"metadata", {{"total_size", 0}}}, {"weight_map", nlohmann::json::object()}};
  std::int64_t total_bytes = 0;
  std::size_t first = 0;
  for (std::size_t shard = 0; shard < shards.size(); ++shard) {
    const std::string file = shards.size() == 1
                                 ? "model.safetensors"
                                 : fmt::format("model-{:05}-of-{:05}.safetensors", shard + 1, shards.size());
    std::vector<nn::TensorInfo> infos;
    for (std::size_t i = first; i < first + shards[shard]; ++i) {
      infos.push_back(plan.parts[i].info);
      index["weight_map"][plan.parts[i].info.name] = file;
      total_bytes += plan.parts[i].info.bytes();
    }
    // transformers asks for "format".
    WEFT_TRY(nn::writeSafetensors(folder / file, {{"format", "pt"}}, infos, [&](std::size_t i) {
      if (progress) progress(static_cast<double>(first + i) / static_cast<double>(plan.parts.size()));
      return made(plan.parts[first + i], source);
    }));
    first += shards[shard];
  }
  if (shards.size() == 1) return {};
  index["metadata"]["total_size"] = total_bytes;
  return writeFileAtomically(folder / "model.safetensors.index.json", index.dump(2) + "\n");
}

// tokenizer.json and what transformers needs to know of it; the id that ends a text.
Result<std::optional<std::int64_t>> writeTokenizer(Plan& plan, const fs::path& folder, const fs::path& checkpoint) {
  const std::string& name = plan.run.data.tokenizer;
  std::error_code error;
  const auto without = [&](const std::string& why) {
    plan.report.dropped.push_back("tokenizer: " + why);
    return std::optional<std::int64_t>();
  };
  if (name == "byte" && fs::exists(checkpoint / kSourceConfigFile, error)) return without("none came with the model");
  if (name == config::kNoTokenizer) {
    // One that came along goes along, though it is not read here.
    for (const char* file : {"tokenizer.json", "tokenizer_config.json"}) {
      if (!fs::exists(checkpoint / file, error)) continue;
      WEFT_ASSIGN(const std::string text, readFile(checkpoint / file));
      WEFT_TRY(writeFileAtomically(folder / file, text));
    }
    return fs::exists(folder / "tokenizer.json", error) ? std::optional<std::int64_t>()
                                                        : without("none came with the model");
  }
  if (name != "byte" && !fs::exists(name, error)) return without(name + " is not there any more");
  WEFT_ASSIGN(const data::TokenizerFile file, data::tokenizerFile(name));
  WEFT_TRY(writeFileAtomically(folder / "tokenizer.json", file.json));
  if (fs::exists(checkpoint / "tokenizer_config.json", error)) {
    WEFT_ASSIGN(const std::string given, readFile(checkpoint / "tokenizer_config.json"));
    WEFT_TRY(writeFileAtomically(folder / "tokenizer_config.json", given));
  } else {
    nlohmann::ordered_json made{{"tokenizer_class", "PreTrainedTokenizerFast"},
                                {"clean_up_tokenization_spaces", false},
                                {"model_max_length", plan.run.train.sequenceLength}};
    if (!file.endOfText.empty()) made["eos_token"] = file.endOfText;
    WEFT_TRY(writeFileAtomically(folder / "tokenizer_config.json",
                                 made.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n"));
  }
  return file.endOfTextId ? std::optional<std::int64_t>(*file.endOfTextId) : std::nullopt;
}

// The config.json that the checkpoint was imported from, if it still describes it.
std::optional<ExportedConfig> configOfSource(const Plan& plan, const fs::path& checkpoint, const std::string& type) {
  const Result<std::string> text = readFile(checkpoint / kSourceConfigFile);
  if (!text) return {};
  const Result<ForeignConfig> foreign = parseForeignConfig(*text, "source_config.json");
  if (!foreign) return {};
  const Result<nlohmann::ordered_json> parsed = parseOrderedJson(*text, "source_config.json");
  if (!parsed) return {};
  nlohmann::ordered_json config = *parsed;
  if (!foreign || !(foreign->model == plan.run.model) || config.value("model_type", "") == "lckv-llama") return {};
  const char* typeKey = config.contains("dtype") ? "dtype" : "torch_dtype";
  if (!config.contains(typeKey) || config[typeKey] == type) return ExportedConfig{foreign->architecture, *text};
  config[typeKey] = type;
  return ExportedConfig{foreign->architecture, config.dump(2) + "\n"};
}

}  // namespace

Result<ExportReport> exportModel(const fs::path& folder, const fs::path& out, const ExportRequest& request,
                                 const std::function<void(double)>& progress) {
  if (request.shardBytes < 1)
    return fail(ErrorCode::InvalidInput, "A file of weights must be allowed at least 1 byte.");
  WEFT_TRY(PartialFolder::checkFree(out));
  Plan plan;
  WEFT_ASSIGN(plan.run, config::loadRunConfig(folder / "model.toml"));
  WEFT_ASSIGN(plan.map, config::sharingMap(plan.run.model));
  WEFT_ASSIGN(const TensorSource source, TensorSource::open(folder));
  WEFT_ASSIGN(plan.layout, chooseLayout(plan, source, request.layout));
  WEFT_TRY(addParts(plan, source, request.type));

  WEFT_ASSIGN(PartialFolder partial, PartialFolder::create(out));
  WEFT_ASSIGN(std::optional<std::int64_t> endOfText, writeTokenizer(plan, partial.path(), folder));
  WEFT_ASSIGN(const auto endTokens, endTokensOfCheckpoint(folder));
  if (endTokens) {
    WEFT_ASSIGN(const std::string generation, readFile(folder / kGenerationConfigFile));
    WEFT_TRY(writeFileAtomically(partial.path() / kGenerationConfigFile, generation));
    if (!endTokens->empty()) endOfText = endTokens->front();
  }
  const std::string type = device::typeName(plan.parts.front().info.type);
  std::optional<ExportedConfig> config;
  if (plan.layout == ExportLayout::Llama && !plan.run.model.ownKvNorm) config = configOfSource(plan, folder, type);
  if (!config)
    config = exportConfig(plan.run.model, plan.map, plan.layout, plan.run.train.sequenceLength, type, endOfText);
  plan.report.architecture = config->architecture;
  WEFT_TRY(writeFileAtomically(partial.path() / "config.json", config->json));
  if (plan.layout == ExportLayout::CrossLayer) {
    for (const ModelingFile& file : modelingFiles())
      WEFT_TRY(writeFileAtomically(partial.path() / file.name, file.text));
  }
  WEFT_TRY(writeWeights(plan, source, partial.path(), request.shardBytes, progress));
  WEFT_TRY(partial.commit());
  if (progress) progress(1);
  return plan.report;
}

}  // namespace weft::interchange
