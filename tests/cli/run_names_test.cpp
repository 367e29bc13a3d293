// Which run is meant: a name that several runs bear is a question, in every verb that takes a run.
#include <gmock/gmock.h>

#include "tests/cli/program_under_test.h"

using namespace weft::cli_test;
using ::testing::AllOf;
using ::testing::HasSubstr;

namespace {

class RunNames : public ProjectTest {
 protected:
  void SetUp() override {
    ProjectTest::SetUp();
    for (const char* seed : {"train.seed=1", "train.seed=2"})
      ASSERT_TRUE(succeeded(weft({"submit", "--preset", "demo-mqa", "--name", "MQA", "--hold", "--set", seed})));
    ASSERT_TRUE(succeeded(weft({"submit", "--preset", "demo-mqa", "--name", "other", "--hold"})));
  }
  nlohmann::json shown(const char* run) const { return weft({"show", run, "--json"}).json()[0]; }
};

}  // namespace

TEST_F(RunNames, OfSeveralRunsAreAskedForInEveryVerbAndNothingIsChanged) {
  const nlohmann::json before = weft({"runs", "--all", "--json"}).json();
  for (const std::vector<std::string>& verb : {std::vector<std::string>{"show", "MQA"},
                                               {"log", "MQA"},
                                               {"export", "metrics", "--runs", "other,MQA"},
                                               {"export", "--runs", "MQA"},
                                               {"generate", "MQA", "--ids", "1"},
                                               {"eval", "MQA@best"},
                                               {"measure", "MQA"},
                                               {"logits", "MQA@step-1", "--ids", "1", "--out", "never.safetensors"},
                                               {"convert", "MQA", "--map", "cla2", "--out", "never"},
                                               {"export-model", "MQA", "--out", "never"},
                                               {"tag", "other", "MQA", "--add", "x"},
                                               {"note", "MQA", "a note"},
                                               {"star", "MQA"},
                                               {"archive", "MQA"},
                                               {"baseline", "MQA"},
                                               {"queue", "stop", "MQA"},
                                               {"queue", "kill", "other", "MQA"},
                                               {"queue", "resume", "MQA"},
                                               {"queue", "priority", "MQA", "3"},
                                               {"queue", "reorder", "MQA", "--last"},
                                               {"queue", "reorder", "other", "--before", "MQA"}}) {
    const Outcome outcome = weft(verb);
    EXPECT_TRUE(isOneSentenceOfBadInput(outcome)) << verb.front();
    EXPECT_EQ(outcome.err,
              "weft: 2 runs are named MQA: 1 (s1) and 2 (s2). Which one? Give its number, or its label, like MQA:s1.\n")
        << verb.front();
  }
  EXPECT_EQ(weft({"runs", "--all", "--json"}).json(), before);
}

TEST_F(RunNames, OfOneRunNeedNoMore) {
  EXPECT_EQ(shown("other")["id"], 3);
  EXPECT_EQ(shown("MQA:s1")["id"], 1);
  EXPECT_EQ(shown("MQA s2")["id"], 2);
  EXPECT_EQ(shown("2")["id"], 2);
  const Outcome none = weft({"show", "MQA:s7"});
  EXPECT_TRUE(isOneSentenceOfBadInput(none));
  EXPECT_THAT(none.err, HasSubstr("2 runs are named MQA: MQA s1 and MQA s2"));
}

TEST_F(RunNames, OfAConfigurationMeanAllItsSeedsInAComparison) {
  const nlohmann::json compared = weft({"compare", "MQA", "other", "--json"}).json();
  ASSERT_EQ(compared.size(), 3u);
  EXPECT_EQ(compared[0]["label"], "MQA s1");
  EXPECT_EQ(compared[1]["label"], "MQA s2");
}
