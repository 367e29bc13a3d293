// map: what a sharing pattern is. No project, no model.
#include <fmt/format.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/cli/arguments.h"
#include "app/cli/output.h"
#include "app/cli/program.h"
#include "engine/base/text.h"
#include "engine/sharing/foreign_forms.h"
#include "engine/sharing/generators.h"
#include "engine/sharing/map_difference.h"
#include "engine/sharing/map_text.h"
#include "engine/sharing/map_words.h"
#include "engine/sharing/trainable.h"

namespace weft::cli {

namespace {

using sharing::SharingMap;

struct MapArguments {
  std::string text, compare, as;
  std::optional<int> layers;
  bool allowsUpward = false, lists = false;
};

std::string windowText(const sharing::Window& window) {
  if (window.kind == sharing::Window::Kind::Full) return "all";
  return window.kind == sharing::Window::Kind::Model ? "model's" : groupDigits(window.positions);
}

// Null where all heads of the one source are read.
Json readingJson(const sharing::Reading& reading) {
  if (reading.parts.empty()) return {};
  Json parts = Json::array();
  for (const sharing::HeadRange& part : reading.parts) {
    parts.push_back(
        {{"source", part.source}, {"first_head", part.first}, {"heads", part.count ? Json(*part.count) : Json()}});
  }
  return {{"join", reading.join == sharing::Reading::Join::Mixture ? "mixture" : "side by side"},
          {"parts", std::move(parts)}};
}

Json mapJson(const SharingMap& map) {
  Json value{{"layers", map.layerCount()},
             {"k_source", Json::array()},
             {"v_source", Json::array()},
             {"producers", map.producers()}};
  Json windows = Json::array(), heads = Json::array(), valueHeads = Json::array(), widths = Json::array(),
       isValueKey = Json::array(), residuals = Json::array(), keyReads = Json::array(), valueReads = Json::array();
  for (const sharing::LayerSharing& layer : map.layers()) {
    value["k_source"].push_back(layer.kSource);
    value["v_source"].push_back(layer.vSource);
    const auto kind = layer.window.kind;
    windows.push_back(kind == sharing::Window::Kind::Full    ? Json()
                      : kind == sharing::Window::Kind::Model ? Json("model")
                                                             : Json(layer.window.positions));
    heads.push_back(layer.kvHeads ? Json(*layer.kvHeads) : Json());
    valueHeads.push_back(layer.vHeads ? Json(*layer.vHeads) : Json());
    widths.push_back(layer.headWidth ? Json(*layer.headWidth) : Json());
    isValueKey.push_back(layer.isValueKey);
    residuals.push_back(
        layer.residual ? Json{{"source", layer.residual->source},
                              {"gate", layer.residual->gate == sharing::Residual::Gate::Channel ? "channel" : "number"}}
                       : Json());
    keyReads.push_back(readingJson(layer.kReading));
    valueReads.push_back(readingJson(layer.vReading));
  }
  value["causal"] = map.isCausal();
  value["text"] = toText(map);
  value["generator"] = describeGenerator(map);
  value["windows"] = std::move(windows);
  value["kv_heads"] = std::move(heads);
  // The second edition: null (false) where a layer says nothing of it. k_source and v_source of a reader of several
  // parts: itself if it is among them, else the first.
  value["v_heads"] = std::move(valueHeads);
  value["head_widths"] = std::move(widths);
  value["v_is_k"] = std::move(isValueKey);
  value["residuals"] = std::move(residuals);
  value["k_reads"] = std::move(keyReads);
  value["v_reads"] = std::move(valueReads);
  const Result<void> trainable = sharing::checkTrainable(map);
  value["trainable"] = trainable.has_value();
  if (!trainable) value["not_trainable"] = trainable.error().message;
  return value;
}

Result<void> listGenerators(const Context& context) {
  Json list = Json::array();
  Table table;
  table.column("pattern", Table::Align::Left);
  table.column("number", Table::Align::Left);
  table.column("12 layers", Table::Align::Left);
  table.column("", Table::Align::Left);
  for (const sharing::Generator& generator : sharing::generators()) {
    const std::string usual = generator.text(generator.usualNumber(12));
    const Result<SharingMap> map = generator.make(12, generator.usualNumber(12));
    list.push_back({{"name", generator.name},
                    {"title", generator.title},
                    {"group", generator.group},
                    {"description", generator.description},
                    {"source", generator.source},
                    {"number", generator.number},
                    {"upward", generator.readsUpward},
                    {"example", usual}});
    table.row({usual, generator.number, map ? toText(*map) : "", generator.description});
  }
  if (context.json) {
    printJson(list);
  } else {
    print(table.toText());
  }
  return {};
}

Result<void> showMap(const MapArguments& arguments, const Context& context) {
  if (arguments.lists) return listGenerators(context);
  if (arguments.text.empty())
    return fail(ErrorCode::InvalidInput,
                "There is no map to read: give one, like 0_0_2_2 or cla2, or --list to see the patterns.");
  const auto upward = sharing::upwardReads(arguments.allowsUpward);
  WEFT_ASSIGN(const SharingMap map, namedMap(arguments.text, {.layers = arguments.layers, .upward = upward}));
  std::optional<std::vector<sharing::MapDifference>> differences;
  if (!arguments.compare.empty()) {
    WEFT_ASSIGN(const SharingMap other,
                namedMap(arguments.compare, {.layers = arguments.layers.value_or(map.layerCount()), .upward = upward}));
    differences = sharing::differences(map, other);
  }
  if (!arguments.as.empty()) {
    WEFT_ASSIGN(const sharing::ForeignForm form, sharing::parseForeignForm(arguments.as));
    WEFT_ASSIGN(const std::string text, sharing::toForeign(map, form));
    print(text);
    return {};
  }
  if (context.json) {
    Json value = mapJson(map);
    if (differences) {
      value["differences"] = Json::array();
      for (const sharing::MapDifference& one : *differences)
        value["differences"].push_back({{"layer", one.layer}, {"text", one.text}});
    }
    printJson(value);
    return {};
  }
  if (differences) {
    if (differences->empty()) print("The maps are the same.");
    for (const sharing::MapDifference& one : *differences)
      print((one.layer < 0 ? "" : fmt::format("layer {} ", one.layer)) + one.text);
    return {};
  }
  const std::string generator = describeGenerator(map);
  print(toText(map) + (generator.empty() ? "" : "   (" + generator + ")"));
  Table table;
  table.column("layer");
  table.column("K from");
  table.column("V from");
  table.column("sees");
  table.column("KV heads");
  for (int index = 0; index < map.layerCount(); ++index) {
    const sharing::LayerSharing& layer = map.layer(index);
    const auto from = [&](sharing::Role role) {
      const std::string mark = readingMark(layer, role);
      return mark == std::to_string(index) ? std::string("own") : mark;
    };
    const std::string own = ownWords(layer);
    table.row({std::to_string(index), from(sharing::Role::Key), from(sharing::Role::Value), windowText(layer.window),
               (!map.isProducer(index) ? ""
                : layer.kvHeads        ? std::to_string(*layer.kvHeads)
                                       : "model's") +
                   (own.empty() ? "" : ", " + own)});
  }
  print(table.toText());
  print(fmt::format("{} of {} layers produce keys or values{}.", map.producers().size(), map.layerCount(),
                    map.isCausal() ? "" : "; some layers read upward, which needs iterative passes"));
  if (const Result<void> trainable = sharing::checkTrainable(map); !trainable) print(trainable.error().message);
  return {};
}

}  // namespace

void addMapVerb(Program& program) {
  const auto map = std::make_shared<MapArguments>();
  CLI::App* verb = program.addVerb({.group = kPatternsGroup,
                                    .name = "map",
                                    .description = "Read a sharing map in any text form and say what it is",
                                    .examples = {"weft map cla3 --layers 10", "weft map @config.json --as lckv",
                                                 "weft map keep-ends --layers 20 --compare cla2"}},
                                   [map](const Context& context) { return showMap(*map, context); });
  verb->add_option(
      "MAP", map->text,
      "0_0_2_2, [0,0,2,2], 'k:0_0 v:0_1', a pattern like cla2, another project's config.json as '{...}', or @FILE");
  verb->add_option("--layers", map->layers, "The model's layer count; patterns need it")->type_name("N");
  verb->add_flag("--allow-upward", map->allowsUpward, "Accept layers that read from later ones");
  verb->add_option("--compare", map->compare, "Say in which layers the map differs from this one")->type_name("MAP");
  verb->add_option("--as", map->as,
                   "Print it as another project writes it: sharing-pattern, lckv, gemma-3n, hunyuan, hymba, mlkv")
      ->type_name("FORM");
  verb->add_flag("--list", map->lists, "List the patterns with an example of 12 layers");
}

}  // namespace weft::cli
