#include "engine/train/training_checkpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "engine/base/files.h"
#include "engine/base/json.h"
#include "engine/base/text.h"
#include "engine/nn/checkpoint.h"
#include "engine/nn/safetensors.h"

namespace weft::train {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
constexpr int kFormat = 1;

// N of "step-N"; -1 for anything else.
std::int64_t stepOf(const fs::path& folder) {
  const std::string name = folder.filename().string();
  std::int64_t step = -1;
  return name.starts_with("step-") && parseInteger(std::string_view(name).substr(5), step) && step >= 0 ? step : -1;
}

Result<TrainingState> readState(const fs::path& folder) {
  const fs::path path = folder / "trainer.json";
  WEFT_ASSIGN(const std::string text, readFile(path));
  const Json json = parseJson(text, path.string(), JsonDialect::Strict).value_or(Json());
  const bool isWhole = json.is_object() && json.contains("format") && json["format"].is_number_integer() &&
                       json.contains("step") && json["step"].is_number_integer() && json.contains("tokens") &&
                       json["tokens"].is_number_integer();
  if (!isWhole)
    return fail(ErrorCode::Corrupt,
                fmt::format("{} is cut off or no trainer state: it needs format, step and tokens.", path.string()));
  if (json["format"].get<std::int64_t>() > kFormat) {
    return fail(ErrorCode::NewerVersion, fmt::format("{} was written by a newer Weft (format {}; this one knows {}).",
                                                     path.string(), json["format"].get<std::int64_t>(), kFormat));
  }
  TrainingState state{.step = json["step"].get<std::int64_t>(), .tokens = json["tokens"].get<std::int64_t>()};
  if (json.contains("perplexity") && json["perplexity"].is_number())
    state.perplexity = json["perplexity"].get<double>();
  return state;
}

constexpr const char* kPartial = ".partial-";
constexpr const char* kRemoved = ".removed-";

// remove_all takes a folder apart file by file: killed amid it, half a checkpoint would stand under its final name.
void removeCheckpoint(const fs::path& folder) {
  const fs::path removed = folder.parent_path() / (kRemoved + folder.filename().string());
  std::error_code error;
  fs::remove_all(removed, error);
  fs::rename(folder, removed, error);
  if (!error) fs::remove_all(removed, error);
}

Result<void> fill(const fs::path& partial, const nn::Decoder& decoder, AdamW& optimizer,
                  const config::RunConfig& config, const TrainingState& state) {
  WEFT_TRY(createFolders(partial));
  WEFT_TRY(nn::saveModel(partial, decoder, config));
  nn::TensorFile moments;
  moments.metadata["format"] = "weft-trainer";
  for (std::size_t i = 0; i < decoder.parameters().size(); ++i) {
    moments.tensors.emplace_back("m." + decoder.parameters()[i].name, optimizer.moments()[i].m);
    moments.tensors.emplace_back("v." + decoder.parameters()[i].name, optimizer.moments()[i].v);
  }
  WEFT_TRY(nn::writeSafetensors(partial / "trainer.safetensors", moments));
  Json json{{"format", kFormat}, {"step", state.step}, {"tokens", state.tokens}, {"perplexity", nullptr}};
  if (state.perplexity) json["perplexity"] = *state.perplexity;
  WEFT_TRY(writeFileAtomically(partial / "trainer.json", json.dump(1) + "\n"));
  return syncPath(partial);
}

}  // namespace

Result<SavedCheckpoint> saveCheckpoint(const fs::path& checkpoints, const nn::Decoder& decoder, AdamW& optimizer,
                                       const config::RunConfig& config, const TrainingState& state) {
  const fs::path folder = checkpoints / fmt::format("step-{}", state.step),
                 partial = checkpoints / (kPartial + folder.filename().string());
  std::error_code error;
  fs::remove_all(partial, error);
  const Result<void> filled = fill(partial, decoder, optimizer, config, state);
  if (!filled) {
    fs::remove_all(partial, error);
    return tl::unexpected(filled.error());
  }
  SavedCheckpoint saved{.folder = folder};
  for (const fs::directory_entry& entry : fs::directory_iterator(partial, error))
    saved.bytes += static_cast<std::int64_t>(entry.file_size(error));
  // A checkpoint of the same step (one that resuming refused) gives way to the new one.
  removeCheckpoint(folder);
  fs::rename(partial, folder, error);
  if (error)
    return fail(ErrorCode::Io,
                fmt::format("{} cannot be renamed to {}: {}.", partial.string(), folder.string(), error.message()));
  WEFT_TRY(syncPath(checkpoints));
  return saved;
}

Result<TrainingState> restoreCheckpoint(const fs::path& folder, nn::Decoder& decoder, AdamW& optimizer) {
  WEFT_ASSIGN(const TrainingState state, readState(folder));
  const fs::path path = folder / "trainer.safetensors";
  WEFT_ASSIGN(const nn::TensorFile moments, nn::readSafetensors(path));
  const torch::NoGradGuard noGrad;
  std::vector<std::pair<const torch::Tensor*, const torch::Tensor*>> found;
  for (const nn::NamedParameter& parameter : decoder.parameters()) {
    const torch::Tensor *m = moments.find("m." + parameter.name), *v = moments.find("v." + parameter.name);
    if (!m || !v || m->sizes() != parameter.value.sizes() || v->sizes() != parameter.value.sizes()) {
      return fail(ErrorCode::Corrupt, fmt::format("{} has no moments for the parameter \"{}\" of this model.",
                                                  path.string(), parameter.name));
    }
    found.emplace_back(m, v);
  }
  WEFT_TRY(nn::loadWeights(folder, decoder));
  for (std::size_t i = 0; i < found.size(); ++i) {
    optimizer.moments()[i].m.copy_(*found[i].first);
    optimizer.moments()[i].v.copy_(*found[i].second);
  }
  optimizer.setStepCount(state.step);
  return state;
}

std::vector<fs::path> listCheckpoints(const fs::path& checkpoints) {
  std::vector<fs::path> found;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(checkpoints, error)) {
    if (stepOf(entry.path()) >= 0) found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end(), [](const fs::path& a, const fs::path& b) { return stepOf(a) < stepOf(b); });
  return found;
}

Result<void> pruneCheckpoints(const fs::path& checkpoints) {
  const std::vector<fs::path> all = listCheckpoints(checkpoints);
  fs::path best;
  double lowest = 0;
  for (const fs::path& folder : all) {
    const Result<TrainingState> state = readState(folder);
    if (state && state->perplexity && (best.empty() || *state->perplexity <= lowest)) {
      best = folder;
      lowest = *state->perplexity;
    }
  }
  if (!best.empty()) WEFT_TRY(writeFileAtomically(checkpoints / "best", best.filename().string() + "\n"));
  for (std::size_t i = 0; i + 2 < all.size(); ++i) {
    if (all[i] != best) removeCheckpoint(all[i]);
  }
  std::vector<fs::path> leftOvers;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(checkpoints, error)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(kPartial) || name.starts_with(kRemoved)) leftOvers.push_back(entry.path());
  }
  for (const fs::path& leftOver : leftOvers) fs::remove_all(leftOver, error);
  return {};
}

}  // namespace weft::train
