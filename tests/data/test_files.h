// tests/data/test_files.h -- what the tests of engine/data share: fixtures, scratch files, expected errors.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "engine/base/files.h"
#include "engine/base/result.h"

namespace weft::data::test {

namespace fs = std::filesystem;

inline fs::path fixture(const std::string& name) {
  return fs::path(WEFT_TEST_SOURCE_DIR) / "fixtures" / "tokenizer" / name;
}

inline fs::path evaluationFixture(const std::string& name) {
  return fs::path(WEFT_TEST_SOURCE_DIR) / "fixtures" / "evaluation" / name;
}

// The project's shared data, which is not committed; empty where there is none.
inline fs::path sharedData() {
  const char* named = std::getenv("WEFT_SHARED_DATA");
  const fs::path path =
      named ? fs::path(named) : fs::path(WEFT_TEST_SOURCE_DIR).parent_path().parent_path() / "shared" / "data";
  return fs::exists(path) ? path : fs::path();
}

inline std::string contentOf(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

inline void writeFile(const fs::path& path, std::string_view content) {
  std::ofstream stream(path, std::ios::binary);
  stream.write(content.data(), static_cast<std::streamsize>(content.size()));
  ASSERT_TRUE(stream.good()) << path;
}

// A folder per test, removed afterwards.
class DataTest : public ::testing::Test {
 protected:
  DataTest() : m_folder(TemporaryFolder::create("weft-data-test")) { EXPECT_TRUE(m_folder.has_value()); }
  fs::path folder() const { return m_folder->path(); }
  fs::path write(const std::string& name, std::string_view content) const {
    writeFile(folder() / name, content);
    return folder() / name;
  }

 private:
  Result<TemporaryFolder> m_folder;
};

// One sentence: it says `part`, ends with a full stop, has no newline.
template <class T>
void expectError(const Result<T>& result, ErrorCode code, const std::string& part) {
  ASSERT_FALSE(result.has_value()) << "expected an error that says: " << part;
  EXPECT_EQ(toString(result.error().code), std::string(toString(code))) << result.error().message;
  EXPECT_NE(result.error().message.find(part), std::string::npos) << result.error().message;
  EXPECT_EQ(result.error().message.find('\n'), std::string::npos) << result.error().message;
  EXPECT_EQ(result.error().message.back(), '.') << result.error().message;
}

}  // namespace weft::data::test
