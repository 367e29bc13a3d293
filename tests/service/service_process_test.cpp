// The service as a process of its own, killed without a warning.
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/wait.h>

#include "engine/store/engine_lock.h"
#include "tests/service/service_fixture.h"

namespace weft::service::test {
namespace {

using store::RunState;

class ServiceProcess : public ServiceTest {
 protected:
  // A child that serves the project until it is killed.
  pid_t startService() {
    const pid_t child = ::fork();
    if (child != 0) return child;
    ::setenv("WEFT_WORKER", m_worker.c_str(), 1);
    const Result<void> served = runService(*m_project, Stay::Always, [](const std::string&) {});
    ::_exit(served ? 0 : 1);
  }
  static int waitFor(pid_t child) {
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return status;
  }
  // One run of so many steps, its service killed whenever something of it has arrived.
  void killAgainAndAgain(int steps);
  bool waitUntil(const std::function<bool()>& condition) {
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (std::chrono::steady_clock::now() < limit) {
      if (condition()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(3));
    }
    return false;
  }
};

void ServiceProcess::killAgainAndAgain(int steps) {
  setWorker(
      say(protocol::HelloEvent{}) + "i=1\nwhile [ $i -le " + std::to_string(steps) +
      " ]; do say '{\"type\":\"metric\",\"time\":1,\"step\":'$i',\"tokens\":'$i',\"values\":{\"train/loss\":'$i'}}'\n"
      "say '{\"type\":\"alert\",\"time\":1,\"level\":\"info\",\"step\":'$i',\"message\":\"m\"}'\n"
      "[ $((i % 20)) = 0 ] && sleep 0.05; i=$((i + 1)); done\n" +
      say(protocol::FinishedEvent{}));
  const store::RunId id = submit();
  int kills = 0;
  while (run(id).step < steps) {
    const pid_t service = startService();
    const std::int64_t before = run(id).step;
    ASSERT_TRUE(waitUntil([&] { return run(id).step > before || store::isTerminal(run(id).state); }))
        << run(id).failure;
    ::kill(service, SIGKILL);
    waitFor(service);
    ++kills;
    ASSERT_LT(kills, 400);
  }
  // The worker was the child of a dead service; whoever comes last still learns its end from the file.
  const pid_t last = startService();
  ASSERT_TRUE(waitUntil([&] { return store::isTerminal(run(id).state) && isEngineRunning(*m_project); }));
  ::kill(last, SIGTERM);
  EXPECT_EQ(waitFor(last), 0);
  EXPECT_EQ(run(id).state, RunState::Finished) << run(id).failure;
  EXPECT_GE(kills, 2);
  EXPECT_EQ(m_store->metric(id, "train/loss").value().points.size(), static_cast<std::size_t>(steps));
  // Rows without a key: a second ingest would double them.
  const auto alerts = m_store->alerts().value();
  EXPECT_EQ(std::count_if(alerts.begin(), alerts.end(), [&](const store::Alert& alert) { return alert.run == id; }),
            steps);
  EXPECT_EQ(m_store->attempts(id).value().size(), 1u);
}

TEST_F(ServiceProcess, KilledAgainAndAgainItLosesNoEventAndStoresNoneTwice) { killAgainAndAgain(400); }

TEST_F(ServiceProcess, SlowAHundredRunsOfKilledServicesLoseNoEventAndStoreNoneTwice) {
  for (int i = 0; i < 100 && !HasFatalFailure(); ++i) {
    SCOPED_TRACE(i);
    killAgainAndAgain(200 + 7 * i);
  }
}

TEST_F(ServiceProcess, OnlyOneServesAProject) {
  setWorker("exit 0\n");
  const pid_t first = startService();
  ASSERT_TRUE(waitUntil([&] { return isEngineRunning(*m_project); }));
  const pid_t second = startService();
  EXPECT_EQ(WEXITSTATUS(waitFor(second)), 1);
  EXPECT_TRUE(isEngineRunning(*m_project));
  ::kill(first, SIGKILL);
  waitFor(first);
  EXPECT_FALSE(isEngineRunning(*m_project));
}

TEST(EngineLock, IsHeldByOneUntilItIsDropped) {
  const TemporaryFolder folder = TemporaryFolder::create().value();
  const auto file = folder.path() / "engine.lock";
  EXPECT_FALSE(store::EngineLock::isHeld(file));
  std::optional<store::EngineLock> lock = store::EngineLock::take(file).value();
  ASSERT_TRUE(lock);
  EXPECT_TRUE(store::EngineLock::isHeld(file));
  EXPECT_FALSE(store::EngineLock::take(file).value());
  lock.reset();
  EXPECT_FALSE(store::EngineLock::isHeld(file));
  EXPECT_TRUE(store::EngineLock::take(file).value());
}

}  // namespace
}  // namespace weft::service::test
