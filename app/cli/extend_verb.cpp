// extend: a run that is over trains on.
#include <fmt/format.h>

#include <memory>
#include <string>
#include <vector>

#include "app/cli/output.h"
#include "app/cli/program.h"
#include "app/cli/run_details.h"
#include "app/cli/run_table.h"
#include "app/cli/watch.h"
#include "engine/base/text.h"
#include "engine/service/client.h"
#include "engine/service/extend.h"

namespace weft::cli {

namespace {

struct ExtendArguments {
  std::string run;
  std::int64_t steps = 0;
  bool waits = false;
};

Result<void> extend(const ExtendArguments& arguments, const Context& context) {
  WEFT_ASSIGN(OpenProject open, openProject(context));
  WEFT_ASSIGN(const store::RunSummary run, open.store.findRun(arguments.run));
  WEFT_ASSIGN(const service::Extension extension, service::extend(open.project, open.store, run.id, arguments.steps));
  WEFT_TRY(service::ensureEngine(open.project));
  if (!context.json)
    print(
        fmt::format("Run {} ({}) is queued to go on from step {} to {}. Its learning rate is that of a run of {} "
                    "steps: {:.3g} from there on, where it had come to {:.3g}.",
                    run.id.value, run.name, groupDigits(extension.from), groupDigits(extension.steps),
                    groupDigits(extension.steps), extension.rateAfter, extension.rateBefore));
  std::vector<store::RunSummary> runs;
  if (arguments.waits) {
    WEFT_ASSIGN(runs, watchRuns(open.project, open.store, {run.id}));
    if (!context.json) print(resultTable(runs));
  }
  if (context.json) {
    WEFT_ASSIGN(const Json shown, shownJson(open.store, {run.id}));
    printJson(shown);
  }
  return requireSuccess(runs);
}

}  // namespace

void addExtendVerb(Program& program) {
  const auto arguments = std::make_shared<ExtendArguments>();
  CLI::App* verb = program.addVerb(
      {.group = kRunsGroup,
       .name = "extend",
       .description = "Train a run that has ended on to more steps",
       .examples = {"weft extend MQA:s1 --steps 600", "weft extend MQA:s1 --steps 600 --wait"},
       .remark = "It goes on from its newest checkpoint, optimizer and all, as a new attempt of the same run. The "
                 "learning rate from there on is that of a run of so many steps, so at first it is higher than it had "
                 "become; the configuration that the run is compared by is the longer one's."},
      [arguments](const Context& context) { return extend(*arguments, context); });
  verb->add_option("RUN", arguments->run, "Number, name or label, like MQA or MQA:s2")->required();
  verb->add_option("--steps", arguments->steps, "Optimizer steps in all, more than it has")->required()->type_name("N");
  verb->add_flag("--wait", arguments->waits, "Show its progress and wait for its end");
}

}  // namespace weft::cli
