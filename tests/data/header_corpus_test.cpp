#include "engine/data/header_corpus.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "engine/base/files.h"
#include "engine/data/corpus_reader.h"

using namespace weft;
using namespace weft::data;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

namespace {

namespace fs = std::filesystem;

class HeaderCorpusTest : public ::testing::Test {
 protected:
  void SetUp() override {
    m_folder.emplace(TemporaryFolder::create("weft-headers").value());
    for (int i = 0; i < 19; ++i) put(fmt::format("c10/core/H{:02}.h", i), fmt::format("// header {}\n", i));
    put("torch/csrc/last.cuh", "// held out\n");
    put("torch/csrc/source.cpp", "no header");
    put("ATen/other/not_listed.h", "another folder");
  }
  void put(const std::string& name, const std::string& text) {
    const fs::path file = include() / name;
    ASSERT_TRUE(createFolders(file.parent_path()));
    ASSERT_TRUE(writeFileAtomically(file, text));
  }
  fs::path include() const { return m_folder->path() / "include"; }
  fs::path data() const { return m_folder->path() / "project" / "data"; }
  static std::vector<std::string> documents(const fs::path& file) {
    std::vector<std::string> all;
    EXPECT_TRUE(readDocuments(file, [&](std::string&& text) {
      all.push_back(std::move(text));
      return true;
    }));
    return all;
  }

  std::optional<TemporaryFolder> m_folder;
};

}  // namespace

TEST_F(HeaderCorpusTest, EveryTwentiethHeaderByPathIsHeldOut) {
  const Result<HeaderCorpus> corpus = prepareHeaderCorpus(include(), data());
  ASSERT_TRUE(corpus) << corpus.error().message;
  EXPECT_EQ(corpus->headers, 20);
  EXPECT_THAT(documents(corpus->validFile), ElementsAre("// held out\n"));
  const std::vector<std::string> train = documents(corpus->trainFile);
  ASSERT_EQ(train.size(), 19u);
  EXPECT_EQ(train.front(), "// header 0\n");
  EXPECT_FALSE(isKnown(*corpus));
}

TEST_F(HeaderCorpusTest, OtherBytesAreAnotherCorpusAndTheSameOnesAreWrittenOnce) {
  const HeaderCorpus first = prepareHeaderCorpus(include(), data()).value();
  const fs::file_time_type time = fs::last_write_time(first.trainFile);
  const HeaderCorpus again = prepareHeaderCorpus(include(), data()).value();
  EXPECT_EQ(again.hash, first.hash);
  EXPECT_EQ(fs::last_write_time(again.trainFile), time) << "a data set is tied to its file's time";
  put("c10/core/H03.h", "// header X\n");
  const HeaderCorpus other = prepareHeaderCorpus(include(), data()).value();
  EXPECT_NE(other.hash, first.hash);
  EXPECT_NE(other.trainFile, first.trainFile);
  EXPECT_EQ(other.bytes, first.bytes) << "as long, but not the same";
}

TEST_F(HeaderCorpusTest, HeadersAreNotFollowedOutOfTheFolder) {
  put("../elsewhere.h", "secret");
  fs::create_symlink(m_folder->path() / "elsewhere.h", include() / "c10/core/link.h");
  EXPECT_EQ(prepareHeaderCorpus(include(), data()).value().headers, 20);
}

TEST_F(HeaderCorpusTest, AFolderWithoutHeadersIsRefused) {
  const Result<HeaderCorpus> none = prepareHeaderCorpus(m_folder->path() / "nowhere", data());
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ErrorCode::NotFound);
  EXPECT_THAT(none.error().message, HasSubstr("holds 0 headers of LibTorch"));
}

TEST(HeaderCorpus, TheReleaseThatThisIsBuiltForIsTheKnownOne) {
  if (usualIncludeFolder().empty() || !fs::exists(usualIncludeFolder() / "c10"))
    GTEST_SKIP() << "this build has no LibTorch";
  const TemporaryFolder folder = TemporaryFolder::create("weft-headers").value();
  const HeaderCorpus corpus = prepareHeaderCorpus(usualIncludeFolder(), folder.path()).value();
  EXPECT_EQ(corpus.bytes, kKnownHeaderBytes);
  EXPECT_EQ(corpus.hash, kKnownHeaderHash) << "if WEFT_TORCH_DIR is no 2.11.0 wheel, this is right to fail";
}
