// engine/kernels/torch_pch.h -- precompiled once for all targets that include torch (engine/kernels/CMakeLists.txt).
#pragma once
#include <torch/csrc/autograd/custom_function.h>
#include <torch/types.h>
