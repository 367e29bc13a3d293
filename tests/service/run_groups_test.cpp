#include "engine/service/run_groups.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/service/service_fixture.h"

using namespace weft;
using namespace weft::service;
using statistics::Obstacle;
using store::RunId;
using store::RunState;
using store::RunSummary;
using ::testing::HasSubstr;

namespace {

RunSummary finished(std::int64_t seed, double perplexity, double kvBytes = 1024) {
  RunSummary run;
  run.id = {seed};
  run.state = RunState::Finished;
  run.seed = seed;
  run.perplexity = perplexity;
  run.kvBytesPerToken = kvBytes;
  return run;
}

RunGroup group(const std::string& name, std::vector<RunSummary> members, const std::string& text = "wiki") {
  return {.name = name, .configurationKey = name, .textKey = text, .members = std::move(members)};
}

const RunGroup kMqa = group("MQA", {finished(1, 6.46), finished(2, 6.61), finished(3, 6.10)});

}  // namespace

class RunGroupsTest : public test::ServiceTest {
 protected:
  RunId submitAs(const std::string& name, std::int64_t seed,
                 const std::function<void(config::RunConfig&)>& change = {}) {
    config::RunConfig config = config::preset("demo-mqa").value();
    config.name = name;
    config.train.seed = seed;
    if (change) change(config);
    const Result<RunId> id = service::submit(*m_project, *m_store, config);
    EXPECT_TRUE(id) << id.error().message;
    return id.value_or(RunId{});
  }
  std::vector<RunGroup> groups() {
    std::vector<RunSummary> runs = m_store->runs().value();
    std::sort(runs.begin(), runs.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
    return groupRuns(runs);
  }
};

TEST_F(RunGroupsTest, RunsThatDifferInSeedNameAndTagsAreOneConfiguration) {
  submitAs("MQA", 2);
  submitAs("MQA again", 1, [](config::RunConfig& config) { config.tags = {"later"}; });
  submitAs("MQA", 1, [](config::RunConfig& config) { config.train.learningRate = 1e-3; });
  const std::vector<RunGroup> found = groups();
  ASSERT_EQ(found.size(), 2u);
  ASSERT_EQ(found[0].members.size(), 2u);
  EXPECT_EQ(found[0].name, "MQA #1") << "two configurations of one name that differ in what no label knows";
  EXPECT_EQ(found[1].name, "MQA #3");
  EXPECT_EQ(found[0].members[0].seed, 1);
  EXPECT_EQ(found[1].members.size(), 1u);
  EXPECT_EQ(found[0].textKey, found[1].textKey);
}

TEST_F(RunGroupsTest, WeightsOfThreeSeedsOfOneConfigurationAreOneOrigin) {
  const auto twinOf = [&](RunId origin, std::int64_t seed) {
    const std::filesystem::path checkpoint = m_project->runFolder(origin) / "checkpoints" / "step-300";
    ASSERT_TRUE(createFolders(checkpoint));
    for (const char* file : {"model.toml", "model.safetensors"})
      ASSERT_TRUE(writeFileAtomically(checkpoint / file, ""));
    submitAs("MQA-int8", seed, [&](config::RunConfig& config) {
      config.train.steps = 0;
      config.train.initFrom = checkpoint.string();
    });
  };
  const RunId first = submitAs("MQA", 1), second = submitAs("MQA", 2);
  const RunId other = submitAs("MQA", 1, [](config::RunConfig& config) { config.train.learningRate = 1e-3; });
  twinOf(first, 1);
  twinOf(second, 2);
  twinOf(other, 1);
  const std::vector<RunGroup> found = groups();
  ASSERT_EQ(found.size(), 4u);
  EXPECT_EQ(found[2].members.size(), 2u) << "int8 twins of two seeds";
  EXPECT_EQ(found[3].members.size(), 1u) << "the twin of another configuration";
}

TEST_F(RunGroupsTest, OfTwoRunsOfOneSeedTheNewerCounts) {
  submitAs("MQA", 1);
  const RunId newer = submitAs("MQA", 1);
  const std::vector<RunGroup> found = groups();
  ASSERT_EQ(found.size(), 1u);
  ASSERT_EQ(found[0].members.size(), 1u);
  EXPECT_EQ(found[0].members[0].id, newer);
}

TEST(RunGroups, SharedSeedsArePairedAndOthersLeftOut) {
  const RunGroup cla = group("MQA-CLA2", {finished(2, 6.28, 512), finished(3, 6.02, 512), finished(9, 50, 512)});
  const statistics::Comparison comparison = compareGroups(kMqa, cla);
  EXPECT_EQ(comparison.obstacle, Obstacle::None);
  EXPECT_EQ(comparison.logPerplexity.n, 2);
  EXPECT_NEAR(comparison.logPerplexity.mean, (std::log(6.28 / 6.61) + std::log(6.02 / 6.10)) / 2, 1e-12);
  EXPECT_THAT(statistics::sentence(comparison), HasSubstr("half of MQA's KV bytes; perplexity"));
  EXPECT_THAT(statistics::sentence(comparison), HasSubstr("(2 seeds, paired): no difference beyond the seeds"));
}

TEST(RunGroups, NothingIsClaimedWhereNothingCanBe) {
  EXPECT_EQ(compareGroups(kMqa, kMqa).obstacle, Obstacle::SameConfiguration);
  EXPECT_EQ(compareGroups(kMqa, group("other", {finished(1, 5), finished(2, 5)}, "another text")).obstacle,
            Obstacle::OtherText);
  EXPECT_EQ(compareGroups(kMqa, group("other", {finished(7, 5), finished(8, 5)})).obstacle, Obstacle::NoPair);
  EXPECT_EQ(compareGroups(kMqa, group("other", {finished(1, 5)})).obstacle, Obstacle::NoPair);
  RunSummary running = finished(1, 5);
  running.state = RunState::Running;
  EXPECT_EQ(compareGroups(kMqa, group("other", {running})).obstacle, Obstacle::NotFinished);
  EXPECT_EQ(compareGroups(kMqa, group("other", {finished(1, std::nan(""))})).obstacle, Obstacle::NotFinished);
  const statistics::Comparison oneEach =
      compareGroups(group("MQA", {finished(1, 6.6)}), group("MQA-CLA2", {finished(4, 7.0, 512)}));
  EXPECT_THAT(statistics::sentence(oneEach), HasSubstr("one run each"));
}

TEST(RunGroups, GroupsAreNamedApartAndLeaveOutWhatCannotBeRead) {
  std::vector<RunSummary> runs{finished(1, 6.5), finished(2, 6.6), finished(3, 6.4), finished(4, 6.3),
                               finished(5, 6.2)};
  for (RunSummary& run : runs) run.name = "MQA";
  runs[0].seed = 2;
  runs[1].seed = 1;
  runs[2].cache = "int8_cache";
  for (RunSummary& run : runs) run.configurationKey = run.id.value == 5 ? "" : run.id.value == 3 ? "b" : "a";
  const std::vector<RunGroup> groups = groupRuns(runs);
  ASSERT_EQ(groups.size(), 2u);
  EXPECT_EQ(groups[0].name, "MQA dense");
  EXPECT_EQ(groups[1].name, "MQA int8_cache");
  ASSERT_EQ(groups[0].members.size(), 3u);
  EXPECT_EQ(groups[0].members[0].id, RunId{2}) << "by seed; the run that cannot be read is in none";
}

TEST(RunGroups, TwoRunsOfOneSeedAreSaidToBeThat) {
  statistics::Comparison same;
  same.subject.name = "MQA #4";
  same.reference.name = "MQA #3";
  same.obstacle = Obstacle::SameSeed;
  EXPECT_EQ(statistics::sentence(same), "the same configuration and seed as MQA #3");
  EXPECT_FALSE(same.isDifference());
}

TEST(RunGroups, ComparisonsOfOneTableAreAdjustedForEachOther) {
  const RunGroup worse = group("tiny", {finished(1, 7.46), finished(2, 7.63), finished(3, 7.04)});
  const RunGroup same = group("same", {finished(1, 6.5), finished(2, 6.5), finished(3, 6.2)});
  const std::vector<statistics::Comparison> comparisons = compareWithFirst({kMqa, worse, same});
  ASSERT_EQ(comparisons.size(), 2u);
  EXPECT_TRUE(comparisons[0].isDifference());
  EXPECT_NEAR(*comparisons[0].adjustedP, 2 * *comparisons[0].logPerplexity.pValue, 1e-12);
  EXPECT_FALSE(comparisons[1].isDifference());
  EXPECT_EQ(comparisons[1].comparisons, 2);
}
