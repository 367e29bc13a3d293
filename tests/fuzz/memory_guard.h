// tests/fuzz/memory_guard.h -- how much memory an input may cost: while a guard lives, `new` beyond its limit throws
// std::bad_alloc. The programs that link this file have their operator new and delete replaced. One guard at a time, in
// one thread.
#pragma once

#include <cstdint>

namespace weft::fuzz {

class MemoryGuard {
 public:
  explicit MemoryGuard(std::int64_t limit_bytes);
  ~MemoryGuard();
  MemoryGuard(const MemoryGuard&) = delete;
  MemoryGuard& operator=(const MemoryGuard&) = delete;
  std::int64_t peak_bytes() const;  // above what there was when the guard was made
};

}  // namespace weft::fuzz
