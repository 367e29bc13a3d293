#include <gmock/gmock.h>

#include "tests/cli/program_under_test.h"

using namespace weft::cli_test;
using ::testing::HasSubstr;

TEST(ModelVerbs, RefuseAModelThatDoesNotExist) {
  const weft::TemporaryFolder folder = weft::TemporaryFolder::create().value();
  const std::string out = (folder.path() / "l.safetensors").string();
  const std::string nowhere = (folder.path() / "nowhere").string();
  EXPECT_TRUE(isOneSentenceOfBadInput(runWeft({"generate", nowhere, "--prompt", "x"})));
  EXPECT_TRUE(isOneSentenceOfBadInput(runWeft({"logits", nowhere, "--ids", "1", "--out", out})));
  EXPECT_TRUE(isOneSentenceOfBadInput(runWeft({"eval", nowhere})));
  EXPECT_TRUE(isOneSentenceOfBadInput(runWeft({"measure", nowhere})));
}

TEST(ModelVerbs, RefuseWrongArgumentsBeforeAnythingStarts) {
  EXPECT_THAT(runWeft({"generate", "m"}).err, HasSubstr("--prompt"));
  EXPECT_TRUE(isOneSentenceOfBadInput(runWeft({"generate", "m"})));
  EXPECT_TRUE(isOneSentenceOfBadInput(runWeft({"generate", "m", "--prompt", "x", "--ids", "1"})));
  EXPECT_TRUE(isOneSentenceOfBadInput(runWeft({"generate", "m", "--prompt", "x", "--tokens", "0"})));
  EXPECT_TRUE(isOneSentenceOfBadInput(runWeft({"generate", "m", "--prompt", "x", "--temperature", "-1"})));
  for (const char* temperature : {"1e-40", "inf", "nan", "1e30"}) {
    const Outcome outcome = runWeft({"generate", "m", "--prompt", "x", "--temperature", temperature});
    EXPECT_TRUE(isOneSentenceOfBadInput(outcome)) << temperature;
    EXPECT_THAT(outcome.err, HasSubstr("it must be 0 (always the likeliest token) or from 0.0001 to 10000"));
  }
  EXPECT_TRUE(isOneSentenceOfBadInput(runWeft({"generate", "m", "--prompt", "x", "--top-k", "-1"})));
  EXPECT_TRUE(isOneSentenceOfBadInput(runWeft({"logits", "m", "--ids", "1,x", "--out", "f"})));
  EXPECT_TRUE(isOneSentenceOfBadInput(runWeft({"logits", "m", "--ids", "1"})));
  EXPECT_TRUE(isOneSentenceOfBadInput(runWeft({"eval", "m", "--task", "hellaswag"})));
  EXPECT_THAT(runWeft({"eval", "m", "--task", "helaswag", "--data", "f"}).err,
              HasSubstr("'hellaswag' is perhaps meant"));
  EXPECT_TRUE(isOneSentenceOfBadInput(runWeft({"eval", "m", "--task", "helaswag", "--data", "f"})));
  EXPECT_THAT(runWeft({"eval", "m", "--task", "piqa", "--data", "f", "--tokens", "3"}).err, HasSubstr("--limit"));
  EXPECT_THAT(runWeft({"eval", "m", "--limit", "3"}).err, HasSubstr("--tokens"));
  EXPECT_THAT(runWeft({"eval", "m", "--task", "piqa", "--data", "f", "--stride", "3"}).err, HasSubstr("stand alone"));
  EXPECT_THAT(runWeft({"eval", "m", "--out", "f.jsonl"}).err, HasSubstr("multiple-choice"));
  EXPECT_TRUE(isOneSentenceOfBadInput(runWeft({"eval", "m", "--text", "-", "--text", "-"})));
  EXPECT_TRUE(isOneSentenceOfBadInput(runWeft({"eval", "m", "--text", "/nowhere.txt"})));
  EXPECT_TRUE(isOneSentenceOfBadInput(runWeft({"measure", "m", "--batch", "0"})));
}

// lm-eval's numbers for the fixture's Llama, through import, eval and the tokenizer that came with it.
TEST(EvalVerb, SaysWhatLmEvalSays) {
  if (!hasWorker()) GTEST_SKIP() << "there is no weft-worker beside the program";
  const weft::TemporaryFolder folder = weft::TemporaryFolder::create().value();
  const std::filesystem::path given = std::filesystem::path(WEFT_TEST_SOURCE_DIR) / "fixtures/evaluation";
  const std::string model = (folder.path() / "model").string();
  ASSERT_TRUE(succeeded(runWeft({"import", given.string(), "--out", model})));
  const auto expected = nlohmann::json::parse(weft::readFile(given / "expected.json").value())["tokenizer.json"];
  const Outcome choices = runWeft(
      {"eval", model, "--task", "hellaswag", "--data", (given / "published/hellaswag_val.jsonl").string(), "--json"});
  ASSERT_TRUE(succeeded(choices)) << choices.err;
  EXPECT_EQ(choices.json()["items"], 7);
  for (const char* key : {"acc", "acc_stderr", "acc_norm", "acc_norm_stderr"}) {
    EXPECT_NEAR(choices.json()[key].get<double>(), expected["hellaswag"]["metrics"][key].get<double>(), 1e-12) << key;
  }
  const Outcome pages =
      runWeft({"eval", model, "--task", "wikitext", "--data", (given / "wikitext.txt").string(), "--json"});
  ASSERT_TRUE(succeeded(pages)) << pages.err;
  for (const char* key : {"word_perplexity", "byte_perplexity", "bits_per_byte"}) {
    const double theirs = expected["wikitext"]["metrics"][key];
    EXPECT_NEAR(pages.json()[key].get<double>(), theirs, 1e-4 * theirs) << key;
  }
  const Outcome alone = runWeft({"eval", model});
  EXPECT_TRUE(isOneSentenceOfBadInput(alone));
  EXPECT_THAT(alone.err, HasSubstr("no held-out split of its own"));
}
