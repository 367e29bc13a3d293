// engine/base/machine_memory.h -- how much memory this machine has, and how much of it a process that starts now may
// count on.
#pragma once

#include <cstdint>
#include <string>

#include "engine/base/result.h"

namespace weft {

struct MachineMemory {
  std::int64_t total_bytes = 0;
  std::int64_t available_bytes = 0;  // MemAvailable of /proc/meminfo, or what the cgroup leaves if that is less
  std::string source;                // for people: "memory available of the machine"
};
// Io where the system does not say.
[[nodiscard]] Result<MachineMemory> machineMemory();

}  // namespace weft
