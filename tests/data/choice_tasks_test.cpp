#include "engine/data/choice_tasks.h"

#include <gmock/gmock.h>

#include <functional>
#include <map>
#include <nlohmann/json.hpp>

#include "tests/data/test_files.h"

namespace weft::data {
namespace {

using Json = nlohmann::json;
using test::contentOf;
using test::evaluationFixture;
using test::expectError;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ChoiceFiles = test::DataTest;

struct TaskFiles {
  const char* task;
  const char* exported;   // by Hugging Face
  const char* published;  // by the data set's authors
};
void PrintTo(const TaskFiles& files, std::ostream* stream) { *stream << files.task; }

class ChoiceTasks : public ::testing::TestWithParam<TaskFiles> {
 protected:
  static std::vector<ChoiceItem> itemsOf(const char* file) {
    Result<std::vector<ChoiceItem>> items = readChoiceItems(*findChoiceTask(GetParam().task), evaluationFixture(file));
    EXPECT_TRUE(items.has_value()) << items.error().message;
    return items ? std::move(*items) : std::vector<ChoiceItem>();
  }
};
INSTANTIATE_TEST_SUITE_P(
    All, ChoiceTasks,
    ::testing::Values(TaskFiles{"hellaswag", "hf/hellaswag.jsonl", "published/hellaswag_val.jsonl"},
                      TaskFiles{"piqa", "hf/piqa.jsonl", "published/piqa/valid.jsonl"},
                      TaskFiles{"winogrande", "hf/winogrande.jsonl", "published/winogrande/dev.jsonl"},
                      TaskFiles{"sciq", "hf/sciq.jsonl", "published/sciq/test.json"},
                      TaskFiles{"openbookqa", "hf/openbookqa.jsonl", "published/openbookqa/test.jsonl"},
                      TaskFiles{"boolq", "hf/boolq.jsonl", "published/boolq/dev.jsonl"},
                      TaskFiles{"arc_easy", "hf/arc_easy.jsonl", "published/ARC-Easy-Test.jsonl"},
                      TaskFiles{"arc_challenge", "hf/arc_easy.jsonl", "published/ARC-Challenge-Test.jsonl"}));

TEST_P(ChoiceTasks, PromptsAreLmEvalsToTheByte) {
  const Json expected =
      Json::parse(contentOf(evaluationFixture("expected.json")))["tokenizer.json"][GetParam().task]["requests"];
  const std::vector<ChoiceItem> items = itemsOf(GetParam().exported);
  ASSERT_EQ(items.size(), expected.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    ASSERT_EQ(items[i].choices.size(), expected[i].size()) << items[i].where;
    for (std::size_t k = 0; k < expected[i].size(); ++k) {
      EXPECT_EQ(items[i].choices[k].context, expected[i][k][0].get<std::string>()) << items[i].where;
      EXPECT_EQ(items[i].choices[k].continuation, expected[i][k][1].get<std::string>()) << items[i].where;
    }
  }
}

TEST_P(ChoiceTasks, TheDataSetsOwnFileHasTheSameItems) {
  const std::vector<ChoiceItem> exported = itemsOf(GetParam().exported), published = itemsOf(GetParam().published);
  ASSERT_EQ(published.size(), exported.size());
  for (std::size_t i = 0; i < exported.size(); ++i) {
    EXPECT_EQ(published[i].answer, exported[i].answer) << published[i].where;
    ASSERT_EQ(published[i].choices.size(), exported[i].choices.size());
    for (std::size_t k = 0; k < exported[i].choices.size(); ++k) {
      EXPECT_EQ(published[i].choices[k].context, exported[i].choices[k].context);
      EXPECT_EQ(published[i].choices[k].continuation, exported[i].choices[k].continuation);
      EXPECT_EQ(published[i].choices[k].characters, exported[i].choices[k].characters);
    }
  }
}

TEST_P(ChoiceTasks, TakesTheFirstItemsOnly) {
  const Result<std::vector<ChoiceItem>> two =
      readChoiceItems(*findChoiceTask(GetParam().task), evaluationFixture(GetParam().exported), 2);
  ASSERT_TRUE(two);
  ASSERT_EQ(two->size(), 2u);
  EXPECT_THAT((*two)[1].where, HasSubstr("line 2"));
}

// Each field that the task needs, taken away or of another type, gets a sentence that names line and field.
TEST_P(ChoiceTasks, AFieldThatIsMissingOrWrongIsNamed) {
  const test::fs::path source = evaluationFixture(GetParam().exported);
  const std::string content = contentOf(source);
  const Json first = Json::parse(content.substr(0, content.find('\n')));
  const Result<TemporaryFolder> folder = TemporaryFolder::create("weft-items");
  const auto refusal = [&](const Json& item) {
    const test::fs::path file = folder->path() / "items.jsonl";
    test::writeFile(file, item.dump() + "\n");
    const auto items = readChoiceItems(*findChoiceTask(GetParam().task), file);
    return items ? std::string() : items.error().message;
  };
  int needed = 0;
  for (const auto& [key, value] : first.items()) {
    Json without = first, wrong = first;
    without.erase(key);
    wrong[key] = Json{{"x", 1}};
    const std::string said = refusal(without);
    if (said.empty()) continue;  // a field that no prompt has
    ++needed;
    EXPECT_THAT(said, HasSubstr("line 1"));
    EXPECT_THAT(said, HasSubstr("\"" + key + "\""));
    EXPECT_EQ(said.back(), '.');
    EXPECT_THAT(refusal(wrong), HasSubstr("\"")) << key;
  }
  EXPECT_GE(needed, 3);
}

TEST_F(ChoiceFiles, NameTheAnswersThatAreNotThere) {
  const ChoiceTask& piqa = *findChoiceTask("piqa");
  const auto item = [](const char* label) {
    return std::string(R"({"goal": "g", "sol1": "a", "sol2": "b")") + label + "}\n";
  };
  expectError(readChoiceItems(piqa, write("a.jsonl", item(", \"label\": -1"))), ErrorCode::InvalidInput,
              "no right answer");
  expectError(readChoiceItems(piqa, write("b.jsonl", item(""))), ErrorCode::InvalidInput, "\"label\"");
  expectError(readChoiceItems(piqa, write("c.jsonl", item(", \"label\": 2"))), ErrorCode::Corrupt,
              "there are 2 answers, counted from 0");
  expectError(readChoiceItems(piqa, write("d.jsonl", item(", \"label\": 1.5"))), ErrorCode::Corrupt, "\"label\"");
  write("e-labels.lst", "0\n");
  expectError(readChoiceItems(piqa, write("e.jsonl", item("") + item(""))), ErrorCode::Corrupt, "line 2");
  write("f-labels.lst", "0\nx\n");
  expectError(readChoiceItems(piqa, write("f.jsonl", item("") + item(""))), ErrorCode::Corrupt, "line 2");
  const ChoiceTask& winogrande = *findChoiceTask("winogrande");
  expectError(
      readChoiceItems(winogrande,
                      write("g.jsonl", R"({"sentence": "a b", "option1": "c", "option2": "d", "answer": "1"})")),
      ErrorCode::Corrupt, "blank");
  const ChoiceTask& arc = *findChoiceTask("arc_easy");
  expectError(
      readChoiceItems(
          arc, write("h.jsonl",
                     R"({"question": "q", "choices": {"text": ["a", "b"], "label": ["A", "B"]}, "answerKey": "C"})")),
      ErrorCode::Corrupt, "\"answerKey\"");
  expectError(
      readChoiceItems(
          arc,
          write("i.jsonl", R"({"question": "q", "choices": {"text": ["a", "b"], "label": ["A"]}, "answerKey": "A"})")),
      ErrorCode::Corrupt, "a label each");
}

TEST_F(ChoiceFiles, RefuseWhatIsNoListOfItems) {
  const ChoiceTask& task = *findChoiceTask("sciq");
  expectError(readChoiceItems(task, folder() / "none.jsonl"), ErrorCode::NotFound, "none.jsonl");
  expectError(readChoiceItems(task, write("a.csv", "x")), ErrorCode::Unsupported, ".jsonl.zst");
  expectError(readChoiceItems(task, write("b.jsonl", "")), ErrorCode::InvalidInput, "has no items");
  expectError(readChoiceItems(task, write("c.jsonl", "[1]\n")), ErrorCode::Corrupt, "line 1");
  expectError(readChoiceItems(task, write("d.json", "{\"question\": 1}")), ErrorCode::Corrupt, "list");
  expectError(readChoiceItems(task, write("e.json", "[1]")), ErrorCode::Corrupt, "item 1");
  expectError(readChoiceItems(task, write("f.json", "[{")), ErrorCode::Corrupt, "list");
}

TEST_F(ChoiceFiles, PassOverAByteOrderMarkAndBlankLines) {
  const auto items = readChoiceItems(
      *findChoiceTask("piqa"),
      write("a.jsonl",
            "\xEF\xBB\xBF{\"goal\": \"g\", \"sol1\": \"\xFF\", \"sol2\": \"b\", \"label\": \"1\"}\r\n\r\n \n"));
  ASSERT_TRUE(items) << items.error().message;
  ASSERT_EQ(items->size(), 1u);
  EXPECT_EQ((*items)[0].choices[0].continuation, " \xEF\xBF\xBD");
  EXPECT_EQ((*items)[0].answer, 1u);
}

TEST(ChoiceTaskNames, AreLmEvals) {
  EXPECT_THAT(taskNames(), ElementsAre("wikitext", "hellaswag", "piqa", "winogrande", "sciq", "openbookqa", "boolq",
                                       "arc_easy", "arc_challenge"));
  EXPECT_EQ(findChoiceTask("wikitext"), nullptr);
}

TEST_F(ChoiceFiles, MayHoldNanWhereNobodyReads) {
  const auto file = write("boolq.jsonl",
                          "{\"question\": \"is it\", \"passage\": \"P\", \"label\": 1, \"score\": NaN}\n"
                          "{\"question\": \"is it\", \"passage\": \"half \\ud83d\", \"label\": 0}\n");
  const auto items = readChoiceItems(*findChoiceTask("boolq"), file, 0);
  ASSERT_TRUE(items) << items.error().message;
  EXPECT_EQ(items->size(), 2u);
  const auto wrong = write("nan.jsonl", "{\"question\": \"is it\", \"passage\": \"P\", \"label\": NaN}\n");
  expectError(readChoiceItems(*findChoiceTask("boolq"), wrong, 0), ErrorCode::InvalidInput, "line 1");
}

TEST_F(ChoiceFiles, OfTooManyLevelsAreRefusedAtTheirLine) {
  const std::string good = "{\"question\": \"q\", \"passage\": \"p\", \"label\": 1}\n";
  expectError(readChoiceItems(*findChoiceTask("boolq"), write("a.jsonl", good + std::string(1'000'000, '[') + "\n"), 0),
              ErrorCode::Corrupt, "line 2: it nests deeper than 100 levels");
  expectError(readChoiceItems(*findChoiceTask("boolq"), write("a.json", std::string(1'000'000, '[')), 0),
              ErrorCode::Corrupt, "nests deeper than 100 levels");
}

}  // namespace
}  // namespace weft::data
