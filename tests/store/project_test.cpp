#include "engine/store/project.h"

#include <sys/resource.h>

#include <csignal>
#include <cstdlib>

#include "engine/store/runs_link.h"
#include "store_fixture.h"

namespace weft::store::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class ProjectFolder : public StoreTest {};

TEST_F(ProjectFolder, CreatingMakesTheFolderTheStoreAndThePlaceForRuns) {
  const Result<Project> project = Project::create(folder() / "a" / "study");
  ASSERT_TRUE(project) << project.error().message;
  EXPECT_EQ(project->name(), "study");
  EXPECT_TRUE(project->folder().is_absolute());
  EXPECT_TRUE(fs::is_directory(project->runFolder(RunId{1}).parent_path()));
  EXPECT_EQ(project->runFolder(RunId{12}), project->folder() / "runs" / "12");
  EXPECT_EQ(project->eventsFile(RunId{12}), project->folder() / "runs" / "12" / "events.jsonl");
  EXPECT_EQ(project->shards(), project->folder() / "shards");
  EXPECT_EQ(project->figures(), project->folder() / "figures");
  EXPECT_EQ(project->engineLock(), project->folder() / "engine.lock");
  EXPECT_TRUE(RunStore::open(project->database(), RunStore::Mode::ReadOnly));
}

TEST_F(ProjectFolder, CreatingAgainOpensItWithItsRuns) {
  ASSERT_TRUE(Project::create(folder()));
  {
    RunStore store = open();
    add(store, "kept");
  }
  ASSERT_TRUE(Project::create(folder()));
  RunStore store = open();
  EXPECT_EQ(store.runs()->size(), 1u);
}

TEST_F(ProjectFolder, TheNameSurvivesATrailingSlash) {
  ASSERT_TRUE(Project::create(folder() / "study"));
  EXPECT_EQ(Project::open((folder() / "study").string() + "/")->name(), "study");
  EXPECT_EQ(Project::create((folder() / "other").string() + "/")->name(), "other");
}

TEST_F(ProjectFolder, CreatingWhereAFileIsSaysSo) {
  ASSERT_TRUE(writeFileAtomically(folder() / "note.txt", "mine"));
  const Result<Project> project = Project::create(folder() / "note.txt");
  ASSERT_FALSE(project);
  EXPECT_EQ(project.error().code, ErrorCode::InvalidInput);
  EXPECT_EQ(project.error().message, (folder() / "note.txt").string() + " is a file; a project is a folder.");
  EXPECT_EQ(readFile(folder() / "note.txt"), "mine");
}

TEST_F(ProjectFolder, CreatingBesideAForeignDatabaseMakesNothing) {
  ASSERT_TRUE(writeFileAtomically(database(), "a shopping list"));
  const Result<Project> project = Project::create(folder());
  ASSERT_FALSE(project);
  EXPECT_EQ(project.error().code, ErrorCode::Corrupt);
  EXPECT_THAT(filesIn(folder()), testing::ElementsAre("weft.db"));
}

TEST_F(ProjectFolder, OpeningAFolderWithoutAStoreNamesTheCommandThatMakesOne) {
  const Result<Project> project = Project::open(folder());
  ASSERT_FALSE(project);
  EXPECT_EQ(project.error().code, ErrorCode::NotFound);
  EXPECT_EQ(project.error().message,
            fs::canonical(folder()).string() + " is no Weft project: it has no weft.db; `weft init` makes one.");
  EXPECT_TRUE(filesIn(folder()).empty());
}

TEST_F(ProjectFolder, OpeningAFolderThatIsNotThereSaysTheSame) {
  const Result<Project> project = Project::open(folder() / "nowhere");
  ASSERT_FALSE(project);
  EXPECT_EQ(project.error().code, ErrorCode::NotFound);
  EXPECT_FALSE(fs::exists(folder() / "nowhere"));
}

