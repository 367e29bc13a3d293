#include "engine/store/engine_lock.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace weft::store {

namespace {

// Of the open file, not of the process: another descriptor of the same process neither shares nor drops it. Works on
// NFS too.
struct flock wholeFile() {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  return lock;
}

}  // namespace

Result<std::optional<EngineLock>> EngineLock::take(const std::filesystem::path& file) {
  const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0666);
  if (descriptor < 0)
    return fail(ErrorCode::Io, file.string() + " cannot be opened: " + std::generic_category().message(errno) + ".");
  struct flock lock = wholeFile();
  if (::fcntl(descriptor, F_OFD_SETLK, &lock) == 0) return std::optional<EngineLock>(EngineLock(descriptor));
  const int error = errno;
  ::close(descriptor);
  if (error == EAGAIN || error == EACCES) return std::optional<EngineLock>{};
  return fail(ErrorCode::Io, file.string() + " cannot be locked: " + std::generic_category().message(error) + ".");
}

bool EngineLock::isHeld(const std::filesystem::path& file) {
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) return false;
  struct flock lock = wholeFile();
  const bool isAnswered = ::fcntl(descriptor, F_OFD_GETLK, &lock) == 0;
  ::close(descriptor);
  return isAnswered && lock.l_type != F_UNLCK;
}

EngineLock::EngineLock(EngineLock&& other) noexcept : m_descriptor(std::exchange(other.m_descriptor, -1)) {}

EngineLock& EngineLock::operator=(EngineLock&& other) noexcept {
  std::swap(m_descriptor, other.m_descriptor);
  return *this;
}

EngineLock::~EngineLock() {
  if (m_descriptor >= 0) ::close(m_descriptor);
}

}  // namespace weft::store
