#include "engine/service/event_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>

#include "engine/base/files.h"

namespace weft::service {

namespace {

constexpr std::int64_t kChunk = 1 << 20;
constexpr std::int64_t kLongestLine = 64 << 20;  // nothing that a worker writes comes near it

protocol::Event unreadable(std::int64_t at, const Error& error) {
  return {.time = 0,
          .body = protocol::AlertEvent{
              .message = fmt::format("Line at byte {} of events.jsonl was skipped: {}", at, error.message)}};
}

class RowMaker {
 public:
  RowMaker(std::vector<store::Row>& rows, double time) : m_rows(rows), m_time(time) {}

  void operator()(const protocol::HelloEvent& event) const {
    m_rows.push_back(store::HelloRow{m_time, event.attempt, event.build, event.torch, event.device});
  }
  void operator()(const protocol::ProgressEvent& event) const {
    m_rows.push_back(store::ProgressRow{m_time, event.phase, event.done, event.total, event.heartbeat_s});
  }
  void operator()(const protocol::MetricEvent& event) const {
    m_rows.push_back(store::MetricRow{m_time, event.step, event.tokens, event.values});
  }
  void operator()(const protocol::EvaluationEvent& event) const {
    m_rows.push_back(store::EvaluationRow{{.step = event.step,
                                           .split = event.split,
                                           .task = event.task,
                                           .loss_nats = event.loss_nats,
                                           .perplexity = event.perplexity,
                                           .tokens = event.tokens,
                                           .time = m_time,
                                           .values = event.values}});
  }
  void operator()(const protocol::MeasurementEvent& event) const {
    m_rows.push_back(
        store::MeasurementRow{{.name = event.name, .time = m_time, .values = event.values, .labels = event.labels}});
  }
  void operator()(const protocol::CheckpointEvent& event) const {
    m_rows.push_back(store::CheckpointRow{{event.step, event.path, event.bytes, m_time}});
  }
  void operator()(const protocol::AlertEvent& event) const {
    m_rows.push_back(store::AlertRow{m_time, event.step, event.level, event.message});
  }
  void operator()(const protocol::FinishedEvent& event) const {
    m_rows.push_back(store::EndRow{.time = m_time, .outcome = event.outcome});
  }
  void operator()(const protocol::FailedEvent& event) const {
    m_rows.push_back(store::EndRow{m_time, "failed", event.code, event.message, event.detail});
  }
  void operator()(const protocol::UnknownEvent&) const {}  // of a newer worker; it stays in the file

 private:
  std::vector<store::Row>& m_rows;
  double m_time;
};

}  // namespace

Result<EventLines> readEvents(const std::filesystem::path& file, std::int64_t from) {
  EventLines lines{.from = from, .to = from};
  const Result<InputFile> input = InputFile::open(file);
  if (!input) {
    if (input.error().code == ErrorCode::NotFound && from == 0) return lines;
    return tl::unexpected(input.error());
  }
  const auto size = static_cast<std::int64_t>(input->size());
  if (size < from) {
    return fail(ErrorCode::Corrupt,
                fmt::format("{} has {} bytes, but {} of it were stored already: somebody cut it short.", file.string(),
                            size, from));
  }
  std::string text;
  // A line longer than a chunk is read on until it ends.
  for (std::size_t end = std::string::npos;
       end == std::string::npos && from + static_cast<std::int64_t>(text.size()) < size;) {
    if (static_cast<std::int64_t>(text.size()) > kLongestLine) {
      return fail(ErrorCode::Corrupt, fmt::format("{} holds a line of more than {} MiB at byte {}.", file.string(),
                                                  kLongestLine >> 20, from));
    }
    const std::size_t had = text.size();
    text.resize(had + static_cast<std::size_t>(std::min(kChunk, size - from - static_cast<std::int64_t>(had))));
    WEFT_ASSIGN(const std::size_t count,
                input->readAt(static_cast<std::uint64_t>(from) + had, text.data() + had, text.size() - had));
    if (count < text.size() - had)
      return fail(ErrorCode::Io, file.string() + " cannot be read; is its disk still there?");
    end = text.rfind('\n');
  }
  std::string_view rest = text;
  for (std::size_t end = rest.find('\n'); end != std::string_view::npos; end = rest.find('\n')) {
    const std::string_view line = rest.substr(0, end);
    if (!line.empty()) {
      Result<protocol::Event> event = protocol::parseEvent(line);
      lines.events.push_back(event ? *std::move(event) : unreadable(lines.to, event.error()));
    }
    lines.to += static_cast<std::int64_t>(end) + 1;
    rest.remove_prefix(end + 1);
  }
  lines.hasMore = lines.to > from && from + static_cast<std::int64_t>(text.size()) < size;
  return lines;
}

std::vector<store::Row> toRows(const std::vector<protocol::Event>& events) {
  std::vector<store::Row> rows;
  rows.reserve(events.size());
  for (const protocol::Event& event : events) std::visit(RowMaker(rows, event.time), event.body);
  return rows;
}

}  // namespace weft::service
