#include "tests/bench/peer_process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

extern char** environ;

namespace weft::bench {

PeerProcess::PeerProcess(const std::vector<std::string>& command) {
  std::signal(SIGPIPE, SIG_IGN);
  int input[2], output[2];
  if (pipe2(input, O_CLOEXEC) != 0) return;
  if (pipe2(output, O_CLOEXEC) != 0) {
    close(input[0]), close(input[1]);
    return;
  }
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input[0], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, output[1], STDOUT_FILENO);
  if (posix_spawnp(&m_pid, arguments[0], &actions, nullptr, arguments.data(), environ) != 0) m_pid = -1;
  posix_spawn_file_actions_destroy(&actions);
  close(input[0]), close(output[1]);
  m_input = input[1];
  m_output = output[0];
}

PeerProcess::~PeerProcess() {
  if (m_input >= 0) close(m_input);
  if (m_output >= 0) close(m_output);
  if (m_pid > 0) waitpid(m_pid, nullptr, 0);
}

void PeerProcess::send(const std::string& line) {
  const std::string text = line + "\n";
  // Short lines: a pipe takes them whole. A peer that has ended is found out by receive().
  if (write(m_input, text.data(), text.size()) < 0) return;
}

std::optional<std::string> PeerProcess::receive() {
  for (;;) {
    const std::size_t newline = m_buffer.find('\n');
    if (newline != std::string::npos) {
      const std::string line = m_buffer.substr(0, newline);
      m_buffer.erase(0, newline + 1);
      return line;
    }
    char part[4096];
    const ssize_t bytes = read(m_output, part, sizeof(part));
    if (bytes <= 0) return std::nullopt;
    m_buffer.append(part, static_cast<std::size_t>(bytes));
  }
}

}  // namespace weft::bench
