#include "engine/worker/event_writer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <utility>

namespace weft::worker {

Result<EventWriter> EventWriter::open(const std::filesystem::path& file) {
  const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (descriptor < 0)
    return fail(ErrorCode::Io,
                fmt::format("{} cannot be opened for writing: {}.", file.string(), std::strerror(errno)));
  EventWriter writer(descriptor);
  struct stat status {};
  char last = '\n';
  if (fstat(descriptor, &status) == 0 && status.st_size > 0 && pread(descriptor, &last, 1, status.st_size - 1) == 1 &&
      last != '\n') {
    if (::write(descriptor, "\n", 1) != 1)
      return fail(ErrorCode::Io, fmt::format("{} cannot be written: {}.", file.string(), std::strerror(errno)));
  }
  return writer;
}

EventWriter::EventWriter(EventWriter&& other) noexcept
    : m_descriptor(std::exchange(other.m_descriptor, -1)),
      m_listener(std::move(other.m_listener)),
      m_hasComplained(other.m_hasComplained),
      m_endsInHalfLine(other.m_endsInHalfLine) {}

EventWriter::~EventWriter() {
  if (m_descriptor >= 0) ::close(m_descriptor);
}

void EventWriter::sync() { ::fsync(m_descriptor); }

bool EventWriter::append(protocol::Event event) {
  event.time = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  if (m_listener) m_listener(event);
  const std::string line = (m_endsInHalfLine ? "\n" : "") + protocol::toJsonLine(event) + "\n";
  ssize_t written = -1;
  do {
    written = ::write(m_descriptor, line.data(), line.size());
  } while (written < 0 && errno == EINTR);
  if (written == static_cast<ssize_t>(line.size())) {
    m_endsInHalfLine = false;
    return true;
  }
  // A write that took a part sets no errno: there was no room for more.
  const int reason = written < 0 ? errno : ENOSPC;
  if (written > 0) m_endsInHalfLine = true;
  if (!m_hasComplained)
    std::fprintf(stderr, "weft-worker: events.jsonl cannot be written: %s.\n", std::strerror(reason));
  m_hasComplained = true;
  return false;
}

}  // namespace weft::worker
