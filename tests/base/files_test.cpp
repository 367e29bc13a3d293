#include "engine/base/files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <utility>

namespace fs = std::filesystem;
using weft::ErrorCode;

class Files : public ::testing::Test {
 protected:
  void SetUp() override {
    weft::Result<weft::TemporaryFolder> folder = weft::TemporaryFolder::create("weft-files");
    ASSERT_TRUE(folder) << folder.error().message;
    m_folder.emplace(*std::move(folder));
  }
  fs::path path(const std::string& name) const { return m_folder->path() / name; }

  std::optional<weft::TemporaryFolder> m_folder;
};

TEST_F(Files, WhatWasWrittenIsReadBackByteForByte) {
  std::string content("zero \0 and \xff bytes\n", 20);
  content += std::string(200'000, 'x');
  ASSERT_TRUE(weft::writeFileAtomically(path("a"), content));
  EXPECT_EQ(weft::readFile(path("a")), content);
}

TEST_F(Files, WritingReplacesAndLeavesNoTemporaryBehind) {
  ASSERT_TRUE(weft::writeFileAtomically(path("a"), "first, and longer"));
  ASSERT_TRUE(weft::writeFileAtomically(path("a"), "second"));
  EXPECT_EQ(weft::readFile(path("a")), "second");
  EXPECT_EQ(std::distance(fs::directory_iterator(m_folder->path()), fs::directory_iterator()), 1);
}

TEST_F(Files, AFileIsReadableByWhomTheUmaskAllows) {
  const mode_t before = ::umask(022);
  ASSERT_TRUE(weft::writeFileAtomically(path("a"), "x"));
  ::umask(before);
  struct stat status {};
  ASSERT_EQ(::stat(path("a").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0644u);
}

TEST_F(Files, AMissingFileIsNamedInTheError) {
  const weft::Result<std::string> content = weft::readFile(path("nowhere.toml"));
  ASSERT_FALSE(content);
  EXPECT_EQ(content.error().code, ErrorCode::NotFound);
  EXPECT_NE(content.error().message.find("nowhere.toml"), std::string::npos);
}

TEST_F(Files, AFolderIsNoFile) {
  const weft::Result<std::string> content = weft::readFile(m_folder->path());
  ASSERT_FALSE(content);
  EXPECT_EQ(content.error().code, ErrorCode::InvalidInput);
}

TEST_F(Files, WritingIntoAMissingFolderFailsWithASentence) {
  const weft::Result<void> written = weft::writeFileAtomically(path("none/a"), "x");
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, ErrorCode::Io);
  EXPECT_NE(written.error().message.find("none/a"), std::string::npos);
}

TEST_F(Files, FoldersAreMadeOnceAndNotOverAFile) {
  EXPECT_TRUE(weft::createFolders(path("a/b/c")));
  EXPECT_TRUE(weft::createFolders(path("a/b/c")));
  ASSERT_TRUE(weft::writeFileAtomically(path("file"), "x"));
  EXPECT_FALSE(weft::createFolders(path("file")));
  EXPECT_FALSE(weft::createFolders(path("file/below")));
}

TEST(TemporaryFolder, IsGoneWithItsContentAfterwards) {
  fs::path kept;
  {
    weft::Result<weft::TemporaryFolder> folder = weft::TemporaryFolder::create();
    ASSERT_TRUE(folder);
    const weft::TemporaryFolder moved = *std::move(folder);
    kept = moved.path();
    ASSERT_TRUE(weft::writeFileAtomically(kept / "a", "x"));
    EXPECT_TRUE(fs::exists(kept));
  }
  EXPECT_FALSE(fs::exists(kept));
}

TEST(ExecutableFolder, HoldsThisProgram) {
  EXPECT_TRUE(fs::exists(weft::executableFolder() / "weft_base_test")) << weft::executableFolder();
}
