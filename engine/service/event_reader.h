// engine/service/event_reader.h -- complete lines of an events.jsonl from a byte on: how the service and a direct job
// follow a worker.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "engine/base/result.h"
#include "engine/protocol/events.h"
#include "engine/store/service_writer.h"

namespace weft::service {

struct EventLines {
  std::vector<protocol::Event> events;  // a line that cannot be read is an AlertEvent that says where
  std::int64_t from = 0, to = 0;
  bool hasMore = false;  // the file went on beyond what one call reads
};

// What stands complete in the file behind byte `from`, at most about 1 MiB of it. A file that is not there yet is
// empty; a half line at the end is left for later. Io; Corrupt if the file is shorter than `from`.
[[nodiscard]] Result<EventLines> readEvents(const std::filesystem::path& file, std::int64_t from);

// The rows that the store keeps of these events.
std::vector<store::Row> toRows(const std::vector<protocol::Event>& events);

}  // namespace weft::service
