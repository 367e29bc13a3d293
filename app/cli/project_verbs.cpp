// init, submit, engine: a project's folder, the runs that are put into it, and the service that works on them.
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "app/cli/arguments.h"
#include "app/cli/output.h"
#include "app/cli/program.h"
#include "app/cli/run_table.h"
#include "app/cli/watch.h"
#include "engine/base/run_name.h"
#include "engine/base/text.h"
#include "engine/service/client.h"
#include "engine/service/service.h"
#include "engine/store/run_marks.h"

namespace weft::cli {

namespace {

struct SubmitArguments {
  ConfigArguments config;
  std::optional<std::string> name;
  std::vector<std::string> tags;
  bool holds = false, waits = false;
};

struct InitArguments {
  std::string folder;
  std::optional<std::string> runs, shards;
};

Result<void> init(const InitArguments& given, const Context& context) {
  const std::string folder = !given.folder.empty()            ? given.folder
                             : !context.projectFolder.empty() ? context.projectFolder
                                                              : ".";
  for (const auto& [option, root] : {std::pair("--runs", given.runs), std::pair("--shards", given.shards)}) {
    if (root && trim(*root).empty())
      return fail(ErrorCode::InvalidInput, fmt::format("{} is empty; it names a folder.", option));
  }
  std::error_code error;
  const bool existed = std::filesystem::exists(std::filesystem::path(folder) / "weft.db", error);
  WEFT_ASSIGN(const store::Project project,
              store::Project::create(folder, {.runs = given.runs.value_or(""), .shards = given.shards.value_or("")}));
  if (context.json) {
    printJson({{"project", project.name()},
               {"folder", project.folder().string()},
               {"created", !existed},
               {"runs", project.runs().string()},
               {"shards", project.shards().string()}});
    return {};
  }
  print(project.folder().string() + (existed ? " is a Weft project already." : " is a Weft project now."));
  if (given.runs) print("Its runs are kept in " + project.runs().string() + ".");
  if (given.shards) print("Its token shards are kept in " + project.shards().string() + ".");
  return {};
}

Result<void> submit(const SubmitArguments& arguments, const Context& context) {
  WEFT_ASSIGN(config::RunConfig config, arguments.config.load());
  if (arguments.name) config.name = *arguments.name;
  for (std::string& tag : store::parseTags(join(arguments.tags, ",")))
    if (std::find(config.tags.begin(), config.tags.end(), tag) == config.tags.end())
      config.tags.push_back(std::move(tag));
  WEFT_TRY(checkRunName(config.name));
  WEFT_TRY(config::validate(config));
  WEFT_ASSIGN(OpenProject open, openProject(context));
  const auto state = arguments.holds ? store::RunState::Held : store::RunState::Queued;
  WEFT_ASSIGN(const store::RunId id, service::submit(open.project, open.store, config, state));
  if (!arguments.holds) WEFT_TRY(service::ensureEngine(open.project));
  if (!context.json)
    print(fmt::format("Run {} ({}) is {}.", id.value, config.name, arguments.holds ? "held" : "queued"));
  WEFT_ASSIGN(store::RunSummary run, open.store.run(id));
  if (arguments.waits && !arguments.holds) {
    WEFT_ASSIGN(const std::vector<store::RunSummary> runs, watchRuns(open.project, open.store, {id}));
    run = runs.front();
    if (!context.json) print(resultTable(runs));
  }
  if (context.json) printJson(runJson(run));
  return requireSuccess({run});
}

struct EngineArguments {
  bool inForeground = false, untilIdle = false, stops = false;
};

void logWithTime(const std::string& sentence) {
  inform(fmt::format("{:%Y-%m-%d %H:%M:%S} {}", fmt::localtime(std::time(nullptr)), sentence));
}

Result<void> engine(const EngineArguments& arguments, const Context& context) {
  WEFT_ASSIGN(OpenProject open, openProject(context));
  if (arguments.stops) {
    if (!service::isEngineRunning(open.project)) {
      inform("No service works on " + open.project.folder().string() + "; there is nothing to end.");
      return {};
    }
    WEFT_TRY(open.store.request(store::RequestKind::ShutDown, store::RunId{}));
    inform("The service was asked to end; jobs that run go on.");
    return {};
  }
  if (arguments.inForeground)
    return service::runService(open.project, arguments.untilIdle ? service::Stay::UntilIdle : service::Stay::Always,
                               logWithTime);
  WEFT_TRY(service::ensureEngine(open.project));
  inform("The service works on " + open.project.folder().string() + " in the background until nothing is left to do.");
  return {};
}

}  // namespace

void addProjectVerbs(Program& program) {
  const auto made = std::make_shared<InitArguments>();
  CLI::App* verb = program.addVerb(
      {.group = kRunsGroup,
       .name = "init",
       .description = "Make a folder a Weft project, or say where its runs and shards are kept",
       .examples = {"weft init study", "weft init study --runs /scratch/study/runs --shards /scratch/shards"}},
      [made](const Context& context) { return init(*made, context); });
  verb->add_option("DIR", made->folder, "The folder; made if it does not exist [.]");
  verb->add_option(
          "--runs", made->runs,
          "Keep checkpoints and events of runs there (scratch, a file system that a cluster shares); what lies "
          "in the former place is not moved [DIR/runs]")
      ->type_name("DIR");
  verb->add_option("--shards", made->shards, "Keep token shards there [DIR/shards]")->type_name("DIR");

  const auto submitted = std::make_shared<SubmitArguments>();
  verb =
      program.addVerb({.group = kRunsGroup,
                       .name = "submit",
                       .description = "Queue a run",
                       .examples = {"weft submit run.toml --tag ablation",
                                    "weft submit --preset demo-mqa-cla2 --set train.steps=500 --wait",
                                    "weft submit --preset demo-mqa --set data.source=text --set data.files=book.txt"}},
                      [submitted](const Context& context) { return submit(*submitted, context); });
  submitted->config.addTo(*verb, "FILE");
  verb->add_option("--name", submitted->name, "The run's name")->type_name("NAME");
  verb->add_option("--tag", submitted->tags, "A tag, or several with commas between (repeatable)")
      ->type_name("TAG")
      ->allow_extra_args(false);
  verb->add_flag("--hold", submitted->holds,
                 "Put it into the queue without starting it; `weft queue resume` releases it");
  verb->add_flag("--wait", submitted->waits, "Show its progress and wait for its end");

  const auto service = std::make_shared<EngineArguments>();
  verb = program.addVerb(
      {.group = kRunsGroup,
       .name = "engine",
       .description = "The background service that works on the queue; other verbs start it by themselves",
       .examples = {"weft engine --foreground --until-idle", "weft engine --stop"}},
      [service](const Context& context) { return engine(*service, context); });
  verb->add_flag("--foreground", service->inForeground, "Serve in this process, and write what happens to stderr");
  verb->add_flag("--until-idle", service->untilIdle,
                 "With --foreground: end when nothing has been to do for ten seconds")
      ->needs("--foreground");
  verb->add_flag("--stop", service->stops, "Ask the running service to end; jobs that run go on");
}

}  // namespace weft::cli
