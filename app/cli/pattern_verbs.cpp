// map, cost, presets: what a sharing pattern is and what it costs. No project, no model.
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
#include "engine/config/presets.h"
#include "engine/data/tokenizer.h"
#include "engine/sharing/foreign_forms.h"
#include "engine/sharing/generators.h"
#include "engine/sharing/map_difference.h"
#include "engine/sharing/map_text.h"

namespace weft::cli {

namespace {

using sharing::SharingMap;

struct MapArguments {
  std::string text, compare, as;
  std::optional<int> layers;
  bool allowsUpward = false, lists = false;
};

struct CostArguments {
  ConfigArguments config;
  std::string map, dtype = "bfloat16";
  std::optional<std::int64_t> context;
  std::int64_t batch = 1;
  std::optional<double> memory_GiB;
};

Result<SharingMap> parseNamed(const std::string& argument, const sharing::ParseOptions& options) {
  WEFT_ASSIGN(const std::string text, mapText(argument));
  const auto map = sharing::parseMapText(text, options);
  if (map) return *map;
  Error error = map.error().error;
  if (map.error().fix) error.message += " '" + *map.error().fix + "' would be valid.";
  return tl::unexpected(std::move(error));
}

std::string windowText(const sharing::Window& window) {
  if (window.kind == sharing::Window::Kind::Full) return "all";
  return window.kind == sharing::Window::Kind::Model ? "model's" : groupDigits(window.positions);
}

Json mapJson(const SharingMap& map) {
  Json value{{"layers", map.layerCount()}, {"k_source", Json::array()}, {"v_source", Json::array()}, {"producers", map.producers()}};
  Json windows = Json::array(), heads = Json::array();
  for (const sharing::LayerSharing& layer : map.layers()) {
    value["k_source"].push_back(layer.kSource);
    value["v_source"].push_back(layer.vSource);
    const auto kind = layer.window.kind;
    windows.push_back(kind == sharing::Window::Kind::Full    ? Json()
                      : kind == sharing::Window::Kind::Model ? Json("model")
                                                             : Json(layer.window.positions));
    heads.push_back(layer.kvHeads ? Json(*layer.kvHeads) : Json());
  }
  value["causal"] = map.isCausal();
  value["text"] = toText(map);
  value["generator"] = describeGenerator(map);
  value["windows"] = std::move(windows);
  value["kv_heads"] = std::move(heads);
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
    return fail(ErrorCode::InvalidInput, "There is no map to read: give one, like 0_0_2_2 or cla2, or --list to see the patterns.");
  const auto upward = arguments.allowsUpward ? sharing::UpwardReads::Allow : sharing::UpwardReads::Refuse;
  WEFT_ASSIGN(const SharingMap map, parseNamed(arguments.text, {.layers = arguments.layers, .upward = upward}));
  std::optional<std::vector<sharing::MapDifference>> differences;
  if (!arguments.compare.empty()) {
    WEFT_ASSIGN(const SharingMap other, parseNamed(arguments.compare, {.layers = arguments.layers.value_or(map.layerCount()), .upward = upward}));
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
      for (const sharing::MapDifference& one : *differences) value["differences"].push_back({{"layer", one.layer}, {"text", one.text}});
    }
    printJson(value);
    return {};
  }
  if (differences) {
    if (differences->empty()) print("The maps are the same.");
    for (const sharing::MapDifference& one : *differences) print((one.layer < 0 ? "" : fmt::format("layer {} ", one.layer)) + one.text);
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
    const auto from = [&](int source) { return source == index ? std::string("own") : std::to_string(source); };
    table.row({std::to_string(index), from(layer.kSource), from(layer.vSource), windowText(layer.window),
               !map.isProducer(index) ? ""
               : layer.kvHeads        ? std::to_string(*layer.kvHeads)
                                      : "model's"});
  }
  print(table.toText());
  print(fmt::format("{} of {} layers produce keys or values{}.", map.producers().size(), map.layerCount(),
                    map.isCausal() ? "" : "; some layers read upward, which needs iterative passes"));
  return {};
}

Json costJson(const config::RunConfig& config, const SharingMap& map, const sharing::CostReport& report) {
  const sharing::ParameterCount& count = report.parameters;
  return {{"name", config.name},
          {"map", toText(map)},
          {"parameters", count.total()},
          {"parameters_by_part",
           {{"embedding", count.embedding},
            {"head", count.head},
            {"query", count.query},
            {"key_value", count.keyValue},
            {"output", count.output},
            {"feed_forward", count.feedForward},
            {"norms", count.norms},
            {"matmul", count.matmul}}},
          {"kv_bytes_per_token", report.kv.bytesPerToken},
          {"kv_bytes_resident", report.kv.bytesResident},
          {"kv_bytes_read_per_step", report.kv.bytesReadPerStep},
          {"flops_per_token", {{"train", report.flops.train}, {"prefill", report.flops.prefill}, {"decode", report.flops.decode}}},
          {"weight_bytes", report.weightBytes}};
}

void printCost(const config::RunConfig& config, const SharingMap& map, const sharing::CostReport& report, const sharing::CostRequest& request) {
  const sharing::ParameterCount& count = report.parameters;
  const sharing::ModelShape shape = config::shapeOf(config.model);
  const std::string at = fmt::format("batch {} of {} tokens, {}", request.batch, groupDigits(request.context), sharing::toString(request.cacheType));
  print(fmt::format("{}: {} layers, {}, {} query and {} KV heads of {}", config.name, shape.layers,
                    describeGenerator(map).empty() ? toText(map) : describeGenerator(map), shape.queryHeads, shape.kvHeads, shape.headWidth));
  Table table;
  table.column("", Table::Align::Left);
  table.column("");
  table.column("", Table::Align::Left);
  const auto row = [&](const char* what, const std::string& number, const std::string& formula) { table.row({what, number, formula}); };
  row("parameters", formatCount(static_cast<double>(count.total())), groupDigits(count.total()) + ", the sum of:");
  row("  embedding", formatCount(static_cast<double>(count.embedding)), "V d");
  row("  head", formatCount(static_cast<double>(count.head)), count.head == 0 ? "tied to the embedding" : "V d");
  row("  query, output", formatCount(static_cast<double>(count.query + count.output)), "2 L d H D");
  row("  keys, values", formatCount(static_cast<double>(count.keyValue)), "2 d G D for each producer of both");
  row("  feed-forward", formatCount(static_cast<double>(count.feedForward)), "3 L d f");
  row("  norms", formatCount(static_cast<double>(count.norms)), "2 L d + d, and d for each producer's own KV norm");
  row("KV bytes per token", groupDigits(report.kv.bytesPerToken), sharing::explainKvBytesPerToken(shape, map, request.cacheType));
  row("KV resident", formatBytes(static_cast<double>(report.kv.bytesResident)), at + "; a slot keeps the largest window of its readers");
  row("KV read per step", formatBytes(static_cast<double>(report.kv.bytesReadPerStep)), "every layer reads; sharing does not shrink it");
  row("weights", formatBytes(static_cast<double>(report.weightBytes)), fmt::format("all parameters in {}", sharing::toString(request.cacheType)));
  row("FLOPs, training", formatCount(report.flops.train), "per token: 6 N + 6 sum over layers of s H D, N the weights of matrix products");
  row("FLOPs, prefill", formatCount(report.flops.prefill), "per token: a third of training");
  row("FLOPs, decode", formatCount(report.flops.decode), "per token: 2 N + 4 sum over layers of T H D");
  std::string text = table.toText();
  print(text.substr(text.find('\n') + 1));
}

Result<void> showCost(const CostArguments& arguments, const Context& context) {
  WEFT_ASSIGN(config::RunConfig config, arguments.config.load());
  if (!arguments.map.empty()) {
    const auto upward = config.model.allowUpward ? sharing::UpwardReads::Allow : sharing::UpwardReads::Refuse;
    WEFT_ASSIGN(const SharingMap given, parseNamed(arguments.map, {.layers = config.model.layers, .upward = upward}));
    config.model.sharing = toText(given);
  }
  WEFT_TRY(config::validate(config));
  if (config.model.vocabulary == 0) {
    WEFT_ASSIGN(const auto tokenizer, data::openTokenizer(config.data.tokenizer));
    config.model.vocabulary = tokenizer->vocabularySize();
  }
  WEFT_ASSIGN(const SharingMap map, config::sharingMap(config.model));
  WEFT_ASSIGN(const sharing::ElementType type, sharing::parseElementType(arguments.dtype));
  const sharing::CostRequest request{.cacheType = type, .context = arguments.context.value_or(config.train.sequenceLength), .batch = arguments.batch};
  WEFT_ASSIGN(const sharing::CostReport report, sharing::cost(config::shapeOf(config.model), map, request));
  std::optional<std::int64_t> largest;
  if (arguments.memory_GiB) {
    WEFT_ASSIGN(largest, sharing::largestBatch(config::shapeOf(config.model), map, request, *arguments.memory_GiB * (1 << 30), 0));
  }
  if (context.json) {
    Json value = costJson(config, map, report);
    if (largest) value["largest_batch"] = *largest;
    printJson(value);
    return {};
  }
  printCost(config, map, report, request);
  if (largest) {
    print(fmt::format("{} GiB hold the weights and the KV of {} sequences of {} tokens.", *arguments.memory_GiB, groupDigits(*largest),
                      groupDigits(request.context)));
  }
  return {};
}

Result<void> showPresets(const std::string& name, const Context& context) {
  if (!name.empty()) {
    WEFT_ASSIGN(const config::RunConfig config, config::preset(name));
    if (context.json) {
      printJson({{"name", name}, {"toml", config::toToml(config)}});
    } else {
      print(config::toToml(config));
    }
    return {};
  }
  Json list = Json::array();
  Table table;
  table.column("preset", Table::Align::Left);
  table.column("", Table::Align::Left);
  for (const config::Preset& preset : config::presets()) {
    list.push_back({{"name", preset.name}, {"description", preset.description}, {"sharing", preset.config.model.sharing}});
    table.row({preset.name, preset.description});
  }
  if (context.json) {
    printJson(list);
  } else {
    print(table.toText());
  }
  return {};
}

}  // namespace

