// queue: what waits and runs, and the requests that change it. The service carries them out.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "app/cli/arguments.h"
#include "app/cli/output.h"
#include "app/cli/program.h"
#include "app/cli/run_details.h"
#include "app/cli/run_table.h"
#include "engine/service/client.h"

namespace weft::cli {

namespace {

using store::RequestKind;
using store::RunState;
using store::RunSummary;

// Has a place among those that are still to be started; a held or paused run keeps its own.
bool isWaiting(const RunSummary& run) { return store::isWaiting(run.state); }

// Those that run, then the waiting ones in the order in which the service takes them.
Result<std::vector<RunSummary>> queueOf(store::RunStore& store) {
  WEFT_ASSIGN(std::vector<RunSummary> runs, store.runs());
  std::erase_if(runs, [](const RunSummary& run) { return !store::isActive(run.state) && !isWaiting(run); });
  std::stable_sort(runs.begin(), runs.end(), [](const RunSummary& a, const RunSummary& b) {
    if (store::isActive(a.state) != store::isActive(b.state)) return store::isActive(a.state);
    return a.priority != b.priority ? a.priority > b.priority : a.position < b.position;
  });
  return runs;
}

Result<void> list(const Context& context) {
  WEFT_ASSIGN(OpenProject open, openProjectToRead(context));
  WEFT_ASSIGN(const std::vector<RunSummary> runs, queueOf(open.store));
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
  const bool isPossible =
      kind == RequestKind::Resume
          ? !store::isActive(run.state) && run.state != RunState::Queued && run.state != RunState::Finished
      : kind == RequestKind::Pause ? store::isActive(run.state) || run.state == RunState::Queued
                                   : store::isActive(run.state) || isWaiting(run) || run.state == RunState::Draft;
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
  WEFT_ASSIGN(const RunSummary run, open.store.findRun(arguments.run));
  WEFT_TRY(open.store.setPriority(run.id, arguments.priority));
  if (!context.json) return {};
  WEFT_ASSIGN(const RunSummary changed, open.store.run(run.id));
  printJson(runJson(changed));
  return {};
}

struct ReorderArguments {
  std::string run, before;
  bool toFirst = false, toLast = false;
};

Result<void> requireWaiting(const RunSummary& run) {
  if (isWaiting(run)) return {};
  return fail(ErrorCode::InvalidInput,
              fmt::format("Run {} ({}) is {}; only queued, held and paused runs have a place in the queue.",
                          run.id.value, run.name, store::toString(run.state)));
}

// Before which run it is to stand; 0: behind all.
Result<store::RunId> placeOf(store::RunStore& store, const RunSummary& run, const ReorderArguments& arguments) {
  if (arguments.toLast) return store::RunId{};
  if (!arguments.before.empty()) {
    WEFT_ASSIGN(const RunSummary other, store.findRun(arguments.before));
    WEFT_TRY(requireWaiting(other));
    if (other.id == run.id)
      return fail(ErrorCode::InvalidInput,
                  fmt::format("Run {} ({}) cannot stand before itself.", run.id.value, run.name));
    return other.id;
  }
  WEFT_ASSIGN(const std::vector<RunSummary> queue, queueOf(store));
  return std::find_if(queue.begin(), queue.end(), isWaiting)->id;
}

Result<void> reorder(const ReorderArguments& arguments, const Context& context) {
  const int places = (arguments.before.empty() ? 0 : 1) + (arguments.toFirst ? 1 : 0) + (arguments.toLast ? 1 : 0);
  if (places != 1)
    return fail(ErrorCode::InvalidInput, "queue reorder needs one place: --before RUN, --first or --last.");
  WEFT_ASSIGN(OpenProject open, openProject(context));
  WEFT_ASSIGN(const RunSummary run, open.store.findRun(arguments.run));
  WEFT_TRY(requireWaiting(run));
  WEFT_ASSIGN(const store::RunId before, placeOf(open.store, run, arguments));
  WEFT_TRY(open.store.moveInQueue(run.id, before));
  if (context.json) {
    WEFT_ASSIGN(const Json shown, shownJson(open.store, {run.id}));
    printJson(shown);
    return {};
  }
  WEFT_ASSIGN(std::vector<RunSummary> queue, queueOf(open.store));
  std::erase_if(queue, [](const RunSummary& one) { return !isWaiting(one); });
  const auto place = std::find_if(queue.begin(), queue.end(), [&](const RunSummary& one) { return one.id == run.id; });
  print(fmt::format("Run {} ({}) is number {} of the {} that wait.", run.id.value, run.name, place - queue.begin() + 1,
                    queue.size()));
  return {};
}

constexpr const char* kRun = "Number, name or label, like MQA or MQA:s2";
constexpr const char* kRequests = "Requests";

}  // namespace

void addQueueVerbs(Program& program) {
  CLI::App* queue = program.addVerb({.group = kRunsGroup,
                                     .name = "queue",
                                     .description = "What waits and runs; stop, kill, pause, resume, reorder",
                                     .examples = {"weft queue", "weft queue --json"}},
                                    list);
  const auto add = [&](const char* name, const char* description, RequestKind kind, std::vector<std::string> examples) {
    const auto runs = std::make_shared<std::vector<std::string>>();
    CLI::App* verb = program.addVerb({.group = kRequests,
                                      .name = name,
                                      .description = description,
                                      .examples = std::move(examples),
                                      .parent = queue},
                                     [=](const Context& context) { return requestFor(kind, *runs, context); });
    verb->add_option("RUN", *runs, "Numbers, names or labels, like MQA or MQA:s2")->required();
  };
  add("stop", "End runs after a last checkpoint", RequestKind::Stop,
      {"weft queue stop 3", "weft queue stop MQA:s1 MQA:s2"});
  add("kill", "End runs at once, without a checkpoint", RequestKind::Kill, {"weft queue kill 3"});
  add("pause", "Checkpoint and free the device; resume continues", RequestKind::Pause,
      {"weft queue pause MQA-CLA2:s1"});
  add("resume", "Continue paused, held, stopped or failed runs", RequestKind::Resume, {"weft queue resume 3 4 5"});

  const auto priority = std::make_shared<PriorityArguments>();
  CLI::App* verb = program.addVerb({.group = kRequests,
                                    .name = "priority",
                                    .description = "Higher numbers run first",
                                    .examples = {"weft queue priority MQA-CLA2:s1 5", "weft queue priority 3 -1"},
                                    .parent = queue},
                                   [priority](const Context& context) { return setPriority(*priority, context); });
  verb->add_option("RUN", priority->run, kRun)->required();
  verb->add_option("NUMBER", priority->priority, "0 is the default")->required();

  const auto move = std::make_shared<ReorderArguments>();
  verb = program.addVerb({.group = kRequests,
                          .name = "reorder",
                          .description = "Move a waiting run to another place",
                          .examples = {"weft queue reorder 7 --first", "weft queue reorder 7 --before MQA:s1"},
                          .remark = "A run takes the priority of the one before which it is put; at the end, the "
                                    "lowest one that waits.",
                          .parent = queue},
                         [move](const Context& context) { return reorder(*move, context); });
  verb->add_option("RUN", move->run, kRun)->required();
  verb->add_option("--before", move->before, "Right before this one")->type_name("RUN");
  verb->add_flag("--first", move->toFirst, "Before all others that wait");
  verb->add_flag("--last", move->toLast, "Behind all others that wait");
}

}  // namespace weft::cli
