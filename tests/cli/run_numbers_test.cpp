// One number, one meaning, on the command line: the preset list, `weft cost` and the stored run say the same of a
// preset, or name both.
#include <gmock/gmock.h>

#include "engine/base/text.h"
#include "tests/cli/program_under_test.h"

using namespace weft;
using namespace weft::cli_test;
using ::testing::HasSubstr;

class RunNumbers : public ProjectTest {};

TEST_F(RunNumbers, AreTheSameInPresetsCostAndShow) {
  const nlohmann::json presets = runWeft({"presets", "--json"}).json();
  for (const char* name : {"demo-mha", "demo-mqa", "demo-mqa-cla2", "demo-h16-mqa", "paper-1b-h128-mqa-cla2"}) {
    nlohmann::json listed;
    for (const auto& preset : presets)
      if (preset["name"] == name) listed = preset;
    const nlohmann::json cost = runWeft({"cost", "--preset", name, "--json"}).json();
    EXPECT_EQ(listed["parameters"], cost["parameters"]) << name;
    EXPECT_EQ(listed["kv_bytes_per_token"], cost["kv_bytes_per_token"]) << name;
    EXPECT_EQ(listed["dtype"], cost["dtype"]) << name;
    EXPECT_EQ(listed["run_here"]["kv_bytes_per_token"], cost["run_here"]["kv_bytes_per_token"]) << name;
    // A run on the CPU, whatever this machine has.
    const nlohmann::json onCpu =
        runWeft({"cost", "--preset", name, "--set", "device.device=cpu", "--json"}).json()["run_here"];
    EXPECT_EQ(onCpu["kv_dtype"], "float32") << name;
    EXPECT_EQ(onCpu["kv_bytes_per_token"], 2 * cost["kv_bytes_per_token"].get<int>()) << name;
    ASSERT_TRUE(succeeded(weft({"submit", "--preset", name, "--hold", "--name", name, "--set", "device.device=cpu"})));
    const nlohmann::json run = weft({"show", name, "--json"}).json().at(0);
    EXPECT_EQ(run["parameters"], cost["parameters"]) << name;
    EXPECT_EQ(run["kv_bytes_per_token"], onCpu["kv_bytes_per_token"]) << name;
    EXPECT_EQ(run["kv_type"], "float32") << name;
  }
}

TEST_F(RunNumbers, NameTheirTypeAndTheirVocabularyInWords) {
  const std::string cost = runWeft({"cost", "--preset", "demo-mqa-cla2", "--set", "device.device=cpu"}).out;
  EXPECT_THAT(cost, HasSubstr("722,432, with the byte tokenizer's 257 ids, the sum of:"));
  EXPECT_THAT(cost, HasSubstr("A run of it here: 722,432 parameters; KV bytes per token: 256 B in bfloat16, 512 B in "
                              "float32 on this CPU."));
  EXPECT_THAT(runWeft({"cost", "--preset", "demo-mqa-cla2", "--set", "device.device=cpu", "--dtype", "float32"}).out,
              HasSubstr("KV bytes per token: 512 B in float32, as on this CPU."));
  const std::string presets = runWeft({"presets"}).out;
  EXPECT_THAT(presets, HasSubstr("KV B/token, 16-bit"));
  EXPECT_THAT(presets, HasSubstr("of a run here"));
  EXPECT_THAT(presets, HasSubstr("722,432"));
  ASSERT_TRUE(succeeded(weft({"submit", "--preset", "demo-mqa-cla2", "--hold", "--set", "device.device=cpu"})));
  EXPECT_THAT(weft({"show", "1"}).out, HasSubstr("512 B analytic, - B measured, float32, dense cache"));
  EXPECT_THAT(weft({"runs"}).out, HasSubstr("float32"));
}
