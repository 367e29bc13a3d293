// tests/cli/program_under_test.h -- runs the built `weft` as a user would and keeps what it said.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/files.h"

namespace weft::cli_test {

struct Outcome {
  int exitCode = -1;  // 128 + signal
  std::string out, err;
  nlohmann::json json() const { return nlohmann::json::parse(out, nullptr, false); }
};

// Arguments after the program's name; `input` becomes standard input.
Outcome runWeft(const std::vector<std::string>& arguments, const std::string& input = {});

// A failure that a person can act on: nothing on stdout, one line on stderr that begins with "weft: ", exit code 2.
::testing::AssertionResult isOneSentenceOfBadInput(const Outcome& outcome);
// Exit code 0.
::testing::AssertionResult succeeded(const Outcome& outcome);

bool hasWorker();  // weft-worker lies beside the program

// A temporary folder with a project in it.
class ProjectTest : public ::testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;
  std::filesystem::path project() const { return m_folder->path() / "project"; }
  std::filesystem::path file(const std::string& name, const std::string& content) const;
  // weft ARGUMENTS -C project
  Outcome weft(std::vector<std::string> arguments, const std::string& input = {}) const;

  std::optional<TemporaryFolder> m_folder;
};

}  // namespace weft::cli_test
