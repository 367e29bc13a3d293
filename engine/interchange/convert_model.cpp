// d hidden, D head width, G KV heads.
#include "engine/interchange/convert_model.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <system_error>
#include <utility>

#include "engine/base/files.h"
#include "engine/interchange/end_tokens.h"
#include "engine/interchange/partial_folder.h"
#include "engine/nn/checkpoint.h"
#include "engine/nn/safetensors.h"
#include "engine/sharing/map_text.h"

namespace weft::interchange {

namespace fs = std::filesystem;

namespace {

// `part`: "key.weight", "value.bias"
std::string nameOf(int layer, const std::string& part) { return fmt::format("layers.{}.attention.{}", layer, part); }

// The checkpoint that is converted.
struct Source {
  config::RunConfig run;
  sharing::SharingMap map = sharing::SharingMap::identity(1);
  nn::SafetensorsReader reader;
  Result<std::size_t> find(const std::string& name) const {
    for (std::size_t i = 0; i < reader.tensors().size(); ++i) {
      if (reader.tensors()[i].name == name) return i;
    }
    return fail(ErrorCode::Corrupt, fmt::format("The checkpoint has no tensor \"{}\".", name));
  }
  Result<torch::Tensor> read(const std::string& name) const {
    WEFT_ASSIGN(const std::size_t index, find(name));
    return reader.read(index);
  }
};

// [G D, d] -> [G' D, d], the mean of neighbouring heads; a bias [G D] likewise.
torch::Tensor fewerHeads(const torch::Tensor& weight, std::int64_t from, std::int64_t to, std::int64_t width) {
  if (from == to) return weight;
  std::vector<std::int64_t> shape = weight.sizes().vec();
  shape[0] = to * width;
  return weight.reshape({to, from / to, width, -1}).mean(1).reshape(shape);
}

// Where one tensor of the new model comes from: the mean over some of the old one's, with heads merged.
struct Plan {
  std::vector<std::string> from;
  std::vector<std::int64_t> heads;  // KV heads of each; empty: no heads in it
  std::int64_t newHeads = 0;
};

// The plan of a producer's K or V. `source(l)`: whose layer l read before.
template <class SourceOf>
Plan planOf(int producer, const std::string& part, const std::vector<int>& readers, Merge merge, const Source& old,
            std::int64_t newHeads, SourceOf source) {
  Plan plan{.from = {}, .heads = {}, .newHeads = newHeads};
  std::set<int> taken;
  for (const int reader : merge == Merge::First ? std::vector<int>{producer} : readers) {
    if (!taken.insert(source(reader)).second) continue;
    plan.from.push_back(nameOf(source(reader), part));
    plan.heads.push_back(old.map.kvHeads(source(reader), old.run.model.kvHeads));
  }
  return plan;
}

Result<torch::Tensor> made(const Plan& plan, const Source& source, std::int64_t width) {
  torch::Tensor sum;
  c10::ScalarType type = torch::kFloat;
  for (std::size_t i = 0; i < plan.from.size(); ++i) {
    WEFT_ASSIGN(const torch::Tensor whole, source.read(plan.from[i]));
    type = whole.scalar_type();
    if (plan.from.size() == 1 && (plan.heads.empty() || plan.heads[0] == plan.newHeads)) return whole;
    torch::Tensor part = whole.to(torch::kDouble);
    if (!plan.heads.empty()) part = fewerHeads(part, plan.heads[i], plan.newHeads, width);
    sum = sum.defined() ? sum + part : part;
  }
  return (sum / static_cast<double>(plan.from.size())).to(type);
}

Result<void> checkHeads(const Plan& plan, int producer) {
  for (const std::int64_t heads : plan.heads) {
    if (plan.newHeads >= 1 && heads % plan.newHeads == 0) continue;
    return fail(ErrorCode::InvalidInput,
                fmt::format("Layer {} would have {} KV heads made of {}; the new number must divide the old one.",
                            producer, plan.newHeads, heads));
  }
  return {};
}

}  // namespace

Result<ConvertReport> convertModel(const fs::path& folder, const fs::path& out, const ConvertRequest& request,
                                   const std::function<void(double)>& progress) {
  WEFT_TRY(PartialFolder::checkFree(out));
  WEFT_ASSIGN(config::RunConfig run, config::loadRunConfig(folder / "model.toml"));
  WEFT_ASSIGN(sharing::SharingMap oldMap, config::sharingMap(run.model));
  WEFT_ASSIGN(nn::SafetensorsReader reader, nn::SafetensorsReader::open(folder / "model.safetensors"));
  const Source source{run, std::move(oldMap), std::move(reader)};
  WEFT_ASSIGN(const sharing::SharingMap map,
              sharing::parseMap(request.map, {.layers = run.model.layers, .upward = request.upward}));

  const bool hadOwnNorm = run.model.ownKvNorm;
  run.model.sharing = sharing::toText(map);
  run.model.allowUpward = !map.isCausal();
  if (request.kvHeads) run.model.kvHeads = *request.kvHeads;
  run.model.ownKvNorm = hadOwnNorm || map.producers().size() < static_cast<std::size_t>(map.layerCount());
  WEFT_TRY(config::validate(run));
  WEFT_ASSIGN(const std::unique_ptr<nn::Decoder> outline,
              nn::Decoder::create(nn::decoderSpec(run.model, map), std::nullopt, torch::kMeta));

  std::map<std::string, Plan> plans;
  for (const int producer : map.producers()) {
    const std::int64_t heads = map.kvHeads(producer, run.model.kvHeads);
    std::vector<int> keyReaders, valueReaders;
    for (int layer = 0; layer < map.layerCount(); ++layer) {
      if (map.layer(layer).kSource == producer) keyReaders.push_back(layer);
      if (map.layer(layer).vSource == producer) valueReaders.push_back(layer);
    }
    const auto keyOf = [&](int layer) { return source.map.layer(layer).kSource; };
    const auto valueOf = [&](int layer) { return source.map.layer(layer).vSource; };
    for (const char* kind : {"weight", "bias"}) {
      if (kind == std::string("bias") && !run.model.qkvBias) continue;
      const std::string key = fmt::format("key.{}", kind), value = fmt::format("value.{}", kind);
      if (map.producesK(producer))
        plans[nameOf(producer, key)] = planOf(producer, key, keyReaders, request.merge, source, heads, keyOf);
      if (map.producesV(producer))
        plans[nameOf(producer, value)] = planOf(producer, value, valueReaders, request.merge, source, heads, valueOf);
    }
    for (const char* part : {"key.weight", "value.weight"}) {
      if (plans.contains(nameOf(producer, part))) WEFT_TRY(checkHeads(plans[nameOf(producer, part)], producer));
    }
    if (run.model.qkNorm && map.producesK(producer)) {
      const std::string norm = "key_head_norm.weight";
      Plan plan = planOf(producer, norm, keyReaders, request.merge, source, heads, keyOf);
      plan.heads.clear();  // one for all heads
      plans[nameOf(producer, norm)] = std::move(plan);
    }
    if (run.model.ownKvNorm) {
      const int before = map.producesK(producer) ? keyOf(producer) : valueOf(producer);
      plans[nameOf(producer, "kv_norm.weight")] = {
          .from = {nameOf(before, hadOwnNorm ? "kv_norm.weight" : "query_norm.weight")}, .heads = {}, .newHeads = 0};
    }
  }

  std::vector<nn::TensorInfo> infos;
  std::vector<Plan> recipes;
  std::set<std::string> kept;
  std::map<std::string, std::string> mergedInto;
  for (const nn::NamedParameter& parameter : outline->parameters()) {
    const auto found = plans.find(parameter.name);
    Plan plan = found == plans.end() ? Plan{.from = {parameter.name}, .heads = {}, .newHeads = 0} : found->second;
    WEFT_ASSIGN(const std::size_t index, source.find(plan.from.front()));
    infos.push_back({parameter.name, source.reader.tensors()[index].type, parameter.value.sizes().vec()});
    kept.insert(parameter.name);
    for (const std::string& name : plan.from) {
      if (name != parameter.name) mergedInto[name] = parameter.name;
    }
    recipes.push_back(std::move(plan));
  }
  ConvertReport report{.parameters = outline->parameterCount(), .before = 0, .dropped = {}};
  for (const nn::TensorInfo& info : source.reader.tensors()) {
    report.before += info.bytes() / static_cast<std::int64_t>(c10::elementSize(info.type));
    if (kept.contains(info.name)) continue;
    const auto merged = mergedInto.find(info.name);
    report.dropped.push_back(
        info.name + ": " +
        (merged == mergedInto.end() ? "its layer reads another's now" : "its weights live on in " + merged->second));
  }

  WEFT_ASSIGN(PartialFolder partial, PartialFolder::create(out));
  // The tokenizer stays where it is, unless it lies in the checkpoint itself.
  std::error_code error;
  if (const fs::path tokenizer = run.data.tokenizer; tokenizer != "byte" && tokenizer != config::kNoTokenizer &&
                                                     fs::equivalent(tokenizer.parent_path(), folder, error) && !error) {
    WEFT_ASSIGN(const std::string text, readFile(tokenizer));
    WEFT_TRY(writeFileAtomically(partial.path() / tokenizer.filename(), text));
    run.data.tokenizer = tokenizer.filename().string();
  }
  if (fs::exists(folder / kGenerationConfigFile, error)) {
    WEFT_ASSIGN(const std::string text, readFile(folder / kGenerationConfigFile));
    WEFT_TRY(writeFileAtomically(partial.path() / kGenerationConfigFile, text));
  }
  const auto tensor = [&](std::size_t index) -> Result<torch::Tensor> {
    if (progress) progress(static_cast<double>(index) / static_cast<double>(infos.size()));
    return made(recipes[index], source, run.model.headWidth);
  };
  WEFT_TRY(nn::writeSafetensors(partial.path() / "model.safetensors", {{"format", "weft"}}, infos, tensor));
  WEFT_TRY(writeFileAtomically(partial.path() / "model.toml", config::toToml(run)));
  WEFT_TRY(partial.commit());
  if (progress) progress(1);
  return report;
}

}  // namespace weft::interchange
