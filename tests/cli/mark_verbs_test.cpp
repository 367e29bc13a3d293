// tag, note, star, archive, baseline and the queue's order: what a researcher writes on runs, through the program.
#include <gmock/gmock.h>

#include "engine/store/project.h"
#include "engine/store/service_writer.h"
#include "tests/cli/program_under_test.h"

using namespace weft;
using namespace weft::cli_test;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

namespace {

// Three held runs, a, b and c: 1, 2 and 3.
class Marks : public ProjectTest {
 protected:
  void SetUp() override {
    ProjectTest::SetUp();
    for (const char* name : {"a", "b", "c"})
      ASSERT_TRUE(succeeded(weft({"submit", "--preset", "demo-mqa", "--name", name, "--hold"})));
    for (const char* name : {"a", "b", "c"}) ASSERT_TRUE(succeeded(weft({"tag", name, "--clear"})));
  }
  nlohmann::json run(const std::string& name) const { return weft({"show", name, "--json"}).json()[0]; }
  std::vector<std::string> tags(const std::string& name) const { return run(name)["tags"]; }
  std::string queue() const {
    std::string names;
    for (const nlohmann::json& one : weft({"queue", "--json"}).json()) names += one["name"].get<std::string>();
    return names;
  }
  // What one verb answers to wrong arguments, and that it does so before it changes anything.
  std::string refusal(const std::vector<std::string>& verb) const {
    const nlohmann::json before = weft({"runs", "--all", "--json"}).json();
    const Outcome outcome = weft(verb);
    EXPECT_TRUE(isOneSentenceOfBadInput(outcome)) << ::testing::PrintToString(verb);
    EXPECT_EQ(weft({"runs", "--all", "--json"}).json(), before) << ::testing::PrintToString(verb);
    return outcome.err;
  }
};

}  // namespace

TEST_F(Marks, TagsAreAddedRemovedSetAndCleared) {
  EXPECT_EQ(weft({"tag", "a", "b", "--add", "ablation, draft", "--add", "cla2"}).out,
            "Run 1 (a) is tagged ablation, draft, cla2.\nRun 2 (b) is tagged ablation, draft, cla2.\n");
  EXPECT_EQ(weft({"tag", "b", "--remove", "draft", "--add", "final,cla2"}).out,
            "Run 2 (b) is tagged ablation, cla2, final.\n");
  EXPECT_THAT(tags("a"), ElementsAre("ablation", "draft", "cla2")) << "the other one keeps its own";
  ASSERT_TRUE(succeeded(weft({"tag", "a", "--set", " paper , table 2,paper"})));
  EXPECT_THAT(tags("a"), ElementsAre("paper", "table 2"));
  EXPECT_EQ(weft({"tag", "a"}).out, "Run 1 (a) is tagged paper, table 2.\n");
  EXPECT_EQ(weft({"tag", "a", "--clear"}).out, "Run 1 (a) has no tags.\n");
  EXPECT_EQ(weft({"runs", "--tag", "final", "--json"}).json().size(), 1u);
  // One of two has it: the other is left as it is.
  EXPECT_TRUE(succeeded(weft({"tag", "a", "b", "--remove", "final"})));
}

TEST_F(Marks, WrongTagsAreRefusedAsAWhole) {
  ASSERT_TRUE(succeeded(weft({"tag", "a", "--add", "ablation"})));
  EXPECT_THAT(refusal({"tag", "a", "--remove", "ablatoin"}), HasSubstr("'ablation' is perhaps meant"));
  EXPECT_THAT(refusal({"tag", "b", "--remove", "ablation"}), HasSubstr("Run 2 (b) has no tag 'ablation'"));
  EXPECT_THAT(refusal({"tag", "a", "--add", " ,"}), HasSubstr("--add needs a tag"));
  EXPECT_THAT(refusal({"tag", "a", "--set", ""}), HasSubstr("--set needs a tag"));
  EXPECT_THAT(refusal({"tag", "a", "--set", "x", "--clear"}), HasSubstr("exclude each other"));
  EXPECT_THAT(refusal({"tag", "a", "--set", "x", "--add", "y"}), HasSubstr("take one or the other"));
  EXPECT_THAT(refusal({"tag", "a", "--clear", "--remove", "ablation"}), HasSubstr("take one or the other"));
  EXPECT_THAT(refusal({"tag", "a", "--add", "x", "--remove", "x"}), HasSubstr("'x'"));
  EXPECT_THAT(refusal({"tag", "a", "nobody", "--add", "x"}), HasSubstr("There is no run 'nobody'"));
  refusal({"tag"});
}

