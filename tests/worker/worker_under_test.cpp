#include "tests/worker/worker_under_test.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <fstream>

#include "engine/base/text.h"
#include "engine/train/training_checkpoint.h"
#include "engine/worker/job.h"

namespace weft::worker_test {

namespace fs = std::filesystem;

WorkerProcess::WorkerProcess(const fs::path& runFolder, std::optional<std::int64_t> fileLimit_bytes,
                             const std::vector<const char*>& without) {
  const std::string program = WEFT_WORKER, argument = runFolder.string(), log = (runFolder / "log.txt").string();
  m_pid = fork();
  if (m_pid == 0) {
    // Between fork and exec only what is safe there.
    const int file = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    dup2(file, STDOUT_FILENO);
    dup2(file, STDERR_FILENO);
    if (fileLimit_bytes) {
      const rlimit limit{.rlim_cur = static_cast<rlim_t>(*fileLimit_bytes),
                         .rlim_max = static_cast<rlim_t>(*fileLimit_bytes)};
      setrlimit(RLIMIT_FSIZE, &limit);
    }
    for (const char* variable : without) unsetenv(variable);
    execl(program.c_str(), program.c_str(), argument.c_str(), nullptr);
    _exit(127);
  }
  m_descriptor = static_cast<int>(syscall(SYS_pidfd_open, m_pid, 0));
  EXPECT_GE(m_descriptor, 0);
}

WorkerProcess::~WorkerProcess() {
  if (!m_exitCode) {
    signal(SIGKILL);
    wait();
  }
  if (m_descriptor >= 0) close(m_descriptor);
}

void WorkerProcess::signal(int number) const { ::kill(m_pid, number); }

bool WorkerProcess::endsWithin(int time_ms) {
  pollfd wanted{.fd = m_descriptor, .events = POLLIN, .revents = 0};
  while (poll(&wanted, 1, time_ms) < 0 && errno == EINTR) {
  }
  return (wanted.revents & POLLIN) != 0;
}

bool WorkerProcess::runsUntil(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (!condition()) {
    if (endsWithin(1)) return condition();
    if (std::chrono::steady_clock::now() > deadline) return false;
  }
  return true;
}

int WorkerProcess::wait() {
  if (m_exitCode) return *m_exitCode;
  if (!endsWithin(60'000)) return -1;
  int status = 0;
  while (waitpid(m_pid, &status, 0) < 0 && errno == EINTR) {
  }
  m_exitCode = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return *m_exitCode;
}

WorkerTest::WorkerTest() : m_folder(TemporaryFolder::create("weft-worker-test").value()) {}

config::RunConfig WorkerTest::tinyConfig() {
  config::RunConfig config;
  config.name = "tiny";
  config.model = {
      .layers = 4, .hidden = 32, .feedForward = 48, .queryHeads = 2, .kvHeads = 1, .headWidth = 16, .sharing = "cla2"};
  config.data.syntheticTokens = 60'000;
  config.train.steps = 12;
  config.train.sequenceLength = 32;
  config.train.batchSequences = 4;
  config.train.evaluateEvery = 5;
  config.evaluation.tokens = 512;
  config.device = {.device = "cpu", .threads = 1};
  return config;
}

void WorkerTest::writeTraining(const std::string& name, const config::RunConfig& config, int attempt) const {
  EXPECT_TRUE(createFolders(runFolder(name)));
  EXPECT_TRUE(writeFileAtomically(runFolder(name) / "config.toml", config::toToml(config)));
  writeJob(name, {{"kind", "train"}, {"attempt", attempt}, {"shards", "../shards"}, {"device", ""}});
}

void WorkerTest::writeJob(const std::string& name, const nlohmann::json& job) const {
  EXPECT_TRUE(createFolders(runFolder(name)));
  EXPECT_TRUE(writeFileAtomically(runFolder(name) / "job.json", job.dump()));
}

Events WorkerTest::events(const std::string& name) const {
  Events events;
  const std::string text = readFile(runFolder(name) / "events.jsonl").value_or("");
  for (std::size_t begin = 0, end = 0; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
    const Result<protocol::Event> event = protocol::parseEvent(std::string_view(text).substr(begin, end - begin));
    if (event) {
      EXPECT_FALSE(std::holds_alternative<protocol::UnknownEvent>(event->body));
      events.all.push_back(*event);
    } else {
      ++events.damaged;
    }
  }
  return events;
}

std::string WorkerTest::log(const std::string& name) const {
  return readFile(runFolder(name) / "log.txt").value_or("");
}

int WorkerTest::run(const std::string& name, std::optional<std::int64_t> fileLimit_bytes) const {
  return WorkerProcess(runFolder(name), fileLimit_bytes).wait();
}

fs::path WorkerTest::trained(const std::string& name, const config::RunConfig& config) const {
  writeTraining(name, config);
  EXPECT_EQ(run(name), 0) << log(name);
  const std::vector<fs::path> all = train::listCheckpoints(runFolder(name) / "checkpoints");
  EXPECT_FALSE(all.empty());
  return all.empty() ? fs::path() : all.back();
}

protocol::FinishedEvent WorkerTest::answer(const std::string& name, const nlohmann::json& job) const {
  writeJob(name, job);
  EXPECT_EQ(run(name), 0) << log(name);
  const Events said = events(name);
  EXPECT_EQ(said.ends(), 1u);
  const auto finished = said.of<protocol::FinishedEvent>();
  if (finished.empty()) return {};
  EXPECT_EQ(finished[0].outcome, "completed");
  return finished[0];
}

int WorkerTest::runHere(const std::string& name) const {
  ::testing::internal::CaptureStderr();
  const int exitCode = worker::runJob(runFolder(name), stderr);
  EXPECT_TRUE(writeFileAtomically(runFolder(name) / "log.txt", ::testing::internal::GetCapturedStderr()));
  return exitCode;
}

void WorkerTest::expectFailure(const std::string& name, ErrorCode code, const std::string& part) const {
  EXPECT_EQ(runHere(name), 3) << log(name);
  checkFailure(name, code, part);
}

void WorkerTest::checkFailure(const std::string& name, ErrorCode code, const std::string& part) const {
  const Events said = events(name);
  ASSERT_GE(said.all.size(), 2u);
  EXPECT_TRUE(std::holds_alternative<protocol::HelloEvent>(said.all.front().body));
  ASSERT_EQ(said.ends(), 1u);
  const auto* failed = std::get_if<protocol::FailedEvent>(&said.all.back().body);
  ASSERT_NE(failed, nullptr);
  EXPECT_EQ(failed->code, toString(code)) << failed->message;
  EXPECT_THAT(failed->message, ::testing::HasSubstr(part));
  EXPECT_EQ(failed->message.find('\n'), std::string::npos) << failed->message;
  EXPECT_TRUE(failed->message.ends_with('.') || failed->message.ends_with('?')) << failed->message;
  EXPECT_LT(failed->message.size(), 500u) << failed->message;
  EXPECT_THAT(log(name), ::testing::EndsWith(": " + failed->message + "\n"));
}

}  // namespace weft::worker_test
