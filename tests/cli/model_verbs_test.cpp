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
  EXPECT_TRUE(isOneSentenceOfBadInput(runWeft({"logits", "m", "--ids", "1,x", "--out", "f"})));
  EXPECT_TRUE(isOneSentenceOfBadInput(runWeft({"logits", "m", "--ids", "1"})));
  EXPECT_TRUE(isOneSentenceOfBadInput(runWeft({"eval", "m", "--task", "hellaswag"})));
  EXPECT_TRUE(isOneSentenceOfBadInput(runWeft({"eval", "m", "--text", "/nowhere.txt"})));
  EXPECT_TRUE(isOneSentenceOfBadInput(runWeft({"measure", "m", "--batch", "0"})));
}
