// app/cli/process.h -- other programs, started with an argument list and never through a shell.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "engine/base/result.h"

namespace weft::cli {

// Runs it to its end and gives its exit code, or 128 + signal. `variables` ("NAME=VALUE") come on top of this process's environment.
[[nodiscard]] Result<int> runProgram(const std::filesystem::path& program, const std::vector<std::string>& arguments,
                                     const std::vector<std::string>& variables = {});

// Starts it in a session of its own, so that it survives this one; what it prints is appended to `log`.
[[nodiscard]] Result<void> startInBackground(const std::filesystem::path& program, const std::vector<std::string>& arguments,
                                             const std::filesystem::path& log);

}  // namespace weft::cli
