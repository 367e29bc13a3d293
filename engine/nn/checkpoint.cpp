#include "engine/nn/checkpoint.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "engine/base/files.h"
#include "engine/nn/safetensors.h"

namespace weft::nn {

namespace {

// Every parameter of the decoder from the file, and nothing else in it.
Result<void> fill(Decoder& decoder, const TensorFile& file, const std::filesystem::path& path) {
  for (const NamedParameter& parameter : decoder.parameters()) {
    const torch::Tensor* stored = file.find(parameter.name);
    if (!stored) return fail(ErrorCode::Corrupt, fmt::format("{} has no tensor \"{}\", which this model needs.", path.string(), parameter.name));
    if (stored->sizes() != parameter.value.sizes()) {
      return fail(ErrorCode::Corrupt, fmt::format("{}: the tensor \"{}\" has the shape [{}], and this model needs [{}].", path.string(),
                                                  parameter.name, fmt::join(stored->sizes(), ", "), fmt::join(parameter.value.sizes(), ", ")));
    }
  }
  if (file.tensors.size() != decoder.parameters().size()) {
    for (const auto& [name, tensor] : file.tensors) {
      const bool isKnown =
          std::any_of(decoder.parameters().begin(), decoder.parameters().end(), [&](const NamedParameter& p) { return p.name == name; });
      if (!isKnown) return fail(ErrorCode::Corrupt, fmt::format("{} has a tensor \"{}\", which this model does not have.", path.string(), name));
    }
  }
  const torch::NoGradGuard noGrad;
  for (NamedParameter& parameter : decoder.parameters()) parameter.value.copy_(*file.find(parameter.name));
  return {};
}

}  // namespace

DecoderSpec decoderSpec(const config::ModelConfig& model, const sharing::SharingMap& map) {
  return {.shape = config::shapeOf(model),
          .map = map,
          .normEpsilon = model.normEpsilon,
          .ropeTheta = model.ropeTheta,
          .initStd = model.initStd,
          .scaledInit = model.scaledInit};
}

Result<void> saveModel(const std::filesystem::path& folder, const Decoder& decoder, const config::RunConfig& config) {
  TensorFile file;
  file.metadata["format"] = "weft";
  for (const NamedParameter& parameter : decoder.parameters()) file.tensors.emplace_back(parameter.name, parameter.value);
  WEFT_TRY(writeSafetensors(folder / "model.safetensors", file));
  return writeFileAtomically(folder / "model.toml", config::toToml(config));
}

Result<LoadedModel> loadModel(const std::filesystem::path& folder, torch::Device device) {
  if (!std::filesystem::exists(folder / "model.toml")) {
    return fail(ErrorCode::NotFound, fmt::format("{} is no checkpoint folder: it has no model.toml.", folder.string()));
  }
  LoadedModel loaded;
  WEFT_ASSIGN(loaded.config, config::loadRunConfig(folder / "model.toml"));
  WEFT_ASSIGN(const sharing::SharingMap map, config::sharingMap(loaded.config.model));
  WEFT_ASSIGN(loaded.decoder, Decoder::create(decoderSpec(loaded.config.model, map), 0, device));
  WEFT_TRY(loadWeights(folder, *loaded.decoder));
  return loaded;
}

Result<void> loadWeights(const std::filesystem::path& folder, Decoder& decoder) {
  const std::filesystem::path path = folder / "model.safetensors";
  WEFT_ASSIGN(const TensorFile file, readSafetensors(path));
  return fill(decoder, file, path);
}

}  // namespace weft::nn
