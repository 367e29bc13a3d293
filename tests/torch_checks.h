// tests/torch_checks.h -- what the tests of the torch rooms share: places to compute in, closeness, finite differences,
// fixtures.
#pragma once

#include <ATen/CPUGeneratorImpl.h>
#include <c10/cuda/CUDAFunctions.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace weft::test {

inline bool hasCuda() { return c10::cuda::device_count() > 0; }

// A device and an element type. Tests take it as parameter; the suites called Cuda skip where there is no device.
struct Place {
  torch::DeviceType device = torch::kCPU;
  torch::ScalarType type = torch::kFloat;
  torch::TensorOptions options() const { return torch::TensorOptions().device(device).dtype(type); }
  // What parameters are kept in beside activations of this type.
  torch::ScalarType parameterType() const { return type == torch::kDouble ? torch::kDouble : torch::kFloat; }
};
inline constexpr Place kExact{torch::kCPU, torch::kDouble};

inline void PrintTo(const Place& place, std::ostream* stream) {
  *stream << (place.device == torch::kCUDA ? "cuda " : "cpu ") << c10::toString(place.type);
}

#define WEFT_SKIP_WITHOUT_CUDA() \
  if (!::weft::test::hasCuda()) GTEST_SKIP() << "this machine has no CUDA device"

// Error that an operation with one rounding of its result may have, relative to the largest value of the exact result.
// bfloat16 has 8 bits, so half a unit in its last place is 2^-8; float32 has 24, and the sums inside (float32 for both)
// take some units more.
inline double tolerance(torch::ScalarType type) {
  if (type == torch::kDouble) return 1e-13;
  return type == torch::kFloat ? 2e-6 : std::ldexp(1.01, -8);
}

// Normally distributed float64 numbers on the CPU; the same seed, the same numbers.
inline torch::Tensor randomTensor(at::IntArrayRef shape, std::uint64_t seed, double scale = 1) {
  return torch::empty(shape, torch::kDouble).normal_(0, scale, at::detail::createCPUGenerator(seed));
}
inline torch::Tensor randomIds(at::IntArrayRef shape, std::int64_t below, std::uint64_t seed) {
  return torch::randint(0, below, shape, at::detail::createCPUGenerator(seed),
                        torch::TensorOptions().dtype(torch::kLong));
}

inline torch::Tensor exact(const torch::Tensor& x) { return x.detach().to(torch::kCPU, torch::kDouble); }

// max |actual - expected| / max |expected|; the absolute error where all expected values are 0; infinite where one side
// is not finite.
inline double relativeError(const torch::Tensor& actual, const torch::Tensor& expected) {
  if (expected.numel() == 0) return 0;
  const torch::Tensor a = exact(actual), e = exact(expected);
  const double difference = (a - e).abs().max().item<double>(), largest = e.abs().max().item<double>();
  if (!std::isfinite(difference)) return std::numeric_limits<double>::infinity();
  return largest > 0 ? difference / largest : difference;
}

inline ::testing::AssertionResult isClose(const torch::Tensor& actual, const torch::Tensor& expected,
                                          double tolerance) {
  if (!actual.defined()) return ::testing::AssertionFailure() << "the tensor is not defined";
  if (actual.sizes() != expected.sizes()) {
    return ::testing::AssertionFailure() << fmt::format("the shape is [{}], not [{}]", fmt::join(actual.sizes(), ", "),
                                                        fmt::join(expected.sizes(), ", "));
  }
  const double error = relativeError(actual, expected);
  if (error <= tolerance) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << fmt::format("relative error {:.3g} above {:.3g}", error, tolerance);
}

inline ::testing::AssertionResult isBitwise(const torch::Tensor& actual, const torch::Tensor& expected) {
  if (actual.scalar_type() != expected.scalar_type()) return ::testing::AssertionFailure() << "the types differ";
  if (torch::equal(actual, expected)) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << fmt::format("relative error {:.3g}, not bitwise equal",
                                                      relativeError(actual, expected));
}

using ScalarFunction = std::function<torch::Tensor(const std::vector<torch::Tensor>&)>;

// Central differences of f by every element of x (float64, contiguous, CPU), which f reads; x is moved by `step` both
// ways and put back.
inline torch::Tensor finiteDifferences(const std::function<double()>& f, const torch::Tensor& x, double step = 1e-5) {
  const torch::NoGradGuard noGrad;
  torch::Tensor gradient = torch::empty_like(x);
  double* values = static_cast<double*>(x.data_ptr());
  for (std::int64_t i = 0; i < x.numel(); ++i) {
    const double kept = values[i];
    values[i] = kept + step;
    const double above = f();
    values[i] = kept - step;
    const double below = f();
    values[i] = kept;
    gradient.mutable_data_ptr<double>()[i] = (above - below) / (2 * step);
  }
  return gradient;
}

// The gradients of f at `inputs` are those of finite differences. With values near 1 the differences err by about
// step^2 + 1e-16 / step.
inline void expectGradientsOfFiniteDifferences(const ScalarFunction& f, const std::vector<torch::Tensor>& inputs,
                                               double tolerance = 1e-7) {
  std::vector<torch::Tensor> leaves;
  for (const torch::Tensor& input : inputs) leaves.push_back(input.detach().clone().requires_grad_());
  f(leaves).backward();
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    const torch::Tensor expected = finiteDifferences([&] { return f(leaves).item<double>(); }, leaves[i].detach());
    EXPECT_TRUE(isClose(leaves[i].grad(), expected, tolerance)) << "input " << i;
  }
}

// Committed fixtures: beside the sources, or where the bundle has them.
inline std::filesystem::path fixture(const std::string& name) {
  const char* folder = std::getenv("WEFT_TEST_FIXTURES");
  return (folder ? std::filesystem::path(folder) : std::filesystem::path(WEFT_TEST_SOURCE_DIR) / "fixtures") / name;
}

}  // namespace weft::test
