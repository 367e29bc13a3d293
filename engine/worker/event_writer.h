// engine/worker/event_writer.h -- appends to events.jsonl: whole lines, one write(2) each, so that a reader never sees two halves of different
// events.
#pragma once

#include <filesystem>
#include <string>

#include "engine/base/result.h"
#include "engine/service/events.h"

namespace weft::worker {

class EventWriter {
 public:
  // Opens for appending; a half line that a killed attempt left is ended first. Io.
  [[nodiscard]] static Result<EventWriter> open(const std::filesystem::path& file);
  EventWriter(EventWriter&& other) noexcept;
  EventWriter& operator=(EventWriter&&) = delete;
  ~EventWriter();

  // Stamps the time. A disk that is full is noted on stderr (log.txt) once; the job goes on, and hasFailed() tells.
  template <class Body>
  void write(Body body) {
    append({0, std::move(body)});
  }
  void sync();  // fsync: before the last event and after checkpoints
  bool hasFailed() const { return m_hasFailed; }

 private:
  explicit EventWriter(int descriptor) : m_descriptor(descriptor) {}
  void append(service::Event event);
  int m_descriptor = -1;
  bool m_hasFailed = false;
};

}  // namespace weft::worker
