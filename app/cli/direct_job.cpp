#include "app/cli/direct_job.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <utility>
#include <variant>

#include "engine/base/files.h"

namespace weft::cli {

namespace {

// Progress of a direct job on stderr; silent where nobody looks.
class Progress {
 public:
  void show(const protocol::Event& event) {
    if (const auto* alert = std::get_if<protocol::AlertEvent>(&event.body)) inform("weft: " + alert->message);
    const auto* progress = std::get_if<protocol::ProgressEvent>(&event.body);
    if (progress == nullptr || !m_hasTerminal || progress->total <= 0) return;
    std::fprintf(stderr, "\r\x1b[2K%s %3.0f%% %s", bar(progress->done / progress->total, 24).c_str(),
                 100 * progress->done / progress->total, progress->phase.c_str());
    std::fflush(stderr);
    m_isShown = true;
  }
  ~Progress() {
    if (m_isShown) std::fputs("\r\x1b[2K", stderr);
  }

 private:
  bool m_hasTerminal = isTerminal(STDERR_FILENO);
  bool m_isShown = false;
};

// A text that holds a JSON list or object is that; any other stays a text.
Json asJson(const std::string& text) {
  if (text.empty() || (text.front() != '[' && text.front() != '{')) return text;
  Json value = Json::parse(text, nullptr, false);
  return value.is_discarded() ? Json(text) : value;
}

void printAnswer(const Json& answer) {
  for (const auto& [name, value] : answer.items()) {
    if (value.is_object()) {
      for (const auto& [part, number] : value.items())
        print(fmt::format("{:<30}{}", fmt::format("{} {}", name, part), jsonText(number)));
    } else {
      print(fmt::format("{:<30}{}", name, value.is_string() ? value.get<std::string>() : jsonText(value)));
    }
  }
}

}  // namespace

std::optional<store::Project> projectIfAny(const Context& context) {
  Result<store::Project> project = context.project();
  return project ? std::optional(*std::move(project)) : std::nullopt;
}

std::function<void(const protocol::Event&)> progressOnTerminal() {
  return [progress = std::make_shared<Progress>()](const protocol::Event& event) { progress->show(event); };
}

Result<protocol::FinishedEvent> runDirectJob(protocol::Job job, const std::optional<store::Project>& project,
                                             const std::function<void(const protocol::Event&)>& onEvent) {
  WEFT_ASSIGN(const TemporaryFolder folder, TemporaryFolder::create("weft-job"));
  job.shards = (project ? project->shards() : folder.path() / "shards").string();
  return service::runDirectJob({.job = std::move(job), .runFolder = folder.path()},
                               [&, show = progressOnTerminal()](const protocol::Event& event) {
                                 show(event);
                                 if (onEvent) onEvent(event);
                               });
}

Json answerJson(const protocol::FinishedEvent& finished) {
  Json answer = Json::object();
  for (const auto& [name, text] : finished.texts) answer[name] = name == "text" ? Json(text) : asJson(text);
  for (const auto& [name, value] : finished.summary) putNumber(answer, name, value);
  return answer;
}

Result<void> printAnswer(const Result<protocol::FinishedEvent>& finished, const Context& context,
                         Json (*toJson)(const protocol::FinishedEvent&)) {
  if (!finished) return tl::unexpected(finished.error());
  const Json value = toJson(*finished);
  if (context.json) {
    printJson(value);
  } else {
    printAnswer(value);
  }
  return {};
}

}  // namespace weft::cli
