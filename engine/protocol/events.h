// engine/protocol/events.h -- the lines of events.jsonl: wire format between worker and service, log and test fixture
// at once. One JSON object a line, {"type": ..., "time": seconds since 1970, ...}. A line is complete when it ends in
// '\n'. An attempt begins with `hello` and ends with exactly one `finished` or `failed`. Unknown types and keys are
// kept and skipped.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/base/result.h"

namespace weft::protocol {

inline constexpr int kEventProtocol = 1;

struct HelloEvent {
  int protocol = kEventProtocol;
  int attempt = 1;
  std::int64_t pid = 0;
  std::string build, torch, device;
};
struct ProgressEvent {
  std::string phase;
  double done = 0, total = 0;
  double heartbeat_s = 30;
};  // the next line comes within heartbeat_s
struct MetricEvent {
  std::int64_t step = 0;
  std::int64_t tokens = 0;
  std::map<std::string, double> values;
};  // "train/loss", "train/learning_rate", "train/gradient_norm", "train/tokens_per_second"
struct EvaluationEvent {
  std::int64_t step = 0;
  std::string split = "valid";
  std::string task = "perplexity";
  double loss_nats = 0, perplexity = 0;
  std::int64_t tokens = 0;
  std::map<std::string, double> values;
};
struct MeasurementEvent {
  std::string name;
  std::map<std::string, double> values;
  std::map<std::string, std::string> labels;
};  // "kv_memory": analytic, storage, allocated, reserved, device, batch, context, bytes_per_token
struct CheckpointEvent {
  std::int64_t step = 0;
  std::string path;
  std::int64_t bytes = 0;
};  // path relative to the run folder
struct AlertEvent {
  std::string level = "warning";
  std::int64_t step = 0;
  std::string message;
};
struct FinishedEvent {
  std::string outcome = "completed";
  std::map<std::string, double> summary;
  std::map<std::string, std::string> texts;
};  // outcome: completed | stopped | paused
struct FailedEvent {
  std::string code;
  std::string message, detail;
  std::int64_t step = -1;
};
struct UnknownEvent {
  std::string type;
};

struct Event {
  double time = 0;
  std::variant<HelloEvent, ProgressEvent, MetricEvent, EvaluationEvent, MeasurementEvent, CheckpointEvent, AlertEvent,
               FinishedEvent, FailedEvent, UnknownEvent>
      body;
};

// One line without '\n'. NaN and infinities are written as the strings "NaN", "Infinity", "-Infinity".
std::string toJsonLine(const Event& event);
// Corrupt with the column and reason.
[[nodiscard]] Result<Event> parseEvent(std::string_view line);

}  // namespace weft::protocol
