// engine/device/memory_limit.h -- how much memory a job may take, and a budget that holds it to that: allocations above
// it are refused with c10::OutOfMemoryError, as a GPU refuses them, before the machine gets to feel it.
#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <string>

#include "engine/base/result.h"

namespace weft::device {

struct MemoryLimit {
  std::int64_t bytes = 0;
  std::string source;  // for people: "memory available of this machine, less a reserve", ...
};

// What this process may still take on the device now. CPU: MemAvailable of /proc/meminfo, or what the cgroup leaves if
// that is less, minus a reserve of a tenth (at least 512 MiB) for other processes. CUDA: the free memory that
// cudaMemGetInfo tells, and what torch holds unused. Io.
[[nodiscard]] Result<MemoryLimit> availableMemory(const c10::Device& device);

// While it lives, tensors made on the device may take at most `bytes` more than at its beginning. CPU: counted exactly,
// by an allocator in front of torch's, so that no page is asked for that does not fit. CUDA: the limit of torch's
// caching allocator, in whole segments. One at a time; made and destroyed on one thread. Tensors that outlive it stay
// valid.
class AllocationBudget {
 public:
  AllocationBudget(const c10::Device& device, std::int64_t bytes);
  AllocationBudget(const AllocationBudget&) = delete;
  AllocationBudget& operator=(const AllocationBudget&) = delete;
  ~AllocationBudget();

  std::int64_t bytes() const { return m_bytes; }
  // Of the tensors made since the beginning: alive now, and the most that were alive at once since the last
  // resetPeak().
  std::int64_t used() const;
  std::int64_t peak() const;
  void resetPeak();

 private:
  c10::Device m_device;
  std::int64_t m_bytes;
  std::int64_t m_usedBefore = 0;  // CUDA
};

// Gives what torch's allocator holds unused back to the device; nothing to do on a CPU.
void releaseUnused(const c10::Device& device);

}  // namespace weft::device
