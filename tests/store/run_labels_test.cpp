#include "engine/store/run_labels.h"

#include <set>

#include "engine/store/run_reference.h"
#include "store_fixture.h"

namespace weft::store::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

RunSummary shown(std::int64_t id, const std::string& name, std::int64_t seed = 1) {
  RunSummary run;
  run.id = {id};
  run.name = name;
  run.seed = seed;
  run.map = "0_0_2_2";
  run.generator = "cla2";
  run.layers = 4;
  run.hidden = 128;
  run.queryHeads = 8;
  run.kvHeads = 1;
  run.headWidth = 16;
  run.parameters = 689'536;
  run.kvBytesPerToken = 128;
  run.steps = 300;
  return run;
}

template <class Change>
RunSummary changed(RunSummary run, Change change) {
  change(run);
  return run;
}

TEST(RunLabels, ANameThatIsShownOnceIsTheLabel) {
  EXPECT_THAT(runLabels(std::vector{shown(1, "MQA", 7), shown(2, "MHA", 8)}), ElementsAre("MQA", "MHA"));
  EXPECT_THAT(runLabels(std::vector<RunSummary>{}), ElementsAre());
}

TEST(RunLabels, RunsThatDifferInSeedSaySo) {
  EXPECT_THAT(runLabels(std::vector{shown(1, "MQA", 1), shown(2, "MQA", 2), shown(3, "MHA", 1)}),
              ElementsAre("MQA s1", "MQA s2", "MHA"));
  EXPECT_THAT(runDistinctions(std::vector{shown(1, "MQA", 1), shown(2, "MQA", 2), shown(3, "MHA", 1)}),
              ElementsAre("s1", "s2", ""));
}

TEST(RunLabels, WhateverDiffersAmongThoseOfTheNameIsSaidAndNothingElse) {
  const RunSummary run = shown(1, "MQA");
  EXPECT_THAT(runLabels(std::vector{run, changed(shown(2, "MQA", 2), [](RunSummary& r) { r.generator = "cla3"; })}),
              ElementsAre("MQA cla2 s1", "MQA cla3 s2"));
  EXPECT_THAT(runLabels(std::vector{run, changed(shown(2, "MQA"), [](RunSummary& r) { r.cache = "int8_cache"; })}),
              ElementsAre("MQA dense", "MQA int8_cache"));
  EXPECT_THAT(runLabels(std::vector{run, changed(shown(2, "MQA"), [](RunSummary& r) { r.steps = 2000; })}),
              ElementsAre("MQA 300 steps", "MQA 2,000 steps"));
  EXPECT_THAT(runLabels(std::vector{run, changed(shown(2, "MQA"), [](RunSummary& r) { r.kvHeads = 8; })}),
              ElementsAre("MQA 8/1×16", "MQA 8/8×16"));
  EXPECT_THAT(runLabels(std::vector{run, changed(shown(2, "MQA"), [](RunSummary& r) { r.archived = true; })}),
              ElementsAre("MQA", "MQA archived"));
  const RunSummary own = changed(shown(2, "MQA"), [](RunSummary& r) {
    r.generator.clear();
    r.map = "0_0_0_3";
  });
  EXPECT_THAT(runLabels(std::vector{run, own}), ElementsAre("MQA cla2", "MQA 0_0_0_3"));
}

