// engine/worker/run_log.h -- the reader's side of what a job says: a stamped sentence a line, on the stream that
// becomes the run's log.txt. Events are written by EventWriter and only listened to here; what no event has (data,
// model, predicted memory) is said by the job.
#pragma once

#include <cstdio>
#include <string>

#include "engine/service/run_log.h"

namespace weft::worker {

class RunLog {
 public:
  // The stream outlives it. A line that cannot be written is dropped: events.jsonl is the record.
  explicit RunLog(std::FILE* stream) : m_stream(stream) {}
  void say(const std::string& sentence);
  void listen(const protocol::Event& event);

 private:
  void write(double time, const std::string& sentence);
  std::FILE* m_stream;
  service::RunLogEnd m_end;
};

}  // namespace weft::worker
