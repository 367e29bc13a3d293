// engine/service/run_log.h -- the lines of a run's log.txt that are meant to be read: stamped with the date, one
// sentence each. Beside them the file holds whatever libraries and the system print; the stamp tells the two apart.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "engine/protocol/events.h"

namespace weft::service {

// "2026-11-26 21:05:09  Training begins: ..." and a line end; the time is local.
std::string runLogLine(double time, std::string_view sentence);
bool isRunLogLine(std::string_view line);

// What an event is to a reader of the log; nullopt for what the log leaves to the curves (metrics, progress) and for
// the last events, whose sentence needs the time and the tokens between: RunLogEnd.
std::optional<std::string> logSentence(const protocol::Event& event);

// Watches one attempt and words its end.
class RunLogEnd {
 public:
  void listen(const protocol::Event& event);
  // Of `finished` and `failed`: "Completed at step 300 after 1 min 12 s: 614,400 tokens at 9,120 tokens/s,
  // perplexity 6.44."
  std::optional<std::string> sentence(const protocol::Event& event) const;

 private:
  double m_began = 0;                        // hello's time
  double m_firstTokens = -1, m_tokens = -1;  // this attempt's, from metric events
  double m_training_s = 0;                   // of those tokens
  std::int64_t m_step = -1;
};

// The last line that is none of the log's own sentences, since the last attempt began; at most 300 bytes of it, "" if
// there is none. It is what a program that ended without a word said last: the reason of most crashes.
std::string lastComplaint(const std::filesystem::path& log);

}  // namespace weft::service
