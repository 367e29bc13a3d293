#include "engine/interchange/foreign_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <vector>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "engine/sharing/map_text.h"

namespace weft::interchange {

namespace {

using Json = nlohmann::json;
constexpr std::int64_t kMaximumSize = std::int64_t{1} << 24;

// Reads fields of one object and remembers the first problem.
class Fields {
 public:
  Fields(const Json& object, std::string origin) : m_object(object), m_origin(std::move(origin)) {}

  bool has(const char* key) const { return m_object.contains(key) && !m_object.at(key).is_null(); }
  bool isNull(const char* key) const { return m_object.contains(key) && m_object.at(key).is_null(); }
  const Json* find(const char* key) const { return has(key) ? &m_object.at(key) : nullptr; }

  std::int64_t integer(std::initializer_list<const char*> keys, std::optional<std::int64_t> fallback = {}) {
    std::optional<std::int64_t> chosen;
    const char* chosenKey = "";
    for (const char* key : keys) {
      if (!m_object.contains(key)) continue;
      const Json& value = m_object.at(key);
      if (!value.is_number_integer() || value.get<double>() < 0 ||
          value.get<double>() > static_cast<double>(kMaximumSize)) {
        problem(
            fmt::format("{} is {}; it must be a whole number up to {}", key, shown(value), groupDigits(kMaximumSize)));
        return fallback.value_or(1);
      }
      const auto number = value.get<std::int64_t>();
      if (chosen && *chosen != number)
        problem(
            fmt::format("{} is {}, but {} is {}, which is another spelling of it", chosenKey, *chosen, key, number));
      if (!chosen) chosenKey = key;
      chosen = chosen.value_or(number);
    }
    if (!chosen && !fallback) problem(fmt::format("there is no {}", *keys.begin()));
    return chosen ? *chosen : fallback.value_or(1);
  }
  double number(std::initializer_list<const char*> keys, double fallback) {
    for (const char* key : keys) {
      const Json* value = find(key);
      if (!value) continue;
      if (!value->is_number()) {
        problem(fmt::format("{} is {}; it must be a number", key, shown(*value)));
        return fallback;
      }
      return value->get<double>();
    }
    return fallback;
  }
  // One that the kind of RoPE scaling cannot do without.
  double required(const char* key, const std::string& kind) {
    if (!has(key)) problem(fmt::format("{} is missing, a number that {} needs", key, kind));
    return number({key}, 1);
  }
  bool flag(const char* key, bool fallback) {
    const Json* value = find(key);
    if (value && !value->is_boolean()) problem(fmt::format("{} is {}; it must be true or false", key, shown(*value)));
    return value && value->is_boolean() ? value->get<bool>() : fallback;
  }
  std::string text(const char* key, const std::string& fallback) {
    const Json* value = find(key);
    if (value && !value->is_string()) problem(fmt::format("{} is {}; it must be a text", key, shown(*value)));
    return value && value->is_string() ? value->get<std::string>() : fallback;
  }
  // The field, where it is given, must be one of these: everything else is a model that we do not have.
  void mustBe(const char* key, const std::vector<Json>& allowed, const char* why) {
    const Json* value = find(key);
    if (value && std::find(allowed.begin(), allowed.end(), *value) == allowed.end())
      problem(fmt::format("{} is {}, but {}", key, shown(*value), why));
  }
  void problem(const std::string& what) {
    if (m_problem.empty()) m_problem = fmt::format("{}: {}.", m_origin, what);
  }
  const std::string& firstProblem() const { return m_problem; }  // "" if there is none
  Result<void> check() const {
    if (m_problem.empty()) return {};
    return fail(ErrorCode::InvalidInput, m_problem);
  }

