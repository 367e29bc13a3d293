#include <gmock/gmock.h>

#include "tests/cli/program_under_test.h"

using namespace weft::cli_test;
using ::testing::HasSubstr;

TEST(Usage, WithoutAVerbItShowsItsGroupedVerbsAndExamples) {
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{}, {"--help"}}) {
    const Outcome outcome = runWeft(arguments);
    EXPECT_TRUE(succeeded(outcome));
    for (const char* part : {"Runs:", "Results:", "Models:", "Sharing patterns:", "Files:", "Examples:", "Exit codes"})
      EXPECT_THAT(outcome.out, HasSubstr(part));
  }
}

TEST(Usage, EveryVerbExplainsItself) {
  for (const char* verb : {"demo", "init", "submit", "engine", "queue", "runs", "show", "log", "compare", "export",
                           "generate", "logits", "eval", "measure", "map", "cost", "presets", "tokenize", "inspect"}) {
    const Outcome outcome = runWeft({verb, "--help"});
    EXPECT_TRUE(succeeded(outcome)) << verb;
    EXPECT_THAT(outcome.out, HasSubstr("--json")) << verb;
    EXPECT_THAT(runWeft({"--help"}).out, HasSubstr(std::string("\n  ") + verb + " "));
  }
}

TEST(Usage, VersionIsOneLine) {
  const Outcome outcome = runWeft({"--version"});
  EXPECT_TRUE(succeeded(outcome));
  EXPECT_THAT(outcome.out, ::testing::MatchesRegex("weft [0-9]+\\.[0-9]+\\.[0-9]+\n"));
}

TEST(Usage, AnUnknownVerbNamesTheNearest) {
  const Outcome outcome = runWeft({"-C", "map", "compar"});
  EXPECT_TRUE(isOneSentenceOfBadInput(outcome));
  EXPECT_THAT(outcome.err, HasSubstr("did you mean `weft compare`?"));
}

TEST(Usage, WrongOptionsAreBadInput) {
  EXPECT_TRUE(isOneSentenceOfBadInput(runWeft({"map"})));
  EXPECT_TRUE(isOneSentenceOfBadInput(runWeft({"map", "0_0", "--bogus"})));
  EXPECT_TRUE(isOneSentenceOfBadInput(runWeft({"map", "cla2", "--layers", "many"})));
  EXPECT_TRUE(isOneSentenceOfBadInput(runWeft({"--bogus"})));
  EXPECT_TRUE(isOneSentenceOfBadInput(runWeft({"cost", "--config", "a", "--preset", "b"})));
}
