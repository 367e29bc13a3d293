// engine/service/process.h -- other programs: started with an argument list and never through a shell, found again by
// pid and start time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/result.h"

namespace weft::service {

// A pid alone may be somebody else's by now; with the boot and the start time of that process it is not.
struct ProcessId {
  std::int64_t pid = 0;
  std::string start;  // "BOOT:TICKS"
  bool operator==(const ProcessId&) const = default;
};
ProcessId identify(std::int64_t pid);      // start is empty if there is no such process
bool isRunning(const ProcessId& process);  // false for a zombie: it has ended
// To the process, or to its whole session if it leads one. False if it is gone.
bool sendSignal(const ProcessId& process, int signal);

struct Launch {
  std::filesystem::path program;
  std::vector<std::string> arguments;
  std::filesystem::path output;        // stdout and stderr are appended to it; "" = those of this process
  std::vector<std::string> variables;  // "NAME=VALUE", on top of this process's environment
};

// Runs it to its end and gives its exit code, or 128 + signal.
[[nodiscard]] Result<int> runProgram(const Launch& launch);

// How a child ended: its exit code, or the signal that ended it.
struct ChildEnd {
  int exitCode = 0, signal = 0;
};

// A child in a session of its own, which outlives this process. It waits at a gate, before it becomes the program,
// until release(): what is known of it can be stored first. If this process dies with the gate closed, the child ends
// and the program never ran.
class GatedChild {
 public:
  [[nodiscard]] static Result<GatedChild> start(const Launch& launch);
  GatedChild(GatedChild&& other) noexcept;
  GatedChild& operator=(GatedChild&&) = delete;
  ~GatedChild();  // a gate that is still closed ends the child
  const ProcessId& id() const { return m_id; }
  void release();

 private:
  GatedChild(ProcessId id, int gate) : m_id(std::move(id)), m_gate(gate) {}
  ProcessId m_id;
  int m_gate = -1;
};

// Starts it in a session of its own and forgets it: it is no child of this process.
[[nodiscard]] Result<ProcessId> startInBackground(const Launch& launch);
// A child that is killed when the calling thread ends, whatever ends it.
[[nodiscard]] Result<ProcessId> startDependent(const Launch& launch);

// The end of a child of this process, once; nullopt while it runs or if it is no child of this process.
std::optional<ChildEnd> takeEnd(const ProcessId& child);

}  // namespace weft::service