void addPatternVerbs(Program& program) {
  const auto map = std::make_shared<MapArguments>();
  CLI::App* verb = program.addVerb(kPatternsGroup, "map", "Read a sharing map in any text form and say what it is",
                                   [map](const Context& context) { return showMap(*map, context); });
  verb->add_option("MAP", map->text, "0_0_2_2, [0,0,2,2], 'k:0_0 v:0_1', a pattern like cla2, another project's config.json as '{...}', or @FILE");
  verb->add_option("--layers", map->layers, "The model's layer count; patterns need it")->type_name("N");
  verb->add_flag("--allow-upward", map->allowsUpward, "Accept layers that read from later ones");
  verb->add_option("--compare", map->compare, "Say in which layers the map differs from this one")->type_name("MAP");
  verb->add_option("--as", map->as, "Print it as another project writes it: sharing-pattern, lckv, gemma-3n, hunyuan, hymba, mlkv")
      ->type_name("FORM");
  verb->add_flag("--list", map->lists, "List the patterns with an example of 12 layers");
  verb->footer(
      "Examples:\n  weft map cla3 --layers 10\n  weft map 0_0s1024_2_2 --json\n  weft map @config.json --as lckv\n"
      "  weft map keep-ends --layers 20 --compare cla2");

  const auto cost = std::make_shared<CostArguments>();
  verb = program.addVerb(kPatternsGroup, "cost", "Parameters, FLOPs and KV bytes of a configuration, with their formulas",
                         [cost](const Context& context) { return showCost(*cost, context); });
  cost->config.addTo(*verb, "--config");
  verb->add_option("--map", cost->map, "Another sharing map than the configuration's (text, pattern or @FILE)")->type_name("MAP");
  verb->add_option("--dtype", cost->dtype, "Element type of cache and weights: float32, bfloat16, float16, float64, int8 [bfloat16]")
      ->type_name("TYPE");
  verb->add_option("--context", cost->context, "Tokens per sequence [train.sequence_length]")->type_name("T");
  verb->add_option("--batch", cost->batch, "Sequences [1]")->type_name("B");
  verb->add_option("--memory", cost->memory_GiB, "Also say how many sequences fit this much memory")->type_name("GIB");
  verb->footer(
      "L layers, d hidden, f feed-forward, H query heads, G KV heads, D head width, V vocabulary, T context.\n\nExample:\n"
      "  weft cost --preset paper-1b-h128-mqa --map cla2 --context 8192 --batch 16");

  const auto name = std::make_shared<std::string>();
  verb = program.addVerb(kPatternsGroup, "presets", "List the ready configurations, or print one as TOML",
                         [name](const Context& context) { return showPresets(*name, context); });
  verb->add_option("NAME", *name, "Print this one");
}

}  // namespace weft::cli
