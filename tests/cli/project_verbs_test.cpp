#include <gmock/gmock.h>

#include <fstream>
#include <iterator>

#include "tests/cli/program_under_test.h"

namespace fs = std::filesystem;
using namespace weft::cli_test;
using ::testing::AllOf;
using ::testing::HasSubstr;

namespace {

std::ptrdiff_t entriesIn(const fs::path& folder) {
  std::error_code error;
  return std::distance(fs::directory_iterator(folder, error), fs::directory_iterator());
}

}  // namespace

// Held runs need no service and no worker: these tests run in every build.
class HeldRuns : public ProjectTest {
 protected:
  void SetUp() override {
    ProjectTest::SetUp();
    ASSERT_TRUE(succeeded(weft({"submit", "--preset", "demo-mqa", "--hold"})));
    ASSERT_TRUE(succeeded(weft({"submit", "--preset", "demo-mqa-cla2", "--hold", "--name", "shared", "--tag", "mine",
                                "--set", "train.steps=7"})));
  }
};

TEST(InitVerb, MakesAProjectOnceAndFindsItAgain) {
  const weft::TemporaryFolder folder = weft::TemporaryFolder::create().value();
  const std::string project = (folder.path() / "a/b").string();
  EXPECT_EQ(runWeft({"init", project, "--json"}).json()["created"], true);
  EXPECT_EQ(runWeft({"init", project, "--json"}).json()["created"], false);
  EXPECT_EQ(runWeft({"runs", "--json", "-C", project}).json(), nlohmann::json::array());
  EXPECT_EQ(runWeft({"-C", project, "runs", "--json"}).json(), nlohmann::json::array());
}

TEST(InitVerb, RefusesAPathThatIsAFile) {
  const weft::TemporaryFolder folder = weft::TemporaryFolder::create().value();
  ASSERT_TRUE(weft::writeFileAtomically(folder.path() / "file", "x"));
  EXPECT_TRUE(isOneSentenceOfBadInput(runWeft({"init", (folder.path() / "file").string()})));
}

TEST(InitVerb, RefusesAnEmptyNameOfARoot) {
  const weft::TemporaryFolder folder = weft::TemporaryFolder::create().value();
  for (const std::string option : {"--runs", "--shards"}) {
    const Outcome refused = runWeft({"init", (folder.path() / "project").string(), option, ""});
    EXPECT_TRUE(isOneSentenceOfBadInput(refused));
    EXPECT_THAT(refused.err, HasSubstr(option + " is empty"));
    EXPECT_FALSE(std::filesystem::exists(folder.path() / "project"));
  }
}

TEST(ProjectFolder, EveryVerbThatNeedsOneSaysSo) {
  const weft::TemporaryFolder folder = weft::TemporaryFolder::create().value();
  const std::string nowhere = folder.path().string();
  for (const std::vector<std::string>& verb : {std::vector<std::string>{"runs"},
                                               {"queue"},
                                               {"show", "1"},
                                               {"log", "1"},
                                               {"compare", "1", "2"},
                                               {"export"},
                                               {"submit", "--preset", "demo-mqa"},
                                               {"queue", "stop", "1"},
                                               {"engine", "--foreground"}}) {
    std::vector<std::string> arguments = verb;
    arguments.insert(arguments.end(), {"-C", nowhere});
    const Outcome outcome = runWeft(arguments);
    EXPECT_TRUE(isOneSentenceOfBadInput(outcome)) << verb.front();
    EXPECT_THAT(outcome.err, HasSubstr(nowhere));
  }
  EXPECT_EQ(entriesIn(nowhere), 0);
}

TEST(ProjectFolder, AForeignDatabaseIsRefusedAndLeftAlone) {
  const weft::TemporaryFolder folder = weft::TemporaryFolder::create().value();
  const std::string foreign = "this is not a database of any kind, but it has the right name\n";
  ASSERT_TRUE(weft::writeFileAtomically(folder.path() / "weft.db", foreign));
  EXPECT_TRUE(isOneSentenceOfBadInput(runWeft({"runs", "-C", folder.path().string()})));
  EXPECT_TRUE(isOneSentenceOfBadInput(runWeft({"init", folder.path().string()})));
  EXPECT_TRUE(
      isOneSentenceOfBadInput(runWeft({"submit", "--preset", "demo-mqa", "--hold", "-C", folder.path().string()})));
  EXPECT_EQ(weft::readFile(folder.path() / "weft.db"), foreign);
}

