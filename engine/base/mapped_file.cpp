#include "engine/base/mapped_file.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <csetjmp>
#include <csignal>
#include <cstring>
#include <utility>

namespace weft {

namespace {

thread_local sigjmp_buf* volatile copying =
    nullptr;  // of this thread, while it copies; volatile, since the handler reads it
struct sigaction previous {};

void onBusError(int signal, siginfo_t* info, void* context) {
  if (copying) siglongjmp(*copying, 1);
  if (previous.sa_flags & SA_SIGINFO) return previous.sa_sigaction(signal, info, context);
  if (previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN) return previous.sa_handler(signal);
  // As if there were no handler: the instruction is repeated, and the signal ends the process.
  ::signal(signal, SIG_DFL);
}

void catchBusErrors() {
  static const bool once = [] {
    struct sigaction action {};
    action.sa_sigaction = onBusError;
    action.sa_flags = SA_SIGINFO | SA_NODEFER;
    sigemptyset(&action.sa_mask);
    sigaction(SIGBUS, &action, &previous);
    return true;
  }();
  static_cast<void>(once);
}

// False where a page was not there. Nothing with a destructor lives in here: it is left by a jump.
bool copiesWhole(void* out, const void* from, std::size_t size) {
  sigjmp_buf back;
  if (sigsetjmp(back, 1) != 0) {
    copying = nullptr;
    return false;
  }
  copying = &back;
  std::memcpy(out, from, size);
  copying = nullptr;
  return true;
}

}  // namespace

Result<MappedFile> MappedFile::open(const std::filesystem::path& path) {
  catchBusErrors();
  WEFT_ASSIGN(InputFile input, InputFile::open(path));
  MappedFile file(path, std::move(input));
  if (file.m_size == 0) return file;
  void* address = ::mmap(nullptr, file.m_size, PROT_READ, MAP_PRIVATE, file.m_file.descriptor(), 0);
  if (address == MAP_FAILED)
    return fail(ErrorCode::Io, fmt::format("{} cannot be mapped: {}.", path.string(), std::strerror(errno)));
  file.m_address = address;
  return file;
}

MappedFile::MappedFile(std::filesystem::path path, InputFile file)
    : m_path(std::move(path)), m_file(std::move(file)), m_size(m_file.size()) {}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : m_path(std::move(other.m_path)),
      m_file(std::move(other.m_file)),
      m_address(std::exchange(other.m_address, nullptr)),
      m_size(std::exchange(other.m_size, 0)) {}

MappedFile::~MappedFile() {
  if (m_address) ::munmap(const_cast<void*>(m_address), m_size);
}

Result<void> MappedFile::copy(std::uint64_t offset, void* out, std::uint64_t size) const {
  if (offset > m_size || size > m_size - offset) {
    return fail(ErrorCode::Internal,
                fmt::format("{} has {} bytes; {} from {} on were asked for.", m_path.string(), m_size, size, offset));
  }
  if (size == 0) return {};
  const bool isWhole = copiesWhole(out, static_cast<const char*>(m_address) + offset, size);
  // What was cut off within its last page reads as zeros, without a signal.
  struct stat status {};
  const bool isThere =
      ::fstat(m_file.descriptor(), &status) == 0 && static_cast<std::uint64_t>(status.st_size) >= offset + size;
  if (isWhole && isThere) return {};
  return fail(ErrorCode::Corrupt,
              isThere ? fmt::format("{} cannot be read from byte {} on.", m_path.string(), offset)
                      : fmt::format("{} ended at byte {} while it was read.", m_path.string(), status.st_size));
}

}  // namespace weft
