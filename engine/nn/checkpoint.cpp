#include "engine/nn/checkpoint.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <optional>
#include <stdexcept>

#include "engine/base/files.h"
#include "engine/nn/safetensors.h"

namespace weft::nn {

namespace {

// Every parameter of the decoder stands in the file, in its shape and as numbers with a fraction, and nothing else
// does.
Result<void> check(const Decoder& decoder, const TensorFile& file, const std::filesystem::path& path) {
  for (const NamedParameter& parameter : decoder.parameters()) {
    const torch::Tensor* stored = file.find(parameter.name);
    if (!stored)
      return fail(ErrorCode::Corrupt,
                  fmt::format("{} has no tensor \"{}\", which this model needs.", path.string(), parameter.name));
    if (stored->sizes() != parameter.value.sizes()) {
      return fail(
          ErrorCode::Corrupt,
          fmt::format("{}: the tensor \"{}\" has the shape [{}], and this model needs [{}].", path.string(),
                      parameter.name, fmt::join(stored->sizes(), ", "), fmt::join(parameter.value.sizes(), ", ")));
    }
    if (!stored->is_floating_point()) {
      return fail(ErrorCode::Corrupt,
                  fmt::format("{}: the tensor \"{}\" has elements of type {}; weights are floating-point numbers.",
                              path.string(), parameter.name, c10::toString(stored->scalar_type())));
    }
  }
  if (file.tensors.size() == decoder.parameters().size()) return {};
  for (const auto& [name, tensor] : file.tensors) {
    const bool isKnown = std::any_of(decoder.parameters().begin(), decoder.parameters().end(),
                                     [&](const NamedParameter& p) { return p.name == name; });
    if (!isKnown)
      return fail(ErrorCode::Corrupt,
                  fmt::format("{} has a tensor \"{}\", which this model does not have.", path.string(), name));
  }
  return {};
}

void copyInto(Decoder& decoder, const TensorFile& file) {
  const torch::NoGradGuard noGrad;
  for (NamedParameter& parameter : decoder.parameters()) parameter.value.copy_(*file.find(parameter.name));
}

kernels::RopeScaling ropeScaling(const config::ModelConfig& model) {
  using enum kernels::RopeKind;
  const std::map<std::string, kernels::RopeKind> kinds{
      {"none", None}, {"linear", Linear}, {"dynamic", Dynamic}, {"llama3", Llama3}, {"yarn", Yarn}};
  const auto kind = kinds.find(model.ropeScaling);
  if (kind == kinds.end())
    throw std::invalid_argument(fmt::format("decoder: there is no RoPE scaling '{}'", model.ropeScaling));
  return {.kind = kind->second,
          .factor = model.ropeFactor,
          .originalContext = model.ropeOriginalContext,
          .lowFrequencyFactor = model.ropeLowFrequencyFactor,
          .highFrequencyFactor = model.ropeHighFrequencyFactor,
          .betaFast = model.ropeBetaFast,
          .betaSlow = model.ropeBetaSlow,
          .attentionFactor = model.ropeAttentionFactor,
          .mscale = model.ropeMscale,
          .mscaleAllDim = model.ropeMscaleAllDim,
          .truncate = model.ropeTruncate};
}

}  // namespace

DecoderSpec decoderSpec(const config::ModelConfig& model, const sharing::SharingMap& map) {
  return {.shape = config::shapeOf(model),
          .map = map,
          .normEpsilon = model.normEpsilon,
          .ropeTheta = model.ropeTheta,
          .ropeScaling = ropeScaling(model),
          .initStd = model.initStd,
          .scaledInit = model.scaledInit};
}

Result<void> saveModel(const std::filesystem::path& folder, const Decoder& decoder, const config::RunConfig& config) {
  TensorFile file;
  file.metadata["format"] = "weft";
  for (const NamedParameter& parameter : decoder.parameters())
    file.tensors.emplace_back(parameter.name, parameter.value);
  WEFT_TRY(writeSafetensors(folder / "model.safetensors", file));
  return writeFileAtomically(folder / "model.toml", config::toToml(config));
}

Result<LoadedModel> loadModel(const std::filesystem::path& folder, torch::Device device) {
  std::error_code error;
  if (!std::filesystem::exists(folder / "model.toml", error)) {
    return fail(ErrorCode::NotFound, fmt::format("{} is no checkpoint folder: it has no model.toml.", folder.string()));
  }
  LoadedModel loaded;
  WEFT_ASSIGN(loaded.config, config::loadRunConfig(folder / "model.toml"));
  WEFT_TRY(config::validateRope(loaded.config.model));
  WEFT_ASSIGN(const sharing::SharingMap map, config::sharingMap(loaded.config.model));
  const DecoderSpec spec = decoderSpec(loaded.config.model, map);
  const std::filesystem::path path = folder / "model.safetensors";
  WEFT_ASSIGN(const TensorFile file, readSafetensors(path));
  // Names and shapes first, on a device without memory: a model.toml that asks for far more than the file holds must
  // not allocate it.
  WEFT_ASSIGN(const std::unique_ptr<Decoder> outline, Decoder::create(spec, std::nullopt, torch::kMeta));
  WEFT_TRY(check(*outline, file, path));
  WEFT_ASSIGN(loaded.decoder, Decoder::create(spec, std::nullopt, device));
  copyInto(*loaded.decoder, file);
  return loaded;
}

Result<void> loadWeights(const std::filesystem::path& folder, Decoder& decoder) {
  const std::filesystem::path path = folder / "model.safetensors";
  WEFT_ASSIGN(const TensorFile file, readSafetensors(path));
  WEFT_TRY(check(decoder, file, path));
  copyInto(decoder, file);
  return {};
}

}  // namespace weft::nn
