#include "engine/service/run_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <ctime>
#include <vector>

#include "engine/base/files.h"
#include "engine/base/text.h"
#include "engine/protocol/metrics.h"

namespace weft::service {

namespace {

constexpr std::string_view kPattern = "dddd-dd-dd dd:dd:dd  ";
constexpr std::string_view kBegin = "Attempt ";

std::string numberOf(double value) { return groupDigits(std::llround(value)); }

template <class... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};
template <class... Cases>
Overloaded(Cases...) -> Overloaded<Cases...>;

std::string told(const protocol::EvaluationEvent& event) {
  if (event.task != "perplexity") return fmt::format("Evaluated {} at step {}.", event.task, groupDigits(event.step));
  return fmt::format("Evaluated at step {}: perplexity {} ({:.4f} nats) over {} tokens.", groupDigits(event.step),
                     formatPerplexity(event.perplexity), event.loss_nats, groupDigits(event.tokens));
}

std::string told(const protocol::MeasurementEvent& event) {
  const auto value = [&](const char* name) {
    const auto found = event.values.find(name);
    return found == event.values.end() ? std::nan("") : found->second;
  };
  const auto bytes = [](double count) { return std::isfinite(count) ? formatBytes(count) : std::string("unknown"); };
  if (event.name == "largest_batch")
    return fmt::format("Measured: the largest batch at context {} is {}.", numberOf(value("context")),
                       numberOf(value("largest_batch")));
  const std::string at = fmt::format("batch {}, context {}", numberOf(value("batch")), numberOf(value("context")));
  if (event.values.contains("fits") && value("fits") == 0) return fmt::format("Measured: {} does not fit.", at);
  return fmt::format("Measured KV memory, {}: {} by formula, {} of storage.", at, bytes(value("analytic")),
                     bytes(value("storage")));
}

}  // namespace

std::string runLogLine(double time, std::string_view sentence) {
  const auto seconds = static_cast<std::time_t>(time);
  std::tm parts{};
  localtime_r(&seconds, &parts);
  std::string line = fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}  {}", parts.tm_year + 1900, parts.tm_mon + 1,
                                 parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, sentence);
  std::replace(line.begin(), line.end(), '\n', ' ');
  return line + "\n";
}

bool isRunLogLine(std::string_view line) {
  if (line.size() < kPattern.size()) return false;
  return std::equal(kPattern.begin(), kPattern.end(), line.begin(), [](char wanted, char letter) {
    return wanted == 'd' ? letter >= '0' && letter <= '9' : letter == wanted;
  });
}

std::optional<std::string> logSentence(const protocol::Event& event) {
  using Told = std::optional<std::string>;
  return std::visit(
      Overloaded{[](const protocol::HelloEvent& hello) -> Told {
                   return fmt::format("Attempt {}: Weft {}, torch {}, process {}{}.", hello.attempt, hello.build,
                                      hello.torch, hello.pid, hello.device.empty() ? "" : ", on " + hello.device);
                 },
                 [](const protocol::EvaluationEvent& evaluation) -> Told { return told(evaluation); },
                 [](const protocol::MeasurementEvent& measurement) -> Told { return told(measurement); },
                 [](const protocol::CheckpointEvent& checkpoint) -> Told {
                   return fmt::format("Checkpoint at step {}: {}, {}.", groupDigits(checkpoint.step), checkpoint.path,
                                      formatBytes(static_cast<double>(checkpoint.bytes)));
                 },
                 [](const protocol::AlertEvent& alert) -> Told {
                   const std::string level = alert.level == "error"  ? "Error"
                                             : alert.level == "info" ? "Note"
                                                                     : "Warning";
                   return fmt::format("{} at step {}: {}", level, groupDigits(alert.step), alert.message);
                 },
                 [](const auto&) -> Told { return std::nullopt; }},
      event.body);
}

void RunLogEnd::listen(const protocol::Event& event) {
  if (std::holds_alternative<protocol::HelloEvent>(event.body)) {
    *this = {};
    m_began = event.time;
  }
  const auto* metric = std::get_if<protocol::MetricEvent>(&event.body);
  if (metric == nullptr) return;
  const auto rate = metric->values.find(protocol::kTokensPerSecond);
  const auto tokens = static_cast<double>(metric->tokens);
  // Of the first line it is not known how many tokens it speaks for: an attempt that resumes does not begin at 0.
  if (m_firstTokens < 0) {
    m_firstTokens = tokens;
  } else if (rate != metric->values.end() && rate->second > 0) {
    m_training_s += (tokens - m_tokens) / rate->second;
  }
  m_tokens = tokens;
  m_step = metric->step;
}

std::optional<std::string> RunLogEnd::sentence(const protocol::Event& event) const {
  const std::string after = m_began > 0 ? " after " + formatDuration(std::max(0.0, event.time - m_began)) : "";
  if (const auto* failed = std::get_if<protocol::FailedEvent>(&event.body)) {
    const std::int64_t step = failed->step >= 0 ? failed->step : m_step;
    return fmt::format("Failed{}{}: {}", step >= 0 ? " at step " + groupDigits(step) : "", after, failed->message);
  }
  const auto* finished = std::get_if<protocol::FinishedEvent>(&event.body);
  if (finished == nullptr) return std::nullopt;
  const auto value = [&](const char* name) {
    const auto found = finished->summary.find(name);
    return found == finished->summary.end() ? std::nullopt : std::optional(found->second);
  };
  std::string outcome = finished->outcome;
  if (!outcome.empty()) outcome[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(outcome[0])));
  std::vector<std::string> parts;
  if (const auto tokens = value("tokens"); tokens && *tokens > 0) {
    const std::string rate =
        m_training_s > 0
            ? fmt::format(" at {} tokens/s", groupDigits(std::llround((m_tokens - m_firstTokens) / m_training_s)))
            : "";
    parts.push_back(fmt::format("{} tokens{}", numberOf(*tokens), rate));
  }
  if (const auto perplexity = value("perplexity")) parts.push_back("perplexity " + formatPerplexity(*perplexity));
  const auto step = value("step");
  return fmt::format("{}{}{}{}.", outcome, step ? " at step " + numberOf(*step) : "", after,
                     parts.empty() ? "" : ": " + join(parts, ", "));
}

std::string lastComplaint(const std::filesystem::path& log) {
  constexpr std::uint64_t kTail = 65'536;
  constexpr std::size_t kLongest = 300;
  const Result<std::string> text = readFileEnd(log, kTail);
  if (!text) return {};
  const std::vector<std::string> lines = split(*text, '\n');
  for (auto line = lines.rbegin(); line != lines.rend(); ++line) {
    const std::string_view written = trim(*line);
    if (written.empty()) continue;
    if (!isRunLogLine(written)) return std::string(written.substr(0, kLongest));
    if (written.substr(kPattern.size(), kBegin.size()) == kBegin) return {};
  }
  return {};
}

}  // namespace weft::service
