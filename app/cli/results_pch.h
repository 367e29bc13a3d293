// app/cli/results_pch.h -- precompiled for the files that print results (app/CMakeLists.txt). Without CLI11: its
// classes are emitted anew by every file that sees them, 4 s each.
#pragma once
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>
