// A configuration: what was read is printed and read again without loss, and every question about it is answered or
// refused in a sentence.
#include <fmt/format.h>

#include <vector>

#include "engine/config/presets.h"
#include "engine/config/run_config.h"
#include "tests/fuzz/targets.h"

namespace weft::fuzz {
namespace {

using config::RunConfig;

const std::vector<std::string>& seeds() {
  static const std::vector<std::string> all = [] {
    std::vector<std::string> list{
        toToml(RunConfig{}), "name = \"a\"\n[model]\nlayers = 4\nsharing = \"cla2\"\n", "# only a comment\n",
        "tags = [\"a\", 'b', \"\"\"c\"\"\"]\n[train]\nlearning_rate = 1e-3\nsteps = 0x10\n[data]\nfiles = ['a.txt']\n"};
    for (const config::Preset& preset : config::presets()) list.push_back(toToml(preset.config));
    return list;
  }();
  return all;
}

const std::vector<std::string>& words() {
  static const std::vector<std::string> all{"[model]\n",
                                            "[[model]]\n",
                                            "[train]\n",
                                            "[other]\n",
                                            "\"",
                                            "'",
                                            "\"\"\"",
                                            "'''",
                                            "= ",
                                            "\n",
                                            "#",
                                            "nan",
                                            "inf",
                                            "-inf",
                                            "-0.0",
                                            "1e400",
                                            "1e-400",
                                            "0",
                                            "-1",
                                            "1_000",
                                            "0x7fffffffffffffff",
                                            "9223372036854775808",
                                            "2147483648",
                                            "true",
                                            "false",
                                            "[]",
                                            "{}",
                                            "[[[[",
                                            "1979-05-27T07:32:00Z",
                                            "\\u0000",
                                            "\\U0010FFFF",
                                            "\\",
                                            "\x01",
                                            "\x7F",
                                            "\xFF",
                                            "\u00e9",
                                            "layers = 1000000000\n",
                                            "sharing = \"cla2\"\n",
                                            "learning_rate = ",
                                            "name = \"\"\n",
                                            "a.b.c = 1\n",
                                            "hidden = "};
  return all;
}

Outcome check(const std::string& text) {
  const auto config = config::parseRunConfig(text, "fuzz.toml");
  if (!config) return refused(config.error());
  const std::string printed = toToml(*config);
  const auto again = config::parseRunConfig(printed, "printed.toml");
  if (!again) return broken("what was read is printed as a file that is refused: " + again.error().message);
  if (*again != *config) return broken("printing and reading changed the configuration:\n" + printed);
  RunConfig copy;
  for (const auto& [key, value] : flatten(*config)) {
    const Result<void> isSet = setField(copy, key, value);
    if (!isSet) return broken(fmt::format("{} = {} is refused by setField: {}", key, value, isSet.error().message));
  }
  if (copy != *config) return broken("setting every field to what flatten says gives another configuration");
  if (const Result<void> isValid = validate(*config); !isValid) return refused(isValid.error());
  if (const auto map = sharingMap(config->model); !map)
    return broken("a valid configuration without a map: " + map.error().message);
  return {.isAccepted = true, .problem = ""};
}

}  // namespace

Target configTarget() {
  return {.name = "config",
          .description = "a run's configuration in TOML",
          .executions = 4000,
          .make = [](Mutator& mutator) { return mutator.bytes(mutator.oneOf(seeds()), words()); },
          .run = check};
}

}  // namespace weft::fuzz
