// replay: a recorded events.jsonl becomes a run of the project.
#include <fmt/format.h>

#include <memory>
#include <string>

#include "app/cli/arguments.h"
#include "app/cli/output.h"
#include "app/cli/program.h"
#include "app/cli/run_table.h"
#include "engine/base/files.h"
#include "engine/service/replay.h"

namespace weft::cli {

namespace {

struct ReplayArguments {
  std::string events, config, name;
};

Result<void> replay(const ReplayArguments& arguments, const Context& context) {
  WEFT_ASSIGN(OpenProject open, openProject(context));
  WEFT_ASSIGN(const store::RunId id,
              service::replay(open.project, open.store,
                              {.events = absolutePath(arguments.events),
                               .config = arguments.config.empty() ? "" : absolutePath(arguments.config),
                               .name = arguments.name}));
  WEFT_ASSIGN(const store::RunSummary run, open.store.run(id));
  if (context.json) {
    printJson(runJson(run));
  } else {
    print(fmt::format("Run {} '{}', {}: step {} of {}.", run.id.value, run.name, store::toString(run.state), run.step,
                      run.steps));
    if (!run.failure.empty()) print(run.failure);
  }
  return {};
}

}  // namespace

void addReplayVerb(Program& program) {
  const auto arguments = std::make_shared<ReplayArguments>();
  CLI::App* verb =
      program.addVerb({.group = kRunsGroup,
                       .name = "replay",
                       .description = "Take a recorded events.jsonl into the project, as a run",
                       .examples = {"weft replay ~/other/project/runs/7/events.jsonl",
                                    "weft replay run7.jsonl --config run7.toml --name 'MQA on the other machine'"}},
                      [arguments](const Context& context) { return replay(*arguments, context); });
  verb->add_option("FILE", arguments->events, "The events.jsonl of a run, of this project or another")->required();
  verb->add_option("--config", arguments->config, "The run's configuration [config.toml beside FILE]")
      ->type_name("F.toml");
  verb->add_option("--name", arguments->name, "What the run is called [as in the configuration]")->type_name("NAME");
}

}  // namespace weft::cli
