// app/cli/cli_pch.h -- precompiled once for the command line (app/CMakeLists.txt): CLI11 and nlohmann-json cost 10 s in each of its files.
// A file still includes what it uses, so that it also compiles without this.
#pragma once
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>
