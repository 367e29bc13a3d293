#include "engine/sharing/foreign_forms.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "engine/sharing/map_text.h"
#include "engine/sharing/map_words.h"
#include "engine/sharing/patterns.h"

namespace weft::sharing {

namespace {

using Json = nlohmann::json;

tl::unexpected<Error> wrong(std::string message) { return fail(ErrorCode::InvalidInput, std::move(message)); }

std::string shown(const Json& value) {
  std::string text = value.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (text.size() > 40) text = text.substr(0, 37) + "...";
  return text;
}

// A whole number of `key`, minimum to kMaximumLayers.
Result<int> number(const Json& object, const char* key, int minimum) {
  const auto found = object.find(key);
  if (found == object.end()) return wrong(fmt::format("There is no {} beside it, which this form needs.", key));
  if (!found->is_number_integer() || found->get<double>() < minimum ||
      found->get<double>() > SharingMap::kMaximumLayers) {
    return wrong(fmt::format("{} is {}; it must be a whole number from {} to {}.", key, shown(*found), minimum,
                             SharingMap::kMaximumLayers));
  }
  return found->get<int>();
}

// A list of layer numbers below `layers`.
Result<std::vector<int>> layerNumbers(const Json& list, const std::string& what, int layers) {
  if (!list.is_array()) return wrong(fmt::format("{} is {}; it must be a list of layer numbers.", what, shown(list)));
  if (list.size() > static_cast<std::size_t>(SharingMap::kMaximumLayers)) {
    return wrong(fmt::format("{} has {} entries; at most {} layers are possible.", what, list.size(),
                             SharingMap::kMaximumLayers));
  }
  std::vector<int> numbers;
  for (const Json& item : list) {
    if (!item.is_number_integer() || item.get<double>() < 0 || item.get<double>() >= layers) {
      return wrong(fmt::format("{} has the entry {}; layers are numbered 0 to {}.", what, shown(item), layers - 1));
    }
    numbers.push_back(item.get<int>());
  }
  return numbers;
}

Result<SharingMap> sharingPattern(const Json& object) {
  const Json& list = object["sharing_pattern"];
  WEFT_ASSIGN(
      const std::vector<int> sources,
      layerNumbers(
          list, "sharing_pattern",
          list.is_array() ? static_cast<int>(std::min<std::size_t>(list.size(), SharingMap::kMaximumLayers)) : 1));
  for (std::size_t layer = 1; layer < sources.size(); ++layer) {
    if (sources[layer] < sources[layer - 1]) {
      return wrong(fmt::format(
          "sharing_pattern: layer {} reads layer {}, before layer {}'s source {}; this form only goes forward.", layer,
          sources[layer], layer - 1, sources[layer - 1]));
    }
  }
  return SharingMap::fromSources(sources);
}

Result<SharingMap> lckvTypes(const Json& object, UpwardReads upward) {
  const auto text = object["layer_types"].get<std::string>();
  if (text.find_first_not_of("0123456789s_") != std::string::npos) {
    return wrong("layer_types is a text with more than layer numbers, 's' and '_' in it; LCKV's looks like 0_1s_1.");
  }
  Result<SharingMap> map = parseMap(text, {.layers = std::nullopt, .upward = upward});
  if (!map) return wrong("layer_types: " + map.error().message);
  for (int layer = 0; layer < map->layerCount(); ++layer) {
    if (map->layer(layer).window.kind == Window::Kind::Own)
      return wrong(
          fmt::format("layer_types: layer {} has a window of its own; in this form all have the model's.", layer));
  }
  return map;
}

// Whether an object says a map itself.
bool saysMap(const Json& object) {
  constexpr std::array kKeys{"sharing_pattern", "layer_types",          "cla_share_factor",    "use_cla",
                             "kv_reuse_group",  "num_kv_shared_layers", "num_key_value_layers"};
  return std::any_of(kKeys.begin(), kKeys.end(), [&](const char* key) { return object.contains(key); });
}

// The part of a multimodal model's config.json that is about text, as transformers' get_text_config() looks for it; the
// object itself where there is none.
Result<const Json*> textPart(const Json& object) {
  const Json* part = nullptr;
  const char* name = "";
  for (const char* key : {"text_config", "decoder", "generator", "text_encoder"}) {
    const auto found = object.find(key);
    if (found == object.end() || !found->is_object()) continue;
    if (part)
      return wrong(fmt::format("It has both {} and {}, so that it is not clear whose map is meant; pass one of them.",
                               name, key));
    part = &*found;
    name = key;
  }
  if (!part) return &object;
  if (saysMap(object) && saysMap(*part))
    return wrong(fmt::format("A map stands both in {} and beside it; leave one of them away.", name));
  return saysMap(object) ? &object : part;
}

// Gemma 3n where its config.json says nothing (transformers 5.24, Gemma3nTextConfig): every fifth layer sees all, and
// 15 layers share.
Json withGemmaDefaults(Json object) {
  const Json type = object.value("model_type", Json());
  if (type != "gemma3n_text" && type != "gemma3n") return object;
  const auto isMissing = [&](const char* key) { return !object.contains(key) || object[key].is_null(); };
  if (isMissing("num_hidden_layers")) object["num_hidden_layers"] = 35;
  if (isMissing("num_kv_shared_layers")) object["num_kv_shared_layers"] = 15;
  if (!isMissing("layer_types") || !object["num_hidden_layers"].is_number_integer()) return object;
  const double layers = object["num_hidden_layers"].get<double>();
  if (layers < 1 || layers > SharingMap::kMaximumLayers) return object;
  object["layer_types"] = Json::array();
  for (int layer = 0; layer < static_cast<int>(layers); ++layer)
    object["layer_types"].push_back((layer + 1) % 5 == 0 ? "full_attention" : "sliding_attention");
  return object;
}

Result<SharingMap> gemmaTypes(const Json& object) {
  const Json& types = object["layer_types"];
  if (types.empty() || types.size() > static_cast<std::size_t>(SharingMap::kMaximumLayers)) {
    return wrong(
        fmt::format("layer_types has {} entries; it must be 1 to {}.", types.size(), SharingMap::kMaximumLayers));
  }
  const int layers = static_cast<int>(types.size());
  int shared = 0;
  if (object.contains("num_kv_shared_layers")) {
    WEFT_ASSIGN(shared, number(object, "num_kv_shared_layers", 0));
  }
  if (shared >= layers)
    return wrong(
        fmt::format("num_kv_shared_layers is {}, of {} layers; at least one must keep K and V.", shared, layers));
  std::vector<LayerSharing> made;
  for (int layer = 0; layer < layers; ++layer) {
    const Json& type = types[static_cast<std::size_t>(layer)];
    const bool isSliding = type == "sliding_attention";
    if (!isSliding && type != "full_attention") {
      return wrong(fmt::format("layer_types: layer {} is {}; a layer is \"sliding_attention\" or \"full_attention\".",
                               layer, shown(type)));
    }
    int source = std::min(layer, layers - shared - 1);
    while (source >= 0 && source < layer && types[static_cast<std::size_t>(source)] != type) --source;
    if (source < 0) {
      return wrong(fmt::format("layer_types: layer {} is to share, but no {} layer before the last {} keeps K and V.",
                               layer, type.get<std::string>(), shared));
    }
    made.push_back({.kSource = source,
                    .vSource = source,
                    .window = {.kind = isSliding ? Window::Kind::Model : Window::Kind::Full},
                    .kvHeads = {}});
  }
  return SharingMap::create(std::move(made));
}

Result<SharingMap> hunyuan(const Json& object) {
  WEFT_ASSIGN(const int layers, number(object, "num_hidden_layers", 1));
  if (object.contains("use_cla") && !object["use_cla"].is_boolean())
    return wrong(fmt::format("use_cla is {}; it must be true or false.", shown(object["use_cla"])));
  if (object.contains("use_cla") && !object["use_cla"].get<bool>()) return SharingMap::identity(layers);
  WEFT_ASSIGN(const int factor, number(object, "cla_share_factor", 1));
  if (factor > layers)
    return wrong(fmt::format("cla_share_factor is {}, of {} layers; take 1 to {}.", factor, layers, layers));
  return shareFactor(layers, factor);
}

Result<SharingMap> hymbaGroups(const Json& object) {
  WEFT_ASSIGN(const int layers, number(object, "num_hidden_layers", 1));
  std::vector<LayerSharing> made;
  for (int layer = 0; layer < layers; ++layer)
    made.push_back({.kSource = layer, .vSource = layer, .window = {.kind = Window::Kind::Model}, .kvHeads = {}});
  if (object.contains("global_attn_idx")) {
    WEFT_ASSIGN(const std::vector<int> global, layerNumbers(object["global_attn_idx"], "global_attn_idx", layers));
    for (const int layer : global) made[static_cast<std::size_t>(layer)].window = {};
  }
  const Json& groups = object["kv_reuse_group"];
  if (!groups.is_array())
    return wrong(fmt::format("kv_reuse_group is {}; it must be a list of groups like [1, 2].", shown(groups)));
  std::vector<bool> isGrouped(static_cast<std::size_t>(layers));
  for (const Json& entry : groups) {
    WEFT_ASSIGN(const std::vector<int> group, layerNumbers(entry, "a group of kv_reuse_group", layers));
    for (const int layer : group) {
      if (isGrouped[static_cast<std::size_t>(layer)])
        return wrong(fmt::format("kv_reuse_group: layer {} stands twice.", layer));
      if (layer < group.front())
        return wrong(
            fmt::format("kv_reuse_group: layer {} comes before its group's first, {}, whose K and V it would read.",
                        layer, group.front()));
      isGrouped[static_cast<std::size_t>(layer)] = true;
      made[static_cast<std::size_t>(layer)].kSource = made[static_cast<std::size_t>(layer)].vSource = group.front();
    }
  }
  return SharingMap::create(std::move(made));
}

Result<SharingMap> mlkvLayers(const Json& object) {
  WEFT_ASSIGN(const int layers, number(object, "num_hidden_layers", 1));
  WEFT_ASSIGN(const int kept, number(object, "num_key_value_layers", 1));
  if (kept > layers)
    return wrong(fmt::format("num_key_value_layers is {}, of {} layers; take 1 to {}.", kept, layers, layers));
  return mlkv(layers, kept);
}

// What the form would say of the map if it could say it at all.
Json nearest(const SharingMap& map, ForeignForm form) {
  const int layers = map.layerCount();
  Json list = Json::array();
  switch (form) {
    case ForeignForm::SharingPattern:
      for (const LayerSharing& layer : map.layers()) list.push_back(layer.kSource);
      return {{"sharing_pattern", std::move(list)}};
    case ForeignForm::Lckv: {
      std::string text;
      for (const LayerSharing& layer : map.layers()) {
        text += (text.empty() ? "" : "_") + std::to_string(layer.kSource) +
                (layer.window.kind == Window::Kind::Full ? "" : "s");
      }
      return {{"layer_types", std::move(text)}};
    }
    case ForeignForm::Gemma3n: {
      for (const LayerSharing& layer : map.layers())
        list.push_back(layer.window.kind == Window::Kind::Full ? "full_attention" : "sliding_attention");
      int shared = 0;
      while (shared < layers - 1 && !map.producesK(layers - 1 - shared)) ++shared;
      return {{"layer_types", std::move(list)}, {"num_kv_shared_layers", shared}};
    }
    case ForeignForm::Hunyuan: {
      int factor = 1;
      while (factor < layers && !map.producesK(factor)) ++factor;
      return {{"num_hidden_layers", layers}, {"use_cla", factor > 1}, {"cla_share_factor", factor}};
    }
    case ForeignForm::Hymba: {
      Json global = Json::array();
      for (int layer = 0; layer < layers; ++layer) {
        if (map.layer(layer).window.kind == Window::Kind::Full) global.push_back(layer);
        const std::vector<int> readers = map.readersOf(layer);
        if (readers.size() > 1) list.push_back(readers);
      }
      return {
          {"num_hidden_layers", layers}, {"kv_reuse_group", std::move(list)}, {"global_attn_idx", std::move(global)}};
    }
    case ForeignForm::Mlkv:
      break;
  }
  return {{"num_hidden_layers", layers}, {"num_key_value_layers", static_cast<int>(map.producers().size())}};
}

std::string unsayable(const LayerSharing& wanted, const LayerSharing& said, int layer) {
  if (const std::string second = secondEditionWords(wanted, layer); !second.empty())
    return fmt::format("layer {} {}", layer, second);
  if (wanted.kSource != wanted.vSource) return fmt::format("layer {} reads K and V from different layers", layer);
  if (wanted.kvHeads) return fmt::format("layer {} has {} KV heads of its own", layer, *wanted.kvHeads);
  if (wanted.window.kind == Window::Kind::Own)
    return fmt::format("layer {} has a window of its own, {} positions", layer, wanted.window.positions);
  if (wanted.window != said.window)
    return fmt::format("layer {} has {} window", layer, wanted.window.kind == Window::Kind::Full ? "no" : "a");
  return fmt::format("layer {} reads layer {}", layer, wanted.kSource);
}

}  // namespace

const char* toString(ForeignForm form) {
  constexpr const char* kNames[] = {"sharing-pattern", "lckv", "gemma-3n", "hunyuan", "hymba", "mlkv"};
  return kNames[static_cast<int>(form)];
}

Result<ForeignForm> parseForeignForm(std::string_view name) {
  std::vector<std::string> names;
  for (const ForeignForm form : kForeignForms) {
    if (name == toString(form)) return form;
    names.emplace_back(toString(form));
  }
  return wrong(fmt::format("There is no form '{}'; the forms are {}.", shortened(name), join(names, ", ")));
}

Result<SharingMap> parseForeign(std::string_view text, UpwardReads upward) {
  if (const std::string excess = excessOf(text, {}); !excess.empty()) return wrong("The map " + excess + ".");
  const Json whole = parseJson(text, "The map").value_or(Json());
  if (!whole.is_object())
    return wrong(
        "The text begins like a JSON object but is none; a map of another project looks like {\"sharing_pattern\": [0, "
        "0, 2, 2]}.");
  WEFT_ASSIGN(const Json* part, textPart(whole));
  const Json object = withGemmaDefaults(*part);
  Result<SharingMap> map = wrong(
      "The JSON object has none of the keys that say a sharing map: sharing_pattern, layer_types, cla_share_factor, "
      "kv_reuse_group, "
      "num_key_value_layers.");
  const auto types = object.find("layer_types");
  if (object.contains("sharing_pattern")) {
    map = sharingPattern(object);
  } else if (types != object.end() && types->is_string()) {
    map = lckvTypes(object, upward);
  } else if (types != object.end() && types->is_array()) {
    map = gemmaTypes(object);
  } else if (types != object.end()) {
    return wrong(fmt::format("layer_types is {}; it must be a text (LCKV) or a list (Gemma).", shown(*types)));
  } else if (object.contains("cla_share_factor") || object.contains("use_cla")) {
    map = hunyuan(object);
  } else if (object.contains("kv_reuse_group")) {
    map = hymbaGroups(object);
  } else if (object.contains("num_key_value_layers")) {
    map = mlkvLayers(object);
  }
  if (map && object.contains("num_hidden_layers")) {
    WEFT_ASSIGN(const int layers, number(object, "num_hidden_layers", 1));
    if (layers != map->layerCount())
      return wrong(fmt::format("The map has {} layers, but num_hidden_layers is {}.", map->layerCount(), layers));
  }
  return map;
}

Result<std::string> toForeign(const SharingMap& map, ForeignForm form) {
  const Json object = nearest(map, form);
  const Result<SharingMap> read = parseForeign(object.dump(), UpwardReads::Allow);
  if (!read) return wrong(fmt::format("The form {} cannot say this map: {}", toString(form), read.error().message));
  for (int layer = 0; layer < map.layerCount(); ++layer) {
    if (read->layer(layer) == map.layer(layer)) continue;
    return wrong(fmt::format("The form {} cannot say that {}.", toString(form),
                             unsayable(map.layer(layer), read->layer(layer), layer)));
  }
  return object.dump();
}

}  // namespace weft::sharing
