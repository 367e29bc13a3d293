// What makes two runs one configuration, and what their perplexity is of.
#include "engine/store/configuration_key.h"

#include "engine/config/presets.h"
#include "store_fixture.h"
#include "tests/test_files.h"

namespace weft::store::test {
namespace {

namespace fs = std::filesystem;

class Keys : public StoreTest {
 protected:
  RunSummary added(const std::function<void(config::RunConfig&)>& change) {
    config::RunConfig config = config::preset("demo-mqa").value();
    change(config);
    NewRun run = newRun(config.name);
    run.configToml = config::toToml(config);
    return *m_store->run(*m_store->addRun(run));
  }
  void SetUp() override {
    StoreTest::SetUp();
    m_store.emplace(open());
  }
  std::optional<RunStore> m_store;
};

TEST_F(Keys, NameTagsAndSeedTellNoConfigurationsApart) {
  const RunSummary one = added([](config::RunConfig&) {});
  const RunSummary other = added([](config::RunConfig& config) {
    config.name = "another";
    config.tags = {"x"};
    config.train.seed = 7;
  });
  EXPECT_EQ(one.configurationKey.size(), 32u);
  EXPECT_EQ(one.configurationKey, other.configurationKey);
  EXPECT_EQ(one.textKey, other.textKey);
}

TEST_F(Keys, OfARunFromBeforeALaterFieldStayWhatTheyWere) {
  // What a build without train.data_seed and train.stop_when wrote, and the key that it stored for it.
  const std::string before =
      weft::test::contentOf(fs::path(WEFT_TEST_SOURCE_DIR) / "fixtures/configuration_of_schema_2.toml");
  config::RunConfig config = config::parseRunConfig(before, "before.toml").value();
  const auto keyOf = [&] {
    NewRun run = newRun(config.name);
    run.configToml = config::toToml(config);
    return m_store->run(*m_store->addRun(run))->configurationKey;
  };
  EXPECT_EQ(keyOf(), "a299ee94a8c439de1129f7b9c6e153c6");
  config.train.dataSeed = 3;
  EXPECT_NE(keyOf(), "a299ee94a8c439de1129f7b9c6e153c6");
}

TEST_F(Keys, AnythingElseDoesAndDataAndEvaluationMakeTheText) {
  const RunSummary one = added([](config::RunConfig&) {});
  const RunSummary faster = added([](config::RunConfig& config) { config.train.learningRate *= 2; });
  EXPECT_NE(one.configurationKey, faster.configurationKey);
  EXPECT_EQ(one.textKey, faster.textKey);
  const RunSummary longer = added([](config::RunConfig& config) { config.evaluation.tokens += 1; });
  EXPECT_NE(one.textKey, longer.textKey);
  const RunSummary elsewhere = added([](config::RunConfig& config) { config.data.syntheticSeed += 1; });
  EXPECT_NE(one.textKey, elsewhere.textKey);
}

TEST_F(Keys, WeightsCountAsTheConfigurationThatMadeThem) {
  const auto twin = [&](RunId origin, const char* step) {
    return added([&](config::RunConfig& config) {
      config.train.steps = 0;
      config.train.initFrom = (folder() / "runs" / std::to_string(origin.value) / "checkpoints" / step).string();
    });
  };
  const RunSummary a = added([](config::RunConfig&) {});
  const RunSummary b = added([](config::RunConfig& config) { config.train.seed = 2; });
  const RunSummary c = added([](config::RunConfig& config) { config.train.learningRate *= 2; });
  EXPECT_EQ(twin(a.id, "step-9").configurationKey, twin(b.id, "step-9").configurationKey) << "of two seeds";
  EXPECT_NE(twin(a.id, "step-9").configurationKey, twin(c.id, "step-9").configurationKey);
  EXPECT_NE(twin(a.id, "step-9").configurationKey, twin(a.id, "step-8").configurationKey);
  EXPECT_NE(twin({99}, "step-9").configurationKey, twin({98}, "step-9").configurationKey) << "of no run of ours";
}

TEST_F(Keys, AConfigurationThatCannotBeReadHasNone) {
  NewRun run = newRun("x");
  run.configToml = "this is none";
  const RunSummary stored = *m_store->run(*m_store->addRun(run));
  EXPECT_EQ(stored.configurationKey, "");
  EXPECT_EQ(stored.textKey, "");
}

}  // namespace
}  // namespace weft::store::test
