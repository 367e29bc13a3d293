#include "engine/config/presets.h"

#include <algorithm>
#include <cassert>
#include <filesystem>
#include <iterator>
#include <string_view>
#include <system_error>
#include <utility>

#include "engine/base/files.h"
#include "engine/base/text.h"
#include "engine/config/preset_files.h"

namespace weft::config {

namespace {

std::string firstComment(std::string_view text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  return line.substr(0, 1) == "#" ? std::string(trim(line.substr(1))) : std::string();
}

// "# base = NAME" among the comments that begin a file; "" if it stands on its own.
std::string baseOf(std::string_view text) {
  constexpr std::string_view kMark = "# base = ";
  const std::size_t at = text.find(kMark);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = text.substr(at + kMark.size());
  return std::string(trim(rest.substr(0, rest.find('\n'))));
}

Result<RunConfig> readPreset(const std::string& name, int depth) {
  for (const PresetFile& file : presetFiles()) {
    if (file.name != name) continue;
    const std::string base = baseOf(file.text);
    if (base.empty()) return parseRunConfig(file.text, file.name + ".toml");
    if (depth > 4) return fail(ErrorCode::Internal, "The presets' bases go in a circle at " + name + ".");
    WEFT_ASSIGN(RunConfig config, readPreset(base, depth + 1));
    return parseRunConfig(file.text, file.name + ".toml", std::move(config));
  }
  return fail(ErrorCode::Internal, "There is no preset " + name + ", which another one has as its base.");
}

// The family of a preset is its first tag. In the order of menus.
constexpr std::pair<const char*, const char*> kGroups[] = {{"demo", "Demo"},
                                                           {"paper-1b", "CLA paper, 1B: Table 1"},
                                                           {"paper-1b-tuned", "CLA paper, 1B: Table 3"},
                                                           {"paper-3b", "CLA paper, 3B: Table 5"},
                                                           {"paper-3b-second", "CLA paper, 3B: Table 7"},
                                                           {"scaled", "Scaled for one GPU"},
                                                           {"lckv", "LCKV"},
                                                           {"", "Shapes"}};

std::size_t groupOf(const RunConfig& config) {
  std::size_t group = 0;
  while (group + 1 < std::size(kGroups) && (config.tags.empty() || config.tags.front() != kGroups[group].first)) ++group;
  return group;
}

// "scaled-25m" before "scaled-110m": runs of digits are compared as numbers.
bool isBefore(std::string_view a, std::string_view b) {
  const auto isDigit = [](char letter) { return letter >= '0' && letter <= '9'; };
  std::size_t i = 0, j = 0;
  while (i < a.size() && j < b.size()) {
    std::size_t digitsA = 0, digitsB = 0;
    while (i + digitsA < a.size() && isDigit(a[i + digitsA])) ++digitsA;
    while (j + digitsB < b.size() && isDigit(b[j + digitsB])) ++digitsB;
    if (digitsA > 0 && digitsB > 0) {
      if (digitsA != digitsB) return digitsA < digitsB;  // names have no leading zeros
      const int order = a.substr(i, digitsA).compare(b.substr(j, digitsB));
      if (order != 0) return order < 0;
      i += digitsA;
      j += digitsB;
    } else {
      if (a[i] != b[j]) return a[i] < b[j];
      ++i;
      ++j;
    }
  }
  return a.size() - i < b.size() - j;
}

std::vector<Preset> readPresets() {
  std::vector<Preset> all;
  for (const PresetFile& file : presetFiles()) {
    Result<RunConfig> config = readPreset(file.name, 0);
    assert(config && "a preset that is compiled in must be valid; tests/config reads each of them");
    if (!config) continue;
    std::string group = kGroups[groupOf(*config)].second;
    all.push_back({file.name, firstComment(file.text), std::move(group), *std::move(config)});
  }
  std::sort(all.begin(), all.end(), [](const Preset& a, const Preset& b) {
    const std::size_t groupA = groupOf(a.config), groupB = groupOf(b.config);
    return groupA != groupB ? groupA < groupB : isBefore(a.name, b.name);
  });
  return all;
}

// What one of the demo's runs may spend. The only place where this is tuned: on two CPU cores the whole demo has 5 minutes, --quick 40 seconds
// and a GPU one minute.
struct Budget {
  std::int64_t steps, sequenceLength, batchSequences, evaluateEvery, evaluationTokens, syntheticTokens;
  double learningRate;
};
constexpr Budget kByte{300, 128, 16, 50, 16384, 2'000'000, 3e-3};
constexpr Budget kByteQuick{80, 64, 8, 20, 4096, 400'000, 6e-3};
constexpr Budget kByteCuda{400, 256, 32, 50, 65536, 8'000'000, 1e-3};
// A vocabulary of 50,000 makes the output projection ten times the rest of the model: fewer and smaller steps.
constexpr Budget kBpe{120, 128, 4, 30, 8192, 2'000'000, 3e-3};
constexpr Budget kBpeQuick{30, 64, 2, 10, 1024, 400'000, 3e-3};
constexpr Budget kBpeCuda{400, 256, 16, 50, 65536, 8'000'000, 1e-3};

const Budget& budgetOf(const DemoOptions& options) {
  const bool isByte = options.tokenizer == "byte";
  if (options.quick) return isByte ? kByteQuick : kBpeQuick;
  if (options.cuda) return isByte ? kByteCuda : kBpeCuda;
  return isByte ? kByte : kBpe;
}

RunConfig demoRun(const std::string& presetName, const DemoOptions& options) {
  RunConfig config = preset(presetName).value_or(RunConfig());
  const Budget& budget = budgetOf(options);
  config.train.steps = budget.steps;
  config.train.sequenceLength = budget.sequenceLength;
  config.train.batchSequences = budget.batchSequences;
  config.train.learningRate = budget.learningRate;
  config.train.evaluateEvery = budget.evaluateEvery;
  config.evaluation.tokens = budget.evaluationTokens;
  config.data.syntheticTokens = budget.syntheticTokens;
  config.data.tokenizer = options.tokenizer == "byte" ? options.tokenizer : absolutePath(options.tokenizer);
  if (!options.textFile.empty()) {
    config.data.source = "text";
    config.data.files = {absolutePath(options.textFile)};
  }
  if (options.cuda && !options.quick) {
    // Four times as wide, with four times the heads; one KV head stays one, so MQA-CLA2 still keeps half of MQA and as much as H16-MQA.
    config.model.hidden *= 4;
    config.model.feedForward *= 4;
    config.model.queryHeads *= 4;
    if (config.model.kvHeads > 1) config.model.kvHeads *= 4;
  }
  return config;
}

}  // namespace

const std::vector<Preset>& presets() {
  static const std::vector<Preset> all = readPresets();
  return all;
}

Result<RunConfig> preset(const std::string& name) {
  std::vector<std::string> names;
  for (const Preset& known : presets()) {
    if (known.name == name) return known.config;
    names.push_back(known.name);
  }
  const std::string near = nearestName(name, names);
  return fail(ErrorCode::NotFound,
              "There is no preset '" + name + "'; " + (near.empty() ? "`weft presets` lists them." : "did you mean '" + near + "'?"));
}

std::vector<RunConfig> demoRuns(const DemoOptions& options) {
  std::vector<RunConfig> runs;
  for (const char* name : {"demo-mha", "demo-mqa", "demo-mqa-cla2", "demo-h16-mqa"}) runs.push_back(demoRun(name, options));
  RunConfig int8 = demoRun("demo-mqa-cla2", options);
  int8.tags.push_back("int8-of:" + int8.name);
  int8.name += "-int8";
  int8.train.steps = 0;
  int8.cache.plugin = "int8_cache";
  runs.push_back(std::move(int8));
  return runs;
}

}  // namespace weft::config
