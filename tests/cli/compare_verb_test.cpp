// What `weft compare` says of runs, and that it claims no more than their seeds carry. The runs are written as the
// service writes them.
#include <gmock/gmock.h>

#include <array>
#include <cmath>
#include <functional>

#include "engine/base/text.h"
#include "engine/config/presets.h"
#include "engine/config/run_config.h"
#include "engine/store/project.h"
#include "engine/store/service_writer.h"
#include "tests/cli/program_under_test.h"

using namespace weft;
using namespace weft::cli_test;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class CompareVerb : public ProjectTest {
 protected:
  void addFinished(const std::string& preset, const std::string& name, std::int64_t seed, double perplexity,
                   const std::function<void(config::RunConfig&)>& change = {}) {
    config::RunConfig config = config::preset(preset).value();
    config.name = name;
    config.train.seed = seed;
    if (change) change(config);
    const store::Project opened = store::Project::open(project()).value();
    store::RunStore store = store::RunStore::open(opened.database()).value();
    const bool isShared = preset == "demo-mqa-cla2";
    store::NewRun run;
    run.name = name;
    run.configToml = config::toToml(config);
    run.map = isShared ? "0_0_2_2" : "0_1_2_3";
    run.generator = isShared ? "cla2" : "identity";
    run.layers = 4;
    run.queryHeads = 4;
    run.kvHeads = 1;
    run.headWidth = 32;
    run.hidden = 128;
    run.seed = seed;
    run.steps = config.train.steps;
    run.parameters = 700'000;
    run.kvBytesPerToken = isShared ? 512 : 1024;
    const store::RunId id = store.addRun(run).value();
    auto service = store.service();
    const store::JobId job = store.training(id)->id;
    ASSERT_TRUE(service.take(job));
    ASSERT_TRUE(service.attemptStarted({.job = job, .pid = 4242, .pidStart = "1", .lanes = {"cpu"}}));
    const store::Evaluation evaluation{.step = run.steps,
                                       .split = "valid",
                                       .task = "perplexity",
                                       .loss_nats = std::log(perplexity),
                                       .perplexity = perplexity,
                                       .tokens = 16384,
                                       .time = 2};
    ASSERT_TRUE(service.ingest(
        {.job = job,
         .from = 0,
         .to = 100,
         .rows = {store::HelloRow{.time = 1, .attempt = 1, .build = "test", .torch = "2", .device = "cpu"},
                  store::EvaluationRow{evaluation},
                  store::EndRow{.time = 3, .outcome = "completed", .code = {}, .message = {}, .detail = {}}}}));
    ASSERT_TRUE(service.attemptEnded({.job = job,
                                      .state = store::RunState::Finished,
                                      .outcome = "completed",
                                      .code = {},
                                      .failure = {},
                                      .detail = {}}));
  }
  // Three seeds each.
  void addPairs(const std::array<double, 3>& mqa, const std::array<double, 3>& shared) {
    for (std::int64_t seed = 1; seed <= 3; ++seed)
      addFinished("demo-mqa", "MQA", seed, mqa[static_cast<std::size_t>(seed - 1)]);
    for (std::int64_t seed = 1; seed <= 3; ++seed)
      addFinished("demo-mqa-cla2", "MQA-CLA2", seed, shared[static_cast<std::size_t>(seed - 1)]);
  }
};

// The defect that this replaces: "MQA-CLA2 is 1.07 lower than MQA-CLA2".
TEST_F(CompareVerb, TwoSeedsOfOneConfigurationAreSaidToBeThat) {
  addFinished("demo-mqa-cla2", "MQA-CLA2", 1, 7.04);
  addFinished("demo-mqa-cla2", "MQA-CLA2", 2, 8.11);
  for (const std::vector<std::string>& verb : {std::vector<std::string>{"compare", "1", "2"},
                                               {"compare", "MQA-CLA2"},
                                               {"compare", "MQA-CLA2:s1", "MQA-CLA2 s2"}}) {
    const Outcome outcome = weft(verb);
    ASSERT_TRUE(succeeded(outcome)) << outcome.err;
    EXPECT_THAT(outcome.out, HasSubstr("MQA-CLA2 s2 against MQA-CLA2 s1: the same configuration as MQA-CLA2 s1: what "
                                       "they differ in is the seed."));
    EXPECT_THAT(outcome.out, AllOf(Not(HasSubstr("lower")), Not(HasSubstr("higher")), HasSubstr("7.04"),
                                   HasSubstr("8.11"), HasSubstr("(2 seeds)")));
  }
  EXPECT_EQ(weft({"compare", "1", "2", "--json"}).json()[1]["comparisons"][0]["is_difference"], false);
}

TEST_F(CompareVerb, OneRunEachIsSaidToBeOneRunEach) {
  addFinished("demo-mqa", "MQA", 1, 6.46);
  addFinished("demo-mqa-cla2", "MQA-CLA2", 1, 7.04);
  const Outcome outcome = weft({"compare", "MQA", "MQA-CLA2"});
  ASSERT_TRUE(succeeded(outcome)) << outcome.err;
  EXPECT_THAT(
      outcome.out,
      HasSubstr("MQA-CLA2 against MQA: half of MQA's KV bytes; one run each, so their perplexities are not compared."));
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("6.46"), HasSubstr("7.04"), Not(HasSubstr("+9.0%"))))
      << "the numbers stand side by side";
  const nlohmann::json compared = weft({"compare", "1", "2", "--json"}).json();
  EXPECT_EQ(compared[0]["comparisons"], nlohmann::json::array());
  const nlohmann::json comparison = compared[1]["comparisons"][0];
  EXPECT_EQ(comparison["n"], 1);
  EXPECT_TRUE(comparison["difference"].is_null());
  EXPECT_TRUE(comparison["low"].is_null());
  EXPECT_DOUBLE_EQ(compared[1]["relative"]["kv_bytes_per_token"], 0.5) << "keys that were there stay";
}

