// engine/store/engine_lock.h -- who serves a project: the process that holds a lock on its engine.lock. The kernel
// drops it with the process.
#pragma once

#include <filesystem>
#include <optional>

#include "engine/base/result.h"

namespace weft::store {

class EngineLock {
 public:
  // nullopt if somebody else holds it. Io.
  [[nodiscard]] static Result<std::optional<EngineLock>> take(const std::filesystem::path& file);
  // Asks without taking it, so that a service which starts at this moment is not kept out.
  static bool isHeld(const std::filesystem::path& file);
  EngineLock(EngineLock&& other) noexcept;
  EngineLock& operator=(EngineLock&& other) noexcept;
  ~EngineLock();

 private:
  explicit EngineLock(int descriptor) : m_descriptor(descriptor) {}
  int m_descriptor = -1;
};

}  // namespace weft::store
