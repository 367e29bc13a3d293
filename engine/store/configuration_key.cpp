#include "engine/store/configuration_key.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <filesystem>
#include <iterator>
#include <map>
#include <set>
#include <sstream>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "engine/base/text.h"
#include "engine/config/run_config.h"
#include "engine/store/project_roots.h"

namespace weft::store {

namespace {

namespace fs = std::filesystem;

std::string hashOf(const std::string& text) {
  const XXH128_hash_t hash = XXH3_128bits(text.data(), text.size());
  return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

// The fields that there were when stores began to keep keys count always. A younger one counts only where it is not at
// its default: a run of today has the key of the same run of before.
constexpr std::string_view kFirstFields = R"(
model.layers model.hidden model.feed_forward model.query_heads model.kv_heads model.head_width
model.vocabulary model.sharing model.allow_upward model.forward_passes model.backward_passes model.window
model.tie_embeddings model.own_kv_norm model.qkv_bias model.qk_norm model.norm_epsilon model.rope_theta
model.rope_scaling model.rope_factor model.rope_original_context model.rope_low_frequency_factor
model.rope_high_frequency_factor model.rope_beta_fast model.rope_beta_slow model.rope_attention_factor
model.rope_mscale model.rope_mscale_all_dim model.rope_truncate model.init_std model.scaled_init data.source
data.files data.valid_files data.valid_fraction data.tokenizer data.synthetic_tokens data.synthetic_seed
train.steps train.sequence_length train.batch_sequences train.micro_batch train.learning_rate
train.warmup_fraction train.final_fraction train.beta1 train.beta2 train.epsilon train.weight_decay
train.clip_norm train.evaluate_every train.checkpoint_every train.log_every train.init_from
evaluation.tokens evaluation.batch_sequences cache.plugin cache.dtype cache.measure_batch
cache.measure_context device.device device.dtype device.threads
)";

bool counts(const std::string& key, const std::string& value) {
  using Values = std::map<std::string, std::string>;
  static const std::set<std::string> first = [] {
    std::istringstream words{std::string(kFirstFields)};
    return std::set<std::string>(std::istream_iterator<std::string>(words), {});
  }();
  static const Values defaults = [] {
    const auto fields = config::flatten(config::RunConfig{});
    return Values(fields.begin(), fields.end());
  }();
  if (key == "name" || key == "tags" || key == "train.seed") return false;
  return first.contains(key) || value != defaults.at(key);
}

struct Origin {
  RunId run;               // 0: no run of this project
  std::string checkpoint;  // "checkpoints/step-300"
};

// RUNS/12/checkpoints/step-300, where RUNS is the project's root of runs; or the same of a folder that is gone, since
// the project was moved and its runs with it, where this project has such a checkpoint.
Origin originOf(const fs::path& weights, const fs::path& runs) {
  std::vector<fs::path> parts;
  for (const fs::path& part : weights.lexically_normal())
    if (!part.empty()) parts.push_back(part);
  if (parts.size() < 4) return {};
  const std::string checkpoint = (parts[parts.size() - 2] / parts.back()).string();
  std::int64_t number = 0;
  if (!parseInteger(parts[parts.size() - 3].string(), number) || number <= 0) return {};
  const fs::path here = runs / std::to_string(number) / checkpoint;
  std::error_code error;
  const bool isHere = weights.lexically_normal() == here.lexically_normal();
  const bool wasMoved = !fs::exists(weights, error) && parts[parts.size() - 4] == "runs" && fs::exists(here, error);
  return isHere || wasMoved ? Origin{RunId{number}, checkpoint} : Origin{};
}

std::string configurationKeyOf(SQLite::Database& connection, RunId run) {
  SQLite::Statement statement(connection, "SELECT configuration_key FROM run WHERE id = ?");
  statement.bind(1, run.value);
  return statement.executeStep() ? statement.getColumn(0).getString() : std::string();
}

}  // namespace

ConfigurationKeys configurationKeys(SQLite::Database& connection, const std::string& configToml) {
  const Result<config::RunConfig> config = config::parseRunConfig(configToml, "config.toml");
  if (!config) return {};
  std::string configuration, text;
  for (const auto& [key, value] : config::flatten(*config)) {
    if (!counts(key, value)) continue;
    std::string shown = value;
    if (key == "train.init_from" && !config->train.initFrom.empty()) {
      const Origin origin = originOf(config->train.initFrom, runsFolderOf(connection));
      const std::string made = origin.run.value > 0 ? configurationKeyOf(connection, origin.run) : std::string();
      if (!made.empty()) shown = "{" + made + "} " + origin.checkpoint;
    }
    const std::string line = fmt::format("{} = {}\n", key, shown);
    configuration += line;
    if (key.starts_with("data.") || key == "evaluation.tokens") text += line;
  }
  return {.configuration = hashOf(configuration), .text = hashOf(text)};
}

}  // namespace weft::store
