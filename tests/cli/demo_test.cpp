// The demo, whose trainings lie in the project already: what it prints of them. (That it trains is seen by `./dev demo
// --quick` in .ci/run.)
#include "engine/config/demo.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <cmath>
#include <map>

#include "engine/service/client.h"
#include "engine/service/demo.h"
#include "engine/store/service_writer.h"
#include "tests/cli/program_under_test.h"

namespace fs = std::filesystem;
using namespace weft;
using namespace weft::cli_test;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

namespace {

// log perplexity of each pattern above MQA's; what a seed adds to all of them comes on top.
const std::map<std::string, double> kAbove{{"MHA", -0.001}, {"MQA", 0}, {"MQA-CLA2", 0.002}, {"H16-MQA", 0.001}};

class DemoTest : public ProjectTest {
 protected:
  void SetUp() override {
    // Its runs are finished already; the service that looks at them starts only where it could train one.
    if (!hasWorker()) GTEST_SKIP() << "weft-worker is not beside weft: this build has no torch";
    ProjectTest::SetUp();
    for (int i = 0; i < 20; ++i) {
      const fs::path header = m_folder->path() / "libtorch/include/c10" / fmt::format("h{:02}.h", i);
      ASSERT_TRUE(createFolders(header.parent_path()));
      ASSERT_TRUE(writeFileAtomically(header, std::string(200, static_cast<char>('a' + i)) + "\n"));
    }
    setenv("WEFT_TORCH_DIR", (m_folder->path() / "libtorch").c_str(), 1);
    m_project.emplace(store::Project::open(project()).value());
    m_store.emplace(store::RunStore::open(m_project->database()).value());
  }
  void TearDown() override {
    unsetenv("WEFT_TORCH_DIR");
    ProjectTest::TearDown();
  }

  // Every run of such a demo, finished. `noise`: what a run differs by for itself.
  void train(const config::DemoOptions& wanted,
             const std::function<double(const std::string& name, std::int64_t seed)>& noise) {
    config::DemoOptions options = wanted;
    const service::DemoText text = service::demoText(*m_project).value();
    options.files = text.files;
    options.validFiles = text.validFiles;
    std::map<std::pair<std::string, std::int64_t>, std::pair<store::RunId, double>> trained;
    for (config::RunConfig config : config::demoRuns(options)) {
      const std::string original = config::demoOriginal(config);
      double logPerplexity = 0;
      if (original.empty()) {
        logPerplexity = 1.6 + 0.05 * std::sin(static_cast<double>(config.train.seed)) + kAbove.at(config.name) +
                        noise(config.name, config.train.seed);
      } else {
        const auto& [run, its] = trained.at({original, config.train.seed});
        config.train.initFrom = (m_project->runFolder(run) / "checkpoints/step-9").string();
        logPerplexity = its;
      }
      const store::RunId id = service::submit(*m_project, *m_store, config).value();
      const fs::path checkpoint = m_project->runFolder(id) / "checkpoints/step-9";
      ASSERT_TRUE(createFolders(checkpoint));
      for (const char* file : {"model.toml", "model.safetensors"})
        ASSERT_TRUE(writeFileAtomically(checkpoint / file, ""));
      finish(id, std::exp(logPerplexity));
      trained[{config.name, config.train.seed}] = {id, logPerplexity};
    }
  }

  void finish(store::RunId run, double perplexity) {
    store::RunStore::ServiceWriter writer = m_store->service();
    const store::JobId job = m_store->training(run)->id;
    ASSERT_TRUE(writer.take(job).value());
    const store::Evaluation evaluation{
        .step = 9, .split = "valid", .loss_nats = std::log(perplexity), .perplexity = perplexity, .tokens = 100};
    ASSERT_TRUE(writer.ingest(
        {.job = job, .from = 0, .to = 1, .rows = {store::HelloRow{.time = 1}, store::EvaluationRow{evaluation}}}));
    ASSERT_TRUE(writer.attemptEnded({.job = job,
                                     .state = store::RunState::Finished,
                                     .outcome = "completed",
                                     .code = {},
                                     .failure = {},
                                     .detail = {}}));
  }

  std::optional<store::Project> m_project;
  std::optional<store::RunStore> m_store;
};

}  // namespace

TEST_F(DemoTest, SaysOfThreeSeedsWhatTheirIntervalsCarry) {
  train({}, [](const std::string& name, std::int64_t seed) {
    return 0.003 * std::cos(static_cast<double>((seed - 20) * 7 + static_cast<int>(name.size())));
  });
  const Outcome outcome = weft({"demo"});
  ASSERT_TRUE(succeeded(outcome)) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("which are not those of the 2.11.0 wheel"));
  EXPECT_THAT(outcome.out,
              AllOf(HasSubstr("(3 seeds)"), HasSubstr("MQA-CLA2 against MQA: half of MQA's KV bytes; perplexity "),
                    HasSubstr("(3 seeds, paired; 2 comparisons): no difference beyond the seeds."),
                    HasSubstr("MQA-CLA2 against H16-MQA: the same KV bytes as H16-MQA;")));
  EXPECT_THAT(outcome.out, Not(HasSubstr("higher than")));
  const nlohmann::json value = weft({"demo", "--json"}).json();
  ASSERT_EQ(value["runs"].size(), 15u) << "nothing was trained again";
  ASSERT_EQ(value["groups"].size(), 5u);
  EXPECT_EQ(value["groups"][2]["name"], "MQA-CLA2");
  EXPECT_EQ(value["groups"][2]["n"], 3);
  ASSERT_EQ(value["comparisons"].size(), 2u);
  EXPECT_EQ(value["comparisons"][0]["is_difference"], false);
  EXPECT_LT(value["comparisons"][0]["low"].get<double>(), value["comparisons"][0]["difference"].get<double>());
}

TEST_F(DemoTest, SaysADifferenceThatEverySeedShows) {
  train({}, [](const std::string& name, std::int64_t) { return name == "MQA-CLA2" ? 0.05 : 0; });
  EXPECT_THAT(weft({"demo"}).out,
              AllOf(HasSubstr("perplexity +5.3%"), HasSubstr("higher than MQA's"), HasSubstr("higher than H16-MQA's")));
}

TEST_F(DemoTest, QuickComparesNothing) {
  train({.quick = true, .files = {}, .validFiles = {}, .seeds = {}},
        [](const std::string& name, std::int64_t) { return name == "MQA" ? 0.5 : 0; });
  const Outcome outcome = weft({"demo", "--quick"});
  ASSERT_TRUE(succeeded(outcome)) << outcome.err;
  EXPECT_THAT(outcome.out,
              AllOf(HasSubstr("shows the way and compares nothing"), Not(HasSubstr("against")), Not(HasSubstr("%"))));
  EXPECT_TRUE(weft({"demo", "--quick", "--json"}).json()["comparisons"].empty());
}

TEST_F(DemoTest, RefusesSeedsThatAreNone) {
  for (const char* seeds : {"1,1", "x", "1,,2", "-3", "1.5"})
    EXPECT_TRUE(isOneSentenceOfBadInput(weft({"demo", "--seeds", seeds}))) << seeds;
  EXPECT_TRUE(isOneSentenceOfBadInput(weft({"demo", "--text", "/nowhere.txt"})));
  EXPECT_TRUE(m_store->runs().value().empty());
}
