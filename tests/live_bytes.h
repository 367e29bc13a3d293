// tests/live_bytes.h -- what torch's CPU allocator gives and takes back: it tells whoever listens.
//   const auto live = std::make_shared<LiveBytes>();
//   const c10::DebugInfoGuard guard(c10::DebugInfoKind::PROFILER_STATE, live);
#pragma once

#include <c10/core/Allocator.h>
#include <c10/util/ThreadLocalDebugInfo.h>

#include <algorithm>
#include <cstdint>
#include <memory>

namespace weft::test {

// Bytes that this thread's tensors took since it was made, and the most that there were at once.
class LiveBytes : public c10::MemoryReportingInfoBase {
 public:
  void reportMemoryUsage(void*, std::int64_t size, std::size_t, std::size_t, c10::Device) override {
    m_now += size;
    m_most = std::max(m_most, m_now);
  }
  bool memoryProfilingEnabled() const override { return true; }
  std::int64_t now() const { return m_now; }
  std::int64_t most() const { return m_most; }

 private:
  std::int64_t m_now = 0, m_most = 0;
};

}  // namespace weft::test
