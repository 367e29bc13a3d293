// tests/test_pch.h -- precompiled once for the tests that include neither torch nor Qt. A file still includes what it
// uses, so that it also compiles without this.
#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>
