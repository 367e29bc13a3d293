// JSON from outside, as every reader of it gets it: a value within the limits, or one sentence.
#include <algorithm>

#include "engine/base/json.h"
#include "tests/fuzz/targets.h"

namespace weft::fuzz {
namespace {

using Json = nlohmann::json;

const Json& tokenizerConfig() {
  static const Json value{{"tokenizer_class", "LlamaTokenizerFast"},
                          {"add_bos_token", true},
                          {"bos_token", {{"__type", "AddedToken"}, {"content", "<s>"}, {"lstrip", false}}},
                          {"eos_token", "</s>"},
                          {"added_tokens_decoder", {{"0", {{"content", "<unk>"}, {"special", true}}}}},
                          {"model_max_length", 1e30},
                          {"chat_template", "{% for m in messages %}{{ m['content'] }}{% endfor %}"}};
  return value;
}

std::string jsonFrom(Mutator& mutator) {
  static const std::vector<std::string> words{"NaN",  "Infinity",     "-Infinity", "\\ud83d", "\\u0000",
                                              "[[[[", "{\"a\":",      "null",      "1e999",   "\"",
                                              "\\",   "\xEF\xBB\xBF", "\xFF"};
  static const std::string text = tokenizerConfig().dump();
  if (mutator.chance(4)) {
    // Around the limit of depth.
    const std::size_t depth = 90 + mutator.below(20);
    return "{\"a\": " + std::string(depth, '[') + std::string(depth, ']') + "}";
  }
  return mutator.chance(2) ? mutator.bytes(text, words) : mutator.json(tokenizerConfig());
}

int depthOf(const Json& value) {
  int deepest = 0;
  if (!value.is_structured()) return deepest;
  for (const Json& child : value) deepest = std::max(deepest, depthOf(child));
  return deepest + 1;
}

Outcome check(const std::string& input) {
  const Result<Json> python = parseJson(input, "fuzz.json");
  const Result<Json> strict = parseJson(input, "fuzz.json", JsonDialect::Strict);
  if (strict && (!python || *python != *strict)) return broken("what a strict reader takes the other reads otherwise");
  if (!python) return refused(python.error());
  if (depthOf(*python) > JsonLimits().depth) return broken("it nests deeper than the limit");
  const std::string printed = python->dump(-1, ' ', false, Json::error_handler_t::replace);
  const Result<Json> again = parseJson(printed, "fuzz.json", JsonDialect::Strict);
  if (!again || *again != *python) return broken("what was read is not the same printed and read again");
  return {.isAccepted = true, .problem = ""};
}

}  // namespace

Target jsonTarget() {
  return {.name = "json",
          .description = "tokenizer_config.json and other JSON of which little is read",
          .executions = 8000,
          .make = jsonFrom,
          .run = check};
}

}  // namespace weft::fuzz
