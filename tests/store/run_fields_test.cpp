#include "engine/store/run_fields.h"

#include <gmock/gmock.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <set>
#include <type_traits>

#include "engine/base/text.h"
#include "tests/store/store_fixture.h"

namespace weft::store::test {
namespace {

using testing::HasSubstr;

// Gives the member of `field` a value that no run has from the start and that differs from `other`'s.
void change(const RunField& field, RunSummary& run, int salt) {
  std::visit(
      [&](auto m) {
        if constexpr (std::is_member_object_pointer_v<decltype(m)>) {
          auto& value = run.*m;
          using Value = std::remove_cvref_t<decltype(value)>;
          if constexpr (std::is_same_v<Value, RunId>)
            value = RunId{1000 + salt};
          else if constexpr (std::is_same_v<Value, RunState>)
            value = salt % 2 ? RunState::Killed : RunState::Paused;
          else if constexpr (std::is_same_v<Value, bool>)
            value = !value;
          else if constexpr (std::is_same_v<Value, std::string>)
            value = field.name + ", \"ä\" " + std::to_string(salt);
          else if constexpr (std::is_same_v<Value, std::vector<std::string>>)
            value = {"a", std::to_string(salt)};
          else
            value = static_cast<Value>(salt + 7);
        }
      },
      field.member);
}

TEST(RunFields, HaveNamesAndTitlesOfTheirOwnAndAreFoundByThem) {
  std::set<std::string> names, titles;
  for (const RunField& field : runFields()) {
    EXPECT_TRUE(names.insert(field.name).second) << field.name;
    EXPECT_TRUE(titles.insert(field.title).second) << field.title;
    EXPECT_EQ(findRunField(field.name), &field);
    EXPECT_EQ(field.isNumber() + field.isFlag() + field.isList() + field.isText(), 1) << field.name;
    if (!field.formerName.empty()) {
      EXPECT_TRUE(names.insert(field.formerName).second) << field.formerName;
      EXPECT_EQ(findRunField(field.formerName), &field);
    }
  }
  EXPECT_EQ(findRunField("PERPLEXITY"), findRunField("perplexity"));
  EXPECT_EQ(findRunField("perplexities"), nullptr);
}

class StoredFields : public StoreTest {};

TEST_F(StoredFields, ARunThatIsAddedKeepsEveryFieldOfItsRow) {
  RunStore store = open();
  NewRun run;
  run.configToml = "name = 'x'\n";
  int salt = 0;
  for (const RunField& field : runFields())
    if (field.place == FieldPlace::Run || field.place == FieldPlace::Job) change(field, run, ++salt);
  const RunId id = store.addRun(run).value();
  const RunSummary got = store.run(id).value();
  // What the store gives itself.
  const std::set<std::string> given{"id", "kind", "position", "created", "updated", "configuration_key", "text_key"};
  int compared = 0;
  for (const RunField& field : runFields()) {
    if ((field.place != FieldPlace::Run && field.place != FieldPlace::Job) || given.contains(field.name)) continue;
    EXPECT_EQ(textOf(field, got), textOf(field, run)) << field.name;
    ++compared;
  }
  EXPECT_GT(compared, 25);
  EXPECT_EQ(got.position, 1);
  EXPECT_GT(got.created, 1e9);
  EXPECT_EQ(store.configToml(id).value(), run.configToml);
}

TEST_F(StoredFields, NumbersOfDeletedRunsAreNotGivenAgain) {
  RunStore store = open();
  EXPECT_EQ(add(store, "a").value, 1);
  EXPECT_EQ(add(store, "b").value, 2);
  execute(database(), "DELETE FROM run WHERE id = 2");
  EXPECT_EQ(add(store, "c").value, 3);
}

TEST(RunFields, ADifferenceInAnyOfThemIsSeen) {
  const RunSummary same;
  int seen = 0;
  for (const RunField& field : runFields()) {
    if (field.place == FieldPlace::Derived) continue;
    RunSummary other;
    change(field, other, 1);
    EXPECT_FALSE(isSame(same, other)) << field.name;
    ++seen;
  }
  EXPECT_GT(seen, 40);
  RunSummary other;
  other.sparkline = {1};
  EXPECT_FALSE(isSame(same, other));
  EXPECT_TRUE(isSame(same, RunSummary{}));
}

TEST(RunFields, JsonAndCsvNameEveryField) {
  RunSummary run;
  run.name = "a, \"b\"\nc";
  run.map = "0_0";
  run.layers = 2;
  run.tags = {"x", "y"};
  run.perplexity = std::nan("");
  run.bestPerplexity = 6.5;
  run.kvBytesPerToken = 512;
  run.starred = true;
  const nlohmann::ordered_json json = runToJson(run);
  const std::string csv = runsToCsv({run});
  const std::vector<std::string> header = split(csv.substr(0, csv.find('\n')), ',');
  std::vector<std::string> expected;
  for (const RunField& field : runFields())
    if (field.name != "age_days") expected.push_back(field.name);
  EXPECT_EQ(header, expected);
  for (const std::string& name : expected) EXPECT_TRUE(json.contains(name)) << name;
  EXPECT_FALSE(json.contains("age_days")) << "two exports of one run are equal";
  EXPECT_TRUE(json["perplexity"].is_null());
  EXPECT_EQ(json["not_finite"]["perplexity"], "NaN");
  EXPECT_EQ(json["best_perplexity"], 6.5);
  EXPECT_EQ(json["kv_bytes_per_token"].dump(), "512");
  EXPECT_EQ(json["tags"].dump(), R"(["x","y"])");
  EXPECT_EQ(json["starred"], true);
  EXPECT_TRUE(json["last_loss"].is_null());
  EXPECT_FALSE(json["not_finite"].contains("last_loss")) << "not known is null alone";
  EXPECT_THAT(csv, HasSubstr("\"a, \"\"b\"\"\nc\""));
  EXPECT_THAT(csv, HasSubstr("\"x,y\""));
  EXPECT_EQ(runsToCsv({run}, {"map", "kv_bytes_measured", "best_perplexity"}),
            "map,kv_bytes_per_token_measured,best_perplexity\n0_0,,6.5\n")
      << "by a former name, too";
}

TEST(RunFields, NumbersAreNumbersAndTextsAreNone) {
  RunSummary run;
  run.id = {7};
  run.seed = -3;
  run.baseline = true;
  run.tokensPerSecond = 12.5;
  EXPECT_EQ(numberOf(*findRunField("id"), run), 7);
  EXPECT_EQ(numberOf(*findRunField("seed"), run), -3);
  EXPECT_EQ(numberOf(*findRunField("baseline"), run), 1);
  EXPECT_EQ(numberOf(*findRunField("tokens_per_second"), run), 12.5);
  EXPECT_EQ(numberOf(*findRunField("perplexity"), run), std::nullopt);
  EXPECT_EQ(numberOf(*findRunField("name"), run), std::nullopt);
  EXPECT_EQ(numberOf(*findRunField("age_days"), run), std::nullopt) << "never submitted";
}

}  // namespace
}  // namespace weft::store::test
