#include "engine/base/machine_memory.h"

#include <algorithm>
#include <fstream>
#include <optional>

#include "engine/base/text.h"

namespace weft {

namespace {

std::optional<std::int64_t> numberIn(const std::string& file, const std::string& key) {
  std::ifstream stream(file);
  for (std::string line; std::getline(stream, line);) {
    if (line.rfind(key, 0) != 0) continue;
    std::int64_t value = 0;
    const std::string_view rest = trim(std::string_view(line).substr(key.size()));
    if (parseInteger(rest.substr(0, rest.find(' ')), value)) return value;
  }
  return std::nullopt;
}

// The cgroup (v2) of this process: its smallest limit, and what it leaves of it, page cache that can be dropped not
// counted.
struct GroupMemory {
  std::int64_t limit = 0, left = 0;
};

std::optional<GroupMemory> groupMemory() {
  const std::string root = "/sys/fs/cgroup";
  std::ifstream self("/proc/self/cgroup");
  std::string path;
  for (std::string line; std::getline(self, line);) {
    if (line.rfind("0::", 0) == 0) path = line.substr(3);
  }
  std::optional<GroupMemory> found;
  // A container sees its own group as the root; limits of all groups above count too.
  for (;;) {
    const std::string folder = root + (path == "/" ? "" : path);
    const auto limit = numberIn(folder + "/memory.max", ""), used = numberIn(folder + "/memory.current", "");
    if (limit && used) {
      const std::int64_t room = *limit - *used + numberIn(folder + "/memory.stat", "inactive_file").value_or(0);
      found =
          found ? GroupMemory{std::min(found->limit, *limit), std::min(found->left, room)} : GroupMemory{*limit, room};
    }
    if (path.empty() || path == "/") return found;
    path = path.substr(0, path.rfind('/'));
  }
}

}  // namespace

Result<MachineMemory> machineMemory() {
  const std::optional<std::int64_t> total = numberIn("/proc/meminfo", "MemTotal:"),
                                    available = numberIn("/proc/meminfo", "MemAvailable:");
  if (!total || !available)
    return fail(ErrorCode::Io, "/proc/meminfo does not say how much memory is available; name a limit.");
  MachineMemory memory{
      .total_bytes = *total * 1024, .available_bytes = *available * 1024, .source = "memory available of the machine"};
  if (const std::optional<GroupMemory> group = groupMemory()) {
    memory.total_bytes = std::min(memory.total_bytes, group->limit);
    if (group->left < memory.available_bytes) {
      memory.available_bytes = std::max<std::int64_t>(0, group->left);
      memory.source = "memory that the cgroup leaves";
    }
  }
  return memory;
}

}  // namespace weft