TEST_F(ProjectFolder, IsFoundFromAnyFolderInsideIt) {
  ASSERT_TRUE(Project::create(folder() / "study"));
  fs::create_directories(folder() / "study" / "runs" / "1" / "checkpoints");
  const Result<Project> found = Project::find(folder() / "study" / "runs" / "1" / "checkpoints");
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->name(), "study");
}

TEST_F(ProjectFolder, TheNearestOneIsFound) {
  ASSERT_TRUE(Project::create(folder() / "outer"));
  ASSERT_TRUE(Project::create(folder() / "outer" / "inner"));
  fs::create_directories(folder() / "outer" / "inner" / "deep");
  EXPECT_EQ(Project::find(folder() / "outer" / "inner" / "deep")->name(), "inner");
}

TEST_F(ProjectFolder, FindingNoneNamesWhereItLooked) {
  const Result<Project> found = Project::find(folder());
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::NotFound);
  EXPECT_THAT(found.error().message, HasSubstr(fs::canonical(folder()).string()));
}

TEST_F(ProjectFolder, AForeignStoreInTheNearestFolderIsAnErrorAndNotSkipped) {
  ASSERT_TRUE(Project::create(folder() / "outer"));
  fs::create_directories(folder() / "outer" / "inner");
  ASSERT_TRUE(writeFileAtomically(folder() / "outer" / "inner" / "weft.db", "text"));
  EXPECT_EQ(Project::find(folder() / "outer" / "inner").error().code, ErrorCode::Corrupt);
}

// A limit on the size of files is what a full disk looks like.
TEST_F(ProjectFolder, CreatingOnAFullDiskLeavesNothingBehind) {
  for (const rlim_t bytes : {rlim_t{0}, rlim_t{4096}, rlim_t{20000}, rlim_t{40000}}) {
    const fs::path made = folder() / "a" / "study";
    const int code = Child([&] {
                       ::signal(SIGXFSZ, SIG_IGN);
                       const rlimit limit{bytes, bytes};
                       if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) return 2;
                       return Project::create(made) ? 1 : 0;
                     }).wait();
    if (code == 1) continue;  // it was enough
    EXPECT_EQ(code, 0);
    EXPECT_TRUE(filesIn(folder()).empty()) << bytes;
  }
  // Of a folder that was there, the folder stays with what is in it.
  fs::create_directories(folder() / "mine");
  ASSERT_TRUE(writeFileAtomically(folder() / "mine" / "note.txt", "mine"));
  const int code = Child([&] {
                     ::signal(SIGXFSZ, SIG_IGN);
                     const rlimit limit{4096, 4096};
                     if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) return 2;
                     return Project::create(folder() / "mine") ? 1 : 0;
                   }).wait();
  EXPECT_EQ(code, 0);
  EXPECT_THAT(filesIn(folder() / "mine"), testing::ElementsAre("note.txt"));
}

TEST_F(ProjectFolder, ALinkOutOfItInPlaceOfItsRunsIsFollowedOnlyWhereItWasRecorded) {
  const fs::path config = folder() / "config", study = folder() / "study", other = folder() / "other";
  ::setenv("XDG_CONFIG_HOME", config.c_str(), 1);
  ASSERT_TRUE(Project::create(study));
  fs::create_directories(other);
  fs::remove(study / "runs");
  fs::create_directory_symlink(other, study / "runs");
  const Result<Project> refused = Project::open(study);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message,
              HasSubstr("runs is a link out of the project, to " + fs::canonical(other).string()));
  EXPECT_FALSE(Project::find(study));
  ASSERT_TRUE(recordRunsLink(study));
  EXPECT_TRUE(Project::open(study));
  // Elsewhere it was not recorded.
  fs::remove(study / "runs");
  fs::create_directory_symlink(folder(), study / "runs");
  EXPECT_FALSE(Project::open(study));
  fs::remove(study / "runs");
  fs::create_directories(study / "kept");
  fs::create_directory_symlink("kept", study / "runs");
  EXPECT_TRUE(Project::open(study)) << "a link that stays in the project is none of this";
  ::unsetenv("XDG_CONFIG_HOME");
}

}  // namespace
}  // namespace weft::store::test
