// app/cli/verbs_pch.h -- precompiled for the files of verbs (app/CMakeLists.txt): parsing CLI11 costs seconds in each
// of them. A file still includes what it uses, so that it also compiles without this.
#pragma once
#include <CLI/CLI.hpp>

#include "app/cli/results_pch.h"
