// app/cli/direct_job.h -- what the verbs share that start a worker, show its progress and print its answer.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "app/cli/output.h"
#include "app/cli/program.h"
#include "engine/service/client.h"

namespace weft::cli {

// A project is welcome, but not needed: a checkpoint folder is a model too.
std::optional<store::Project> projectIfAny(const Context& context);

// Shows a direct job's progress and alerts on stderr while it is alive; silent where nobody looks.
std::function<void(const protocol::Event&)> progressOnTerminal();

// Runs the job in a temporary folder, its progress on a terminal's stderr. Its shards are the project's.
[[nodiscard]] Result<protocol::FinishedEvent> runDirectJob(
    protocol::Job job, const std::optional<store::Project>& project,
    const std::function<void(const protocol::Event&)>& onEvent = {});

Json answerJson(const protocol::FinishedEvent& finished);
// As JSON, or a line for each entry.
[[nodiscard]] Result<void> printAnswer(const Result<protocol::FinishedEvent>& finished, const Context& context,
                                       Json (*toJson)(const protocol::FinishedEvent&) = answerJson);

}  // namespace weft::cli
