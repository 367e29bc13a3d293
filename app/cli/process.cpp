#include "app/cli/process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace weft::cli {

namespace {

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> list;
  for (std::string& text : texts) list.push_back(text.data());
  list.push_back(nullptr);
  return list;
}

std::vector<std::string> commandLine(const std::filesystem::path& program, const std::vector<std::string>& arguments) {
  std::vector<std::string> words{program.string()};
  words.insert(words.end(), arguments.begin(), arguments.end());
  return words;
}

Result<void> checkStarted(const std::filesystem::path& program, int error) {
  if (error == 0) return {};
  return fail(ErrorCode::Io, program.string() + " cannot be started: " + std::generic_category().message(error) + ".");
}

}  // namespace

Result<int> runProgram(const std::filesystem::path& program, const std::vector<std::string>& arguments, const std::vector<std::string>& variables) {
  std::vector<std::string> words = commandLine(program, arguments);
  std::vector<std::string> environment = variables;
  for (char** variable = environ; *variable != nullptr; ++variable) environment.emplace_back(*variable);
  pid_t child = 0;
  WEFT_TRY(checkStarted(program, ::posix_spawn(&child, program.c_str(), nullptr, nullptr, pointers(words).data(), pointers(environment).data())));
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

Result<void> startInBackground(const std::filesystem::path& program, const std::vector<std::string>& arguments, const std::filesystem::path& log) {
  std::vector<std::string> words = commandLine(program, arguments);
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0666);
  posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
  pid_t child = 0;
  const int error = ::posix_spawn(&child, program.c_str(), &actions, &attributes, pointers(words).data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  return checkStarted(program, error);
}

}  // namespace weft::cli
