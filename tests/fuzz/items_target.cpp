// Items of multiple-choice tasks: prompts that are UTF-8 with an answer among them, or one sentence that names the
// line; and WikiText in lines or pages.
#include <vector>

#include "engine/data/choice_tasks.h"
#include "engine/data/utf8.h"
#include "engine/data/wikitext.h"
#include "tests/fuzz/targets.h"

namespace weft::fuzz {
namespace {

using Json = nlohmann::json;

struct Form {
  const char* task;
  Json item;
};

const std::vector<Form>& forms() {
  static const std::vector<Form> all{
      {"hellaswag",
       {{"ctx_a", "A woman [step] sits."},
        {"ctx_b", "the LOOM"},
        {"activity_label", "Weaving"},
        {"endings", {"one", "[title] two"}},
        {"label", "1"}}},
      {"piqa", {{"goal", "g"}, {"sol1", "a"}, {"sol2", "b"}, {"label", 0}}},
      {"winogrande", {{"sentence", "a _ b"}, {"option1", "c"}, {"option2", "d"}, {"answer", "2"}}},
      {"sciq",
       {{"question", "q"},
        {"support", " s"},
        {"distractor1", "a"},
        {"distractor2", "b"},
        {"distractor3", "c"},
        {"correct_answer", "d"}}},
      {"openbookqa",
       {{"question", {{"stem", "q"}, {"choices", {{{"text", "a"}, {"label", "A"}}, {{"text", "b"}, {"label", "B"}}}}}},
        {"answerKey", "B"}}},
      {"boolq", {{"question", "is it"}, {"title", "T"}, {"passage", "p"}, {"answer", true}}},
      {"arc_easy", {{"question", "q"}, {"choices", {{"text", {"a", "b"}}, {"label", {"1", "2"}}}}, {"answerKey", "2"}}},
      {"wikitext", {{"page", " = One = \n a @-@ b ( c ) \" d \" \n"}}},
      {"wikitext", {{"text", " = One = \n"}}}};
  return all;
}

// The first line says which form it is.
std::string linesFrom(Mutator& mutator) {
  static const std::vector<std::string> words{
      "\n", "_", "[", "]", "-1", "1e999", "\"label\": 7", "\xED\xA0\x80", "\\ud83d", "null", "\u1E9E", "[[[["};
  const std::size_t number = mutator.below(forms().size());
  const Json& item = forms()[number].item;
  std::string lines = item.dump() + "\n";
  if (mutator.chance(2)) {
    lines = mutator.bytes(lines, words);
  } else {
    lines += mutator.json(item) + "\n";
  }
  return std::to_string(number) + "\n" + lines;
}

Outcome refusedWithLine(const Error& error) {
  if (error.code == ErrorCode::Corrupt && error.message.find("line ") == std::string::npos &&
      error.message.find("lines ") == std::string::npos) {
    return broken("names no line: " + error.message);
  }
  return refused(error);
}

Outcome check(const std::string& input) {
  const std::size_t end = input.find('\n');
  const auto number = static_cast<std::size_t>(std::atoi(input.c_str()));
  if (end == std::string::npos || number >= forms().size()) return {};
  const std::filesystem::path file = scratchFile("items.jsonl", std::string_view(input).substr(end + 1));
  const data::ChoiceTask* task = data::findChoiceTask(forms()[number].task);
  if (!task) {
    const auto pages = data::readWikitext(file);
    if (!pages) return refusedWithLine(pages.error());
    for (const data::WikitextPage& page : *pages) {
      if (!data::isValidUtf8(page.text)) return broken("a page that is not UTF-8");
      if (page.words < 1 || page.bytes < 0) return broken("a page of no words");
    }
    return {.isAccepted = true, .problem = ""};
  }
  const auto items = data::readChoiceItems(*task, file);
  if (!items) return refusedWithLine(items.error());
  for (const data::ChoiceItem& item : *items) {
    if (item.answer >= item.choices.size()) return broken("an answer that is none of the choices");
    for (const data::Choice& choice : item.choices) {
      if (!data::isValidUtf8(choice.context) || !data::isValidUtf8(choice.continuation))
        return broken("a prompt that is not UTF-8");
    }
  }
  return {.isAccepted = true, .problem = ""};
}

}  // namespace

Target itemsTarget() {
  return {.name = "items",
          .description = "multiple-choice items and WikiText as .jsonl",
          .executions = 4000,
          .make = linesFrom,
          .run = check};
}

}  // namespace weft::fuzz
