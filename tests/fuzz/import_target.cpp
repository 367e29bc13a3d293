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

}  // namespace

Target importTarget() {
  return {.name = "import",
          .description = "config.json of Hugging Face, LCKV, the CLA authors and our own",
          .executions = 4000,
          .make = configFrom,
          .run = check};
}

}  // namespace weft::fuzz
