// engine/worker/event_writer.h -- appends to events.jsonl: whole lines, one write(2) each, so that a reader never sees
// two halves of different events.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <utility>

#include "engine/base/result.h"
#include "engine/protocol/events.h"

namespace weft::worker {

class EventWriter {
 public:
  // Opens for appending; a half line that a killed attempt left is ended first. Io.
  [[nodiscard]] static Result<EventWriter> open(const std::filesystem::path& file);
  EventWriter(EventWriter&& other) noexcept;
  EventWriter& operator=(EventWriter&&) = delete;
  ~EventWriter();

  // Is told each event with its time, whether or not it could be written.
  void setListener(std::function<void(const protocol::Event&)> listener) { m_listener = std::move(listener); }

  // Stamps the time. False if the line could not be written: on a full disk the job goes on, and says so once on stderr
  // (log.txt).
  template <class Body>
  bool write(Body body) {
    return append({0, std::move(body)});
  }
  void sync();  // fsync: after the last event and after checkpoints

 private:
  explicit EventWriter(int descriptor) : m_descriptor(descriptor) {}
  bool append(protocol::Event event);
  int m_descriptor = -1;
  std::function<void(const protocol::Event&)> m_listener;
  bool m_hasComplained = false;
  bool m_endsInHalfLine = false;  // what a full disk took of a line
};

}  // namespace weft::worker
