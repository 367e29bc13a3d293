#include "engine/protocol/events.h"

#include <fmt/format.h>

#include <cmath>
#include <concepts>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <type_traits>
#include <utility>

#include "engine/base/json.h"

namespace weft::protocol {

namespace {

using Json = nlohmann::ordered_json;
using Numbers = std::map<std::string, double>;
using Texts = std::map<std::string, std::string>;

// JSON has no NaN; a diverged loss must still arrive.
Json numberJson(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  return value;
}

Json numbersJson(const Numbers& values) {
  Json object = Json::object();
  for (const auto& [name, value] : values) object[name] = numberJson(value);
  return object;
}

std::optional<double> numberOf(const Json& value) {
  if (value.is_number()) return value.get<double>();
  if (!value.is_string()) return std::nullopt;
  const auto& text = value.get_ref<const std::string&>();
  if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (text == "Infinity") return std::numeric_limits<double>::infinity();
  if (text == "-Infinity") return -std::numeric_limits<double>::infinity();
  return std::nullopt;
}

std::optional<std::int64_t> integerOf(const Json& value) {
  if (value.is_number_unsigned()) {
    const auto number = value.get<std::uint64_t>();
    if (number > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return std::nullopt;
    return static_cast<std::int64_t>(number);
  }
  if (value.is_number_integer()) return value.get<std::int64_t>();
  return std::nullopt;
}

// Reads the known keys of one line: a missing key keeps its default, a key of the wrong kind is remembered as the
// line's fault.
class Fields {
 public:
  explicit Fields(const Json& object) : m_object(object) {}

  void operator()(const char* key, std::string& value) {
    const auto found = m_object.find(key);
    if (found == m_object.end()) return;
    if (!found->is_string()) return blame(key, "a text");
    value = found->get<std::string>();
  }
  void operator()(const char* key, double& value) {
    const auto found = m_object.find(key);
    if (found == m_object.end()) return;
    const std::optional<double> number = numberOf(*found);
    if (!number) return blame(key, "a number");
    value = *number;
  }
  void operator()(const char* key, std::int64_t& value) {
    const auto found = m_object.find(key);
    if (found == m_object.end()) return;
    const std::optional<std::int64_t> number = integerOf(*found);
    if (!number) return blame(key, "a whole number");
    value = *number;
  }
  void operator()(const char* key, int& value) {
    std::int64_t wide = value;
    (*this)(key, wide);
    if (wide < std::numeric_limits<int>::min() || wide > std::numeric_limits<int>::max())
      return blame(key, "a whole number of 32 bits");
    value = static_cast<int>(wide);
  }
  void operator()(const char* key, Numbers& values) {
    const auto found = m_object.find(key);
    if (found == m_object.end()) return;
    if (!found->is_object()) return blame(key, "an object of numbers");
    for (const auto& [name, item] : found->items()) {
      const std::optional<double> number = numberOf(item);
      if (!number) return blame(key, "an object of numbers");
      values[name] = *number;
    }
  }
  void operator()(const char* key, Texts& values) {
    const auto found = m_object.find(key);
    if (found == m_object.end()) return;
    if (!found->is_object()) return blame(key, "an object of texts");
    for (const auto& [name, item] : found->items()) {
      if (!item.is_string()) return blame(key, "an object of texts");
      values[name] = item.get<std::string>();
    }
  }

  const std::string& problem() const { return m_problem; }

 private:
  void blame(const char* key, const char* kind) {
    if (m_problem.empty()) m_problem = fmt::format("its '{}' must be {}", key, kind);
  }
  const Json& m_object;
  std::string m_problem;
};

class Writer {
 public:
  explicit Writer(Json& object) : m_object(object) {}
  void operator()(const char* key, const std::string& value) { m_object[key] = value; }
  void operator()(const char* key, double value) { m_object[key] = numberJson(value); }
  void operator()(const char* key, std::int64_t value) { m_object[key] = value; }
  void operator()(const char* key, int value) { m_object[key] = value; }
  void operator()(const char* key, const Numbers& values) { m_object[key] = numbersJson(values); }
  void operator()(const char* key, const Texts& values) { m_object[key] = values; }

 private:
  Json& m_object;
};

// The keys of each event, once for both directions. `E` is the event or the const event.
template <class E, class Plain>
concept Is = std::same_as<std::remove_const_t<E>, Plain>;

template <class V, Is<HelloEvent> E>
void describe(V& visit, E& event) {
  visit("protocol", event.protocol);
  visit("attempt", event.attempt);
  visit("pid", event.pid);
  visit("build", event.build);
  visit("torch", event.torch);
  visit("device", event.device);
}
template <class V, Is<ProgressEvent> E>
void describe(V& visit, E& event) {
  visit("phase", event.phase);
  visit("done", event.done);
  visit("total", event.total);
  visit("heartbeat_s", event.heartbeat_s);
}
template <class V, Is<MetricEvent> E>
void describe(V& visit, E& event) {
  visit("step", event.step);
  visit("tokens", event.tokens);
  visit("values", event.values);
}
template <class V, Is<EvaluationEvent> E>
void describe(V& visit, E& event) {
  visit("step", event.step);
  visit("split", event.split);
  visit("task", event.task);
  visit("loss_nats", event.loss_nats);
  visit("perplexity", event.perplexity);
  visit("tokens", event.tokens);
  visit("values", event.values);
}
template <class V, Is<MeasurementEvent> E>
void describe(V& visit, E& event) {
  visit("name", event.name);
  visit("values", event.values);
  visit("labels", event.labels);
}
template <class V, Is<CheckpointEvent> E>
void describe(V& visit, E& event) {
  visit("step", event.step);
  visit("path", event.path);
  visit("bytes", event.bytes);
}
template <class V, Is<AlertEvent> E>
void describe(V& visit, E& event) {
  visit("level", event.level);
  visit("step", event.step);
  visit("message", event.message);
}
template <class V, Is<FinishedEvent> E>
void describe(V& visit, E& event) {
  visit("outcome", event.outcome);
  visit("summary", event.summary);
  visit("texts", event.texts);
}
template <class V, Is<FailedEvent> E>
void describe(V& visit, E& event) {
  visit("code", event.code);
  visit("message", event.message);
  visit("detail", event.detail);
  visit("step", event.step);
}

template <class E>
const char* typeName() {
  if constexpr (std::same_as<E, HelloEvent>) return "hello";
  if constexpr (std::same_as<E, ProgressEvent>) return "progress";
  if constexpr (std::same_as<E, MetricEvent>) return "metric";
  if constexpr (std::same_as<E, EvaluationEvent>) return "evaluation";
  if constexpr (std::same_as<E, MeasurementEvent>) return "measurement";
  if constexpr (std::same_as<E, CheckpointEvent>) return "checkpoint";
  if constexpr (std::same_as<E, AlertEvent>) return "alert";
  if constexpr (std::same_as<E, FinishedEvent>) return "finished";
  if constexpr (std::same_as<E, FailedEvent>) return "failed";
}

// True if `type` is E's: then `event` holds it, with what `fields` says.
template <class E>
bool readAs(const std::string& type, Fields& fields, Event& event) {
  if (type != typeName<E>()) return false;
  E body;
  describe(fields, body);
  event.body = std::move(body);
  return true;
}

tl::unexpected<Error> corrupt(std::string_view line, const std::string& why) {
  constexpr std::size_t kShown = 120;
  return fail(ErrorCode::Corrupt, "A line of events.jsonl is damaged: " + why + ".",
              std::string(line.substr(0, kShown)));
}

}  // namespace

std::string toJsonLine(const Event& event) {
  Json object = Json::object();
  std::visit(
      [&](const auto& body) {
        using Body = std::decay_t<decltype(body)>;
        if constexpr (std::same_as<Body, UnknownEvent>) {
          object["type"] = body.type;
          object["time"] = numberJson(event.time);
        } else {
          object["type"] = typeName<Body>();
          object["time"] = numberJson(event.time);
          Writer writer(object);
          describe(writer, body);
        }
      },
      event.body);
  return object.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<Event> parseEvent(std::string_view line) {
  Json object;
  if (const std::string excess = excessOf(line, {}); !excess.empty()) return corrupt(line, "it " + excess);
  try {
    object = Json::parse(line);
  } catch (const Json::exception& error) {
    const auto* parse = dynamic_cast<const Json::parse_error*>(&error);
    std::string reason = error.what();
    if (const std::size_t colon = reason.find(": "); colon != std::string::npos) reason = reason.substr(colon + 2);
    return corrupt(line, fmt::format("column {}, {}", parse ? parse->byte : 1, reason));
  }
  if (!object.is_object()) return corrupt(line, "column 1, it must be one JSON object");
  const auto type = object.find("type");
  if (type == object.end() || !type->is_string()) return corrupt(line, "it has no text 'type'");
  const auto name = type->get<std::string>();
  Event event;
  Fields fields(object);
  fields("time", event.time);
  const bool known = readAs<HelloEvent>(name, fields, event) || readAs<ProgressEvent>(name, fields, event) ||
                     readAs<MetricEvent>(name, fields, event) || readAs<EvaluationEvent>(name, fields, event) ||
                     readAs<MeasurementEvent>(name, fields, event) || readAs<CheckpointEvent>(name, fields, event) ||
                     readAs<AlertEvent>(name, fields, event) || readAs<FinishedEvent>(name, fields, event) ||
                     readAs<FailedEvent>(name, fields, event);
  if (!known) event.body = UnknownEvent{name};
  if (!fields.problem().empty()) return corrupt(line, fmt::format("a '{}' event, {}", name, fields.problem()));
  return event;
}

}  // namespace weft::protocol
