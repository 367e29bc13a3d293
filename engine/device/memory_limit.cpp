#include "engine/device/memory_limit.h"

#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>
#include <c10/core/DeviceGuard.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/util/Exception.h>
#include <cuda_runtime_api.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <unordered_map>

#include "engine/base/machine_memory.h"
#include "engine/base/text.h"
#include "engine/device/device.h"

namespace weft::device {

namespace {

using c10::cuda::CUDACachingAllocator::getDeviceStats;
constexpr auto kAggregate = static_cast<std::size_t>(c10::CachingAllocator::StatType::AGGREGATE);

// Bytes that are counted before they are had; not had, they are given back.
struct Claim {
  std::atomic<std::int64_t>& used;
  std::int64_t bytes;
  bool isKept = false;
  ~Claim() {
    if (!isKept) used -= bytes;
  }
};

// Stands in front of torch's CPU allocator while a budget lives. Never destroyed: tensors may outlive the budget.
class CountingAllocator : public c10::Allocator {
 public:
  void begin(c10::Allocator* inner, std::int64_t budget) {
    m_inner = inner;
    m_budget = budget;
    m_used = 0;
    m_peak = 0;
    ++m_number;
  }
  c10::Allocator* inner() const { return m_inner; }
  std::int64_t used() const { return m_used; }
  std::int64_t peak() const { return m_peak; }
  void resetPeak() { m_peak = m_used.load(); }

  c10::DataPtr allocate(std::size_t size) override {
    const auto bytes = static_cast<std::int64_t>(size);
    Claim claim{.used = m_used, .bytes = bytes};
    const std::int64_t now = m_used += bytes;
    TORCH_CHECK_WITH(OutOfMemoryError, now <= m_budget, "An allocation of ", bytes,
                     " bytes does not fit the memory limit: ", now - bytes, " of ", m_budget, " bytes are taken.");
    std::int64_t peak = m_peak;
    while (peak < now && !m_peak.compare_exchange_weak(peak, now)) {
    }
    void* data = m_inner->raw_allocate(size);
    if (data == nullptr) return {nullptr, nullptr, &CountingAllocator::giveBack, c10::Device(c10::kCPU)};
    const std::scoped_lock lock(m_mutex);
    m_alive[data] = {bytes, m_number};
    claim.isKept = true;
    // oneDNN allocates raw memory, which takes the pointer to be its own context.
    return {data, data, &CountingAllocator::giveBack, c10::Device(c10::kCPU)};
  }
  c10::DeleterFnPtr raw_deleter() const override { return &CountingAllocator::giveBack; }
  void copy_data(void* to, const void* from, std::size_t count) const override { default_copy_data(to, from, count); }

 private:
  struct Counted {
    std::int64_t bytes = 0;
    std::int64_t budget = 0;  // its number
  };
  static void giveBack(void* data);
  c10::Allocator* m_inner = nullptr;
  std::int64_t m_budget = 0, m_number = 0;
  std::atomic<std::int64_t> m_used = 0, m_peak = 0;
  std::mutex m_mutex;
  std::unordered_map<void*, Counted> m_alive;
};

CountingAllocator& countingAllocator() {
  static auto* allocator = new CountingAllocator;
  return *allocator;
}

void CountingAllocator::giveBack(void* data) {
  if (data == nullptr) return;
  CountingAllocator& self = countingAllocator();
  {
    const std::scoped_lock lock(self.m_mutex);
    const auto found = self.m_alive.find(data);
    // What an earlier budget let through is none of this one's.
    if (found->second.budget == self.m_number) self.m_used -= found->second.bytes;
    self.m_alive.erase(found);
  }
  self.m_inner->raw_deallocate(data);
}

constexpr std::uint8_t kPriority = 100;  // above torch's own; equal ones replace each other

std::int64_t cudaUsed(const c10::Device& device) {
  return getDeviceStats(device.index()).allocated_bytes[kAggregate].current;
}

}  // namespace

Result<MemoryLimit> availableMemory(const c10::Device& device) {
  if (device.is_cuda()) {
    const c10::DeviceGuard guard(device);
    const MemoryReading reading = readMemory(device);
    std::size_t free = 0, total = 0;
    if (cudaMemGetInfo(&free, &total) != cudaSuccess)
      return fail(ErrorCode::Unsupported, "The device does not tell how much memory is free.");
    return MemoryLimit{static_cast<std::int64_t>(free) + reading.reserved.value_or(0) - reading.allocated.value_or(0),
                       "free memory of the device"};
  }
  WEFT_ASSIGN(const MachineMemory memory, machineMemory());
  const std::int64_t reserve = std::max(memory.available_bytes / 10, std::int64_t{512} << 20);
  return MemoryLimit{std::max<std::int64_t>(0, memory.available_bytes - reserve),
                     memory.source + ", less a reserve of " + formatBytes(static_cast<double>(reserve))};
}

AllocationBudget::AllocationBudget(const c10::Device& device, std::int64_t bytes) : m_device(device), m_bytes(bytes) {
  if (device.is_cuda()) {
    const c10::DeviceGuard guard(device);
    readMemory(device);  // the allocator knows no device before torch has used one
    releaseUnused(device);
    m_usedBefore = cudaUsed(device);
    std::size_t free = 0, total = 0;
    TORCH_CHECK(cudaMemGetInfo(&free, &total) == cudaSuccess, "the device does not tell its memory");
    const double fraction =
        static_cast<double>(getDeviceStats(device.index()).reserved_bytes[kAggregate].current + bytes) /
        static_cast<double>(total);
    c10::cuda::CUDACachingAllocator::setMemoryFraction(std::clamp(fraction, 0.0, 1.0), device.index());
    resetPeak();
    return;
  }
  countingAllocator().begin(c10::GetAllocator(c10::kCPU), bytes);
  c10::SetAllocator(c10::kCPU, &countingAllocator(), kPriority);
}

AllocationBudget::~AllocationBudget() {
  if (m_device.is_cuda()) {
    c10::cuda::CUDACachingAllocator::setMemoryFraction(1.0, m_device.index());
  } else {
    c10::SetAllocator(c10::kCPU, countingAllocator().inner(), kPriority);
  }
}

std::int64_t AllocationBudget::used() const {
  return m_device.is_cuda() ? cudaUsed(m_device) - m_usedBefore : countingAllocator().used();
}

std::int64_t AllocationBudget::peak() const {
  return m_device.is_cuda() ? getDeviceStats(m_device.index()).allocated_bytes[kAggregate].peak - m_usedBefore
                            : countingAllocator().peak();
}

void AllocationBudget::resetPeak() {
  if (m_device.is_cuda()) {
    c10::cuda::CUDACachingAllocator::resetPeakStats(m_device.index());
  } else {
    countingAllocator().resetPeak();
  }
}

void releaseUnused(const c10::Device& device) {
  if (!device.is_cuda()) return;
  const c10::DeviceGuard guard(device);
  synchronize(device);
  c10::cuda::CUDACachingAllocator::emptyCache();
}

}  // namespace weft::device
