#include "engine/store/project.h"

#include <sys/resource.h>

#include <csignal>
#include <cstdlib>

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
  const fs::path study = folder() / "study", other = folder() / "other";
  ASSERT_TRUE(Project::create(study));
  fs::create_directories(other);
  fs::remove(study / "runs");
  fs::create_directory_symlink(other, study / "runs");
  const Result<Project> refused = Project::open(study);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message,
              HasSubstr("runs is a link out of the project, to " + fs::canonical(other).string()));
  EXPECT_FALSE(Project::find(study));
  ASSERT_TRUE(Project::create(study, {.runs = other}));
  EXPECT_EQ(Project::open(study)->runFolder({3}), fs::canonical(other) / "3");
  // What was recorded counts, wherever the link leads.
  fs::remove(study / "runs");
  fs::create_directory_symlink(folder(), study / "runs");
  EXPECT_EQ(Project::open(study)->runFolder({3}), fs::canonical(other) / "3");
}

TEST_F(ProjectFolder, ALinkThatStaysInItIsNoneOfThis) {
  const fs::path study = folder() / "study";
  ASSERT_TRUE(Project::create(study));
  fs::remove(study / "runs");
  fs::create_directories(study / "kept");
  fs::create_directory_symlink("kept", study / "runs");
  EXPECT_TRUE(Project::open(study));
}

TEST_F(ProjectFolder, KeepsItsRunsAndShardsWhereItIsTold) {
  const fs::path study = folder() / "study", scratch = folder() / "scratch" / "runs", shards = folder() / "shards";
  const Result<Project> made = Project::create(study, {.runs = scratch, .shards = shards});
  ASSERT_TRUE(made) << made.error().message;
  for (const Project& project : {*made, *Project::open(study), *Project::find(study), *Project::create(study)}) {
    EXPECT_EQ(project.runFolder({12}), fs::canonical(scratch) / "12");
    EXPECT_EQ(project.eventsFile({12}), fs::canonical(scratch) / "12/events.jsonl");
    EXPECT_EQ(project.jobFolder({.id = {4}, .kind = "measure", .run = {12}}), fs::canonical(scratch) / "jobs/4");
    EXPECT_EQ(project.shards(), fs::canonical(shards));
    EXPECT_EQ(project.figures(), study / "figures");
  }
  EXPECT_FALSE(fs::exists(study / "runs"));
}

TEST_F(ProjectFolder, ARootThatIsNotThereIsADiskToMountAndNoEmptyProject) {
  const fs::path study = folder() / "study", scratch = folder() / "scratch";
  ASSERT_TRUE(Project::create(study, {.runs = scratch}));
  fs::rename(scratch, folder() / "elsewhere");
  const Result<Project> lost = Project::open(study);
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().code, ErrorCode::NotFound);
  EXPECT_EQ(lost.error().message,
            study.string() + " keeps its runs in " + scratch.string() +
                ", which is not there; mount its disk, or say where they are now with `weft init " + study.string() +
                " --runs DIR`.");
  EXPECT_FALSE(fs::exists(scratch)) << "nothing is made in place of the disk";
  // An empty folder of that name, as under a disk that is not mounted, is not the root either.
  fs::create_directories(scratch);
  EXPECT_EQ(Project::open(study).error().code, ErrorCode::InvalidInput);
  ASSERT_TRUE(Project::create(study, {.runs = folder() / "elsewhere"}));
  EXPECT_EQ(Project::open(study)->runFolder({1}), folder() / "elsewhere" / "1");
}

TEST_F(ProjectFolder, AProjectFromSomebodyElseLeadsToNoFolderOfThisUser) {
  const fs::path mine = folder() / "mine", precious = folder() / "precious";
  ASSERT_TRUE(Project::create(mine));
  fs::create_directories(precious);
  execute(mine / "weft.db", "INSERT INTO project VALUES ('id', 'abc'), ('runs', '" + precious.string() + "')");
  const Result<Project> refused = Project::open(mine);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("does not say that it is this project's"));
  execute(mine / "weft.db", "UPDATE project SET value = '../precious' WHERE name = 'runs'");
  EXPECT_FALSE(Project::open(mine)) << "relative";
}

TEST_F(ProjectFolder, ARootOfRunsBelongsToOneProjectAndOneOfShardsToMany) {
  const fs::path runs = folder() / "runs", shards = folder() / "shards";
  ASSERT_TRUE(Project::create(folder() / "a", {.runs = runs, .shards = shards}));
  const Result<Project> second = Project::create(folder() / "b", {.runs = runs});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().message,
            runs.string() + " keeps the runs of another project already; give this one a folder of its own.");
  EXPECT_FALSE(fs::exists(folder() / "b")) << "nothing is left of what could not be made whole";
  ASSERT_TRUE(Project::create(folder() / "c", {.shards = shards}));
  EXPECT_EQ(Project::open(folder() / "a")->shards(), shards);
  EXPECT_EQ(Project::open(folder() / "c")->shards(), shards);
  ASSERT_TRUE(writeFileAtomically(folder() / "file", ""));
  EXPECT_EQ(Project::create(folder() / "c", {.runs = folder() / "file"}).error().message,
            (folder() / "file").string() + " is a file; a root is a folder.");
}

}  // namespace
}  // namespace weft::store::test