// bf16 against float32, and another tokenizer, are no fields of a summary; what follows from them is.
TEST(RunLabels, WhatFollowsFromUnknownChoicesIsSaidOnlyWhereItIsNeeded) {
  const auto wide = [](RunSummary& r) { r.kvBytesPerToken = 256; };
  const auto large = [](RunSummary& r) { r.parameters = 722'432; };
  EXPECT_THAT(runLabels(std::vector{shown(1, "MQA"), changed(shown(2, "MQA"), wide)}),
              ElementsAre("MQA 128 B", "MQA 256 B"));
  EXPECT_THAT(runLabels(std::vector{shown(1, "MQA"), changed(shown(2, "MQA"), large)}),
              ElementsAre("MQA 689,536 parameters", "MQA 722,432 parameters"));
  EXPECT_THAT(runLabels(std::vector{shown(1, "MQA"), changed(shown(2, "MQA", 2), wide)}),
              ElementsAre("MQA s1", "MQA s2"));
}

TEST(RunLabels, TheNumberSpeaksWhereNothingElseDiffers) {
  EXPECT_THAT(runLabels(std::vector{shown(4, "MQA"), shown(12, "MQA")}), ElementsAre("MQA #4", "MQA #12"));
  EXPECT_THAT(runLabels(std::vector{shown(4, "MQA", 1), shown(12, "MQA", 1), shown(13, "MQA", 2)}),
              ElementsAre("MQA s1 #4", "MQA s1 #12", "MQA s2"));
}

TEST(RunLabels, NoTwoRunsGetOneLabelWhateverTheirNames) {
  EXPECT_THAT(runLabels(std::vector{shown(1, "MQA", 1), shown(2, "MQA", 2), shown(3, "MQA s1")}),
              ElementsAre("MQA s1 #1", "MQA s2", "MQA s1 #3"));
  std::vector<RunSummary> runs;
  for (std::int64_t id = 1; id <= 10'000; ++id)
    runs.push_back(
        changed(shown(id, std::vector{"MHA", "MQA", "MQA-CLA2", ""}[static_cast<std::size_t>(id % 4)], id % 700),
                [&](RunSummary& run) { run.steps = 100 * (id % 3); }));
  const std::vector<std::string> labels = runLabels(runs);
  EXPECT_EQ(std::set<std::string>(labels.begin(), labels.end()).size(), runs.size());
  // The same run twice is one run.
  EXPECT_THAT(runLabels(std::vector{shown(1, "MQA"), shown(1, "MQA")}), ElementsAre("MQA", "MQA"));
}

TEST(RunLabels, OneRunAmongOthersIsCalledAsInTheirList) {
  const std::vector<RunSummary> all{shown(1, "MQA", 1), shown(2, "MQA", 2), shown(3, "MHA", 1)};
  EXPECT_EQ(runLabel(all[1], all), "MQA s2");
  EXPECT_EQ(runLabel(all[2], all), "MHA");
  EXPECT_EQ(runLabel(shown(9, "new"), all), "new");
}

class RunReferences : public StoreTest {
 protected:
  static RunId addSeed(RunStore& store, const std::string& name, std::int64_t seed) {
    NewRun run = newRun(name);
    run.seed = seed;
    return store.addRun(run).value();
  }
};

TEST_F(RunReferences, ALabelFindsItsRun) {
  RunStore store = open();
  const RunId first = addSeed(store, "MQA", 1), second = addSeed(store, "MQA", 2),
              other = addSeed(store, "wide MQA", 5);
  for (const char* text : {"MQA s1", "MQA:s1", "MQA  s1", "MQA:#1", "1"})
    EXPECT_EQ(store.findRun(text)->id, first) << text;
  EXPECT_EQ(store.findRun("MQA:s2")->id, second);
  EXPECT_EQ(store.findRun("wide MQA")->id, other);
  EXPECT_EQ(store.findRun("wide MQA:s5")->id, other) << "a seed may be said where it distinguishes nothing";
}

TEST_F(RunReferences, ANameOfSeveralIsAQuestionThatListsThem) {
  RunStore store = open();
  addSeed(store, "MQA", 1);
  addSeed(store, "MQA", 2);
  const Result<RunSummary> found = store.findRun("MQA");
  ASSERT_FALSE(found) << "not the newest";
  EXPECT_EQ(found.error().code, ErrorCode::InvalidInput);
  EXPECT_EQ(found.error().message,
            "2 runs are named MQA: 1 (s1) and 2 (s2). Which one? Give its number, or its label, like MQA:s1.");
  EXPECT_EQ(store.findRun("MQA:s1")->id, RunId{1}) << "the label that the question proposes";
  for (std::int64_t seed = 3; seed <= 10; ++seed) addSeed(store, "MQA", seed);
  EXPECT_EQ(store.findRun("MQA").error().message,
            "10 runs are named MQA: 1 (s1), 2 (s2), 3 (s3), 4 (s4), 5 (s5), 6 (s6), 7 (s7), 8 (s8) and 2 more. Which "
            "one? Give its number, or its label, like MQA:s1.");
}

TEST_F(RunReferences, AnArchivedRunOfTheNameIsAskedForToo) {
  RunStore store = open();
  const RunId old = addSeed(store, "MQA", 1), fresh = addSeed(store, "MQA", 1);
  ASSERT_TRUE(store.setArchived(old, true));
  EXPECT_EQ(store.findRun("MQA").error().message,
            "2 runs are named MQA: 1 (archived) and 2. Which one? Give its number, or its label, like MQA:archived.");
  EXPECT_EQ(store.findRun("MQA:archived")->id, old);
  EXPECT_EQ(store.findRun("2")->id, fresh);
}

TEST_F(RunReferences, WhatFitsNoneOrSeveralIsRefusedWithTheirLabels) {
  RunStore store = open();
  addSeed(store, "MQA", 1);
  addSeed(store, "MQA", 1);
  addSeed(store, "MQA", 2);
  const Result<RunSummary> several = store.findRun("MQA:s1");
  ASSERT_FALSE(several);
  EXPECT_EQ(several.error().code, ErrorCode::InvalidInput);
  EXPECT_EQ(
      several.error().message,
      "2 runs fit 'MQA:s1': 1 (s1 #1) and 2 (s1 #2). Which one? Give its number, or its label, like 'MQA:s1 #1'.");
  EXPECT_EQ(store.findRun("MQA s1 #2")->id, RunId{2});
  EXPECT_EQ(findRunsMeant(store, "MQA:s1").error().message, several.error().message);
  const Result<RunSummary> none = store.findRun("MQA:s7");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ErrorCode::NotFound);
  EXPECT_EQ(none.error().message, "There is no run 'MQA:s7'; 3 runs are named MQA: MQA s1 #1, MQA s1 #2 and MQA s2.");
  EXPECT_THAT(store.findRun("MQE").error().message, HasSubstr("the nearest name is 'MQA'"));
}

TEST_F(RunReferences, WhereANameMayMeanSeveralAllThatAreNotArchivedAreMeant) {
  RunStore store = open();
  addSeed(store, "MQA", 1);
  addSeed(store, "MQA", 2);
  const RunId third = addSeed(store, "MQA", 3);
  const auto seedsOf = [&](const std::string& text) {
    std::vector<std::int64_t> seeds;
    const std::vector<RunSummary> meant = findRunsMeant(store, text).value();
    for (const RunSummary& run : meant) seeds.push_back(run.seed);
    return seeds;
  };
  EXPECT_THAT(seedsOf("MQA"), ElementsAre(1, 2, 3));
  EXPECT_THAT(seedsOf("MQA s2"), ElementsAre(2));
  EXPECT_THAT(seedsOf("3"), ElementsAre(3));
  ASSERT_TRUE(store.setArchived(third, true));
  EXPECT_THAT(seedsOf("MQA"), ElementsAre(1, 2));
}

}  // namespace
}  // namespace weft::store::test
