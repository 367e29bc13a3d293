#include "engine/data/choice_tasks.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "engine/base/files.h"
#include "engine/base/text.h"
#include "engine/data/json_objects.h"
#include "engine/data/python_text.h"
#include "engine/data/wikitext.h"

namespace weft::data {

namespace {

using Json = nlohmann::json;

// One object of the file; what is missing or wrong gets a sentence.
class Fields {
 public:
  Fields(const Json& object, const std::string& where) : m_object(object), m_where(where) {}

  const std::string& where() const { return m_where; }
  bool has(const char* key) const { return m_object.contains(key) && !m_object[key].is_null(); }
  Result<std::string> text(const char* key) const {
    if (!has(key) || !m_object[key].is_string()) return wrong(key, "a text");
    return m_object[key].get<std::string>();
  }
  Result<std::vector<std::string>> texts(const char* key) const {
    if (!has(key) || !m_object[key].is_array() || m_object[key].empty()) return wrong(key, "a list of texts");
    std::vector<std::string> list;
    for (const Json& one : m_object[key]) {
      if (!one.is_string()) return wrong(key, "a list of texts");
      list.push_back(one.get<std::string>());
    }
    return list;
  }
  // A number, or the digits of one, or true and false; from `first` on, below `first` + `count`.
  Result<std::size_t> answer(const char* key, std::size_t count, std::int64_t first = 0) const {
    if (!has(key)) return noAnswer(key);
    const Json& value = m_object[key];
    std::int64_t number = -1;
    if (value.is_boolean()) {
      number = value.get<bool>() ? 1 : 0;
    } else if (value.is_number_integer()) {
      number = value.get<std::int64_t>();
    } else if (!value.is_string() || !parseInteger(value.get<std::string>(), number)) {
      if (value.is_string() && value.get_ref<const std::string&>().empty()) return noAnswer(key);
      return wrong(key, "the number of the right answer");
    }
    if (number == -1) return noAnswer(key);
    if (number < first || number - first >= static_cast<std::int64_t>(count)) {
      return fail(ErrorCode::Corrupt, fmt::format("{}: \"{}\" is {}, but there are {} answers, counted from {}.",
                                                  m_where, key, number, count, first));
    }
    return static_cast<std::size_t>(number - first);
  }
  Result<Fields> object(const char* key) const {
    if (!has(key) || !m_object[key].is_object()) return wrong(key, "an object");
    return Fields(m_object[key], m_where);
  }
  // "choices" as {"text": [..], "label": [..]} or as [{"text": .., "label": ..}, ..].
  Result<std::pair<std::vector<std::string>, std::vector<std::string>>> choices() const {
    std::pair<std::vector<std::string>, std::vector<std::string>> result;
    if (has("choices") && m_object["choices"].is_array()) {
      for (const Json& one : m_object["choices"]) {
        const Fields choice(one, m_where);
        if (!one.is_object()) return wrong("choices", "a list of objects with \"text\" and \"label\"");
        WEFT_ASSIGN(std::string text, choice.text("text"));
        WEFT_ASSIGN(std::string label, choice.text("label"));
        result.first.push_back(std::move(text));
        result.second.push_back(std::move(label));
      }
      if (result.first.empty()) return wrong("choices", "a list of objects with \"text\" and \"label\"");
      return result;
    }
    WEFT_ASSIGN(const Fields lists, object("choices"));
    WEFT_ASSIGN(result.first, lists.texts("text"));
    WEFT_ASSIGN(result.second, lists.texts("label"));
    if (result.first.size() != result.second.size()) return wrong("choices", "texts with a label each");
    return result;
  }
  tl::unexpected<Error> wrong(const char* key, const char* wanted) const {
    return fail(ErrorCode::Corrupt, fmt::format("{}: its \"{}\" is {}; it must be {}.", m_where, key,
                                                has(key) ? "something else" : "missing", wanted));
  }
  tl::unexpected<Error> noAnswer(const char* key) const {
    return fail(ErrorCode::InvalidInput, fmt::format("{}: it has no right answer (\"{}\"), as test splits whose "
                                                     "answers are kept back; take a split that has them.",
                                                     m_where, key));
  }

