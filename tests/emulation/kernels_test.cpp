// Every CUDA kernel of engine/kernels on the host (include/cuda_runtime.h), against its formula in float64 at odd
// sizes. What is allocated here is exactly as large as the kernel may touch: under AddressSanitizer a step too far ends
// the test. On a GPU tests/kernels runs the real thing.
#include <cuda_bf16.h>
#include <cuda_runtime.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <stdexcept>
#include <type_traits>
#include <vector>

#include "engine/kernels/cuda_kernels.h"

namespace weft::kernels {
namespace {

double wide(float x) { return x; }
double wide(__nv_bfloat16 x) { return __bfloat162float(x); }
template <class T>
T narrow(double x) {
  if constexpr (std::is_same_v<T, float>)
    return static_cast<float>(x);
  else
    return __float2bfloat16(static_cast<float>(x));
}

template <class T>
class EmulatedKernels : public ::testing::Test {
 protected:
  using Wide = std::vector<double>;
  static constexpr Element kElement = std::is_same_v<T, float> ? Element::Float32 : Element::BFloat16;

  std::vector<T> random(std::int64_t size, double scale = 1) {
    std::normal_distribution<double> normal(0, scale);
    std::vector<T> values;
    for (std::int64_t i = 0; i < size; ++i) values.push_back(narrow<T>(normal(m_random)));
    return values;
  }
  std::vector<float> randomFloats(std::int64_t size) {
    std::normal_distribution<float> normal(0, 1);
    std::vector<float> values(static_cast<std::size_t>(size));
    for (float& value : values) value = normal(m_random);
    return values;
  }
  template <class Got>
  static void expectNear(const std::vector<Got>& got, const Wide& wanted, const std::string& what, double factor = 1) {
    const double allowed = factor * (std::is_same_v<Got, float> ? 5e-6 : std::ldexp(1.01, -8));
    double largest = 1e-3;  // less is a difference of numbers near 1
    for (const double value : wanted) largest = std::max(largest, std::abs(value));
    ASSERT_EQ(got.size(), wanted.size());
    for (std::size_t i = 0; i < wanted.size(); ++i)
      ASSERT_NEAR(wide(got[i]), wanted[i], allowed * largest) << what << ", at " << i;
  }
  std::mt19937 m_random{7};
};
using Types = ::testing::Types<float, __nv_bfloat16>;
TYPED_TEST_SUITE(EmulatedKernels, Types);

// Narrower and wider than a block, and no multiple of a warp.
const std::vector<std::pair<std::int64_t, std::int64_t>> kShapes{{1, 1}, {3, 7}, {2, 33}, {5, 255}, {2, 700}, {40, 5}};

TYPED_TEST(EmulatedKernels, RmsNormForwardAndBackward) {
  using T = TypeParam;
  for (const auto& shape : kShapes) {
    const std::int64_t rows = shape.first, width = shape.second;
    SCOPED_TRACE(fmt::format("[{}, {}]", rows, width));
    const auto x = this->random(rows * width, 2), dy = this->random(rows * width);
    const auto weight = this->randomFloats(width);
    std::vector<double> y, r, dx(x.size()), dweight(weight.size());
    for (std::int64_t row = 0; row < rows; ++row) {
      const auto at = [&](std::int64_t i) { return static_cast<std::size_t>(row * width + i); };
      double squares = 0, mean = 0;
      for (std::int64_t i = 0; i < width; ++i) squares += wide(x[at(i)]) * wide(x[at(i)]);
      const double scale = 1 / std::sqrt(squares / static_cast<double>(width) + 1e-5);
      r.push_back(scale);
      for (std::int64_t i = 0; i < width; ++i) {
        const auto column = static_cast<std::size_t>(i);
        y.push_back(wide(x[at(i)]) * scale * weight[column]);
        mean += wide(dy[at(i)]) * weight[column] * wide(x[at(i)]) * scale / static_cast<double>(width);
        dweight[column] += wide(dy[at(i)]) * wide(x[at(i)]) * scale;
      }
      for (std::int64_t i = 0; i < width; ++i)
        dx[at(i)] = scale * (wide(dy[at(i)]) * weight[static_cast<std::size_t>(i)] - wide(x[at(i)]) * scale * mean);
    }
    std::vector<T> gotY(x.size()), gotDx(x.size());
    std::vector<float> gotR(static_cast<std::size_t>(rows));
    rmsNormForwardCuda({this->kElement, x.data(), weight.data(), gotY.data(), gotR.data(), rows, width, 1e-5, nullptr});
    this->expectNear(gotY, y, "y");
    this->expectNear(gotR, r, "r");
    constexpr std::int64_t kParts = 4;
    std::vector<float> parts(static_cast<std::size_t>(kParts * width));
    rmsNormBackwardCuda({this->kElement, dy.data(), x.data(), weight.data(), gotR.data(), gotDx.data(), parts.data(),
                         kParts, rows, width, nullptr});
    this->expectNear(gotDx, dx, "dx", 2);
    std::vector<float> sums(weight.size());
    for (std::size_t i = 0; i < parts.size(); ++i) sums[i % sums.size()] += parts[i];
    this->expectNear(sums, dweight, "dweight", 4);
  }
}

TYPED_TEST(EmulatedKernels, SwiGluForwardAndBackward) {
  using T = TypeParam;
  for (const auto& shape : kShapes) {
    const std::int64_t rows = shape.first, width = shape.second;
    SCOPED_TRACE(fmt::format("[{}, {}]", rows, width));
    const auto gateUp = this->random(2 * rows * width, 3), dy = this->random(rows * width);
    std::vector<double> y, dgateUp(gateUp.size());
    for (std::int64_t row = 0; row < rows; ++row) {
      for (std::int64_t i = 0; i < width; ++i) {
        const auto gate = static_cast<std::size_t>(row * 2 * width + i), upper = gate + static_cast<std::size_t>(width);
        const double z = wide(gateUp[gate]), up = wide(gateUp[upper]), s = 1 / (1 + std::exp(-z)),
                     gradient = wide(dy[static_cast<std::size_t>(row * width + i)]);
        y.push_back(z * s * up);
        dgateUp[gate] = gradient * up * s * (1 + z * (1 - s));
        dgateUp[upper] = gradient * z * s;
      }
    }
    std::vector<T> got(dy.size()), gradient(gateUp.size());
    swigluForwardCuda({this->kElement, gateUp.data(), nullptr, got.data(), rows, width, nullptr});
    this->expectNear(got, y, "y");
    swigluBackwardCuda({this->kElement, gateUp.data(), dy.data(), gradient.data(), rows, width, nullptr});
    this->expectNear(gradient, dgateUp, "dgateUp");
  }
}

TYPED_TEST(EmulatedKernels, RopeOfStridedHeadsForwardAndBack) {
  using T = TypeParam;
  constexpr std::int64_t kBatch = 2, kHeads = 3, kTokens = 5;
  for (const std::int64_t width : {2, 3, 16, 46, 129}) {
    SCOPED_TRACE(width);
    const std::int64_t half = width / 2;
    // [B, T, H, D] in memory, read as [B, H, T, D].
    const auto x = this->random(kBatch * kTokens * kHeads * width);
    std::vector<float> cos, sin;
    for (std::int64_t i = 0; i < kTokens * half; ++i) {
      cos.push_back(std::cos(0.7f * static_cast<float>(i)));
      sin.push_back(std::sin(0.7f * static_cast<float>(i)));
    }
    std::vector<double> wanted;
    for (std::int64_t b = 0; b < kBatch; ++b) {
      for (std::int64_t h = 0; h < kHeads; ++h) {
        for (std::int64_t t = 0; t < kTokens; ++t) {
          const T* from = x.data() + ((b * kTokens + t) * kHeads + h) * width;
          const auto angle = [&](std::int64_t i) { return static_cast<std::size_t>(t * half + i); };
          for (std::int64_t i = 0; i < half; ++i)
            wanted.push_back(wide(from[i]) * cos[angle(i)] - wide(from[i + half]) * sin[angle(i)]);
          for (std::int64_t i = 0; i < half; ++i)
            wanted.push_back(wide(from[i + half]) * cos[angle(i)] + wide(from[i]) * sin[angle(i)]);
          if (width % 2 != 0) wanted.push_back(wide(from[width - 1]));
        }
      }
    }
    std::vector<T> y(x.size()), back(x.size());
    ropeCuda({this->kElement, x.data(), y.data(), cos.data(), sin.data(), 1, kBatch, kHeads, kTokens, width,
              kTokens * kHeads * width, width, kHeads * width, nullptr});
    this->expectNear(y, wanted, "turned");
    ropeCuda({this->kElement, y.data(), back.data(), cos.data(), sin.data(), -1, kBatch, kHeads, kTokens, width,
              kTokens * kHeads * width, kTokens * width, width, nullptr});
    for (std::int64_t i = 0; i < width; ++i)
      EXPECT_NEAR(wide(back[static_cast<std::size_t>(i)]), wide(x[static_cast<std::size_t>(i)]), 0.05);
  }
}

TYPED_TEST(EmulatedKernels, CrossEntropyWithItsGradient) {
  using T = TypeParam;
  for (const auto& shape : kShapes) {
    const std::int64_t rows = shape.first, width = shape.second;
    SCOPED_TRACE(fmt::format("[{}, {}]", rows, width));
    const auto logits = this->random(rows * width, 4);
    std::vector<std::int64_t> targets;
    for (std::int64_t row = 0; row < rows; ++row) targets.push_back(row % 3 == 2 ? -1 : (row * 7) % width);
    std::vector<double> losses, gradient;
    for (std::int64_t row = 0; row < rows; ++row) {
      const T* x = logits.data() + row * width;
      const std::int64_t target = targets[static_cast<std::size_t>(row)];
      double sum = 0;
      for (std::int64_t i = 0; i < width; ++i) sum += std::exp(wide(x[i]));
      losses.push_back(target < 0 ? 0 : std::log(sum) - wide(x[target]));
      for (std::int64_t i = 0; i < width; ++i)
        gradient.push_back(target < 0 ? 0 : std::exp(wide(x[i])) / sum - (i == target ? 1 : 0));
    }
    std::vector<float> gotLosses(static_cast<std::size_t>(rows));
    std::vector<T> got(logits.size());
    crossEntropyCuda(
        {this->kElement, logits.data(), targets.data(), gotLosses.data(), got.data(), rows, width, nullptr});
    this->expectNear(gotLosses, losses, "losses");
    this->expectNear(got, gradient, "gradient");
  }
}

TEST(EmulatedCrossEntropy, IsNotANumberForATargetThatIsNone) {
  const std::vector<float> logits{1, 2, 3};
  const std::vector<std::int64_t> targets{3};
  std::vector<float> losses(1), gradient(3);
  crossEntropyCuda({Element::Float32, logits.data(), targets.data(), losses.data(), gradient.data(), 1, 3, nullptr});
  EXPECT_TRUE(std::isnan(losses[0]));
  EXPECT_TRUE(std::isnan(gradient[2]));
}

TEST(Emulation, RefusesABarrierThatSomeThreadsNeverComeTo) {
  EXPECT_THROW(emulation::launch({1}, {64},
                                 [] {
                                   if (emulation::thread().x > 3) emulation::barrier();
                                 }),
               std::runtime_error);
  EXPECT_THROW(emulation::launch({1}, {32},
                                 [] {
                                   if (emulation::thread().x % 2 == 0) emulation::shuffleXor(1, 1);
                                 }),
               std::runtime_error);
}

TEST(Emulation, SharesMemoryBetweenTheThreadsOfABlockAndLanesBetweenThoseOfAWarp) {
  std::vector<float> sums(192);
  emulation::launch({3}, {64}, [&] {
    static float shared[64];
    const unsigned i = emulation::thread().x;
    shared[i] = static_cast<float>(i + 100 * emulation::block().x);
    emulation::barrier();
    const float neighbour = shared[63 - i];
    emulation::barrier();
    sums[emulation::block().x * 64 + i] = neighbour + emulation::shuffleXor(static_cast<float>(i), 5);
  });
  for (unsigned block = 0; block < 3; ++block) {
    for (unsigned i = 0; i < 64; ++i)
      EXPECT_EQ(sums[block * 64 + i], static_cast<float>(63 - i + 100 * block + (i ^ 5u)));
  }
}

}  // namespace
}  // namespace weft::kernels
