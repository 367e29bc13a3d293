#include <gmock/gmock.h>

#include <algorithm>
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

TEST(ImportVerb, WarnsOfAMissingTokenizerAndVerbsThatNeedTextRefuse) {
  if (!hasWorker()) GTEST_SKIP() << "there is no weft-worker beside the program";
  const weft::TemporaryFolder folder = weft::TemporaryFolder::create().value();
  const fs::path model = folder.path() / "model";
  fs::copy(given("llama"), model, fs::copy_options::recursive);
  ASSERT_TRUE(weft::writeFileAtomically(model / "tokenizer.model", "x"));
  const std::string out = (folder.path() / "out").string(), text = (folder.path() / "a.txt").string();
  ASSERT_TRUE(weft::writeFileAtomically(text, "hello"));
  const Outcome imported = runWeft({"import", model.string(), "--out", out, "--json"});
  ASSERT_TRUE(succeeded(imported)) << imported.err;
  EXPECT_THAT(imported.err, HasSubstr("has no tokenizer.json (tokenizer.model is not read)"));
  EXPECT_EQ(imported.json()["warnings"].size(), 1u);
  for (const Outcome& refused : {runWeft({"eval", out, "--text", text}), runWeft({"generate", out, "--prompt", "x"})}) {
    EXPECT_TRUE(isOneSentenceOfBadInput(refused));
    EXPECT_THAT(refused.err, HasSubstr("has no tokenizer that Weft reads"));
  }
  EXPECT_TRUE(succeeded(runWeft({"generate", out, "--ids", "1,2", "--tokens", "3"})));
  // The way through a conversion and an export keeps it so.
  const std::string other = (folder.path() / "cla2").string(), exported = (folder.path() / "exported").string();
  ASSERT_TRUE(succeeded(runWeft({"convert", out, "--map", "cla2", "--out", other})));
  EXPECT_THAT(runWeft({"eval", other, "--text", text}).err, HasSubstr("has no tokenizer that Weft reads"));
  ASSERT_TRUE(succeeded(runWeft({"export-model", other, "--out", exported})));
  EXPECT_FALSE(fs::exists(fs::path(exported) / "tokenizer.json"));
}

TEST(ImportVerb, KeepsTheFoldersEndIdsForGenerate) {
  if (!hasWorker()) GTEST_SKIP() << "there is no weft-worker beside the program";
  const weft::TemporaryFolder folder = weft::TemporaryFolder::create().value();
  const fs::path model = folder.path() / "model";
  fs::copy(given("llama"), model, fs::copy_options::recursive);
  fs::remove(model / "generation_config.json");
  int number = 0;
  const auto generated = [&](const nlohmann::json& config, const nlohmann::json& generation) {
    nlohmann::json whole = nlohmann::json::parse(weft::readFile(fs::path(given("llama")) / "config.json").value());
    whole.update(config);
    EXPECT_TRUE(weft::writeFileAtomically(model / "config.json", whole.dump()));
    if (!generation.is_null()) {
      EXPECT_TRUE(weft::writeFileAtomically(model / "generation_config.json", generation.dump()));
    }
    const std::string out = (folder.path() / ("out" + std::to_string(++number))).string();
    EXPECT_TRUE(succeeded(runWeft({"import", model.string(), "--out", out})));
    return runWeft({"generate", out, "--ids", "1,2,3", "--tokens", "12", "--json"}).json()["ids"];
  };
  const nlohmann::json all = generated({{"eos_token_id", nullptr}}, nullptr);
  ASSERT_EQ(all.size(), 12u);
  const auto upTo = [&](const nlohmann::json& id) {
    const auto found = std::find(all.begin(), all.end(), id);
    return nlohmann::json(std::vector<nlohmann::json>(all.begin(), found + 1));
  };
  EXPECT_EQ(generated({{"eos_token_id", all[4]}}, nullptr), upTo(all[4]));
  EXPECT_EQ(generated({{"eos_token_id", {22, all[3]}}}, nullptr), upTo(all[3]));
  EXPECT_EQ(generated({{"eos_token_id", all[4]}}, {{"eos_token_id", {all[2], all[11]}}}), upTo(all[2]));
  const std::string out = (folder.path() / "no").string();
  ASSERT_TRUE(weft::writeFileAtomically(model / "generation_config.json", R"({"eos_token_id": "</s>"})"));
  const Outcome refused = runWeft({"import", model.string(), "--out", out});
  EXPECT_TRUE(isOneSentenceOfBadInput(refused));
  EXPECT_THAT(refused.err, HasSubstr("eos_token_id"));
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
