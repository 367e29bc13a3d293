// The ranges of every field, and how fields must fit each other.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "engine/base/text.h"
#include "engine/config/run_config.h"
#include "engine/sharing/map_text.h"

namespace weft::config {

namespace {

constexpr std::int64_t kMaximumSize = std::int64_t{1} << 24;
constexpr std::int64_t kMaximumCount = std::int64_t{1} << 40;

tl::unexpected<Error> wrong(std::string message) { return fail(ErrorCode::InvalidInput, std::move(message)); }

Result<void> whole(const char* field, std::int64_t value, std::int64_t minimum, std::int64_t maximum = kMaximumCount) {
  if (value >= minimum && value <= maximum) return {};
  return wrong(fmt::format("{} is {}; it must be {} to {}.", field, value, minimum, groupDigits(maximum)));
}

Result<void> fraction(const char* field, double value) {
  if (value >= 0 && value <= 1) return {};
  return wrong(fmt::format("{} is {}; it must be between 0 and 1.", field, value));
}

Result<void> positive(const char* field, double value) {
  if (value > 0 && std::isfinite(value)) return {};
  return wrong(fmt::format("{} is {}; it must be above 0.", field, value));
}

Result<void> notNegative(const char* field, double value) {
  if (value >= 0 && std::isfinite(value)) return {};
  return wrong(fmt::format("{} is {}; it must be 0 or more.", field, value));
}

Result<void> oneOf(const char* field, const std::string& value, const std::vector<std::string>& choices) {
  if (std::find(choices.begin(), choices.end(), value) != choices.end()) return {};
  return wrong(fmt::format("{} is '{}'; it must be one of {}.", field, value, join(choices, ", ")));
}

Result<void> checkName(const RunConfig& config) {
  const std::string& name = config.name;
  const bool hasControl =
      std::any_of(name.begin(), name.end(), [](unsigned char letter) { return letter < 0x20 || letter == 0x7f; });
  if (trim(name).empty() || name.size() > 200 || hasControl)
    return wrong("name must be 1 to 200 characters without line breaks.");
  if (name.find_first_not_of("0123456789") == std::string::npos) {
    return wrong(fmt::format("name is '{}', which would be taken for a run's number; give it a letter.", name));
  }
  return {};
}

Result<void> checkModel(const ModelConfig& model) {
  WEFT_TRY(whole("model.layers", model.layers, 1, sharing::SharingMap::kMaximumLayers));
  WEFT_TRY(whole("model.hidden", model.hidden, 1, kMaximumSize));
  WEFT_TRY(whole("model.feed_forward", model.feedForward, 1, kMaximumSize));
  WEFT_TRY(whole("model.query_heads", model.queryHeads, 1, kMaximumSize));
  WEFT_TRY(whole("model.kv_heads", model.kvHeads, 1, kMaximumSize));
  WEFT_TRY(whole("model.head_width", model.headWidth, 1, kMaximumSize));
  WEFT_TRY(whole("model.vocabulary", model.vocabulary, 0, kMaximumSize));
  if (model.window) WEFT_TRY(whole("model.window", *model.window, 1));
  WEFT_TRY(whole("model.forward_passes", model.forwardPasses, 0, 1000));
  WEFT_TRY(whole("model.backward_passes", model.backwardPasses, 1, 1000));
  WEFT_TRY(positive("model.norm_epsilon", model.normEpsilon));
  WEFT_TRY(positive("model.init_std", model.initStd));
  if (model.headWidth % 2 != 0)
    return wrong(
        fmt::format("model.head_width is {}; rotary positions turn pairs, so it must be even.", model.headWidth));
  if (model.queryHeads % model.kvHeads != 0) {
    return wrong(fmt::format("model.kv_heads is {}, which does not divide model.query_heads {}.", model.kvHeads,
                             model.queryHeads));
  }
  WEFT_TRY(validateRope(model));
  WEFT_ASSIGN(const sharing::SharingMap map, sharingMap(model));
  const Result<sharing::CostReport> costs = sharing::cost(shapeOf(model), map, {});
  if (!costs) return wrong("model: " + costs.error().message);
  return {};
}

Result<void> checkData(const DataConfig& data) {
  WEFT_TRY(oneOf("data.source", data.source, {"synthetic", "text"}));
  if (data.source == "text" && data.files.empty())
    return wrong("data.source is 'text' but data.files is empty; name at least one text file.");
  if (data.source == "synthetic" && !(data.files.empty() && data.validFiles.empty())) {
    return wrong("data.files are given but data.source is 'synthetic'; set data.source = \"text\" to read them.");
  }
  for (const std::string& file : data.files) {
    if (trim(file).empty()) return wrong("data.files has an empty name in it.");
  }
  if (data.validFiles.empty() && !(data.validFraction > 0 && data.validFraction < 1)) {
    return wrong(fmt::format("data.valid_fraction is {}; it must be above 0 and below 1.", data.validFraction));
  }
  if (data.tokenizer.empty()) return wrong("data.tokenizer is empty; write \"byte\" or the path of a tokenizer.json.");
  return whole("data.synthetic_tokens", data.syntheticTokens, 1);
}

Result<void> checkTrain(const TrainConfig& train) {
  WEFT_TRY(whole("train.steps", train.steps, 0));
  WEFT_TRY(whole("train.sequence_length", train.sequenceLength, 1, kMaximumSize));
  WEFT_TRY(whole("train.batch_sequences", train.batchSequences, 1, kMaximumSize));
  WEFT_TRY(whole("train.micro_batch", train.microBatch, 0, kMaximumSize));
  if (train.microBatch > 0 && train.batchSequences % train.microBatch != 0) {
    return wrong(fmt::format("train.micro_batch is {}, which does not divide train.batch_sequences {}.",
                             train.microBatch, train.batchSequences));
  }
  WEFT_TRY(positive("train.learning_rate", train.learningRate));
  WEFT_TRY(fraction("train.warmup_fraction", train.warmupFraction));
  WEFT_TRY(fraction("train.final_fraction", train.finalFraction));
  for (const auto& [field, beta] : {std::pair("train.beta1", train.beta1), std::pair("train.beta2", train.beta2)}) {
    if (!(beta >= 0 && beta < 1))
      return wrong(fmt::format("{} is {}; it must be at least 0 and below 1.", field, beta));
  }
  WEFT_TRY(positive("train.epsilon", train.epsilon));
  WEFT_TRY(notNegative("train.weight_decay", train.weightDecay));
  WEFT_TRY(notNegative("train.clip_norm", train.clipNorm));
  WEFT_TRY(whole("train.data_seed", train.dataSeed, 0));
  for (const std::string& trouble : train.stopWhen)
    WEFT_TRY(oneOf("train.stop_when", trouble, {kTroubles.begin(), kTroubles.end()}));
  WEFT_TRY(whole("train.evaluate_every", train.evaluateEvery, 0));
  WEFT_TRY(whole("train.checkpoint_every", train.checkpointEvery, 0));
  return whole("train.log_every", train.logEvery, 1);
}

Result<void> checkCache(const CacheConfig& cache) {
  if (cache.plugin.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-") != std::string::npos) {
    return wrong(
        fmt::format("cache.plugin is '{}'; it is a plugin's name, like int8_cache, not a path.", cache.plugin));
  }
  WEFT_TRY(oneOf("cache.dtype", cache.dtype, {"model", "float32", "bfloat16", "float16", "float64"}));
  WEFT_TRY(whole("cache.measure_batch", cache.measureBatch, 1, kMaximumSize));
  return whole("cache.measure_context", cache.measureContext, 0);
}

Result<void> checkDevice(const DeviceConfig& device) {
  std::int64_t number = 0;
  const bool isNumbered = device.device.rfind("cuda:", 0) == 0 && parseInteger(device.device.substr(5), number) &&
                          number >= 0 && number < 1024;
  if (!isNumbered && device.device != "auto" && device.device != "cpu" && device.device != "cuda") {
    return wrong(fmt::format("device.device is '{}'; it must be auto, cpu, cuda or cuda:N.", device.device));
  }
  WEFT_TRY(oneOf("device.dtype", device.dtype, {"auto", "float32", "bfloat16", "float64"}));
  return whole("device.threads", device.threads, 0, 4096);
}

}  // namespace

Result<void> validate(const RunConfig& config) {
  WEFT_TRY(checkName(config));
  WEFT_TRY(checkModel(config.model));
  WEFT_TRY(checkData(config.data));
  WEFT_TRY(checkTrain(config.train));
  WEFT_TRY(whole("evaluation.tokens", config.evaluation.tokens, 0));
  WEFT_TRY(whole("evaluation.batch_sequences", config.evaluation.batchSequences, 1, kMaximumSize));
  WEFT_TRY(checkCache(config.cache));
  return checkDevice(config.device);
}

Result<void> validateRope(const ModelConfig& model) {
  const std::string& kind = model.ropeScaling;
  WEFT_TRY(positive("model.rope_theta", model.ropeTheta));
  WEFT_TRY(oneOf("model.rope_scaling", kind, {"none", "linear", "dynamic", "llama3", "yarn"}));
  if (!(model.ropeFactor >= 1 && std::isfinite(model.ropeFactor))) {
    return wrong(fmt::format("model.rope_factor is {}; it must be 1 or more.", model.ropeFactor));
  }
  WEFT_TRY(whole("model.rope_original_context", model.ropeOriginalContext, 0));
  WEFT_TRY(positive("model.rope_low_frequency_factor", model.ropeLowFrequencyFactor));
  WEFT_TRY(positive("model.rope_high_frequency_factor", model.ropeHighFrequencyFactor));
  WEFT_TRY(positive("model.rope_beta_fast", model.ropeBetaFast));
  WEFT_TRY(positive("model.rope_beta_slow", model.ropeBetaSlow));
  WEFT_TRY(notNegative("model.rope_attention_factor", model.ropeAttentionFactor));
  WEFT_TRY(notNegative("model.rope_mscale", model.ropeMscale));
  WEFT_TRY(notNegative("model.rope_mscale_all_dim", model.ropeMscaleAllDim));
  if (kind == "none" && model.ropeFactor != 1) {
    return wrong(
        fmt::format("model.rope_factor is {} but model.rope_scaling is 'none'; name the scaling, like \"linear\".",
                    model.ropeFactor));
  }
  if (kind == "none" || kind == "linear") return {};
  if (model.ropeOriginalContext == 0) {
    return wrong(
        fmt::format("model.rope_scaling is '{}' and needs model.rope_original_context, the tokens that the model was "
                    "first trained for.",
                    kind));
  }
  if (kind == "dynamic" && model.headWidth < 3) {
    return wrong(
        fmt::format("model.head_width is {}; dynamic RoPE scaling divides by the width minus 2.", model.headWidth));
  }
  if (kind == "llama3" && model.ropeHighFrequencyFactor <= model.ropeLowFrequencyFactor) {
    return wrong(
        fmt::format("model.rope_high_frequency_factor is {}; it must be above model.rope_low_frequency_factor {}.",
                    model.ropeHighFrequencyFactor, model.ropeLowFrequencyFactor));
  }
  if (kind == "yarn" && model.ropeBetaFast < model.ropeBetaSlow) {
    return wrong(fmt::format("model.rope_beta_fast is {}; it must not be below model.rope_beta_slow {}.",
                             model.ropeBetaFast, model.ropeBetaSlow));
  }
  if (kind == "yarn" && model.ropeTheta <= 1)
    return wrong(fmt::format("model.rope_theta is {}; yarn needs more than 1.", model.ropeTheta));
  return {};
}

Result<sharing::SharingMap> sharingMap(const ModelConfig& model) {
  const auto upward = sharing::upwardReads(model.allowUpward);
  Result<sharing::SharingMap> map = sharing::parseMap(model.sharing, {.layers = model.layers, .upward = upward});
  if (!map) return wrong("model.sharing: " + map.error().message);
  return map;
}

sharing::ModelShape shapeOf(const ModelConfig& model) {
  return {.layers = model.layers,
          .hidden = model.hidden,
          .feedForward = model.feedForward,
          .vocabulary = model.vocabulary,
          .queryHeads = model.queryHeads,
          .kvHeads = model.kvHeads,
          .headWidth = model.headWidth,
          .embedding = model.tieEmbeddings ? sharing::EmbeddingTie::Tied : sharing::EmbeddingTie::Untied,
          .kvNorm = model.ownKvNorm ? sharing::KvNorm::Own : sharing::KvNorm::Tied,
          .hasQkvBias = model.qkvBias,
          .hasQkNorm = model.qkNorm,
          .window = model.window,
          .forwardPasses = model.forwardPasses,
          .backwardPasses = model.backwardPasses};
}

}  // namespace weft::config
