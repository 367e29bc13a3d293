#include "engine/base/mapped_file.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <string>
#include <thread>
#include <vector>

#include "engine/base/files.h"

namespace weft {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

class MappedFiles : public ::testing::Test {
 protected:
  // Five pages and a bit, no two alike.
  MappedFiles() {
    for (int i = 0; m_content.size() < 5 * 4096 + 100; ++i) m_content += std::to_string(i) + ",";
    EXPECT_TRUE(writeFileAtomically(path(), m_content));
  }
  std::filesystem::path path() const { return m_folder.path() / "file"; }
  static Result<std::string> copied(const MappedFile& file, std::uint64_t offset, std::uint64_t size) {
    std::string out(size, '?');
    WEFT_TRY(file.copy(offset, out.data(), size));
    return out;
  }

  TemporaryFolder m_folder = TemporaryFolder::create("weft-mapped").value();
  std::string m_content;
};

TEST_F(MappedFiles, HaveTheBytesOfTheFile) {
  const MappedFile file = MappedFile::open(path()).value();
  ASSERT_EQ(file.size(), m_content.size());
  EXPECT_EQ(copied(file, 0, m_content.size()).value(), m_content);
  EXPECT_EQ(copied(file, 4090, 20).value(), m_content.substr(4090, 20));
  EXPECT_EQ(copied(file, m_content.size(), 0).value(), "");
  EXPECT_FALSE(copied(file, m_content.size() - 1, 2)) << "beyond the end";
  EXPECT_FALSE(copied(file, ~std::uint64_t{0}, 2));
}

// Mapped pages that are gone raise SIGBUS; the process lives, and says what happened.
TEST_F(MappedFiles, ThatAreCutShortAreAnErrorAndNotTheEnd) {
  const MappedFile file = MappedFile::open(path()).value();
  ASSERT_EQ(::truncate(path().c_str(), 2 * 4096 + 7), 0);
  for (int again = 0; again < 3; ++again) {
    const Result<std::string> lost = copied(file, 0, m_content.size());
    ASSERT_FALSE(lost.has_value());
    EXPECT_EQ(lost.error().code, ErrorCode::Corrupt);
    EXPECT_THAT(lost.error().message, HasSubstr("ended at byte 8199"));
    EXPECT_THAT(lost.error().message, EndsWith("."));
  }
  EXPECT_FALSE(copied(file, 2 * 4096, 20)) << "the rest of the last page reads as zeros";
  EXPECT_EQ(copied(file, 100, 4096).value(), m_content.substr(100, 4096)) << "what is there is there";
}

TEST_F(MappedFiles, AreReadByManyThreadsWhileOneOfThemFails) {
  const MappedFile file = MappedFile::open(path()).value();
  const std::filesystem::path other = m_folder.path() / "other";
  ASSERT_TRUE(writeFileAtomically(other, m_content));
  const MappedFile whole = MappedFile::open(other).value();
  ASSERT_EQ(::truncate(path().c_str(), 10), 0);
  std::vector<std::thread> threads;
  std::vector<int> right(4, 0);
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 200; ++i) {
        const bool isRight = thread % 2 == 0 ? !copied(file, 0, m_content.size())
                                             : copied(whole, 0, m_content.size()).value_or("") == m_content;
        right[static_cast<std::size_t>(thread)] += isRight ? 1 : 0;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(right, ::testing::Each(200));
}

TEST_F(MappedFiles, RefuseWhatIsNoFile) {
  EXPECT_EQ(MappedFile::open(m_folder.path() / "none").error().code, ErrorCode::NotFound);
  EXPECT_EQ(MappedFile::open(m_folder.path()).error().code, ErrorCode::InvalidInput);
  ASSERT_EQ(::mkfifo((m_folder.path() / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(MappedFile::open(m_folder.path() / "pipe").error().code, ErrorCode::InvalidInput)
      << "and nobody waits for its writer";
  ASSERT_TRUE(writeFileAtomically(m_folder.path() / "empty", ""));
  EXPECT_EQ(MappedFile::open(m_folder.path() / "empty")->size(), 0u);
}

// A bus error that is nobody's copy ends the process, as without us.
TEST_F(MappedFiles, LeaveOtherBusErrorsAlone) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        static_cast<void>(MappedFile::open(path()));
        raise(SIGBUS);
        raise(SIGBUS);  // a raised one is not repeated by the processor
      },
      "");
}

}  // namespace
}  // namespace weft
