#include "engine/service/process.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "engine/base/files.h"

namespace weft::service {
namespace {

class Processes : public ::testing::Test {
 protected:
  Launch shell(const std::string& script) const {
    return {.program = "/bin/sh",
            .arguments = {"-c", script},
            .output = m_folder.path() / "out",
            .variables = {"WEFT_TEST_WORD=hello"}};
  }
  std::string output() const { return readFile(m_folder.path() / "out").value_or(""); }
  static std::optional<ChildEnd> endOf(const ProcessId& child) {
    for (int i = 0; i < 5000; ++i) {
      if (auto end = takeEnd(child)) return end;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return std::nullopt;
  }
  TemporaryFolder m_folder = TemporaryFolder::create().value();
};

TEST_F(Processes, AGatedChildRunsNothingBeforeItsGateOpens) {
  Result<GatedChild> child = GatedChild::start(shell("echo ran $WEFT_TEST_WORD"));
  ASSERT_TRUE(child);
  EXPECT_TRUE(isRunning(child->id()));
  EXPECT_EQ(output(), "");
  child->release();
  const auto end = endOf(child->id());
  ASSERT_TRUE(end);
  EXPECT_EQ(end->exitCode, 0);
  EXPECT_EQ(output(), "ran hello\n");
  EXPECT_FALSE(isRunning(child->id()));
}

TEST_F(Processes, AGateThatIsDroppedEndsTheChildAndItsProgramNeverRuns) {
  ProcessId id;
  {
    const Result<GatedChild> child = GatedChild::start(shell("echo ran"));
    ASSERT_TRUE(child);
    id = child->id();
  }
  EXPECT_TRUE(endOf(id));
  EXPECT_EQ(output(), "");
}

TEST_F(Processes, TheGateHoldsWhenItsOwnerIsKilled) {
  int report[2];
  ASSERT_EQ(::pipe(report), 0);
  const pid_t owner = ::fork();
  if (owner == 0) {
    const Result<GatedChild> child = GatedChild::start(shell("echo ran"));
    const std::int64_t pid = child->id().pid;
    [[maybe_unused]] const auto written = ::write(report[1], &pid, sizeof pid);
    ::pause();
  }
  std::int64_t pid = 0;
  ASSERT_EQ(::read(report[0], &pid, sizeof pid), static_cast<ssize_t>(sizeof pid));
  const ProcessId id = identify(pid);
  ::kill(owner, SIGKILL);
  ::waitpid(owner, nullptr, 0);
  for (int i = 0; i < 5000 && isRunning(id); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_FALSE(isRunning(id));
  EXPECT_EQ(output(), "");
  ::close(report[0]);
  ::close(report[1]);
}

TEST_F(Processes, APidOfAnotherTimeIsNotTheProcess) {
  const ProcessId self = identify(::getpid());
  EXPECT_TRUE(isRunning(self));
  EXPECT_FALSE(isRunning({self.pid, self.start + "0"}));
  EXPECT_FALSE(isRunning({self.pid, ""}));
  EXPECT_FALSE(sendSignal({self.pid, "another boot:1"}, SIGKILL));
}

TEST_F(Processes, AnEndedChildIsNotRunningThoughNobodyTookItsEnd) {
  Result<GatedChild> child = GatedChild::start(shell("kill -9 $$"));
  ASSERT_TRUE(child);
  child->release();
  for (int i = 0; i < 5000 && isRunning(child->id()); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_FALSE(isRunning(child->id()));
  const auto end = takeEnd(child->id());
  ASSERT_TRUE(end);
  EXPECT_EQ(end->signal, SIGKILL);
  EXPECT_FALSE(takeEnd(child->id()));
}

TEST_F(Processes, AProgramThatIsNotThereIsNamed) {
  const Launch launch{.program = "/nowhere/at/all", .arguments = {}, .output = "", .variables = {}};
  for (const Error& error : {GatedChild::start(launch).error(), startInBackground(launch).error(),
                             startDependent(launch).error(), runProgram(launch).error()}) {
    EXPECT_NE(error.message.find("/nowhere/at/all"), std::string::npos);
  }
}

TEST_F(Processes, ABackgroundProgramIsNobodysChildAndHasASessionOfItsOwn) {
  const Result<ProcessId> id = startInBackground(shell("sleep 30"));
  ASSERT_TRUE(id);
  EXPECT_TRUE(isRunning(*id));
  EXPECT_NE(::getsid(static_cast<pid_t>(id->pid)), ::getsid(0));
  EXPECT_FALSE(takeEnd(*id));
  EXPECT_TRUE(sendSignal(*id, SIGKILL));
}

TEST_F(Processes, RunProgramGivesTheExitCodeAndTheSignal) {
  EXPECT_EQ(runProgram(shell("exit 7")).value(), 7);
  EXPECT_EQ(runProgram(shell("kill -TERM $$")).value(), 128 + SIGTERM);
}

}  // namespace
}  // namespace weft::service