TEST_F(Marks, TagsOfASubmittedRunFollowTheSameRule) {
  ASSERT_TRUE(succeeded(weft({"submit", "--preset", "demo-mqa", "--name", "d", "--hold", "--tag", "x, y,x"})));
  std::vector<std::string> submitted = tags("d");
  EXPECT_EQ(std::count(submitted.begin(), submitted.end(), "x"), 1);
  EXPECT_EQ(std::count(submitted.begin(), submitted.end(), "y"), 1);
}

TEST_F(Marks, ANoteIsWrittenReadAndCleared) {
  EXPECT_EQ(weft({"note", "a"}).out, "");
  EXPECT_EQ(weft({"note", "a", "diverged at step 400"}).out, "Run 1 (a) has a new note.\n");
  EXPECT_EQ(weft({"note", "a"}).out, "diverged at step 400\n");
  ASSERT_TRUE(succeeded(weft({"note", "a", "-"}, "two\n lines\n\n")));
  EXPECT_EQ(run("a")["note"], "two\n lines") << "less the line ends behind it";
  EXPECT_EQ(weft({"note", "a", ""}).out, "Run 1 (a) has no note now.\n");
  EXPECT_EQ(run("a")["note"], "");
  EXPECT_EQ(weft({"note", "a", "--json"}).json()[0]["name"], "a");
  EXPECT_THAT(refusal({"note", "nobody", "x"}), HasSubstr("There is no run 'nobody'"));
  refusal({"note", "a", "two", "words"});
  refusal({"note"});
}

TEST_F(Marks, StarsAreGivenAndTaken) {
  EXPECT_EQ(weft({"star", "a", "c"}).out, "Run 1 (a) is starred.\nRun 3 (c) is starred.\n");
  EXPECT_EQ(run("a")["starred"], true);
  EXPECT_EQ(run("b")["starred"], false);
  EXPECT_EQ(weft({"star", "a", "--off"}).out, "Run 1 (a) has no star.\n");
  EXPECT_EQ(run("c")["starred"], true);
  EXPECT_THAT(refusal({"star", "b", "9"}), HasSubstr("There is no run '9'"));
  refusal({"star"});
}

TEST_F(Marks, ArchivedRunsLeaveTheListsAndComeBack) {
  EXPECT_EQ(weft({"archive", "a", "b"}).out, "Run 1 (a) is archived.\nRun 2 (b) is archived.\n");
  EXPECT_EQ(weft({"runs", "--json"}).json().size(), 1u);
  EXPECT_EQ(weft({"runs", "--all", "--json"}).json().size(), 3u);
  EXPECT_EQ(weft({"archive", "a", "--off"}).out, "Run 1 (a) is not archived.\n");
  EXPECT_EQ(weft({"runs", "--json"}).json().size(), 2u);
  EXPECT_THAT(refusal({"archive", "nobody"}), HasSubstr("There is no run 'nobody'"));
  refusal({"archive"});
}

TEST_F(Marks, ARunAtWorkIsNotArchived) {
  {
    store::RunStore store = store::RunStore::open(store::Project::open(project()).value().database()).value();
    store::NewRun working;
    working.name = "working";
    working.map = "0";
    ASSERT_TRUE(store.service().take(store.training(store.addRun(working).value())->id));
  }
  EXPECT_THAT(refusal({"archive", "a", "working"}), HasSubstr("Run 4 (working) is starting and cannot be archived"));
  EXPECT_THAT(refusal({"queue", "reorder", "working", "--first"}),
              HasSubstr("Run 4 (working) is starting; only queued, held and paused runs"));
  EXPECT_THAT(refusal({"queue", "reorder", "a", "--before", "working"}), HasSubstr("Run 4 (working) is starting"));
}

