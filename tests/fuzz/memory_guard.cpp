#include "tests/fuzz/memory_guard.h"

#include <malloc.h>

#include <algorithm>
#include <cstdlib>
#include <new>

namespace weft::fuzz {
namespace {

thread_local bool isGuarding = false;
thread_local std::int64_t live_bytes = 0, most_bytes = 0, limit = 0;

}  // namespace

MemoryGuard::MemoryGuard(std::int64_t limit_bytes) {
  live_bytes = most_bytes = 0;
  limit = limit_bytes;
  isGuarding = true;
}
MemoryGuard::~MemoryGuard() { isGuarding = false; }
std::int64_t MemoryGuard::peak_bytes() const { return most_bytes; }

void* allocate(std::size_t size) {
  if (isGuarding && (size > static_cast<std::size_t>(limit) || live_bytes + static_cast<std::int64_t>(size) > limit))
    throw std::bad_alloc();
  void* block = std::malloc(size == 0 ? 1 : size);
  if (block == nullptr) throw std::bad_alloc();
  if (isGuarding) {
    live_bytes += static_cast<std::int64_t>(malloc_usable_size(block));
    most_bytes = std::max(most_bytes, live_bytes);
  }
  return block;
}

void release(void* block) noexcept {
  if (isGuarding && block != nullptr) live_bytes -= static_cast<std::int64_t>(malloc_usable_size(block));
  std::free(block);
}

}  // namespace weft::fuzz

// All but the aligned forms: AddressSanitizer brings its own of each, and none may meet the other's.
void* operator new(std::size_t size) { return weft::fuzz::allocate(size); }
void* operator new[](std::size_t size) { return weft::fuzz::allocate(size); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  try {
    return weft::fuzz::allocate(size);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}
void* operator new[](std::size_t size, const std::nothrow_t& tag) noexcept { return operator new(size, tag); }
void operator delete(void* block) noexcept { weft::fuzz::release(block); }
void operator delete[](void* block) noexcept { weft::fuzz::release(block); }
void operator delete(void* block, std::size_t) noexcept { weft::fuzz::release(block); }
void operator delete[](void* block, std::size_t) noexcept { weft::fuzz::release(block); }
void operator delete(void* block, const std::nothrow_t&) noexcept { weft::fuzz::release(block); }
void operator delete[](void* block, const std::nothrow_t&) noexcept { weft::fuzz::release(block); }
