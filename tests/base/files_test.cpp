#include "engine/base/files.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
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

TEST_F(Files, WhatIsNoFileIsRefusedWithoutWaiting) {
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string name = path("socket").string();
  ASSERT_LT(name.size(), sizeof address.sun_path);
  std::copy(name.begin(), name.end(), address.sun_path);
  ASSERT_EQ(::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  for (const auto& [file, what] :
       {std::pair(path("pipe"), "a pipe"), std::pair(path("socket"), "a socket"),
        std::pair(fs::path("/dev/zero"), "a device"), std::pair(m_folder->path(), "a folder")}) {
    const weft::Result<std::string> content = weft::readFile(file);
    ASSERT_FALSE(content) << file;
    EXPECT_EQ(content.error().code, ErrorCode::InvalidInput) << content.error().message;
    EXPECT_NE(content.error().message.find(what), std::string::npos) << content.error().message;
  }
  ::close(socket);
}

TEST_F(Files, ALinkOutOfAFolderIsNotFollowed) {
  const fs::path folder = path("model"), secret = path("secret");
  fs::create_directories(folder / "sub");
  ASSERT_TRUE(weft::writeFileAtomically(secret, "secret") && weft::writeFileAtomically(folder / "own", "own"));
  fs::create_symlink("own", folder / "to-own");
  fs::create_symlink("../secret", folder / "out");
  fs::create_symlink(secret, folder / "absolute");
  fs::create_symlink("..", folder / "up");
  fs::create_symlink("../nowhere", folder / "dangling");
  EXPECT_EQ(weft::fileWithin(folder, "own"), folder / "own");
  EXPECT_EQ(weft::fileWithin(folder, "to-own"), folder / "to-own");
  EXPECT_EQ(weft::fileWithin(folder, "missing"), folder / "missing") << "which the reader says";
  for (const char* name : {"out", "absolute", "up/secret", "dangling"}) {
    const auto file = weft::fileWithin(folder, name);
    ASSERT_FALSE(file) << name;
    EXPECT_NE(file.error().message.find("is a link out of its folder"), std::string::npos) << file.error().message;
  }
  // A folder that is reached by a link is the folder.
  fs::create_directory_symlink(folder, path("link"));
  EXPECT_TRUE(weft::fileWithin(path("link"), "own"));
}

TEST_F(Files, TheCacheOfHuggingFaceIsReadThroughItsOwnLinks) {
  const fs::path cache = path("models--a--b"), snapshot = cache / "snapshots" / "0123abcd";
  fs::create_directories(snapshot);
  fs::create_directories(cache / "blobs");
  ASSERT_TRUE(weft::writeFileAtomically(cache / "blobs" / "ffff", "blob") &&
              weft::writeFileAtomically(cache / "x", "x"));
  fs::create_symlink("../../blobs/ffff", snapshot / "config.json");
  fs::create_symlink("../../x", snapshot / "other");
  EXPECT_TRUE(weft::fileWithin(snapshot, "config.json"));
  EXPECT_FALSE(weft::fileWithin(snapshot, "other"));
}

TEST_F(Files, TheEndOfAFileIsReadAlone) {
  ASSERT_TRUE(weft::writeFileAtomically(path("a"), "0123456789"));
  EXPECT_EQ(weft::readFileEnd(path("a"), 3), "789");
  EXPECT_EQ(weft::readFileEnd(path("a"), 30), "0123456789");
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
