// tests/bench/peer_process.h -- a peer that runs in a process of its own: a line to it, a line from it.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace weft::bench {

class PeerProcess {
 public:
  explicit PeerProcess(const std::vector<std::string>& command);
  ~PeerProcess();  // closes its input and waits for its end
  PeerProcess(const PeerProcess&) = delete;
  PeerProcess& operator=(const PeerProcess&) = delete;

  void send(const std::string& line);
  std::optional<std::string> receive();  // nullopt when it has ended

 private:
  int m_pid = -1, m_input = -1, m_output = -1;
  std::string m_buffer;
};

}  // namespace weft::bench
