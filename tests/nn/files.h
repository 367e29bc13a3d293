// tests/nn/files.h -- scratch files of the tests that read and write them, and errors as one sentence.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "engine/base/files.h"
#include "engine/base/result.h"

namespace weft::nn::test {

namespace fs = std::filesystem;

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
class FileTest : public ::testing::Test {
 protected:
  FileTest() : m_folder(TemporaryFolder::create("weft-nn-test")) { EXPECT_TRUE(m_folder.has_value()); }
  fs::path folder() const { return m_folder->path(); }
  fs::path path(const std::string& name) const { return folder() / name; }

 private:
  Result<TemporaryFolder> m_folder;
};

// `code`, in one sentence that says `part`.
template <class T>
void expectError(const Result<T>& result, ErrorCode code, const std::string& part) {
  ASSERT_FALSE(result.has_value()) << "expected an error that says: " << part;
  EXPECT_EQ(toString(result.error().code), std::string(toString(code))) << result.error().message;
  EXPECT_NE(result.error().message.find(part), std::string::npos) << result.error().message;
  EXPECT_EQ(result.error().message.find('\n'), std::string::npos) << result.error().message;
  EXPECT_EQ(result.error().message.back(), '.') << result.error().message;
}

}  // namespace weft::nn::test
