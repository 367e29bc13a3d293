// engine/config/run_config.h -- everything that defines a run: defaults, limits, TOML <-> struct.
// To add a field: one member here, one line in its describe() in fields.h, and where it is used.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/result.h"
#include "engine/sharing/cost_model.h"
#include "engine/sharing/sharing_map.h"

namespace weft::config {

struct ModelConfig {
  int layers = 4;
  std::int64_t hidden = 128;
  std::int64_t feedForward = 352;
  int queryHeads = 4;
  int kvHeads = 1;
  int headWidth = 32;
  std::int64_t vocabulary = 0;       // 0 = the tokenizer's
  std::string sharing = "identity";  // any text form of sharing/map_text.h
  bool allowUpward = false;
  // Of a map with upward reads: passes without a gradient, then with one, of training and prefill (LCKV's m and b).
  int forwardPasses = 7, backwardPasses = 2;
  std::optional<std::int64_t> window;  // what "s" in a map means; 0 in TOML = none
  bool tieEmbeddings = true;
  bool ownKvNorm = true;  // false: the query norm serves K and V too (= Llama)
  bool qkvBias = false;   // biases of the query, key and value projections (= Qwen2)
  bool qkNorm = false;    // a norm over each head of queries and keys, in front of RoPE (= Qwen3)
  double normEpsilon = 1e-5;
  double ropeTheta = 10000;
  // How a longer context is reached: none | linear | dynamic | llama3 | yarn. The formulas, and which number is whose:
  // kernels/rope_scaling.h.
  std::string ropeScaling = "none";
  double ropeFactor = 1;
  std::int64_t ropeOriginalContext =
      0;  // tokens; dynamic, llama3 and yarn need it (Hugging Face's dynamic: max_position_embeddings)
  double ropeLowFrequencyFactor = 1, ropeHighFrequencyFactor = 4;
  double ropeBetaFast = 32, ropeBetaSlow = 1;
  double ropeAttentionFactor = 0;               // yarn; 0 = by its formula
  double ropeMscale = 0, ropeMscaleAllDim = 0;  // yarn; 0 = not given
  bool ropeTruncate = true;

  double initStd = 0.02;  // N(0, std); output and down projections / sqrt(2 L) when scaledInit
  bool scaledInit = true;

  bool operator==(const ModelConfig&) const = default;
};

inline constexpr const char* kNoTokenizer = "none";

struct DataConfig {
  std::string source = "synthetic";     // synthetic | text
  std::vector<std::string> files;       // text: .txt, .jsonl, .jsonl.zst
  std::vector<std::string> validFiles;  // empty: the last validFraction of the documents
  double validFraction = 0.05;
  std::string tokenizer = "byte";  // byte | a path of a tokenizer.json | none: an imported model that takes ids alone
  std::int64_t syntheticTokens = 2'000'000;
  std::int64_t syntheticSeed = 1;

  bool operator==(const DataConfig&) const = default;
};

// What a training watches for (train/loss_watch.h), as stop_when names it.
inline constexpr std::array kTroubles{"spike", "divergence", "stall"};

struct TrainConfig {
  std::int64_t steps = 300;  // 0: no training, only evaluation and measurement (with initFrom)
  std::int64_t sequenceLength = 128;
  std::int64_t batchSequences = 16;  // sequences per optimizer step
  std::int64_t microBatch = 0;       // sequences per forward; 0 = batchSequences; must divide it
  double learningRate = 3e-3;
  double warmupFraction = 0.05;
  double finalFraction = 0.1;  // cosine ends at this fraction of the peak
  double beta1 = 0.9, beta2 = 0.95, epsilon = 1e-8, weightDecay = 0.1;
  double clipNorm = 1.0;
  std::int64_t seed = 1;      // of the weights
  std::int64_t dataSeed = 0;  // of the order of the data; 0 = as `seed`. The CLA paper: the same order for all runs
  // Of "spike", "divergence" and "stall": what ends the run, where others raise an alert. A loss that is no number
  // always does.
  std::vector<std::string> stopWhen;
  std::int64_t evaluateEvery = 100;  // steps; 0: only at the end
  std::int64_t checkpointEvery = 0;  // steps; 0: only at the end
  std::int64_t logEvery = 1;
  std::string initFrom;  // a checkpoint folder to start the weights from

  bool operator==(const TrainConfig&) const = default;
};

struct EvaluationConfig {
  std::int64_t tokens = 16384;  // of the held-out split; 0 = all of it
  std::int64_t batchSequences = 8;

  bool operator==(const EvaluationConfig&) const = default;
};

struct CacheConfig {
  std::string plugin;           // "" = dense; else a plugin's name (int8_cache)
  std::string dtype = "model";  // element type of a dense cache
  std::int64_t measureBatch = 1;
  std::int64_t measureContext = 0;  // 0 = sequenceLength

  bool operator==(const CacheConfig&) const = default;
};

struct DeviceConfig {
  std::string device = "auto";  // auto | cpu | cuda | cuda:N
  std::string dtype = "auto";   // auto: float32 on CPU, bfloat16 on CUDA; float32, bfloat16, float64
  int threads = 0;              // 0 = all cores

  bool operator==(const DeviceConfig&) const = default;
};

struct RunConfig {
  std::string name = "run";
  std::vector<std::string> tags;
  ModelConfig model;
  DataConfig data;
  TrainConfig train;
  EvaluationConfig evaluation;
  CacheConfig cache;
  DeviceConfig device;

  bool operator==(const RunConfig&) const = default;
};

// TOML text -> config. InvalidInput: the file's name, line, the field, what would be right; an unknown key names the
// nearest known one. `origin` is what the message calls the text.
[[nodiscard]] Result<RunConfig> parseRunConfig(std::string_view toml, const std::string& origin);
// The same over the fields of `base` instead of the defaults.
[[nodiscard]] Result<RunConfig> parseRunConfig(std::string_view toml, const std::string& origin, RunConfig base);
[[nodiscard]] Result<RunConfig> loadRunConfig(
    const std::filesystem::path& path);  // relative data paths are made absolute against the file's folder
// Makes the relative paths of data files, tokenizer and initial weights absolute against `folder`.
void resolvePaths(RunConfig& config, const std::filesystem::path& folder);
// Every field, with its value; parseRunConfig(toToml(c)) == c.
std::string toToml(const RunConfig& config);
// `--set train.steps=100`: one dotted key, a TOML value; a text may stand without quotes, a list of texts as a,b.
// InvalidInput.
[[nodiscard]] Result<void> setField(RunConfig& config, std::string_view dottedKey, std::string_view tomlValue);
// Dotted key -> printed TOML value of every field, in file order ("train.learning_rate", "0.003"): what "differences
// only" compares.
std::vector<std::pair<std::string, std::string>> flatten(const RunConfig& config);

// Ranges and fit of every field with every other (KV heads divide query heads, map has `layers` layers, micro batch
// divides batch). InvalidInput. Whether files exist is not asked here.
[[nodiscard]] Result<void> validate(const RunConfig& config);
// The rope_ fields alone: what a model that comes from a file must hold to even where the rest is not asked.
// InvalidInput.
[[nodiscard]] Result<void> validateRope(const ModelConfig& model);
// The resolved map of a valid model. InvalidInput.
[[nodiscard]] Result<sharing::SharingMap> sharingMap(const ModelConfig& model);
sharing::ModelShape shapeOf(const ModelConfig& model);  // vocabulary as configured

}  // namespace weft::config
