// engine/kernels/torch_pch.h -- precompiled once for all targets that include torch (engine/kernels/CMakeLists.txt). No
// more than most of them need: what a precompiled header leaves to be instantiated is instantiated in every file that
// uses it (custom_function.h: 1.2 s each).
#pragma once
#include <torch/types.h>