 private:
  static std::string shown(const Json& value) {
    return shortened(value.dump(-1, ' ', false, Json::error_handler_t::replace));
  }
  const Json& m_object;
  std::string m_origin, m_problem;
};

void readRope(Fields& fields, const std::string& origin, config::ModelConfig& model, std::int64_t context) {
  model.ropeTheta = fields.number({"rope_theta"}, 10000);
  fields.mustBe("partial_rotary_factor", {Json(1), Json(1.0)}, "here all of a head is rotated");
  // transformers 5: `rope_scaling or rope_parameters`.
  const Json* scaling = fields.find("rope_scaling");
  if (!scaling || scaling->empty()) scaling = fields.find("rope_parameters");
  if (!scaling) return;
  if (!scaling->is_object()) return fields.problem("rope_scaling is no object");
  Fields rope(*scaling, origin);
  model.ropeTheta = rope.number({"rope_theta"}, model.ropeTheta);
  rope.mustBe("partial_rotary_factor", {Json(1), Json(1.0)}, "here all of a head is rotated");
  const std::string kind = rope.text(rope.has("rope_type") ? "rope_type" : "type", "default");
  if (kind == "default") {
    if (!rope.firstProblem().empty()) fields.problem("rope_parameters are wrong: " + rope.firstProblem());
    return;
  }
  if (kind != "linear" && kind != "dynamic" && kind != "llama3" && kind != "yarn") {
    return fields.problem(
        fmt::format("the RoPE scaling is '{}'; linear, dynamic, llama3 and yarn are known", shortened(kind)));
  }
  model.ropeScaling = kind;
  // Hugging Face's dynamic counts from max_position_embeddings, the others from the context before the scaling.
  model.ropeOriginalContext = kind == "dynamic"  ? context
                              : kind == "linear" ? 0
                                                 : rope.integer({"original_max_position_embeddings"}, context);
  model.ropeFactor = rope.required("factor", kind);
  if (kind == "llama3") {
    model.ropeLowFrequencyFactor = rope.required("low_freq_factor", kind);
    model.ropeHighFrequencyFactor = rope.required("high_freq_factor", kind);
  }
  model.ropeBetaFast = rope.number({"beta_fast"}, 32);
  model.ropeBetaSlow = rope.number({"beta_slow"}, 1);
  model.ropeAttentionFactor = rope.number({"attention_factor"}, 0);
  model.ropeMscale = rope.number({"mscale"}, 0);
  model.ropeMscaleAllDim = rope.number({"mscale_all_dim"}, 0);
  model.ropeTruncate = rope.flag("truncate", true);
  if (!rope.firstProblem().empty()) fields.problem("the RoPE scaling is wrong: " + rope.firstProblem());
}

// Which layers slide, as the text of an identity map. Hugging Face's defaults: a window of 4,096 where none is named
// (null: none at all); Mistral slides everywhere, Qwen where use_sliding_window asks for it, from layer
// max_window_layers (28) on or as layer_types says; Llama never.
void readWindows(Fields& fields, const std::string& type, config::ModelConfig& model) {
  const bool isMistral = type == "mistral", isQwen = type == "qwen2" || type == "qwen3";
  if (!isMistral && !isQwen) return;
  const std::int64_t window = fields.isNull("sliding_window") ? 0 : fields.integer({"sliding_window"}, 4096);
  const bool slidesAtAll = isMistral || fields.flag("use_sliding_window", false);
  const std::int64_t first = isMistral ? 0 : fields.integer({"max_window_layers"}, 28);
  const Json* types = isQwen ? fields.find("layer_types") : nullptr;
  if (types && (!types->is_array() || types->size() != static_cast<std::size_t>(model.layers))) {
    return fields.problem(fmt::format("layer_types must be a list of {} entries, one a layer", model.layers));
  }
  std::string text;
  bool slides = false;
  for (int layer = 0; layer < model.layers; ++layer) {
    bool isSliding = slidesAtAll && window > 0 && layer >= first;
    if (types) {
      const Json& kind = (*types)[static_cast<std::size_t>(layer)];
      if (kind != "full_attention" && kind != "sliding_attention") {
        return fields.problem(
            fmt::format("layer_types: layer {} is neither full_attention nor sliding_attention", layer));
      }
      isSliding = kind == "sliding_attention";
      if (isSliding && !slidesAtAll)
        return fields.problem(fmt::format("layer_types: layer {} slides, but use_sliding_window is not true", layer));
      if (isSliding && window == 0)
        return fields.problem(fmt::format("layer_types: layer {} slides, but there is no sliding_window", layer));
    }
    slides = slides || isSliding;
    text += fmt::format("{}{}{}", layer > 0 ? "_" : "", layer, isSliding ? "s" : "");
  }
  if (!slides) return;
  model.sharing = text;
  model.window = window;
}

// What a class of transformers 5.24 has where its config.json says nothing. 0: none.
struct ClassDefaults {
  std::int64_t vocabulary = 0, hidden = 0, feedForward = 0, layers = 0, queryHeads = 0, kvHeads = 0, headWidth = 0,
               context = 0;
};

ClassDefaults defaultsOf(const std::string& type) {
  if (type == "llama") return {32000, 4096, 11008, 32, 32, 0, 0, 2048};
  if (type == "mistral") return {32000, 4096, 14336, 32, 32, 8, 0, 131072};
  if (type == "qwen2") return {151936, 4096, 22016, 32, 32, 32, 0, 32768};
  if (type == "qwen3") return {151936, 4096, 22016, 32, 32, 32, 128, 32768};
  return {.context = 2048};
}

std::optional<std::int64_t> ifAny(std::int64_t number) { return number > 0 ? std::optional(number) : std::nullopt; }

void readLlama(Fields& fields, const std::string& type, ForeignConfig& made) {
  config::ModelConfig& model = made.model;
  const ClassDefaults defaults = defaultsOf(type);
  // null is as many as there are query heads; a Mistral's must be a number.
  const bool isNullHeads = fields.isNull("num_key_value_heads") && type != "mistral";
  model.kvHeads = static_cast<int>(
      isNullHeads ? model.queryHeads
                  : fields.integer({"num_key_value_heads"}, ifAny(defaults.kvHeads).value_or(model.queryHeads)));
  const std::int64_t ofHidden = model.queryHeads > 0 ? model.hidden / model.queryHeads : 1;
  const bool isNullWidth = fields.isNull("head_dim") && type != "qwen3";
  model.headWidth = static_cast<int>(
      isNullWidth ? ofHidden : fields.integer({"head_dim"}, ifAny(defaults.headWidth).value_or(ofHidden)));
  model.tieEmbeddings = fields.flag("tie_word_embeddings", false);
  model.ownKvNorm = false;
  model.normEpsilon = fields.number({"rms_norm_eps"}, 1e-6);
  // Qwen2 has them without saying so. Where the output projection has one too, it must be zero: import_model.h.
  model.qkvBias = type == "qwen2" || fields.flag("attention_bias", false);
  model.qkNorm = type == "qwen3";
  fields.mustBe("mlp_bias", {Json(false)}, "the feed-forward of this decoder has no biases");
  const std::vector<Json> silu{"silu", "swish"};
  fields.mustBe("hidden_act", silu, "the gate of this decoder is silu");
  fields.mustBe("pretraining_tp", {Json(1)}, "weights split for tensor parallelism are not read");
  if (type == "lckv-llama") {
    fields.mustBe("force_nodiag", {Json(false)}, "only layers that read upward leave out their own token here");
    const Json* types = fields.find("layer_types");
    if (!types) return;
    if (!types->is_string()) return fields.problem("layer_types is no text, as LCKV writes it");
    model.sharing = types->get<std::string>();
    model.forwardPasses = static_cast<int>(fields.integer({"forward_passes"}, 7));
    model.backwardPasses = static_cast<int>(fields.integer({"backward_passes"}, 2));
    model.window = fields.integer({"sliding_window"}, 4096);
    const auto map = sharing::parseMap(model.sharing, {.layers = model.layers, .upward = sharing::UpwardReads::Allow});
    if (!map)
      return fields.problem("layer_types: " + std::string(map.error().message, 0, map.error().message.size() - 1));
    model.allowUpward = !map->isCausal();
  } else {
    readWindows(fields, type, model);
  }
}

// A list with one entry a layer, each a whole number below `limit` or null; empty where it is not given.
std::vector<std::optional<std::int64_t>> readPerLayer(Fields& fields, const char* key, int layers) {
  const Json* list = fields.find(key);
  if (!list) return {};
  if (!list->is_array() || list->size() != static_cast<std::size_t>(layers)) {
    fields.problem(fmt::format("{} must be a list of {} entries, one a layer", key, layers));
    return {};
  }
  std::vector<std::optional<std::int64_t>> entries;
  for (const Json& entry : *list) {
    const bool isNumber = entry.is_number_integer() && entry.get<double>() >= 0 &&
                          entry.get<double>() <= static_cast<double>(kMaximumSize);
    if (!isNumber && !entry.is_null())
      fields.problem(fmt::format("{}: layer {} is neither a whole number nor null", key, entries.size()));
    entries.push_back(isNumber ? std::optional(entry.get<std::int64_t>()) : std::nullopt);
  }
  return entries;
}

// What we export ourselves: resources/interchange/configuration_weft.py.
void readWeft(Fields& fields, ForeignConfig& made) {
  config::ModelConfig& model = made.model;
  model.kvHeads = static_cast<int>(fields.integer({"num_key_value_heads"}));
  model.headWidth = static_cast<int>(fields.integer({"head_dim"}));
  model.tieEmbeddings = fields.flag("tie_word_embeddings", true);
  model.ownKvNorm = fields.flag("own_kv_norm", true);
  model.qkvBias = fields.flag("qkv_bias", false);
  model.qkNorm = fields.flag("qk_norm", false);
  model.normEpsilon = fields.number({"rms_norm_eps"}, 1e-5);
  model.initStd = fields.number({"initializer_range"}, model.initStd);
  model.scaledInit = fields.flag("scaled_init", true);
  const auto keySources = readPerLayer(fields, "sharing_pattern", model.layers),
             valueSources = readPerLayer(fields, "value_sharing_pattern", model.layers);
  const auto windows = readPerLayer(fields, "layer_windows", model.layers),
             heads = readPerLayer(fields, "layer_key_value_heads", model.layers);
  std::set<std::int64_t> sizes;
  for (const auto& window : windows) {
    if (window) sizes.insert(*window);
  }
  if (sizes.size() == 1) model.window = *sizes.begin();  // one for all that have any is the model's
  std::vector<sharing::LayerSharing> layers;
  for (int index = 0; index < model.layers; ++index) {
    const auto at = static_cast<std::size_t>(index);
    sharing::LayerSharing layer{.kSource = index, .vSource = index};
    if (!keySources.empty()) layer.kSource = layer.vSource = static_cast<int>(keySources[at].value_or(index));
    if (!valueSources.empty()) layer.vSource = static_cast<int>(valueSources[at].value_or(index));
    if (!windows.empty() && windows[at]) {
      layer.window = model.window ? sharing::Window{.kind = sharing::Window::Kind::Model}
                                  : sharing::Window{.kind = sharing::Window::Kind::Own, .positions = *windows[at]};
    }
    if (!heads.empty() && heads[at]) layer.kvHeads = static_cast<int>(*heads[at]);
    layers.push_back(layer);
  }
  const Result<sharing::SharingMap> map = sharing::SharingMap::create(std::move(layers), sharing::UpwardReads::Allow);
  if (!map) return fields.problem("sharing_pattern: " + map.error().message.substr(0, map.error().message.size() - 1));
  model.sharing = map->isIdentity() ? "identity" : sharing::toText(*map);
  model.allowUpward = !map->isCausal();
  if (model.allowUpward) {
    model.forwardPasses = static_cast<int>(fields.integer({"forward_passes"}, 7));
    model.backwardPasses = static_cast<int>(fields.integer({"backward_passes"}, 2));
  }
}

void readCrossLayer(Fields& fields, ForeignConfig& made) {
  config::ModelConfig& model = made.model;
  made.layout = Layout::CrossLayer;
  model.kvHeads = static_cast<int>(fields.integer({"num_key_value_heads"}));
  if (model.queryHeads > 0 && model.hidden % model.queryHeads != 0)
    fields.problem("its hidden size is no multiple of its heads");
  model.headWidth = static_cast<int>(model.queryHeads > 0 ? model.hidden / model.queryHeads : 1);
  model.tieEmbeddings = fields.flag("tie_word_embeddings", true);
  model.ownKvNorm = true;
  model.normEpsilon = fields.number({"layer_norm_epsilon"}, 1e-5);
  fields.mustBe("normalization_function", {"rmsnorm"}, "this decoder normalises with RMSNorm");
  fields.mustBe("position_embedding_type", {"rope"}, "this decoder has rotary positions");
  fields.mustBe("activation_function", {"swiglu"}, "the feed-forward of this decoder is SwiGLU");
  fields.mustBe("joint_residual_stream", {Json(false)}, "this decoder has one residual stream");
  fields.mustBe("scale_attn_weights", {Json(true)}, "attention is scaled by 1 / sqrt(head width) here");
  for (const char* key : {"attention_multiplier", "m_emb", "m_residual", "m_width"})
    fields.mustBe(key, {}, "this decoder has no such multiplier");
  const Json* pattern = fields.find("sharing_pattern");
  if (!pattern) return;
  const bool isList = pattern->is_array() && std::all_of(pattern->begin(), pattern->end(),
                                                         [](const Json& source) { return source.is_number_integer(); });
  if (!isList) return fields.problem("sharing_pattern is no list of layer numbers");
  model.sharing = pattern->dump();
}

}  // namespace

Result<ForeignConfig> parseForeignConfig(std::string_view text, const std::string& origin) {
  WEFT_ASSIGN(const Json object, parseJson(text, origin));
  if (!object.is_object()) return fail(ErrorCode::InvalidInput, origin + " is no JSON object.");
  Fields fields(object, origin);
  const std::string type = fields.text("model_type", "");
  const std::vector<std::string> known{"llama",      "mistral",        "qwen2",           "qwen3",
                                       "lckv-llama", "gpt_crosslayer", "weft_cross_layer"};
  if (std::find(known.begin(), known.end(), type) == known.end()) {
    return fail(ErrorCode::Unsupported, fmt::format("{}: the model_type is '{}'; these can be imported: {}.", origin,
                                                    shortened(type), join(known, ", ")));
  }
  ForeignConfig made;
  made.architecture = type;
  const Json* architectures = fields.find("architectures");
  if (architectures && architectures->is_array() && !architectures->empty() && architectures->front().is_string()) {
    made.architecture = architectures->front().get<std::string>();
  }
  config::ModelConfig& model = made.model;
  model.sharing = "identity";
  const ClassDefaults defaults = defaultsOf(type);
  model.layers =
      static_cast<int>(fields.integer({"num_hidden_layers", "num_layers", "n_layer"}, ifAny(defaults.layers)));
  model.hidden = fields.integer({"hidden_size", "n_embd"}, ifAny(defaults.hidden));
  model.feedForward = fields.integer({"intermediate_size", "n_inner"}, ifAny(defaults.feedForward));
  model.queryHeads = static_cast<int>(fields.integer({"num_attention_heads", "n_head"}, ifAny(defaults.queryHeads)));
  model.vocabulary = fields.integer({"vocab_size"}, ifAny(defaults.vocabulary));
  made.context = fields.integer({"max_position_embeddings", "n_positions"}, defaults.context);
  if (const Json* quantization = fields.find("quantization_config")) {
    made.quantization = quantization->is_object() ? Fields(*quantization, origin).text("quant_method", "") : "";
    if (made.quantization.empty()) made.quantization = "a way that is not named";
  }
  if (model.layers > sharing::SharingMap::kMaximumLayers)
    fields.problem(fmt::format("it has {} layers; {} are possible", model.layers, sharing::SharingMap::kMaximumLayers));
  WEFT_TRY(fields.check());
  if (type == "gpt_crosslayer") {
    readCrossLayer(fields, made);
  } else if (type == "weft_cross_layer") {
    readWeft(fields, made);
  } else {
    readLlama(fields, type, made);
  }
  readRope(fields, origin, model, made.context);
  WEFT_TRY(fields.check());
  config::RunConfig run;
  run.model = model;
  const Result<void> valid = config::validate(run);
  if (!valid)
    return fail(ErrorCode::InvalidInput,
                fmt::format("{} makes no model that can be built here: {}", origin, valid.error().message));
  return made;
}

}  // namespace weft::interchange
