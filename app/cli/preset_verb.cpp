// presets: the ready configurations. No project, no model.
#include <fmt/format.h>

#include <memory>
#include <string>

#include "app/cli/output.h"
#include "app/cli/program.h"
#include "engine/base/text.h"
#include "engine/config/presets.h"
#include "engine/service/resolved_run.h"
#include "engine/sharing/cost_model.h"

namespace weft::cli {

namespace {

Result<void> showPresets(const std::string& name, const Context& context) {
  if (!name.empty()) {
    WEFT_ASSIGN(const config::RunConfig config, config::preset(name));
    if (context.json) {
      printJson({{"name", name}, {"toml", config::toToml(config)}});
    } else {
      print(config::toToml(config));
    }
    return {};
  }
  Json list = Json::array();
  Table table;
  table.column("preset", Table::Align::Left);
  table.column("parameters");
  table.column("KV B/token, 16-bit");
  table.column("of a run here");
  table.column("", Table::Align::Left);
  for (const config::Preset& preset : config::presets()) {
    WEFT_ASSIGN(const service::ResolvedRun run, service::resolveRun(preset.config));
    WEFT_ASSIGN(const sharing::CostReport cost,
                sharing::cost(run.shape, run.map, {.cacheType = sharing::ElementType::BFloat16}));
    const std::string type = sharing::toString(run.types.cache);
    list.push_back({{"name", preset.name},
                    {"group", preset.group},
                    {"description", preset.description},
                    {"sharing", preset.config.model.sharing},
                    {"parameters", cost.parameters.total()},
                    {"kv_bytes_per_token", cost.kv.bytesPerToken},
                    {"dtype", "bfloat16"},
                    {"run_here",
                     {{"kv_dtype", type},
                      {"kv_bytes_per_token", run.cost.kv.bytesPerToken},
                      {"parameters", run.cost.parameters.total()}}}});
    table.row({preset.name, formatCount(static_cast<double>(cost.parameters.total())),
               groupDigits(cost.kv.bytesPerToken), fmt::format("{} {}", groupDigits(run.cost.kv.bytesPerToken), type),
               preset.description});
  }
  if (context.json) {
    printJson(list);
  } else {
    print(table.toText());
    print(
        "Parameters are those of a run: a preset without a vocabulary takes the byte tokenizer's until its own is "
        "named.");
  }
  return {};
}

}  // namespace

void addPresetVerb(Program& program) {
  const auto name = std::make_shared<std::string>();
  CLI::App* verb = program.addVerb({.group = kPatternsGroup,
                                    .name = "presets",
                                    .description = "List the ready configurations, or print one as TOML",
                                    .examples = {"weft presets", "weft presets demo-mqa-cla2 > run.toml"}},
                                   [name](const Context& context) { return showPresets(*name, context); });
  verb->add_option("NAME", *name, "Print this one");
}

}  // namespace weft::cli