TEST_F(ProjectTest, AProjectOfANewerWeftIsRefusedAndLeftAlone) {
  // PRAGMA user_version: four bytes, big endian, at offset 60 of the file.
  std::string database = weft::readFile(project() / "weft.db").value();
  ASSERT_GT(database.size(), 100u);
  database[60] = 1;
  ASSERT_TRUE(weft::writeFileAtomically(project() / "weft.db", database));
  for (const char* verb : {"runs", "queue", "export"}) {
    const Outcome outcome = weft({verb});
    EXPECT_TRUE(isOneSentenceOfBadInput(outcome)) << verb;
    EXPECT_THAT(outcome.err, HasSubstr("newer"));
  }
  EXPECT_EQ(weft::readFile(project() / "weft.db"), database);
}

TEST_F(ProjectTest, WhatCannotBeSubmittedLeavesNothingBehind) {
  const fs::path bad = file("bad.toml", "[model]\nsharing = \"0_2_2_3\"\n");
  const Outcome later = weft({"submit", bad.string()});
  EXPECT_TRUE(isOneSentenceOfBadInput(later));
  EXPECT_THAT(later.err, AllOf(HasSubstr("model.sharing"), HasSubstr("Layer 1")));
  EXPECT_TRUE(isOneSentenceOfBadInput(weft({"submit"})));
  EXPECT_TRUE(isOneSentenceOfBadInput(weft({"submit", "/nowhere.toml"})));
  EXPECT_TRUE(isOneSentenceOfBadInput(weft({"submit", file("broken.toml", "= 3").string()})));
  EXPECT_TRUE(isOneSentenceOfBadInput(weft({"submit", "--preset", "demo-mqa", "--set", "train.steps=many"})));
  EXPECT_TRUE(isOneSentenceOfBadInput(
      weft({"submit", "--preset", "demo-mqa", "--set", "data.source=text", "--set", "data.files=/nowhere.txt"})));
  EXPECT_TRUE(
      isOneSentenceOfBadInput(weft({"submit", "--preset", "demo-mqa", "--set", "data.tokenizer=/nowhere.json"})));
  EXPECT_EQ(weft({"runs", "--json"}).json(), nlohmann::json::array());
  EXPECT_EQ(entriesIn(project() / "runs"), 0);
}

TEST_F(HeldRuns, AreListedWithTheKeysThatOthersBuildOn) {
  const nlohmann::json runs = weft({"runs", "--json"}).json();
  ASSERT_EQ(runs.size(), 2u);
  for (const nlohmann::json& run : runs) {
    for (const char* key : {"id", "name", "state", "map", "parameters", "kv_bytes_per_token", "perplexity"})
      EXPECT_TRUE(run.contains(key)) << key;
    EXPECT_EQ(run["state"], "held");
  }
  const nlohmann::json mine = weft({"runs", "--tag", "mine", "--json"}).json();
  ASSERT_EQ(mine.size(), 1u);
  EXPECT_EQ(mine[0]["name"], "shared");
  EXPECT_EQ(mine[0]["map"], "0_0_2_2");
  EXPECT_EQ(weft({"runs", "--state", "finished", "--json"}).json().size(), 0u);
  EXPECT_TRUE(isOneSentenceOfBadInput(weft({"runs", "--state", "sleeping"})));
  EXPECT_THAT(weft({"runs"}).out, AllOf(HasSubstr("perplexity"), HasSubstr("shared")));
}

TEST_F(HeldRuns, StandInTheQueueInTheOrderOfTheirPriority) {
  EXPECT_EQ(weft({"queue", "--json"}).json().size(), 2u);
  EXPECT_EQ(weft({"queue", "--json"}).json()[0]["name"], "MQA");
  ASSERT_TRUE(succeeded(weft({"queue", "priority", "shared", "5"})));
  EXPECT_EQ(weft({"queue", "--json"}).json()[0]["name"], "shared");
  EXPECT_TRUE(isOneSentenceOfBadInput(weft({"queue", "priority", "nobody", "5"})));
  EXPECT_TRUE(isOneSentenceOfBadInput(weft({"queue", "pause", "shared"})));  // it does not run
  EXPECT_TRUE(isOneSentenceOfBadInput(weft({"queue", "stop", "99"})));
}

