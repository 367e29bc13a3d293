// engine/kernels/dispatch.h -- from a tensor's type to a C++ type, and the shape checks that every kernel makes.
#pragma once

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <type_traits>

#include "engine/kernels/element.h"

namespace weft::kernels {

// float64 accumulates in float64, everything else in float32.
template <class T>
using Accumulate = std::conditional_t<std::is_same_v<T, double>, double, float>;

inline at::ScalarType accumulateType(at::ScalarType type) { return type == at::kDouble ? at::kDouble : at::kFloat; }

// Calls f with a value of the element type: dispatch(x, [&](auto element) { using T = decltype(element); ... }).
template <class Function>
void dispatch(const at::Tensor& x, Function&& f) {
  switch (x.scalar_type()) {
    case at::kFloat:
      return f(float{});
    case at::kDouble:
      return f(double{});
    case at::kBFloat16:
      return f(at::BFloat16{});
    default:
      throw std::invalid_argument(fmt::format(
          "a kernel got elements of type {}; it takes float32, float64 and bfloat16", toString(x.scalar_type())));
  }
}

// CUDA kernels come in float32 and bfloat16; float64 is for finite differences on the CPU.
inline Element cudaElement(const at::Tensor& x) {
  if (x.scalar_type() == at::kFloat) return Element::Float32;
  if (x.scalar_type() == at::kBFloat16) return Element::BFloat16;
  throw std::invalid_argument(
      fmt::format("a CUDA kernel got elements of type {}; it takes float32 and bfloat16", toString(x.scalar_type())));
}

inline std::string shapeText(const at::Tensor& x) {
  return fmt::format("[{}]", fmt::join(x.sizes().begin(), x.sizes().end(), ", "));
}

// A kernel reads all its tensors through raw pointers: one on another device would be read as garbage, or end the
// process.
inline void checkSameDevice(const char* kernel, const at::Tensor& x, const at::Tensor& other) {
  if (x.device() == other.device()) return;
  throw std::invalid_argument(fmt::format("{}: tensors on {} and {}; they must be on one device", kernel,
                                          x.device().str(), other.device().str()));
}

// Rows that one thread of parallel_for takes at least, for rows of this width.
inline std::int64_t grain(std::int64_t width) {
  return std::max<std::int64_t>(1, 8192 / std::max<std::int64_t>(1, width));
}

}  // namespace weft::kernels
