#include <gmock/gmock.h>

#include <filesystem>

#include "tests/cli/program_under_test.h"

using namespace weft::cli_test;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

namespace {
std::string given(const std::string& name) { return (fs::path(WEFT_TEST_SOURCE_DIR) / "fixtures/interchange" / name).string(); }
}  // namespace

TEST(ImportVerb, MakesAModelThatEveryOtherVerbTakes) {
  if (!hasWorker()) GTEST_SKIP() << "there is no weft-worker beside the program";
  const weft::TemporaryFolder folder = weft::TemporaryFolder::create().value();
  const std::string out = (folder.path() / "llama").string();
  const Outcome imported = runWeft({"import", given("llama"), "--out", out, "--json"});
  ASSERT_TRUE(succeeded(imported)) << imported.err;
  EXPECT_EQ(imported.json()["architecture"], "LlamaForCausalLM");
  EXPECT_EQ(imported.json()["dropped"], nlohmann::json::array());
  EXPECT_GT(imported.json()["parameters"], 1000);
  const Outcome generated = runWeft({"generate", out, "--ids", "1,2,3", "--tokens", "4", "--json"});
  ASSERT_TRUE(succeeded(generated)) << generated.err;
  EXPECT_EQ(generated.json()["ids"].size(), 4u);
  EXPECT_TRUE(isOneSentenceOfBadInput(runWeft({"import", given("llama"), "--out", out}))) << "it is there already";
}

TEST(ImportVerb, RefusesWhatIsNoModel) {
  const weft::TemporaryFolder folder = weft::TemporaryFolder::create().value();
  const std::string out = (folder.path() / "out").string();
  EXPECT_TRUE(isOneSentenceOfBadInput(runWeft({"import", "/nowhere", "--out", out})));
  if (!hasWorker()) GTEST_SKIP() << "there is no weft-worker beside the program";
  EXPECT_TRUE(isOneSentenceOfBadInput(runWeft({"import", folder.path().string(), "--out", out})));
  EXPECT_FALSE(fs::exists(out));
}

TEST(ConvertVerb, PutsACheckpointUnderAnotherMap) {
  if (!hasWorker()) GTEST_SKIP() << "there is no weft-worker beside the program";
  const weft::TemporaryFolder folder = weft::TemporaryFolder::create().value();
  const std::string dense = (folder.path() / "dense").string(), out = (folder.path() / "cla2").string();
  ASSERT_TRUE(succeeded(runWeft({"import", given("llama"), "--out", dense})));
  const Outcome converted = runWeft({"convert", dense, "--map", "cla2", "--method", "mean", "--out", out, "--json"});
  ASSERT_TRUE(succeeded(converted)) << converted.err;
  EXPECT_EQ(converted.json()["dropped"].size(), 2u);
  EXPECT_LT(converted.json()["parameters"], converted.json()["parameters_before"]);
  EXPECT_TRUE(succeeded(runWeft({"logits", out, "--ids", "1,2,3", "--out", (folder.path() / "l.safetensors").string()})));
  EXPECT_TRUE(isOneSentenceOfBadInput(runWeft({"convert", dense, "--map", "0_9", "--out", (folder.path() / "no").string()})));
  EXPECT_TRUE(isOneSentenceOfBadInput(runWeft({"convert", dense, "--map", "cla2", "--method", "best", "--out", (folder.path() / "no").string()})));
}
