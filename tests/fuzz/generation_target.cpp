// A generation_config.json beside a config.json: the ids that end a text, which the checkpoint's own file then says
// again.
#include <algorithm>

#include "engine/interchange/end_tokens.h"
#include "tests/fuzz/targets.h"

namespace weft::fuzz {
namespace {

using Json = nlohmann::json;

std::string generationFrom(Mutator& mutator) {
  static const std::vector<Json> values{{{"eos_token_id", 2}, {"bos_token_id", 1}, {"temperature", 0.6}},
                                        {{"eos_token_id", {128001, 128008, 128009}}, {"_from_model_config", true}},
                                        {{"bos_token_id", 1}, {"eos_token_id", nullptr}},
                                        {{"do_sample", true}}};
  static const std::vector<std::string> words{"NaN",  "-1",    "4294967296",        "1e999", "[]",  "[[2]]", "[[[[",
                                              "true", "\"2\"", "\"eos_token_id\":", "2.0",   "null"};
  const Json& value = mutator.oneOf(values);
  return mutator.chance(2) ? mutator.bytes(value.dump(), words) : mutator.json(value);
}

Outcome check(const std::string& input) {
  const auto named = interchange::parseEndTokens(input, "generation_config.json");
  if (!named) return refused(named.error());
  const auto whole = interchange::endTokensOf(R"({"model_type": "llama", "eos_token_id": 7})", input);
  if (!whole) return broken("its ids are read alone, but not beside a config.json: " + whole.error().message);
  if (*whole != (named->empty() ? std::vector<std::int64_t>{7} : *named))
    return broken("the config.json's ids win over its own");
  if (std::any_of(whole->begin(), whole->end(), [](std::int64_t id) { return id < 0; })) return broken("an id below 0");
  const Result<std::string> kept = interchange::generationConfig(input, *whole);
  if (!kept) return broken("it was read, but cannot be kept: " + kept.error().message);
  const auto again = interchange::parseEndTokens(*kept, "generation_config.json");
  return again && *again == *whole ? Outcome{.isAccepted = true, .problem = ""}
                                   : broken("what is kept of it says other ids");
}

}  // namespace

Target generationTarget() {
  return {.name = "generation",
          .description = "generation_config.json of Hugging Face",
          .executions = 6000,
          .make = generationFrom,
          .run = check};
}

}  // namespace weft::fuzz
