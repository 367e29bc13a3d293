#include "engine/service/replay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "engine/base/files.h"
#include "engine/store/project.h"
#include "engine/store/service_writer.h"

namespace weft::service {
namespace {

namespace fs = std::filesystem;
using store::RunState;
using store::RunSummary;
using testing::AllOf;
using testing::HasSubstr;

const fs::path kGolden = fs::path(WEFT_TEST_SOURCE_DIR) / "golden";

class GoldenReplay : public ::testing::Test {
 protected:
  RunSummary replayed(const std::string& recording, const std::string& name = {}) {
    const Result<store::RunId> id =
        replay(m_project, m_store, {.events = kGolden / recording / "events.jsonl", .name = name});
    EXPECT_TRUE(id) << (id ? "" : id.error().message);
    return m_store.run(id.value_or(store::RunId{})).value_or(RunSummary{});
  }
  Error refusal(const ReplayRequest& request) {
    const Result<store::RunId> id = replay(m_project, m_store, request);
    EXPECT_FALSE(id);
    EXPECT_TRUE(m_store.runs()->empty()) << "nothing is left of what was refused";
    return id ? Error{} : id.error();
  }
  fs::path write(const std::string& name, const std::string& content) {
    EXPECT_TRUE(writeFileAtomically(m_folder.path() / name, content));
    return m_folder.path() / name;
  }

  TemporaryFolder m_folder = *TemporaryFolder::create("weft-replay");
  store::Project m_project = *store::Project::create(m_folder.path() / "project");
  store::RunStore m_store = *store::RunStore::open(m_project.database());
};

TEST_F(GoldenReplay, AFinishedRunIsThereAsIfItHadBeenTrainedHere) {
  const RunSummary run = replayed("finished");
  EXPECT_EQ(run.name, "MQA-CLA2 tiny");
  EXPECT_EQ(run.state, RunState::Finished);
  EXPECT_EQ(run.step, 40);
  EXPECT_EQ(run.steps, 40);
  EXPECT_EQ(run.tokens, 5120);
  EXPECT_EQ(run.map, "0_0_2_2");
  EXPECT_EQ(run.generator, "cla2");
  EXPECT_EQ(run.parameters, 37'248) << "as the worker counted them itself";
  EXPECT_EQ(run.kvBytesPerToken, 256);
  EXPECT_EQ(run.kvBytesPerTokenMeasured, 256);
  EXPECT_NEAR(run.perplexity.value_or(0), 29.9639, 1e-3);
  EXPECT_EQ(run.device, "CPU (1 thread)");
  EXPECT_EQ(run.attempt, 1);
  EXPECT_NEAR(run.ended - run.started, 0.4, 0.3) << "of the recording, not of the replay";
  EXPECT_EQ(run.tags, std::vector<std::string>{"recorded"});
  EXPECT_EQ(m_store.metric(run.id, "train/loss")->points.size(), 21u);
  EXPECT_EQ(m_store.evaluations(run.id)->size(), 4u);
  EXPECT_EQ(m_store.checkpoints(run.id)->size(), 2u);
  EXPECT_EQ(m_store.attempts(run.id)->front().outcome, "completed");
  EXPECT_EQ(readFile(m_project.eventsFile(run.id)).value(), readFile(kGolden / "finished" / "events.jsonl").value());
  EXPECT_THAT(m_store.configToml(run.id).value(), HasSubstr("0_0_2_2"));
  EXPECT_EQ(static_cast<std::uintmax_t>(m_store.service().eventsOffset(m_store.training(run.id)->id).value()),
            fs::file_size(m_project.eventsFile(run.id)))
      << "a service that starts now has nothing left to read";
  EXPECT_TRUE(m_store.service().queue()->empty());
  EXPECT_TRUE(m_store.service().activeJobs()->empty());
}

TEST_F(GoldenReplay, TheTwoAttemptsOfAResumedRunGiveOneSeries) {
  const RunSummary run = replayed("resumed");
  EXPECT_EQ(run.state, RunState::Finished);
  EXPECT_EQ(run.attempt, 2);
  const auto attempts = m_store.attempts(run.id).value();
  ASSERT_EQ(attempts.size(), 2u);
  EXPECT_EQ(attempts[0].outcome, "paused");
  EXPECT_EQ(attempts[1].outcome, "completed");
  const auto points = m_store.metric(run.id, "train/loss")->points;
  for (std::size_t i = 1; i < points.size(); ++i) EXPECT_GT(points[i].step, points[i - 1].step);
  EXPECT_EQ(points.back().step, 600);
  const auto evaluations = m_store.evaluations(run.id).value();
  EXPECT_EQ(evaluations.front().attempt, 1);
  EXPECT_EQ(evaluations.back().attempt, 2);
}

TEST_F(GoldenReplay, ADivergedRunKeepsItsNaNAndItsReason) {
  const RunSummary run = replayed("diverged", "another name");
  EXPECT_EQ(run.name, "another name");
  EXPECT_EQ(run.state, RunState::Failed);
  EXPECT_THAT(run.failure, AllOf(HasSubstr("step 2"), HasSubstr("learning_rate")));
  EXPECT_TRUE(std::isnan(m_store.metric(run.id, "train/gradient_norm")->points.back().value));
  EXPECT_EQ(run.perplexity, std::nullopt);
}

TEST_F(GoldenReplay, ARecordingWithoutAnEndIsALostRun) {
  const std::string whole = readFile(kGolden / "finished" / "events.jsonl").value();
  const fs::path cut = write("events.jsonl", whole.substr(0, whole.size() / 2));
  write("config.toml", readFile(kGolden / "finished" / "config.toml").value());
  const store::RunId id = replay(m_project, m_store, {.events = cut}).value();
  const RunSummary run = m_store.run(id).value();
  EXPECT_EQ(run.state, RunState::Lost);
  EXPECT_THAT(run.failure, HasSubstr("ends without a word"));
  EXPECT_GT(run.step, 0);
}

TEST_F(GoldenReplay, ALineThatCannotBeReadIsAnAlertAndTheRestIsKept) {
  const std::string whole = readFile(kGolden / "finished" / "events.jsonl").value();
  const std::size_t second = whole.find('\n') + 1;
  const fs::path damaged = write("e.jsonl", whole.substr(0, second) + "{\"type\": 3}\n" + whole.substr(second));
  const fs::path config = write("c.toml", readFile(kGolden / "finished" / "config.toml").value());
  const store::RunId id = replay(m_project, m_store, {.events = damaged, .config = config}).value();
  EXPECT_EQ(m_store.run(id)->step, 40);
  EXPECT_EQ(m_store.alerts()->size(), 1u);
}

TEST_F(GoldenReplay, SaysWhatIsMissingOrNoRecording) {
  EXPECT_EQ(refusal({.events = m_folder.path() / "none"}).code, ErrorCode::NotFound);
  EXPECT_EQ(refusal({.events = m_folder.path()}).code, ErrorCode::NotFound) << "a folder is no file";
  const fs::path text = write("text.jsonl", "no event\nat all\n");
  EXPECT_THAT(refusal({.events = text}).message, HasSubstr("no event of a worker"));
  EXPECT_THAT(refusal({.events = write("empty.jsonl", "")}).message, HasSubstr("no event of a worker"));
  const fs::path events = write("alone.jsonl", readFile(kGolden / "finished" / "events.jsonl").value());
  EXPECT_THAT(refusal({.events = events}).message, HasSubstr("config.toml"));
  EXPECT_EQ(refusal({.events = events, .config = write("c.toml", "layers = ")}).code, ErrorCode::InvalidInput);
}

}  // namespace
}  // namespace weft::service
