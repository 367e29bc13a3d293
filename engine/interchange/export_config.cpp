#include "engine/interchange/export_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

namespace weft::interchange {

namespace {

using Json = nlohmann::ordered_json;

Json ropeParameters(const config::ModelConfig& model) {
  Json rope{{"rope_type", model.ropeScaling == "none" ? "default" : model.ropeScaling},
            {"rope_theta", model.ropeTheta}};
  if (model.ropeScaling == "none") return rope;
  rope["factor"] = model.ropeFactor;
  if (model.ropeScaling == "llama3" || model.ropeScaling == "yarn")
    rope["original_max_position_embeddings"] = model.ropeOriginalContext;
  if (model.ropeScaling == "llama3") {
    rope["low_freq_factor"] = model.ropeLowFrequencyFactor;
    rope["high_freq_factor"] = model.ropeHighFrequencyFactor;
  }
  if (model.ropeScaling == "yarn") {
    rope["beta_fast"] = model.ropeBetaFast;
    rope["beta_slow"] = model.ropeBetaSlow;
    if (model.ropeAttentionFactor != 0) rope["attention_factor"] = model.ropeAttentionFactor;
    if (model.ropeMscale != 0) rope["mscale"] = model.ropeMscale;
    if (model.ropeMscaleAllDim != 0) rope["mscale_all_dim"] = model.ropeMscaleAllDim;
    rope["truncate"] = model.ropeTruncate;
  }
  return rope;
}

// How far the model reaches. Where the scaling has a say in it, transformers wants the field to agree.
std::int64_t maximumPositions(const config::ModelConfig& model, std::int64_t context) {
  if (model.ropeScaling == "dynamic") return model.ropeOriginalContext;
  if (model.ropeScaling == "yarn")
    return std::llround(model.ropeFactor * static_cast<double>(model.ropeOriginalContext));
  return context;
}

// One entry a layer; null where it has none.
template <class Of>
Json perLayer(const sharing::SharingMap& map, Of of) {
  Json list = Json::array();
  for (int layer = 0; layer < map.layerCount(); ++layer) {
    const auto value = of(layer);
    list.push_back(value ? Json(*value) : Json());
  }
  return list;
}

bool hasAny(const Json& list) {
  return std::any_of(list.begin(), list.end(), [](const Json& entry) { return !entry.is_null(); });
}

void addSharing(Json& config, const config::ModelConfig& model, const sharing::SharingMap& map) {
  config["own_kv_norm"] = model.ownKvNorm;
  config["qkv_bias"] = model.qkvBias;
  config["qk_norm"] = model.qkNorm;
  config["sharing_pattern"] = perLayer(map, [&](int layer) { return std::optional(map.layer(layer).kSource); });
  if (map.hasSeparateKv())
    config["value_sharing_pattern"] = perLayer(map, [&](int layer) { return std::optional(map.layer(layer).vSource); });
  Json windows = perLayer(map, [&](int layer) { return map.windowOf(layer, model.window); });
  if (hasAny(windows)) config["layer_windows"] = std::move(windows);
  Json heads = perLayer(map, [&](int layer) { return map.layer(layer).kvHeads; });
  if (hasAny(heads)) config["layer_key_value_heads"] = std::move(heads);
  if (!map.isCausal()) {
    config["use_cache"] = false;
    config["forward_passes"] = model.forwardPasses;
    config["backward_passes"] = model.backwardPasses;
  }
  config["initializer_range"] = model.initStd;
  config["scaled_init"] = model.scaledInit;
}

// The class in transformers, and its model_type.
std::pair<std::string, std::string> familyOf(const config::ModelConfig& model, ExportLayout layout, bool slides) {
  if (layout == ExportLayout::CrossLayer) return {"WeftCrossLayerForCausalLM", "weft_cross_layer"};
  if (model.qkNorm) return {"Qwen3ForCausalLM", "qwen3"};
  if (model.qkvBias) return {"Qwen2ForCausalLM", "qwen2"};
  if (slides) return {"MistralForCausalLM", "mistral"};
  return {"LlamaForCausalLM", "llama"};
}

}  // namespace

std::string whyNotLlama(const config::ModelConfig& model, const sharing::SharingMap& map) {
  const std::optional<std::int64_t> window = map.windowOf(0, model.window);
  for (int layer = 0; layer < map.layerCount(); ++layer) {
    for (const auto& [source, what] :
         {std::pair(map.layer(layer).kSource, "keys"), {map.layer(layer).vSource, "values"}}) {
      if (source != layer) return fmt::format("layer {} reads the {} of layer {}", layer, what, source);
    }
    if (map.kvHeads(layer, model.kvHeads) != model.kvHeads)
      return fmt::format("layer {} has a number of KV heads of its own", layer);
    if (map.windowOf(layer, model.window) != window)
      return fmt::format("layer {} has another window than layer 0", layer);
  }
  if (model.qkvBias && model.qkNorm) return "it has both QKV biases and QK norm";
  if (model.hidden % model.queryHeads != 0) {
    return fmt::format("its hidden size of {} is no multiple of its {} query heads, which transformers asks of a Llama",
                       model.hidden, model.queryHeads);
  }
  return "";
}

ExportedConfig exportConfig(const config::ModelConfig& model, const sharing::SharingMap& map, ExportLayout layout,
                            std::int64_t context, const std::string& type, std::optional<std::int64_t> endOfText) {
  const bool isLlama = layout == ExportLayout::Llama;
  const std::optional<std::int64_t> window = map.windowOf(0, model.window);
  const auto [architecture, modelType] = familyOf(model, layout, window.has_value());
  ExportedConfig made{.architecture = architecture, .json = {}};
  Json config{{"architectures", {architecture}}, {"model_type", modelType}};
  if (!isLlama) {
    config["auto_map"] = {{"AutoConfig", "configuration_weft.WeftCrossLayerConfig"},
                          {"AutoModelForCausalLM", "modeling_weft.WeftCrossLayerForCausalLM"}};
  }
  config.update({{"vocab_size", model.vocabulary},
                 {"hidden_size", model.hidden},
                 {"intermediate_size", model.feedForward},
                 {"num_hidden_layers", model.layers},
                 {"num_attention_heads", model.queryHeads},
                 {"num_key_value_heads", model.kvHeads},
                 {"head_dim", model.headWidth},
                 {"hidden_act", "silu"},
                 {"max_position_embeddings", maximumPositions(model, context)},
                 {"rms_norm_eps", model.normEpsilon},
                 {"rope_parameters", ropeParameters(model)},
                 {"tie_word_embeddings", model.tieEmbeddings},
                 {"dtype", type},
                 {"bos_token_id", nullptr},
                 {"eos_token_id", endOfText ? Json(*endOfText) : Json()}});
  if (isLlama) {
    // For readers older than transformers 5, which know no rope_parameters.
    config["rope_theta"] = model.ropeTheta;
    if (model.ropeScaling != "none") config["rope_scaling"] = config["rope_parameters"];
    if (!model.qkvBias) config["attention_bias"] = false;
    config["initializer_range"] = model.initStd;
    if (window) config["sliding_window"] = *window;
    if (model.qkvBias || model.qkNorm) {  // Qwen's fields
      config["use_sliding_window"] = window.has_value();
      if (window) config["max_window_layers"] = 0;
    }
  } else {
    addSharing(config, model, map);
  }
  made.json = config.dump(2) + "\n";
  return made;
}

}  // namespace weft::interchange
