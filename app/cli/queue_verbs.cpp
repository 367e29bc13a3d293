// queue: what waits and runs, and the requests that change it. The service carries them out.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "app/cli/arguments.h"
#include "app/cli/output.h"
#include "app/cli/program.h"
#include "app/cli/run_table.h"
#include "engine/service/client.h"

namespace weft::cli {

namespace {

using store::RequestKind;
using store::RunState;
using store::RunSummary;

bool isInQueue(const RunSummary& run) {
  return store::isActive(run.state) || run.state == RunState::Queued || run.state == RunState::Held ||
         run.state == RunState::Paused;
}

Result<void> list(const Context& context) {
  WEFT_ASSIGN(OpenProject open, openProjectToRead(context));
  WEFT_ASSIGN(std::vector<RunSummary> runs, open.store.runs());
  runs.erase(std::remove_if(runs.begin(), runs.end(), [](const RunSummary& run) { return !isInQueue(run); }),
             runs.end());
  std::stable_sort(runs.begin(), runs.end(), [](const RunSummary& a, const RunSummary& b) {
    if (store::isActive(a.state) != store::isActive(b.state)) return store::isActive(a.state);
    return a.priority != b.priority ? a.priority > b.priority : a.position < b.position;
  });
  if (context.json) {
    printJson(runsJson(runs));
  } else if (runs.empty()) {
    print("Nothing is queued.");
  } else {
    print(runTable(runs));
  }
  if (!context.json && !service::isEngineRunning(open.project))
    inform("The background service is not running; `weft submit` starts it when it is needed.");
  return {};
}

// Whether the request means anything in the run's state; else why not.
Result<void> checkRequest(RequestKind kind, const RunSummary& run) {
  const bool isWaiting = run.state == RunState::Queued || run.state == RunState::Held ||
                         run.state == RunState::Paused || run.state == RunState::Draft;
  const bool isPossible = kind == RequestKind::Resume ? !store::isActive(run.state) && run.state != RunState::Queued &&
                                                            run.state != RunState::Finished
                          : kind == RequestKind::Pause ? store::isActive(run.state) || run.state == RunState::Queued
                                                       : store::isActive(run.state) || isWaiting;
  if (isPossible) return {};
  return fail(ErrorCode::InvalidInput, fmt::format("Run {} ({}) is {}; there is nothing to {}.", run.id.value, run.name,
                                                   store::toString(run.state),
                                                   kind == RequestKind::Resume  ? "resume"
                                                   : kind == RequestKind::Pause ? "pause"
                                                   : kind == RequestKind::Kill  ? "kill"
                                                                                : "stop"));
}

Result<void> requestFor(RequestKind kind, const std::vector<std::string>& names, const Context& context) {
  WEFT_ASSIGN(OpenProject open, openProject(context));
  WEFT_ASSIGN(const std::vector<RunSummary> runs, findRuns(open.store, names));
  for (const RunSummary& run : runs) WEFT_TRY(checkRequest(kind, run));
  for (const RunSummary& run : runs) WEFT_TRY(open.store.request(kind, run.id));
  WEFT_TRY(service::ensureEngine(open.project));
  if (context.json) printJson(runsJson(runs));
  return {};
}

struct PriorityArguments {
  std::string run;
  int priority = 0;
};

Result<void> setPriority(const PriorityArguments& arguments, const Context& context) {
  WEFT_ASSIGN(OpenProject open, openProject(context));
  WEFT_ASSIGN(const RunSummary run, findRun(open.store, arguments.run));
  WEFT_TRY(open.store.setPriority(run.id, arguments.priority));
  if (!context.json) return {};
  WEFT_ASSIGN(const RunSummary changed, open.store.run(run.id));
  printJson(runJson(changed));
  return {};
}

}  // namespace

void addQueueVerbs(Program& program) {
  CLI::App* queue =
      program.addVerb(kRunsGroup, "queue", "What waits and runs; stop, kill, pause, resume, reprioritise", list);
  const auto add = [&](const char* name, const char* description, RequestKind kind) {
    const auto runs = std::make_shared<std::vector<std::string>>();
    CLI::App* verb = program.addVerb(
        "", name, description, [=](const Context& context) { return requestFor(kind, *runs, context); }, queue);
    verb->group("Requests");
    verb->add_option("RUN", *runs, "Numbers, names or labels, like MQA or MQA:s2")->required();
  };
  add("stop", "End runs after a last checkpoint", RequestKind::Stop);
  add("kill", "End runs at once, without a checkpoint", RequestKind::Kill);
  add("pause", "Checkpoint and free the device; resume continues", RequestKind::Pause);
  add("resume", "Continue paused, held, stopped or failed runs", RequestKind::Resume);

  const auto priority = std::make_shared<PriorityArguments>();
  CLI::App* verb = program.addVerb(
      "Requests", "priority", "Higher numbers run first",
      [priority](const Context& context) { return setPriority(*priority, context); }, queue);
  verb->add_option("RUN", priority->run, "Number, name or label, like MQA or MQA:s2")->required();
  verb->add_option("NUMBER", priority->priority, "0 is the default")->required();
}

}  // namespace weft::cli
