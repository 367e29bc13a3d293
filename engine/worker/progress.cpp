#include "engine/worker/progress.h"

namespace weft::worker {

void ProgressReporter::operator()(const std::string& phase, double done, double total) {
  if (m_onWish == OnWish::Interrupt && m_context.wish.load() != train::StopWish::None) throw Interrupted();
  const auto now = std::chrono::steady_clock::now();
  if (phase == m_phase && now - m_last < std::chrono::milliseconds(500)) return;
  m_phase = phase;
  m_last = now;
  m_context.events.write(protocol::ProgressEvent{.phase = phase, .done = done, .total = total});
}

}  // namespace weft::worker
