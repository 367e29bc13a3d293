#include "engine/service/replay.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <variant>
#include <vector>

#include "engine/base/files.h"
#include "engine/base/run_name.h"
#include "engine/config/run_config.h"
#include "engine/protocol/events.h"
#include "engine/service/attempt_end.h"
#include "engine/service/event_reader.h"
#include "engine/service/resolved_run.h"

namespace weft::service {

namespace {

namespace fs = std::filesystem;

struct Recording {
  std::vector<protocol::Event> events;
  std::int64_t bytes = 0;
  std::string device;
  int attempts = 1;
  store::Attempt last;  // how it ended
};

bool isOurs(const protocol::Event& event) {
  return !std::holds_alternative<protocol::UnknownEvent>(event.body) &&
         !std::holds_alternative<protocol::AlertEvent>(event.body);
}

Result<Recording> read(const fs::path& file) {
  std::error_code error;
  if (!fs::is_regular_file(file, error))
    return fail(ErrorCode::NotFound, fmt::format("There is no file {}.", file.string()));
  Recording recording;
  while (true) {
    WEFT_ASSIGN(EventLines lines, readEvents(file, recording.bytes));
    std::move(lines.events.begin(), lines.events.end(), std::back_inserter(recording.events));
    const bool hasMore = lines.hasMore;
    recording.bytes = lines.to;
    if (!hasMore) break;
  }
  if (std::none_of(recording.events.begin(), recording.events.end(), isOurs)) {
    return fail(ErrorCode::Corrupt,
                fmt::format("{} holds no event of a worker; it should be the events.jsonl of a run.", file.string()));
  }
  for (const protocol::Event& event : recording.events) {
    if (const auto* hello = std::get_if<protocol::HelloEvent>(&event.body)) {
      recording.attempts = std::max(recording.attempts, hello->attempt);
      recording.device = hello->device;
      recording.last = {};
    } else if (const auto* finished = std::get_if<protocol::FinishedEvent>(&event.body)) {
      recording.last.outcome = finished->outcome;
    } else if (const auto* failed = std::get_if<protocol::FailedEvent>(&event.body)) {
      recording.last.outcome = "failed";
      recording.last.code = failed->code;
      recording.last.message = failed->message;
    }
  }
  return recording;
}

}  // namespace

Result<store::RunId> replay(const store::Project& project, store::RunStore& store, const ReplayRequest& request) {
  WEFT_ASSIGN(const Recording recording, read(request.events));
  const fs::path configFile = request.config.empty() ? request.events.parent_path() / "config.toml" : request.config;
  WEFT_ASSIGN(config::RunConfig config, config::loadRunConfig(configFile));
  if (!request.name.empty()) config.name = request.name;
  WEFT_TRY(checkRunName(config.name));
  const bool wasOnGpu = recording.device.starts_with("cuda");
  Surroundings there;
  there.lanes = wasOnGpu ? std::vector<Lane>{"cuda:0", "cpu"} : std::vector<Lane>{"cpu"};
  if (config.model.vocabulary > 0) there.tokenizerVocabulary = config.model.vocabulary;
  WEFT_ASSIGN(const ResolvedRun resolved, resolveRun(config, there));

  store::ActiveJob active;
  active.attempt = recording.last;
  const store::AttemptEnd end = attemptEnd(active, std::nullopt, {});
  store::RecordedRun recorded{.run = rowOf(resolved),
                              .attempts = recording.attempts,
                              .rows = toRows(recording.events),
                              .bytes = recording.bytes,
                              .started = recording.events.front().time,
                              .ended = recording.events.back().time};
  recorded.run.state = end.state;
  recorded.run.failure =
      end.state == store::RunState::Lost ? "The recording ends without a word of how the run ended." : end.failure;
  WEFT_ASSIGN(const store::RunId run, store.service().addRecorded(recorded));
  const fs::path folder = project.runFolder(run);
  WEFT_TRY(createFolders(folder));
  WEFT_TRY(writeFileAtomically(folder / "config.toml", recorded.run.configToml));
  std::error_code error;
  fs::copy_file(request.events, project.eventsFile(run), fs::copy_options::overwrite_existing, error);
  if (error)
    return fail(ErrorCode::Io, fmt::format("{} could not be copied to {}: {}.", request.events.string(),
                                           project.eventsFile(run).string(), error.message()));
  return run;
}

}  // namespace weft::service