 private:
  const Json& m_object;
  const std::string& m_where;
};

ChoiceItem itemOf(const std::string& context, const std::vector<std::string>& choices, std::size_t answer) {
  ChoiceItem item{.answer = answer};
  for (const std::string& choice : choices) item.choices.push_back({context, " " + choice, countCharacters(choice)});
  return item;
}

// re.sub("\\[.*?\\]", "", text): a dot is no line end.
std::string withoutBrackets(std::string_view text) {
  std::string result;
  std::size_t begin = 0;
  for (std::size_t opened; (opened = text.find('[', begin)) != std::string_view::npos;) {
    const std::size_t end = text.find_first_of("]\n", opened);
    const bool isPair = end != std::string_view::npos && text[end] == ']';
    result.append(text, begin, opened - begin);
    if (!isPair) result += '[';
    begin = isPair ? end + 1 : opened + 1;
  }
  return result.append(text, begin);
}

std::string hellaswagText(std::string_view text) {
  return replaceAll(withoutBrackets(replaceAll(strip(text), " [title]", ". ")), "  ", " ");
}

Result<ChoiceItem> hellaswag(const Fields& fields) {
  WEFT_ASSIGN(const std::string activity, fields.text("activity_label"));
  WEFT_ASSIGN(const std::string first, fields.text("ctx_a"));
  WEFT_ASSIGN(const std::string second, fields.text("ctx_b"));
  WEFT_ASSIGN(std::vector<std::string> endings, fields.texts("endings"));
  WEFT_ASSIGN(const std::size_t answer, fields.answer("label", endings.size()));
  for (std::string& ending : endings) ending = hellaswagText(ending);
  return itemOf(hellaswagText(activity + ": " + first + " " + capitalize(second)), endings, answer);
}

Result<ChoiceItem> piqa(const Fields& fields) {
  WEFT_ASSIGN(const std::string goal, fields.text("goal"));
  WEFT_ASSIGN(const std::string first, fields.text("sol1"));
  WEFT_ASSIGN(const std::string second, fields.text("sol2"));
  WEFT_ASSIGN(const std::size_t answer, fields.answer("label", 2));
  return itemOf("Question: " + goal + "\nAnswer:", {first, second}, answer);
}

Result<ChoiceItem> winogrande(const Fields& fields) {
  WEFT_ASSIGN(const std::string sentence, fields.text("sentence"));
  WEFT_ASSIGN(const std::string first, fields.text("option1"));
  WEFT_ASSIGN(const std::string second, fields.text("option2"));
  WEFT_ASSIGN(const std::size_t answer, fields.answer("answer", 2, 1));
  const std::size_t blank = sentence.find('_');
  if (blank == std::string::npos) return fields.wrong("sentence", "a text with a blank, \"_\"");
  ChoiceItem item{.answer = answer};
  const std::string rest = " " + std::string(strip(std::string_view(sentence).substr(blank + 1)));
  for (const std::string& option : {first, second}) {
    const std::string context = sentence.substr(0, blank) + option;
    item.choices.push_back({context, rest, countCharacters(context)});
  }
  return item;
}

Result<ChoiceItem> sciq(const Fields& fields) {
  WEFT_ASSIGN(const std::string question, fields.text("question"));
  WEFT_ASSIGN(const std::string support, fields.text("support"));
  std::vector<std::string> choices;
  for (const char* key : {"distractor1", "distractor2", "distractor3", "correct_answer"}) {
    WEFT_ASSIGN(std::string choice, fields.text(key));
    choices.push_back(std::move(choice));
  }
  return itemOf(std::string(stripLeft(support)) + "\nQuestion: " + question + "\nAnswer:", choices, 3);
}

// The question of OpenBookQA and ARC, its choices and its key.
struct Lettered {
  std::string question;
  std::vector<std::string> choices;
  std::size_t answer = 0;
};

Result<Lettered> lettered(const Fields& fields, const char* questionKey) {
  Lettered result;
  std::vector<std::string> labels;
  const Result<Fields> published = fields.object("question");
  if (published) {
    WEFT_ASSIGN(result.question, published->text("stem"));
    WEFT_ASSIGN(std::tie(result.choices, labels), published->choices());
  } else {
    WEFT_ASSIGN(result.question, fields.text(questionKey));
    WEFT_ASSIGN(std::tie(result.choices, labels), fields.choices());
  }
  if (!fields.has("answerKey")) return fields.noAnswer("answerKey");
  WEFT_ASSIGN(const std::string key, fields.text("answerKey"));
  if (strip(key).empty()) return fields.noAnswer("answerKey");
  const auto found = std::find(labels.begin(), labels.end(), stripLeft(key));
  if (found == labels.end()) {
    return fail(ErrorCode::Corrupt, fmt::format("{}: its \"answerKey\" is \"{}\", but the choices are {}.",
                                                fields.where(), shortened(key), shortened(join(labels, ", "))));
  }
  result.answer = static_cast<std::size_t>(found - labels.begin());
  return result;
}

Result<ChoiceItem> openbookqa(const Fields& fields) {
  WEFT_ASSIGN(const Lettered item, lettered(fields, "question_stem"));
  return itemOf(item.question, item.choices, item.answer);
}

Result<ChoiceItem> arc(const Fields& fields) {
  WEFT_ASSIGN(const Lettered item, lettered(fields, "question"));
  return itemOf("Question: " + item.question + "\nAnswer:", item.choices, item.answer);
}

// SuperGLUE puts the title into the passage; so it is done here for the data set's own files.
Result<ChoiceItem> boolq(const Fields& fields) {
  WEFT_ASSIGN(std::string passage, fields.text("passage"));
  WEFT_ASSIGN(const std::string question, fields.text("question"));
  if (fields.has("title")) {
    WEFT_ASSIGN(const std::string title, fields.text("title"));
    passage = title + " -- " + passage;
  }
  WEFT_ASSIGN(const std::size_t answer, fields.answer(fields.has("answer") ? "answer" : "label", 2));
  return itemOf(passage + "\nQuestion: " + question + "?\nAnswer:", {"no", "yes"}, answer);
}

using Reader = Result<ChoiceItem> (*)(const Fields&);

Reader readerOf(const std::string& task) {
  if (task == "hellaswag") return hellaswag;
  if (task == "piqa") return piqa;
  if (task == "winogrande") return winogrande;
  if (task == "sciq") return sciq;
  if (task == "openbookqa") return openbookqa;
  if (task == "boolq") return boolq;
  return arc;
}

// PIQA as published keeps the labels of valid.jsonl in valid-labels.lst, one a line.
Result<std::optional<std::vector<std::string>>> labelsBeside(const std::filesystem::path& file) {
  const std::string name = file.filename().string();
  const std::filesystem::path path = file.parent_path() / (name.substr(0, name.find(".jsonl")) + "-labels.lst");
  std::error_code error;
  if (!name.ends_with(".jsonl") || !std::filesystem::exists(path, error))
    return std::optional<std::vector<std::string>>();
  WEFT_ASSIGN(const std::string text, readFile(path));
  return std::optional(split(text, '\n'));
}

}  // namespace

const std::vector<ChoiceTask>& choiceTasks() {
  static const std::vector<ChoiceTask> tasks{
      {.name = "hellaswag"}, {.name = "piqa"},         {.name = "winogrande", .hasNormalized = false},
      {.name = "sciq"},      {.name = "openbookqa"},   {.name = "boolq", .hasNormalized = false},
      {.name = "arc_easy"},  {.name = "arc_challenge"}};
  return tasks;
}

const ChoiceTask* findChoiceTask(const std::string& name) {
  const auto& tasks = choiceTasks();
  const auto found =
      std::find_if(tasks.begin(), tasks.end(), [&](const ChoiceTask& task) { return task.name == name; });
  return found == tasks.end() ? nullptr : &*found;
}

std::vector<std::string> taskNames() {
  std::vector<std::string> names{kWikitextTask};
  for (const ChoiceTask& task : choiceTasks()) names.push_back(task.name);
  return names;
}

Result<std::vector<ChoiceItem>> readChoiceItems(const ChoiceTask& task, const std::filesystem::path& file,
                                                std::int64_t limit) {
  std::optional<std::vector<std::string>> labels;
  if (task.name == "piqa") {
    WEFT_ASSIGN(labels, labelsBeside(file));
  }
  std::vector<ChoiceItem> items;
  WEFT_TRY(readJsonObjects(file, [&](Json&& object, const std::string& where) -> Result<bool> {
    if (labels && !object.contains("label")) {
      const std::string_view label =
          items.size() < labels->size() ? strip((*labels)[items.size()]) : std::string_view();
      if (label.empty()) return fail(ErrorCode::Corrupt, where + ": the file of labels beside it has no line for it.");
      object["label"] = label;
    }
    WEFT_ASSIGN(ChoiceItem item, readerOf(task.name)(Fields(object, where)));
    item.where = where;
    items.push_back(std::move(item));
    return limit <= 0 || static_cast<std::int64_t>(items.size()) < limit;
  }));
  if (items.empty()) return fail(ErrorCode::InvalidInput, fmt::format("'{}' has no items.", file.string()));
  return items;
}

}  // namespace weft::data
