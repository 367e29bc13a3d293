// tests/nn/files.h -- scratch files of the tests that read and write them, and errors as one sentence.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "engine/base/files.h"
#include "tests/test_files.h"

namespace weft::nn::test {

namespace fs = std::filesystem;
using weft::test::contentOf;
using weft::test::expectError;
using weft::test::writeFile;

// A folder per test, removed afterwards.
class FileTest : public ::testing::Test {
 protected:
  FileTest() : m_folder(TemporaryFolder::create("weft-nn-test")) { EXPECT_TRUE(m_folder.has_value()); }
  fs::path folder() const { return m_folder->path(); }
  fs::path path(const std::string& name) const { return folder() / name; }

 private:
  Result<TemporaryFolder> m_folder;
};

}  // namespace weft::nn::test