TEST_F(HeldRuns, AreShownWithTheirWholeConfiguration) {
  const nlohmann::json shown = weft({"show", "shared", "--json"}).json();
  ASSERT_EQ(shown.size(), 1u);
  EXPECT_EQ(shown[0]["config"]["train.steps"], "7");
  EXPECT_EQ(shown[0]["generator"], "cla2");
  EXPECT_THAT(weft({"show", "1"}).out, HasSubstr("sequence_length"));
  const Outcome unknown = weft({"show", "sharde"});
  EXPECT_TRUE(isOneSentenceOfBadInput(unknown));
  EXPECT_THAT(unknown.err, HasSubstr("shared"));
}

TEST_F(HeldRuns, AreComparedByTheSettingsInWhichTheyDiffer) {
  const nlohmann::json compared = weft({"compare", "MQA", "shared", "--json"}).json();
  ASSERT_EQ(compared.size(), 2u);
  EXPECT_DOUBLE_EQ(compared[1]["relative"]["kv_bytes_per_token"], 0.5);
  EXPECT_TRUE(compared[0]["differences"].contains("model.sharing"));
  EXPECT_EQ(compared[1]["differences"]["train.steps"], "7");
  EXPECT_FALSE(compared[0]["differences"].contains("model.hidden"));
  EXPECT_THAT(weft({"compare", "1", "2"}).out, AllOf(HasSubstr("-50.0%"), HasSubstr("train.steps")));
  EXPECT_TRUE(isOneSentenceOfBadInput(weft({"compare", "1"})));
}

TEST_F(HeldRuns, AreExportedAsCsvAndJson) {
  const Outcome csv = weft({"export"});
  ASSERT_TRUE(succeeded(csv));
  EXPECT_EQ(std::count(csv.out.begin(), csv.out.end(), '\n'), 3);
  EXPECT_THAT(csv.out, ::testing::StartsWith("id,name,state,"));
  const fs::path out = m_folder->path() / "runs.json";
  ASSERT_TRUE(succeeded(weft({"export", "--out", out.string()})));
  EXPECT_EQ(nlohmann::json::parse(weft::readFile(out).value()).size(), 2u);
  EXPECT_TRUE(succeeded(weft({"export", "metrics"})));
  const Outcome some = weft({"export", "--columns", "name, seed,train/gradient_norm"});
  ASSERT_TRUE(succeeded(some));
  EXPECT_THAT(some.out, ::testing::StartsWith("name,seed,train/gradient_norm\nMQA,1,\n")) << "held runs have no metric";
  const Outcome wrong = weft({"export", "--columns", "perplexitty"});
  EXPECT_TRUE(isOneSentenceOfBadInput(wrong));
  EXPECT_THAT(wrong.err, HasSubstr("perplexity is near"));
  EXPECT_TRUE(isOneSentenceOfBadInput(weft({"export", "metrics", "--columns", "name"})));
  EXPECT_THAT(weft({"export", "--help"}).out, HasSubstr("kv_bytes_per_token_measured"));
  EXPECT_TRUE(isOneSentenceOfBadInput(weft({"export", "everything"})));
  EXPECT_TRUE(isOneSentenceOfBadInput(weft({"export", "--format", "xlsx"})));
  EXPECT_TRUE(isOneSentenceOfBadInput(weft({"export", "--out", "/nowhere/at/all.csv"})));
}

TEST_F(HeldRuns, GiveTheDataOfTheirMapsWithoutTheStudio) {
  const fs::path out = m_folder->path() / "figures/maps.csv";
  ASSERT_TRUE(succeeded(weft({"export", "--figure", "maps", "--runs", "shared", "--out", out.string()})));
  EXPECT_THAT(weft::readFile(out).value(), HasSubstr("2,shared,3,2,2\n"));
  EXPECT_TRUE(
      isOneSentenceOfBadInput(weft({"export", "--figure", "pareto", "--out", out.string()})));  // no perplexity yet
  EXPECT_TRUE(isOneSentenceOfBadInput(weft({"export", "--figure", "pie", "--out", out.string()})));
  EXPECT_TRUE(isOneSentenceOfBadInput(weft({"export", "--figure", "maps"})));
  EXPECT_TRUE(isOneSentenceOfBadInput(weft({"export", "--figure", "maps", "--out", "map.bmp"})));
}

