#include "engine/store/project_place.h"

#include <sys/stat.h>
#include <unistd.h>

#include "engine/store/project.h"
#include "store_fixture.h"

namespace weft::store::test {
namespace {

namespace fs = std::filesystem;
using Kind = ProjectPlace::Kind;

class ProjectPlaceTest : public StoreTest {
 protected:
  std::string sentence(const fs::path& parent, const std::string& name) const {
    const auto place = examineProjectPlace(parent, name);
    return place ? "" : place.error().message;
  }
};

TEST(ProjectName, EachBadOneHasItsSentence) {
  EXPECT_EQ(checkProjectName("").error().message, "The project needs a name.");
  EXPECT_EQ(checkProjectName("   ").error().message, "The project needs a name that is more than blanks.");
  for (const char* name : {"a/b", "/", "/a", "a/"})
    EXPECT_EQ(checkProjectName(name).error().message,
              "A project's name has no slash: it is one folder in the parent folder.")
        << name;
  for (const char* name : {".", "..", "....."})
    EXPECT_EQ(checkProjectName(name).error().message, "A project's name is more than dots.") << name;
  for (const char* name : {" a", "a "})
    EXPECT_EQ(checkProjectName(name).error().message, "A project's name neither begins nor ends with a blank.") << name;
  for (const char* name : {"a\tb", "a\nb", "\x7f", "\x01"})
    EXPECT_EQ(checkProjectName(name).error().message,
              "A project's name has no tabs, line breaks or other control characters.")
        << name;
  EXPECT_EQ(checkProjectName(std::string(256, 'a')).error().message,
            "The name is 256 bytes long; the name of a folder has at most 255.");
  for (const std::string& name : {std::string("my study"), std::string("a.b-c_1"), std::string(".hidden"),
                                  std::string("größe"), std::string(255, 'a')})
    EXPECT_TRUE(checkProjectName(name)) << name;
}

TEST_F(ProjectPlaceTest, ANewNameIsFreeAndNothingIsMade) {
  const auto place = examineProjectPlace(folder(), "study");
  ASSERT_TRUE(place) << place.error().message;
  EXPECT_EQ(place->kind, Kind::Free);
  EXPECT_EQ(place->folder, folder() / "study");
  EXPECT_THAT(place->toMake, testing::ElementsAre(folder() / "study"));
  EXPECT_GT(place->freeBytes, 0u);
  EXPECT_TRUE(filesIn(folder()).empty());
}

TEST_F(ProjectPlaceTest, AMissingParentIsNamedAmongWhatWouldBeMade) {
  const auto place = examineProjectPlace(folder() / "a" / "b", "study");
  ASSERT_TRUE(place) << place.error().message;
  EXPECT_THAT(place->toMake,
              testing::ElementsAre(folder() / "a", folder() / "a" / "b", folder() / "a" / "b" / "study"));
}

TEST_F(ProjectPlaceTest, AnEmptyFolderIsFree) {
  fs::create_directory(folder() / "study");
  const auto place = examineProjectPlace(folder(), "study");
  ASSERT_TRUE(place) << place.error().message;
  EXPECT_EQ(place->kind, Kind::Free);
  EXPECT_TRUE(place->toMake.empty());
}

TEST_F(ProjectPlaceTest, AProjectIsAProject) {
  ASSERT_TRUE(Project::create(folder() / "study"));
  const auto place = examineProjectPlace(folder(), "study");
  ASSERT_TRUE(place) << place.error().message;
  EXPECT_EQ(place->kind, Kind::Project);
}

TEST_F(ProjectPlaceTest, OtherFilesAreCountedAndTwoAreNamed) {
  for (const char* name : {"plots.py", "draft.tex", "zz", ".git"})
    ASSERT_TRUE(writeFileAtomically(folder() / name, "mine"));
  const auto place = examineProjectPlace(folder().parent_path(), folder().filename().string());
  ASSERT_TRUE(place) << place.error().message;
  EXPECT_EQ(place->kind, Kind::OtherFiles);
  EXPECT_EQ(place->others, 4u);
  EXPECT_THAT(place->examples, testing::ElementsAre(".git", "draft.tex"));
}

TEST_F(ProjectPlaceTest, AWeftDbThatIsNoStoreIsRefused) {
  ASSERT_TRUE(writeFileAtomically(database(), "a shopping list"));
  const auto place = examineProjectPlace(folder().parent_path(), folder().filename().string());
  ASSERT_FALSE(place);
  EXPECT_EQ(place.error().code, ErrorCode::Corrupt);
}

TEST_F(ProjectPlaceTest, FilesInTheWayAndOddParentsSayWhatIsWrong) {
  ASSERT_TRUE(writeFileAtomically(folder() / "note.txt", "mine"));
  const std::string note = (folder() / "note.txt").string();
  EXPECT_EQ(sentence(folder(), "note.txt"), note + " is a file; a project is a folder.");
  EXPECT_EQ(sentence(folder() / "note.txt", "study"), note + " is a file; a project is a folder in a folder.");
  EXPECT_EQ(sentence(folder() / "note.txt" / "deeper", "study"),
            note + " is a file; a project is a folder in a folder.");
  EXPECT_EQ(sentence("", "study"), "The project needs a parent folder.");
  EXPECT_EQ(sentence("research", "study"),
            "The parent folder is written from the root on, such as /home/me/research; research is not.");
  fs::create_symlink(folder() / "nowhere", folder() / "link");
  EXPECT_EQ(sentence(folder(), "link"), (folder() / "link").string() + " is a file; a project is a folder.");
  std::string deep;
  for (int i = 0; i < 20; ++i) deep += "/" + std::string(200, 'd');
  EXPECT_THAT(sentence(folder().string() + deep, "study"), testing::HasSubstr("it has at most 3900."));
}

TEST_F(ProjectPlaceTest, AFolderThatMayNotBeWrittenIsRefusedBeforeAnythingIsTried) {
  ASSERT_TRUE(Project::create(folder() / "kept"));
  ASSERT_EQ(::chmod(folder().c_str(), 0555), 0);
  // Root may write everywhere: the look is taken by a process that has become somebody else.
  const int code =
      Child([&] {
        constexpr uid_t kNobody = 65534;
        if (::geteuid() == 0 && (::setgid(kNobody) != 0 || ::setuid(kNobody) != 0)) return 2;
        if (sentence(folder(), "study") != "You may not write in " + folder().string() + "; choose another folder.")
          return 3;
        // To open what is there already needs no right to write.
        const auto kept = examineProjectPlace(folder(), "kept");
        return kept && kept->kind == Kind::Project ? 0 : 4;
      }).wait();
  ::chmod(folder().c_str(), 0755);
  EXPECT_EQ(code, 0);
}

TEST_F(ProjectPlaceTest, AFreeNameCountsUpFromTheWish) {
  EXPECT_EQ(freeProjectName(folder(), "project"), "project");
  fs::create_directory(folder() / "project");
  ASSERT_TRUE(writeFileAtomically(folder() / "project-2", "a file"));
  EXPECT_EQ(freeProjectName(folder(), "project"), "project-3");
  EXPECT_EQ(freeProjectName(folder() / "not-there", "project"), "project");
}

}  // namespace
}  // namespace weft::store::test
