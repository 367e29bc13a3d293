// A tokenizer.json: refused with its name and the reason, or a tokenizer whose ids are ids and which gives text back.
#include <algorithm>
#include <vector>

#include "engine/data/bpe_definition.h"
#include "engine/data/bpe_tokenizer.h"
#include "tests/fuzz/targets.h"

namespace weft::fuzz {
namespace {

using Json = nlohmann::json;

// The fixture with few merges: an execution costs a tenth, and its damage falls on the settings more often.
Json smaller(const std::string& name) {
  Json file = Json::parse(contentOf(fixture(name)));
  Json& model = file["model"];
  Json& merges = model["merges"];
  merges.erase(merges.begin() + 12, merges.end());
  std::size_t next = 256;
  for (auto entry = model["vocab"].begin(); entry != model["vocab"].end();) {
    const bool isNeeded = entry.value() < 256 || std::any_of(merges.begin(), merges.end(), [&](const Json& merge) {
                            if (merge.is_array())
                              return merge[0].get<std::string>() + merge[1].get<std::string>() == entry.key();
                            std::string joined = merge;
                            joined.erase(joined.find(' '), 1);
                            return joined == entry.key();
                          });
    if (!isNeeded) {
      entry = model["vocab"].erase(entry);
    } else {
      if (entry.value() >= 256) entry.value() = next++;
      ++entry;
    }
  }
  for (Json& token : file["added_tokens"]) {
    if (!model["vocab"].contains(token["content"].get<std::string>())) token["id"] = next++;
  }
  return file;
}

struct Seed {
  Json value;
  std::string text;
};

const std::vector<Seed>& seeds() {
  static const std::vector<Seed> all = [] {
    std::vector<Seed> list;
    for (const char* name : {"tokenizer/gpt-2.json", "tokenizer/llama-3.json", "tokenizer/qwen-2.json"}) {
      const Json value = smaller(name);
      list.push_back({value, value.dump()});
    }
    const std::string spelled = contentOf(fixture("tokenizer/characters.json"));
    list.push_back({Json::parse(spelled), spelled});
    const std::string whole = contentOf(fixture("tokenizer/tiny-tokenizer.json"));
    list.push_back({Json::parse(whole), whole});
    return list;
  }();
  return all;
}

const std::vector<std::string>& words() {
  static const std::vector<std::string> all{
      "null",          "true",        "[]",          "{}",         "\"\"",      "-1",
      "1e9",           "\"\\ud800\"", "\"type\":",   "\"BPE\"",    "[[[[",      "{\"a\":",
      "\"Sequence\"",  "\"Split\"",   "\"Digits\"",  "\"NFC\"",    "\\u0000",   "\xFF",
      "\"Metaspace\"", "\"Prepend\"", "\"Replace\"", "\"<0x41>\"", "\"always\""};
  return all;
}

Outcome check(const std::string& content) {
  static const std::string text =
      "The weaver's   <|endoftext|> cafe\u0301 \U0001F642 1234\n\n  KEYWORD <L> x "
      "<|im_start|>user<think>\u00e9\u0000\u0085It'S aaaaaaaa" +
      std::string(100, '=');
  auto definition = data::parseBpeDefinition(content, "fuzz.json");
  if (!definition) {
    if (!definition.error().message.starts_with("'fuzz.json' is not a BPE tokenizer.json that Weft reads: "))
      return broken(definition.error().message);
    return refused(definition.error());
  }
  const std::size_t tokens = definition->tokens.size();
  const data::BpeTokenizer tokenizer(std::move(*definition), "fuzz", "fuzz");
  const std::vector<data::TokenId> ids = tokenizer.encode(text);
  if (std::any_of(ids.begin(), ids.end(), [&](data::TokenId id) { return id >= tokens; }))
    return broken("an id beyond the vocabulary");
  if (ids != tokenizer.encode(text)) return broken("the second encoding differs from the first");
  std::vector<data::TokenId> every;
  for (data::TokenId id = 0; id < tokens + 2; ++id) every.push_back(id);
  (void)tokenizer.decode(every);
  return {.isAccepted = true, .problem = ""};
}

}  // namespace

Target tokenizerTarget() {
  return {.name = "tokenizer",
          .description = "a tokenizer.json of Hugging Face tokenizers",
          .executions = 4000,
          .make =
              [](Mutator& mutator) {
                const Seed& seed = mutator.oneOf(seeds());
                return mutator.chance(3) ? mutator.bytes(seed.text, words()) : mutator.json(seed.value);
              },
          .run = check};
}

}  // namespace weft::fuzz
