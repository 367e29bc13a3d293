// engine/data/choice_tasks.h -- multiple-choice tasks: items from the data sets' own files, and the prompts that
// lm-eval 0.4 makes of them (zero-shot). Read are both the form in which each data set was published and Hugging Face's
// export of it:
//   task                      fields                                            published as             arXiv
//   hellaswag                 ctx_a, ctx_b, activity_label, endings, label      hellaswag_val.jsonl      1905.07830
//   piqa                      goal, sol1, sol2, label (or valid-labels.lst)     valid.jsonl              1911.11641
//   winogrande                sentence with "_", option1, option2, answer       dev.jsonl                1907.10641
//   sciq                      question, support, distractor1..3, correct_answer test.json                1707.06209
//   openbookqa                question_stem or question.stem, choices, answerKey  test.jsonl             1809.02789
//   boolq                     question, passage, answer or label, title         dev.jsonl, val.jsonl     1905.10044
//   arc_easy, arc_challenge   question or question.stem, choices, answerKey     ARC-Easy-Test.jsonl      1803.05457
// PIQA's labels lie in valid-labels.lst beside valid.jsonl where an item has none; BoolQ's val.jsonl is SuperGLUE's.
// WinoGrande is scored by what follows the blank, with each option in its place (Trinh and Le 2018, arXiv 1806.02847).
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "engine/base/result.h"

namespace weft::data {

struct Choice {
  std::string context, continuation;  // the continuation is scored after the context
  std::int64_t characters = 0;        // of the choice as the data set has it: what acc_norm divides by
};

struct ChoiceItem {
  std::vector<Choice> choices;
  std::size_t answer = 0;  // the right one
  std::string where;       // "'dev.jsonl', line 3"
};

struct ChoiceTask {
  std::string name;
  bool hasNormalized = true;  // lm-eval reports acc_norm
};
const std::vector<ChoiceTask>& choiceTasks();
const ChoiceTask* findChoiceTask(const std::string& name);
// wikitext (data/wikitext.h), then these: the names that an evaluation takes.
std::vector<std::string> taskNames();

// The first `limit` items, 0: all. Errors of readJsonObjects; Corrupt naming the line and the field that is missing or
// of another type; InvalidInput for an item without its answer (a test split whose answers were kept back), and for a
// file without items.
[[nodiscard]] Result<std::vector<ChoiceItem>> readChoiceItems(const ChoiceTask& task, const std::filesystem::path& file,
                                                              std::int64_t limit = 0);

}  // namespace weft::data
