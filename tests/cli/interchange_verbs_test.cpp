#include <gmock/gmock.h>

#include <filesystem>

#include "tests/cli/program_under_test.h"

using namespace weft::cli_test;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

namespace {
std::string given(const std::string& name) {
  return (fs::path(WEFT_TEST_SOURCE_DIR) / "fixtures/interchange" / name).string();
}
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
  EXPECT_TRUE(
      succeeded(runWeft({"logits", out, "--ids", "1,2,3", "--out", (folder.path() / "l.safetensors").string()})));
  EXPECT_TRUE(
      isOneSentenceOfBadInput(runWeft({"convert", dense, "--map", "0_9", "--out", (folder.path() / "no").string()})));
  EXPECT_TRUE(isOneSentenceOfBadInput(
      runWeft({"convert", dense, "--map", "cla2", "--method", "best", "--out", (folder.path() / "no").string()})));
}

TEST(ExportModelVerb, WritesAFolderForTransformersThatImportReadsBack) {
  if (!hasWorker()) GTEST_SKIP() << "there is no weft-worker beside the program";
  const weft::TemporaryFolder folder = weft::TemporaryFolder::create().value();
  const std::string dense = (folder.path() / "dense").string(), cla2 = (folder.path() / "cla2").string();
  ASSERT_TRUE(succeeded(runWeft({"import", given("llama"), "--out", dense})));
  ASSERT_TRUE(succeeded(runWeft({"convert", dense, "--map", "cla2", "--out", cla2})));
  const Outcome llama = runWeft({"export-model", dense, "--out", (folder.path() / "llama").string(), "--json"});
  ASSERT_TRUE(succeeded(llama)) << llama.err;
  EXPECT_EQ(llama.json()["architecture"], "LlamaForCausalLM");
  EXPECT_GT(llama.json()["parameters"], 1000);
  EXPECT_TRUE(llama.json()["dropped"].is_array());

  const std::string shared = (folder.path() / "shared").string();
  const Outcome ours =
      runWeft({"export-model", cla2, "--out", shared, "--dtype", "bfloat16", "--shard-size", "0.000002"});
  ASSERT_TRUE(succeeded(ours)) << ours.err;
  EXPECT_THAT(ours.out, HasSubstr("trust_remote_code=True"));
  EXPECT_TRUE(fs::exists(fs::path(shared) / "modeling_weft.py"));
  EXPECT_TRUE(fs::exists(fs::path(shared) / "model.safetensors.index.json"));
  const Outcome back = runWeft({"import", shared, "--out", (folder.path() / "back").string(), "--json"});
  ASSERT_TRUE(succeeded(back)) << back.err;
  EXPECT_EQ(back.json()["architecture"], "WeftCrossLayerForCausalLM");

  const std::string no = (folder.path() / "no").string();
  EXPECT_TRUE(isOneSentenceOfBadInput(runWeft({"export-model", cla2, "--out", shared}))) << "it is there already";
  EXPECT_THAT(runWeft({"export-model", cla2, "--out", no, "--layout", "llama"}).err,
              HasSubstr("layer 1 reads the keys of layer 0"));
  EXPECT_TRUE(isOneSentenceOfBadInput(runWeft({"export-model", cla2, "--out", no, "--layout", "gguf"})));
  EXPECT_TRUE(isOneSentenceOfBadInput(runWeft({"export-model", cla2, "--out", no, "--dtype", "int4"})));
  EXPECT_TRUE(isOneSentenceOfBadInput(runWeft({"export-model", cla2, "--out", no, "--shard-size", "0"})));
  EXPECT_TRUE(isOneSentenceOfBadInput(runWeft({"export-model", "nowhere", "--out", no})));
  EXPECT_FALSE(fs::exists(no));
}
