// engine/base/core_pch.h -- precompiled once for the libraries that include neither torch nor Qt: what most of their
// files include anyway. A file still includes what it uses, so that it also compiles without this.
#pragma once
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <unordered_map>
#include <utility>
#include <vector>
