#include "tests/cli/program_under_test.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace weft::cli_test {

namespace fs = std::filesystem;

Outcome runWeft(const std::vector<std::string>& arguments, const std::string& input) {
  const TemporaryFolder folder = TemporaryFolder::create("weft-cli").value();
  const fs::path in = folder.path() / "in", out = folder.path() / "out", err = folder.path() / "err";
  EXPECT_TRUE(writeFileAtomically(in, input));

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, in.c_str(), O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, out.c_str(), O_WRONLY | O_CREAT, 0600);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, err.c_str(), O_WRONLY | O_CREAT, 0600);
  std::vector<std::string> words{WEFT_PROGRAM};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);

  Outcome outcome;
  pid_t child = 0;
  const int error = ::posix_spawn(&child, WEFT_PROGRAM, &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) {
    ADD_FAILURE() << WEFT_PROGRAM << " cannot be started";
    return outcome;
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  outcome.exitCode = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  outcome.out = readFile(out).value_or("");
  outcome.err = readFile(err).value_or("");
  return outcome;
}

::testing::AssertionResult isOneSentenceOfBadInput(const Outcome& outcome) {
  const auto lines = std::count(outcome.err.begin(), outcome.err.end(), '\n');
  const bool isSentence = outcome.err.rfind("weft: ", 0) == 0 && lines == 1 && outcome.err.size() < 600;
  if (outcome.exitCode == 2 && outcome.out.empty() && isSentence) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << "exit code " << outcome.exitCode << ", stdout '" << outcome.out
                                       << "', stderr '" << outcome.err << "'";
}

::testing::AssertionResult succeeded(const Outcome& outcome) {
  if (outcome.exitCode == 0) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << "exit code " << outcome.exitCode << ", stderr '" << outcome.err << "'";
}

bool hasWorker() { return fs::exists(fs::path(WEFT_PROGRAM).parent_path() / "weft-worker"); }

void ProjectTest::SetUp() {
  m_folder.emplace(TemporaryFolder::create("weft-cli").value());
  ASSERT_TRUE(succeeded(runWeft({"init", project().string()})));
}

void ProjectTest::TearDown() {
  // A service that a test started must not outlive its folder.
  if (m_folder && fs::exists(project() / "weft.db")) weft({"engine", "--stop"});
}

fs::path ProjectTest::file(const std::string& name, const std::string& content) const {
  const fs::path path = m_folder->path() / name;
  EXPECT_TRUE(writeFileAtomically(path, content));
  return path;
}

Outcome ProjectTest::weft(std::vector<std::string> arguments, const std::string& input) const {
  arguments.insert(arguments.end(), {"-C", project().string()});
  return runWeft(arguments, input);
}

}  // namespace weft::cli_test
