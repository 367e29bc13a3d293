#include "engine/worker/run_log.h"

#include <chrono>

namespace weft::worker {

void RunLog::say(const std::string& sentence) {
  write(std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count(), sentence);
}

void RunLog::listen(const protocol::Event& event) {
  m_end.listen(event);
  if (const auto sentence = service::logSentence(event)) write(event.time, *sentence);
  if (const auto sentence = m_end.sentence(event)) write(event.time, *sentence);
}

// One call, so that a line is whole beside what others write there.
void RunLog::write(double time, const std::string& sentence) {
  std::fputs(service::runLogLine(time, sentence).c_str(), m_stream);
  std::fflush(m_stream);
}

}  // namespace weft::worker
