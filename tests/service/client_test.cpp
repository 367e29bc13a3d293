#include "engine/service/client.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <nlohmann/json.hpp>

#include "engine/base/json.h"
#include "engine/service/attempt_end.h"
#include "engine/service/event_reader.h"
#include "engine/store/run_fields.h"
#include "tests/service/service_fixture.h"

namespace weft::service::test {
namespace {

using store::RunState;
using ::testing::AllOf;
using ::testing::HasSubstr;

class Client : public ServiceTest {
 protected:
  void SetUp() override {
    ServiceTest::SetUp();
    ::unsetenv("WEFT_WORKER");
  }
  void TearDown() override {
    ::unsetenv("WEFT_WORKER");
    ServiceTest::TearDown();
  }
  config::RunConfig valid() const { return config::preset("demo-mqa-cla2").value(); }
  Result<store::RunId> submitted(const config::RunConfig& config) {
    return service::submit(*m_project, *m_store, config);
  }
  std::filesystem::path addCheckpoint(store::RunId id, const std::string& name) const {
    const auto folder = m_project->runFolder(id) / "checkpoints" / name;
    EXPECT_TRUE(createFolders(folder));
    EXPECT_TRUE(writeFileAtomically(folder / "model.toml", ""));
    EXPECT_TRUE(writeFileAtomically(folder / "model.safetensors", ""));
    return folder;
  }
  Result<protocol::FinishedEvent> runScript(const std::string& script, std::vector<protocol::Event>* seen = nullptr) {
    setWorker(script);
    ::setenv("WEFT_WORKER", m_worker.c_str(), 1);
    const auto folder = m_folder->path() / "job";
    EXPECT_TRUE(createFolders(folder));
    return runDirectJob({.job = {.body = protocol::GenerateJob{.model = "m"}}, .runFolder = folder},
                        [&](const protocol::Event& event) {
                          if (seen != nullptr) seen->push_back(event);
                        });
  }
};

TEST_F(Client, SubmittingRefusesANameThatCouldNotBeWrittenAgain) {
  for (const std::string name : {"a@best", "caf\xE9", "", "a/b", "a\tb", "a,b", "7"}) {
    config::RunConfig config = valid();
    config.name = name;
    const auto id = submitted(config);
    ASSERT_FALSE(id) << name;
    EXPECT_EQ(id.error().code, ErrorCode::InvalidInput);
    EXPECT_THAT(id.error().message, HasSubstr("name"));
  }
  EXPECT_TRUE(m_store->runs()->empty());
}

TEST_F(Client, SubmittingRefusesAPipeInAFilesPlace) {
  const auto pipe = m_folder->path() / "pipe.txt";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  config::RunConfig config = valid();
  config.data.source = "text";
  config.data.files = {pipe.string()};
  EXPECT_THAT(submitted(config).error().message, HasSubstr("data.files: " + pipe.string() + " is a pipe, not a file."));
}

TEST_F(Client, SubmittingCostsTheRunAndKeepsItsWholeSnapshot) {
  const store::RunSummary run = this->run(submit());
  EXPECT_EQ(run.state, RunState::Queued);
  EXPECT_EQ(run.map, "0_0_2_2");
  EXPECT_EQ(run.generator, "cla2");
  EXPECT_EQ(run.kvBytesPerToken, 2 * 2 * 32 * 4);  // 2 producers, K and V, one head of 32, float32 on a CPU
  EXPECT_GT(run.parameters, 500'000);
  const config::RunConfig stored = config::parseRunConfig(m_store->configToml(run.id).value(), "config.toml").value();
  EXPECT_EQ(stored.model.vocabulary, 257);
  config::RunConfig half = valid();
  half.device.device = "cpu";
  half.device.dtype = "bfloat16";
  EXPECT_EQ(this->run(submitted(half).value()).kvBytesPerToken, 2 * 2 * 32 * 2);
}

TEST_F(Client, AWrongConfigurationIsOneSentenceAndLeavesNoRow) {
  const auto expectRefused = [&](const std::function<void(config::RunConfig&)>& spoil, const char* what) {
    config::RunConfig config = valid();
    spoil(config);
    const Result<store::RunId> id = submitted(config);
    ASSERT_FALSE(id) << what;
    EXPECT_THAT(id.error().message, HasSubstr(what));
    EXPECT_EQ(exitCode(id.error().code), 2);
  };
  expectRefused([](auto& config) { config.model.sharing = "0_2_2_2"; }, "model.sharing");
  expectRefused([](auto& config) { config.model.vocabulary = 100; }, "model.vocabulary");
  expectRefused([](auto& config) { config.data.tokenizer = "/nowhere/tokenizer.json"; }, "/nowhere/tokenizer.json");
  expectRefused(
      [](auto& config) {
        config.data.source = "text";
        config.data.files = {"/nowhere/text.txt"};
      },
      "/nowhere/text.txt");
  expectRefused([](auto& config) { config.train.initFrom = "/nowhere/step-1"; }, "train.init_from");
  EXPECT_TRUE(m_store->runs().value().empty());
}

TEST_F(Client, ADirectJobGivesItsAnswerAndItsEventsInOrder) {
  std::vector<protocol::Event> seen;
  const auto finished = runScript(say(protocol::HelloEvent{}) +
                                      say(protocol::ProgressEvent{.phase = "generating", .done = 1, .total = 2}) +
                                      say(protocol::FinishedEvent{.summary = {{"kv_bytes", 5}}}),
                                  &seen);
  ASSERT_TRUE(finished) << finished.error().message;
  EXPECT_EQ(finished->summary.at("kv_bytes"), 5);
  ASSERT_EQ(seen.size(), 3u);
  EXPECT_TRUE(std::holds_alternative<protocol::ProgressEvent>(seen[1].body));
}

TEST_F(Client, AFailedDirectJobKeepsTheCodeAndTheSentence) {
  const auto finished =
      runScript(say(protocol::HelloEvent{}) +
                say(protocol::FailedEvent{.code = "invalid_input", .message = "Token 300 is no id."}) + "exit 3\n");
  ASSERT_FALSE(finished);
  EXPECT_EQ(finished.error().code, ErrorCode::InvalidInput);
  EXPECT_EQ(finished.error().message, "Token 300 is no id.");
}

TEST_F(Client, ADirectJobThatDiesSaysHow) {
  const auto killed = runScript("echo 'out of everything' >&2\nkill -9 $$\n");
  ASSERT_FALSE(killed);
  EXPECT_EQ(killed.error().code, ErrorCode::JobFailed);
  EXPECT_THAT(killed.error().message, AllOf(HasSubstr("signal 9"), HasSubstr("out of everything")));
}

TEST_F(Client, ADirectJobWithoutAWorkerNamesWhatIsMissing) {
  ::setenv("WEFT_WORKER", "/nowhere/weft-worker", 1);
  const auto finished =
      runDirectJob({.job = {.body = protocol::GenerateJob{.model = "m"}}, .runFolder = m_folder->path()}, {});
  ASSERT_FALSE(finished);
  EXPECT_THAT(finished.error().message, HasSubstr("/nowhere/weft-worker"));
}

TEST_F(Client, AModelIsAFolderARunOrOneOfItsCheckpoints) {
  const store::RunId id = submit("mine");
  EXPECT_THAT(resolveModel("mine", *m_project).error().message, HasSubstr("no checkpoint yet"));
  const auto two = addCheckpoint(id, "step-2"), ten = addCheckpoint(id, "step-10");
  ASSERT_TRUE(createFolders(m_project->runFolder(id) / "checkpoints" / "step-20"));  // empty: no model
  EXPECT_EQ(resolveModel("mine", *m_project).value(), ten);
  EXPECT_EQ(resolveModel(std::to_string(id.value), *m_project).value(), ten);
  EXPECT_EQ(resolveModel("mine@step-2", *m_project).value(), two);
  EXPECT_EQ(resolveModel(two.string(), std::nullopt).value(), two);
  ASSERT_TRUE(writeFileAtomically(m_project->runFolder(id) / "checkpoints" / "best", "step-2\n"));
  EXPECT_EQ(resolveModel("mine@best", *m_project).value(), two);
  EXPECT_THAT(resolveModel("mine@step-3", *m_project).error().message,
              AllOf(HasSubstr("step-3"), HasSubstr("step-2, step-10")));
  EXPECT_THAT(resolveModel("mien", *m_project).error().message, HasSubstr("mine"));
  EXPECT_THAT(resolveModel("mine", std::nullopt).error().message, HasSubstr("-C"));
  EXPECT_THAT(resolveModel(m_folder->path().string(), std::nullopt).error().message, HasSubstr("model.toml"));
}

TEST_F(Client, TheJsonOfARunHasTheKeysOthersBuildOn) {
  store::RunSummary run = this->run(submit());
  run.name = "j\xffson";  // of a store that an older Weft filled
  run.perplexity = std::nan("");
  const auto json = nlohmann::json::parse(jsonText(store::runToJson(run)));
  for (const char* key : {"id", "name", "state", "map", "parameters", "kv_bytes_per_token", "perplexity"})
    EXPECT_TRUE(json.contains(key)) << key;
  EXPECT_TRUE(json["perplexity"].is_null());
  EXPECT_EQ(json["not_finite"]["perplexity"], "NaN");
  EXPECT_FALSE(json["not_finite"].contains("kv_bytes_per_token_measured")) << "what is not known is null alone";
  EXPECT_TRUE(json["kv_bytes_per_token_measured"].is_null());
  EXPECT_EQ(json["kv_bytes_per_token"], 512);
}

TEST(EventReader, GivesCompleteLinesAndLeavesAHalfOneForLater) {
  const TemporaryFolder folder = TemporaryFolder::create().value();
  const auto file = folder.path() / "events.jsonl";
  EXPECT_EQ(readEvents(file, 0).value().to, 0);  // not there yet
  const std::string first = line(protocol::HelloEvent{}) + "\n", second = line(protocol::MetricEvent{.step = 1}) + "\n";
  ASSERT_TRUE(writeFileAtomically(file, first + second.substr(0, 10)));
  const EventLines one = readEvents(file, 0).value();
  EXPECT_EQ(one.events.size(), 1u);
  EXPECT_EQ(one.to, static_cast<std::int64_t>(first.size()));
  ASSERT_TRUE(writeFileAtomically(file, first + second));
  EXPECT_EQ(readEvents(file, one.to).value().events.size(), 1u);
  EXPECT_EQ(readEvents(file, 100'000).error().code, ErrorCode::Corrupt);
}

TEST(EventReader, ReadsAFileOfManyChunksAndALineLongerThanOne) {
  const TemporaryFolder folder = TemporaryFolder::create().value();
  const auto file = folder.path() / "events.jsonl";
  std::string text = line(protocol::AlertEvent{.message = std::string(3 << 20, 'x')}) + "\n";
  constexpr int kLines = 30'000;
  for (int step = 1; step <= kLines; ++step)
    text += line(protocol::MetricEvent{.step = step, .values = {{"train/loss", 1.0 / step}}}) + "\n";
  ASSERT_TRUE(writeFileAtomically(file, text));
  std::int64_t offset = 0;
  std::size_t events = 0;
  for (bool hasMore = true; hasMore;) {
    const EventLines lines = readEvents(file, offset).value();
    EXPECT_GT(lines.to, offset);
    offset = lines.to;
    events += lines.events.size();
    hasMore = lines.hasMore;
  }
  EXPECT_EQ(offset, static_cast<std::int64_t>(text.size()));
  EXPECT_EQ(events, static_cast<std::size_t>(kLines) + 1);
}

store::ActiveJob active(RunState state, const std::string& wanted) {
  store::ActiveJob job;
  job.job.id = {1};
  job.job.state = state;
  job.job.wanted = wanted;
  return job;
}

TEST(AttemptEnd, AWishThatCameBeforeTheWorkerListenedIsHonoured) {
  const store::ActiveJob stopped = active(RunState::Stopping, "stop");
  EXPECT_EQ(attemptEnd(stopped, ChildEnd{.signal = SIGTERM}, "").state, RunState::Stopped);
  EXPECT_EQ(attemptEnd(stopped, ChildEnd{.signal = SIGSEGV}, "").state, RunState::Failed);
  const store::ActiveJob paused = active(RunState::Stopping, "pause");
  EXPECT_EQ(attemptEnd(paused, ChildEnd{.signal = SIGUSR1}, "").state, RunState::Paused);
  const store::ActiveJob unasked = active(RunState::Running, "");
  EXPECT_THAT(attemptEnd(unasked, ChildEnd{.signal = SIGKILL}, "").failure, HasSubstr("memory"));
  EXPECT_EQ(attemptEnd(unasked, std::nullopt, "").state, RunState::Lost);
}

TEST(LocalExecutor, OffersThisMachineWithItsLanes) {
  const TemporaryFolder folder = TemporaryFolder::create().value();
  const LocalExecutor executor(store::Project::create(folder.path()).value(), "worker", {"cuda:0", "cuda:1", "cpu"});
  ASSERT_EQ(executor.hosts().size(), 1u);
  EXPECT_EQ(executor.hosts()[0].name, hostName());
  EXPECT_FALSE(hostName().empty());
  EXPECT_EQ(executor.hosts()[0].lanes, (std::vector<Lane>{"cuda:0", "cuda:1", "cpu"}));
}

}  // namespace
}  // namespace weft::service::test
