// engine/train/training_checkpoint.h -- checkpoints/step-N of a run: the model (nn/checkpoint.h) and what resuming
// needs besides it:
//   trainer.safetensors  "m.NAME" and "v.NAME" for every parameter
//   trainer.json         {"format": 1, "step": N, "tokens": ..., "perplexity": number or null}
// checkpoints/best is a text file that names the step-N with the lowest held-out perplexity.
// A folder comes to its final name, and leaves it, by one rename: whatever is called step-N is whole, even if the
// process is killed at any moment.
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "engine/base/result.h"
#include "engine/config/run_config.h"
#include "engine/nn/decoder.h"
#include "engine/train/adamw.h"

namespace weft::train {

struct TrainingState {
  std::int64_t step = 0;  // optimizer steps done
  std::int64_t tokens = 0;
  std::optional<double> perplexity;  // held-out, at this step
};

struct SavedCheckpoint {
  std::filesystem::path folder;
  std::int64_t bytes = 0;
};

// Fills checkpoints/step-N under a temporary name, syncs, renames. Io; the unfinished folder is removed then, to give a
// full disk its space back.
[[nodiscard]] Result<SavedCheckpoint> saveCheckpoint(const std::filesystem::path& checkpoints,
                                                     const nn::Decoder& decoder, AdamW& optimizer,
                                                     const config::RunConfig& config, const TrainingState& state);
// Restores weights and moments. NotFound; Corrupt with what is missing or cut off; nothing is changed then.
[[nodiscard]] Result<TrainingState> restoreCheckpoint(const std::filesystem::path& folder, nn::Decoder& decoder,
                                                      AdamW& optimizer);
// Complete checkpoints, by step ascending.
std::vector<std::filesystem::path> listCheckpoints(const std::filesystem::path& checkpoints);
// Names the best one and removes all but the newest two and the best, and what a killed process left unfinished.
[[nodiscard]] Result<void> pruneCheckpoints(const std::filesystem::path& checkpoints);

}  // namespace weft::train
