// A config.json of another project: a model that can be built and said again, or one sentence.
#include "engine/config/run_config.h"
#include "engine/interchange/export_config.h"
#include "engine/interchange/foreign_config.h"
#include "tests/fuzz/targets.h"

namespace weft::fuzz {
namespace {

std::string configFrom(Mutator& mutator) {
  static const std::vector<std::string> configs = [] {
    std::vector<std::string> all;
    for (const char* name :
         {"llama", "mistral", "qwen2", "qwen3", "crosslayer", "lckv", "weft-shared", "weft-upward"}) {
      all.push_back(contentOf(fixture(std::string("interchange/") + name + "/config.json")));
    }
    return all;
  }();
  static const std::vector<std::string> words{"null",
                                              "-1",
                                              "0",
                                              "1e999",
                                              "16777216",
                                              "\"yarn\"",
                                              "\"dynamic\"",
                                              "true",
                                              "[0, 0]",
                                              "[[[[",
                                              "\"weft_cross_layer\""};
  const std::string& config = mutator.oneOf(configs);
  if (mutator.chance(8)) {
    // A member that nests, around the limit.
    const std::size_t depth = 90 + mutator.below(20);
    std::string nested = config;
    return nested.insert(nested.find('{') + 1,
                         "\"nested\": " + std::string(depth, '[') + std::string(depth, ']') + ",");
  }
  return mutator.chance(2) ? mutator.bytes(config, words) : mutator.json(nlohmann::json::parse(config));
}

Outcome check(const std::string& input) {
  const Result<interchange::ForeignConfig> foreign = interchange::parseForeignConfig(input, "config.json");
  if (!foreign) return refused(foreign.error());
  const auto map = config::sharingMap(foreign->model);
  if (!map) return broken("a map that is none: " + map.error().message);
  // What we would write of it is read as the same model.
  const interchange::ExportedConfig made = interchange::exportConfig(
      foreign->model, *map, interchange::ExportLayout::CrossLayer, foreign->context, "float32", std::nullopt);
  const Result<interchange::ForeignConfig> again = interchange::parseForeignConfig(made.json, "config.json");
  if (!again) return broken("our own config.json of it is refused: " + again.error().message);
  const auto mapAgain = config::sharingMap(again->model);
  for (int layer = 0; layer < map->layerCount(); ++layer) {
    const bool isSame = mapAgain->layer(layer).kSource == map->layer(layer).kSource &&
                        mapAgain->layer(layer).vSource == map->layer(layer).vSource &&
                        mapAgain->windowOf(layer, again->model.window) == map->windowOf(layer, foreign->model.window) &&
                        (!map->isProducer(layer) ||
                         mapAgain->kvHeads(layer, again->model.kvHeads) == map->kvHeads(layer, foreign->model.kvHeads));
    if (!isSame) return broken("our own config.json of it has another map");
  }
  config::ModelConfig same = again->model;
  same.sharing = foreign->model.sharing;
  same.window = foreign->model.window;
  config::ModelConfig given = foreign->model;
  if (map->isCausal()) same.forwardPasses = given.forwardPasses, same.backwardPasses = given.backwardPasses;
  return same == given ? Outcome{.isAccepted = true, .problem = ""}
                       : broken("our own config.json of it is another model");
}

// ---- one field in two spellings

using Json = nlohmann::json;

std::string spelledTwice(Mutator& mutator) {
  Json config = Json::parse(contentOf(fixture("interchange/qwen2/config.json")));
  for (const char* key : {"rope_scaling", "rope_parameters", "rope_theta"}) config.erase(key);
  const auto scaling = [&] {
    static const std::vector<Json> kinds{"linear", "yarn", "dynamic"};
    Json rope{{mutator.chance(3) ? "type" : "rope_type", mutator.oneOf(kinds)},
              {"factor", 2.0 + static_cast<double>(mutator.below(3))}};
    if (mutator.chance(3)) rope["rope_theta"] = 100.0 * static_cast<double>(1 + mutator.below(3));
    if (mutator.chance(6)) rope["type"] = "linear";
    if (mutator.chance(8)) rope.erase("factor");
    return rope;
  };
  if (mutator.chance(2)) config["rope_scaling"] = scaling();
  if (mutator.chance(2)) config["rope_parameters"] = scaling();
  if (mutator.chance(8)) config["rope_scaling"] = Json::object();
  if (mutator.chance(3)) config["rope_theta"] = 1000.0 * static_cast<double>(1 + mutator.below(3));
  static const std::vector<std::pair<const char*, const char*>> pairs{
      {"hidden_size", "n_embd"},        {"num_hidden_layers", "n_layer"},  {"num_hidden_layers", "num_layers"},
      {"intermediate_size", "n_inner"}, {"num_attention_heads", "n_head"}, {"max_position_embeddings", "n_positions"}};
  if (mutator.chance(2)) {
    const auto& [one, other] = pairs[mutator.below(pairs.size())];
    config[other] = config[one].get<std::int64_t>() + static_cast<std::int64_t>(mutator.below(2));
  }
  return config.dump();
}

// What transformers 5 takes of the RoPE spellings: `rope_scaling or rope_parameters`, rope_type before type, the theta
// within before the one beside.
Outcome checkSpellings(const std::string& input) {
  const Json config = Json::parse(input);
  const Result<interchange::ForeignConfig> foreign = interchange::parseForeignConfig(input, "config.json");
  const auto differ = [&](const char* one, const char* other) {
    return config.contains(one) && config.contains(other) && config[one] != config[other];
  };
  const bool contradicts = differ("hidden_size", "n_embd") || differ("num_hidden_layers", "n_layer") ||
                           differ("num_hidden_layers", "num_layers") || differ("intermediate_size", "n_inner") ||
                           differ("num_attention_heads", "n_head") || differ("max_position_embeddings", "n_positions");
  const Json scaling = config.contains("rope_scaling") && !config["rope_scaling"].empty() ? config["rope_scaling"]
                       : config.contains("rope_parameters")                               ? config["rope_parameters"]
                                                                                          : Json::object();
  const Json kind = scaling.value("rope_type", scaling.value("type", Json("default")));
  const bool lacksFactor = kind != "default" && !scaling.contains("factor");
  if (!foreign)
    return contradicts || lacksFactor ? refused(foreign.error()) : broken("refused: " + foreign.error().message);
  if (contradicts) return broken("one of two spellings was chosen");
  if (lacksFactor) return broken("a factor was made up");
  const config::ModelConfig& model = foreign->model;
  const double theta = scaling.value("rope_theta", config.value("rope_theta", 10000.0));
  if (model.ropeTheta != theta) return broken("another rope_theta than transformers'");
  if (model.ropeScaling != (kind == "default" ? Json("none") : kind)) return broken("another kind than transformers'");
  if (kind != "default" && model.ropeFactor != scaling["factor"].get<double>())
    return broken("another factor than transformers'");
  return {.isAccepted = true, .problem = ""};
}

}  // namespace

Target spellingsTarget() {
  return {.name = "spellings",
          .description = "config.json that says one field twice",
          .executions = 3000,
          .make = spelledTwice,
          .run = checkSpellings};
}

Target importTarget() {
  return {.name = "import",
          .description = "config.json of Hugging Face, LCKV, the CLA authors and our own",
          .executions = 4000,
          .make = configFrom,
          .run = check};
}

}  // namespace weft::fuzz