TEST_F(CompareVerb, PairedSeedsWithoutADifferenceSayThatThereIsNone) {
  addPairs({6.46, 6.61, 6.10}, {6.47, 6.28, 6.02});
  const Outcome outcome = weft({"compare", "MQA", "MQA-CLA2"});
  ASSERT_TRUE(succeeded(outcome)) << outcome.err;
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("half of MQA's KV bytes; perplexity"),
                                 HasSubstr("(3 seeds, paired): no difference beyond the seeds.")));
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("MQA s1"), HasSubstr("MQA-CLA2 s3"), HasSubstr("6.39 ± 0.65 (3 seeds)")));
  const nlohmann::json comparison = weft({"compare", "MQA", "MQA-CLA2", "--json"}).json()[5]["comparisons"][0];
  for (const char* key : {"subject", "reference", "n", "difference", "low", "high", "p_adjusted", "sentence"})
    EXPECT_TRUE(comparison.contains(key)) << key;
  EXPECT_EQ(comparison["subject"], "MQA-CLA2");
  EXPECT_EQ(comparison["n"], 3);
  EXPECT_EQ(comparison["is_difference"], false);
  EXPECT_LT(comparison["low"], 0);
  EXPECT_GT(comparison["high"], 0);
}

TEST_F(CompareVerb, PairedSeedsWithADifferenceSayWhichIsHigherAndByHowMuch) {
  addPairs({6.40, 6.61, 6.10}, {7.05, 7.26, 6.73});
  const Outcome outcome = weft({"compare", "MQA", "MQA-CLA2"});
  ASSERT_TRUE(succeeded(outcome)) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("(3 seeds, paired): higher than MQA's."));
  EXPECT_THAT(outcome.out, HasSubstr("perplexity +10.1% ± 0.6% (3 seeds, paired)"));
}

TEST_F(CompareVerb, ComparisonsBesideEachOtherAreCounted) {
  addPairs({6.46, 6.61, 6.10}, {6.47, 6.28, 6.02});
  for (std::int64_t seed = 1; seed <= 3; ++seed)
    addFinished("demo-mha", "MHA", seed, 6.1 + 0.2 * static_cast<double>(seed));
  const Outcome outcome = weft({"compare", "MQA", "MQA-CLA2", "MHA"});
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("MQA-CLA2 against MQA: "), HasSubstr("MHA against MQA: "),
                                 HasSubstr("(3 seeds, paired; 2 comparisons)")));
}

TEST_F(CompareVerb, NoSeedInCommonOrAnotherTextIsNoComparison) {
  addFinished("demo-mqa", "MQA", 1, 6.46);
  addFinished("demo-mqa", "MQA", 2, 6.61);
  addFinished("demo-mqa-cla2", "MQA-CLA2", 3, 6.2);
  addFinished("demo-mqa-cla2", "MQA-CLA2", 4, 6.3);
  EXPECT_THAT(weft({"compare", "MQA", "MQA-CLA2"}).out,
              HasSubstr("fewer than two seeds in common, so their perplexities are not compared."));
  for (const std::int64_t seed : {1, 2})
    addFinished("demo-mqa", "elsewhere", seed, 5, [](config::RunConfig& config) { config.evaluation.tokens *= 2; });
  EXPECT_THAT(
      weft({"compare", "MQA", "elsewhere"}).out,
      HasSubstr("their held-out texts, tokenizers or evaluations differ, so their perplexities are not compared."));
}

// Two configurations of one name are told apart by what differs, and their seeds are not mixed.
TEST_F(CompareVerb, ConfigurationsOfOneNameAreToldApart) {
  for (const std::int64_t seed : {1, 2}) {
    addFinished("demo-mqa", "MQA", seed, 6.4 + 0.1 * static_cast<double>(seed));
    addFinished("demo-mqa", "MQA", seed, 6.2 + 0.1 * static_cast<double>(seed),
                [](config::RunConfig& config) { config.train.steps *= 2; });
  }
  const std::string steps = groupDigits(config::preset("demo-mqa").value().train.steps);
  const Outcome outcome = weft({"compare", "MQA"});
  ASSERT_TRUE(succeeded(outcome)) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("against MQA " + steps + " steps: the same KV bytes"));
  EXPECT_THAT(outcome.out, HasSubstr("MQA " + steps + " steps s1"));
}

TEST_F(CompareVerb, TakesOneSeedByItsLabel) {
  addFinished("demo-mqa", "MQA", 1, 6.46);
  addFinished("demo-mqa", "MQA", 2, 6.61);
  EXPECT_THAT(weft({"runs"}).out, AllOf(HasSubstr("MQA s1"), HasSubstr("MQA s2")));
  EXPECT_THAT(weft({"export", "--runs", "MQA:s1"}).out, Not(HasSubstr("6.61")));
  EXPECT_TRUE(isOneSentenceOfBadInput(weft({"compare", "MQA:s1", "1"}))) << "one run is not two";
}
