#include "engine/kernels/rms_norm.h"

#include <ATen/Parallel.h>

#include "tests/operation_checks.h"

namespace weft::kernels {
namespace {

using namespace weft::test;

constexpr double kEpsilon = 1e-5;

torch::Tensor formula(const torch::Tensor& x, const torch::Tensor& weight) {
  return x / (x.square().mean(-1, true) + kEpsilon).sqrt() * weight;
}

class RmsNorm : public KernelTest {};
WEFT_INSTANTIATE_PLACES(RmsNorm);

TEST_P(RmsNorm, EqualsItsFormulaForwardAndBackwardForEveryShape) {
  const std::vector<std::vector<std::int64_t>> shapes{{7},       {3, 31},   {2, 3, 32}, {2, 5, 33}, {37, 257},
                                                      {300, 64}, {2, 1030}, {0, 8},     {2, 0, 8}};
  for (const std::vector<std::int64_t>& shape : shapes) {
    const torch::Tensor x = randomTensor(shape, 1, 3), weight = randomTensor({shape.back()}, 2) + 1;
    expectFormula([](const auto& in) { return rmsNorm(in[0], in[1], kEpsilon); },
                  [](const auto& in) { return formula(in[0], in[1]); }, GetParam(),
                  {{Role::Activation, x}, {Role::Parameter, weight}}, fmt::format("[{}]", fmt::join(shape, ", ")));
  }
}

TEST_P(RmsNorm, EqualsItsFormulaForRowsOfOneChannel) {
  // Near epsilon: above it y is the sign of x, and the gradient a difference of equal numbers.
  for (const std::vector<std::int64_t>& shape : {std::vector<std::int64_t>{1}, {1, 1}, {5, 1}}) {
    expectFormula([](const auto& in) { return rmsNorm(in[0], in[1], kEpsilon); },
                  [](const auto& in) { return formula(in[0], in[1]); }, GetParam(),
                  {{Role::Activation, randomTensor(shape, 11, 1e-3)}, {Role::Parameter, randomTensor({1}, 12) + 1}},
                  fmt::format("[{}]", fmt::join(shape, ", ")));
  }
}

TEST_P(RmsNorm, TakesInputsThatAreNotContiguous) {
  const torch::Tensor x = randomTensor({6, 5, 4}, 3), weight = randomTensor({6}, 4) + 1;
  expectFormula(
      [](const auto& in) {
        return rmsNorm(in[0].permute({2, 1, 0}), in[1].expand({6}), kEpsilon);
      },
      [](const auto& in) {
        return formula(in[0].permute({2, 1, 0}), in[1]);
      },
      GetParam(), {{Role::Activation, x}, {Role::Parameter, weight}}, "permuted");
}

TEST_P(RmsNorm, TurnsARowOfZerosIntoZerosWithFiniteGradients) {
  const torch::Tensor x = torch::zeros({2, 9}, GetParam().options()).requires_grad_();
  const torch::Tensor weight = torch::ones({9}, x.options().dtype(GetParam().parameterType())).requires_grad_();
  const torch::Tensor y = rmsNorm(x, weight, kEpsilon);
  y.sum().backward();
  EXPECT_EQ(exact(y).abs().max().item<double>(), 0);
  // y = x / sqrt(epsilon) near 0.
  EXPECT_TRUE(
      isClose(x.grad(), torch::full({2, 9}, 1 / std::sqrt(kEpsilon), torch::kDouble), tolerance(GetParam().type)));
  EXPECT_EQ(exact(weight.grad()).abs().max().item<double>(), 0);
}

TEST_P(RmsNorm, GivesTheWeightsGradientInTheWeightsOwnType) {
  const torch::Tensor x = randomTensor({3, 8}, 5).to(GetParam().options());
  const torch::Tensor weight = torch::ones({8}, x.options().dtype(GetParam().parameterType())).requires_grad_();
  const torch::Tensor y = rmsNorm(x, weight, kEpsilon);
  y.sum().backward();
  EXPECT_EQ(y.scalar_type(), GetParam().type);
  EXPECT_EQ(weight.grad().scalar_type(), weight.scalar_type());
}

TEST(RmsNormBackward, EqualsFiniteDifferencesInFloat64) {
  for (const std::vector<std::int64_t>& shape : {std::vector<std::int64_t>{4, 7}, {7}, {1, 1, 13}, {2, 3, 5}, {3, 2}}) {
    SCOPED_TRACE(fmt::format("[{}]", fmt::join(shape, ", ")));
    const torch::Tensor weights = randomTensor(shape, 6);
    expectGradientsOfFiniteDifferences(
        [&](const auto& in) { return (rmsNorm(in[0], in[1], kEpsilon) * weights).sum(); },
        {randomTensor(shape, 7), randomTensor({shape.back()}, 8)});
  }
  // Rows whose mean square is about as large as epsilon: there the gradient depends on epsilon, and a backward pass
  // that left it out would be found.
  const torch::Tensor weights = randomTensor({4, 3}, 13);
  expectGradientsOfFiniteDifferences(
      [&](const auto& in) { return (rmsNorm(in[0] * 3e-3, in[1], kEpsilon) * weights).sum(); },
      {randomTensor({4, 3}, 14), randomTensor({3}, 15)});
}

TEST(RmsNormBackward, IsTheSameToTheLastBitForEveryNumberOfThreads) {
  const auto gradients = [] {
    const torch::Tensor x = randomTensor({201, 65}, 9).to(torch::kFloat).requires_grad_();
    const torch::Tensor weight = randomTensor({65}, 10).to(torch::kFloat).requires_grad_();
    rmsNorm(x, weight, kEpsilon).square().sum().backward();
    return std::pair(x.grad(), weight.grad());
  };
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  const auto alone = gradients();
  at::set_num_threads(2);
  const auto together = gradients();
  at::set_num_threads(threads);
  EXPECT_TRUE(isBitwise(together.first, alone.first));
  EXPECT_TRUE(isBitwise(together.second, alone.second));
}

TEST(RmsNormErrors, NameBothShapesThatDoNotFit) {
  EXPECT_THROW(rmsNorm(torch::ones({2, 3}), torch::ones({4}), kEpsilon), std::invalid_argument);
  EXPECT_THROW(rmsNorm(torch::ones({2, 3}), torch::ones({1, 3}), kEpsilon), std::invalid_argument);
  EXPECT_THROW(rmsNorm(torch::ones({}), torch::ones({1}), kEpsilon), std::invalid_argument);
  EXPECT_THROW(rmsNorm(torch::ones({2, 0}), torch::ones({0}), kEpsilon), std::invalid_argument);
  EXPECT_THROW(rmsNorm(torch::ones({2, 3}, torch::kHalf), torch::ones({3}), kEpsilon), std::invalid_argument);
  try {
    rmsNorm(torch::ones({2, 3}), torch::ones({4}), kEpsilon);
  } catch (const std::invalid_argument& error) {
    EXPECT_STREQ(error.what(), "rmsNorm: weight [4] does not fit x [2, 3]");
  }
}

}  // namespace
}  // namespace weft::kernels
