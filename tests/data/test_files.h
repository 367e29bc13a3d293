// tests/data/test_files.h -- what the tests of engine/data share: fixtures and scratch files.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

#include "engine/base/files.h"
#include "tests/test_files.h"

namespace weft::data::test {

namespace fs = std::filesystem;
using weft::test::contentOf;
using weft::test::expectError;
using weft::test::writeFile;

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

}  // namespace weft::data::test