TEST_F(HeldRuns, AreNotSubmittedUnderANameThatCouldNotBeWrittenAgain) {
  for (const std::string name : {"a@best", "caf\xE9", "", "a/b", "a\tb", "12"}) {
    EXPECT_TRUE(isOneSentenceOfBadInput(weft({"submit", "--preset", "demo-mqa", "--name", name, "--hold"}))) << name;
  }
  EXPECT_EQ(weft({"runs", "--json"}).json().size(), 2u);
}

// Root may write everything: the program runs as somebody else then.
TEST_F(HeldRuns, OfAnotherUserCanBeListedShownComparedAndExported) {
  const fs::path folder = project();
  fs::permissions(m_folder->path(), fs::perms(0755));
  fs::permissions(folder / "weft.db", fs::perms(0444));
  fs::permissions(folder, fs::perms(0555));
  const fs::path out = m_folder->path() / "out";
  const auto asNobody = [&](const std::string& arguments) {
    const std::string command =
        "cd / && " + std::string(::geteuid() == 0 ? "setpriv --reuid=65534 --regid=65534 --clear-groups " : "") +
        "'" WEFT_PROGRAM "' " + arguments + " -C '" + folder.string() + "' > '" + out.string() + "' 2>&1";
    const int status = std::system(command.c_str());
    return std::pair(WIFEXITED(status) ? WEXITSTATUS(status) : -1, weft::readFile(out).value_or(""));
  };
  for (const char* arguments : {"runs", "show shared", "compare MQA shared", "export", "export metrics", "queue"}) {
    const auto [code, said] = asNobody(arguments);
    EXPECT_EQ(code, 0) << arguments << ": " << said;
  }
  const auto [code, said] = asNobody("submit --preset demo-mqa --hold");
  EXPECT_EQ(code, 2);
  EXPECT_THAT(said, HasSubstr("cannot be written"));
  fs::permissions(folder, fs::perms(0755));
  fs::permissions(folder / "weft.db", fs::perms(0644));
}

TEST_F(HeldRuns, AreNotMadeOfAMapThatCannotBeTrainedYet) {
  const Outcome refused = weft({"submit", "--preset", "demo-mqa", "--set", "model.sharing=0_1d64_1_3", "--hold"});
  EXPECT_TRUE(isOneSentenceOfBadInput(refused));
  EXPECT_THAT(refused.err, HasSubstr("model.sharing: Layer 1 has heads 64 wide"));
}

TEST_F(HeldRuns, KeepTheirFilesWhereInitSaysAndNowhereElse) {
  const fs::path scratch = fs::canonical(m_folder->path()) / "scratch", shards = scratch / "shards";
  const Outcome moved =
      weft({"init", project().string(), "--runs", (scratch / "runs").string(), "--shards", shards.string(), "--json"});
  ASSERT_TRUE(succeeded(moved));
  EXPECT_EQ(moved.json()["created"], false);
  EXPECT_EQ(moved.json()["runs"], (scratch / "runs").string());
  EXPECT_EQ(moved.json()["shards"], shards.string());
  EXPECT_EQ(weft({"runs", "--json"}).json().size(), 2u);
  // A disk that is not mounted.
  fs::rename(scratch, m_folder->path() / "away");
  const Outcome lost = weft({"runs"});
  EXPECT_TRUE(isOneSentenceOfBadInput(lost));
  EXPECT_THAT(lost.err, HasSubstr("mount its disk"));
  fs::rename(m_folder->path() / "away", scratch);
  EXPECT_TRUE(succeeded(weft({"runs"})));
  // Another project's.
  EXPECT_TRUE(isOneSentenceOfBadInput(
      weft({"init", (m_folder->path() / "second").string(), "--runs", (scratch / "runs").string()})));
  EXPECT_FALSE(fs::exists(m_folder->path() / "second"));
}

TEST_F(HeldRuns, HaveNoLogYet) { EXPECT_TRUE(isOneSentenceOfBadInput(weft({"log", "shared"}))); }

TEST_F(HeldRuns, InspectNamesTheProject) {
  const nlohmann::json value = runWeft({"inspect", project().string(), "--json"}).json();
  EXPECT_EQ(value["kind"], "project");
  EXPECT_EQ(value["states"]["held"], 2);
}