TEST_F(Marks, AtMostOneRunIsTheBaseline) {
  EXPECT_EQ(weft({"baseline"}).out, "This project has no baseline.\n");
  EXPECT_EQ(weft({"baseline", "a"}).out, "Run 1 (a) is the baseline.\n");
  EXPECT_EQ(weft({"baseline", "c"}).out, "Run 3 (c) is the baseline.\n");
  EXPECT_EQ(run("a")["baseline"], false);
  EXPECT_EQ(weft({"baseline"}).out, "Run 3 (c) is the baseline.\n");
  EXPECT_THAT(refusal({"baseline", "a", "--none"}), HasSubstr("--none"));
  EXPECT_THAT(refusal({"baseline", "nobody"}), HasSubstr("There is no run 'nobody'"));
  EXPECT_EQ(weft({"baseline", "--none", "--json"}).json(), nlohmann::json::array());
  EXPECT_EQ(run("c")["baseline"], false);
}

TEST_F(Marks, TheQueueIsReordered) {
  ASSERT_EQ(queue(), "abc");
  EXPECT_EQ(weft({"queue", "reorder", "c", "--first"}).out, "Run 3 (c) is number 1 of the 3 that wait.\n");
  EXPECT_EQ(queue(), "cab");
  EXPECT_EQ(weft({"queue", "reorder", "c", "--before", "b"}).out, "Run 3 (c) is number 2 of the 3 that wait.\n");
  EXPECT_EQ(queue(), "acb");
  EXPECT_EQ(weft({"queue", "reorder", "a", "--last"}).out, "Run 1 (a) is number 3 of the 3 that wait.\n");
  EXPECT_EQ(queue(), "cba");
  ASSERT_TRUE(succeeded(weft({"queue", "reorder", "c", "--first"})));
  EXPECT_EQ(queue(), "cba") << "it is there already";
  // Against the priorities: what is put first is first.
  ASSERT_TRUE(succeeded(weft({"queue", "priority", "b", "5"})));
  ASSERT_TRUE(succeeded(weft({"queue", "reorder", "a", "--first"})));
  EXPECT_EQ(queue(), "abc");
  EXPECT_EQ(run("a")["priority"], 5);
}

TEST_F(Marks, WrongPlacesInTheQueueAreRefused) {
  EXPECT_THAT(refusal({"queue", "reorder", "a"}), HasSubstr("--before RUN, --first or --last"));
  EXPECT_THAT(refusal({"queue", "reorder", "a", "--first", "--last"}), HasSubstr("--before RUN, --first or --last"));
  EXPECT_THAT(refusal({"queue", "reorder", "a", "--before", "a"}), HasSubstr("before itself"));
  EXPECT_THAT(refusal({"queue", "reorder", "a", "--before", "nobody"}), HasSubstr("There is no run 'nobody'"));
  EXPECT_THAT(refusal({"queue", "reorder", "nobody", "--last"}), HasSubstr("There is no run 'nobody'"));
  refusal({"queue", "reorder"});
}

TEST_F(Marks, JsonIsTheRunAsShowGivesIt) {
  for (const std::vector<std::string>& verb : {std::vector<std::string>{"tag", "b", "--add", "x"},
                                               {"note", "b", "a note"},
                                               {"star", "b"},
                                               {"baseline", "b"},
                                               {"queue", "reorder", "b", "--first"},
                                               {"archive", "b"}}) {
    std::vector<std::string> words = verb;
    words.push_back("--json");
    const Outcome outcome = weft(words);
    ASSERT_TRUE(succeeded(outcome)) << verb.front();
    EXPECT_EQ(outcome.json(), weft({"show", "b", "--json"}).json()) << verb.front();
    EXPECT_EQ(outcome.json().size(), 1u) << verb.front();
  }
  EXPECT_EQ(weft({"star", "a", "c", "--json"}).json().size(), 2u);
}
