#include "engine/kernels/cross_entropy.h"

#include "tests/operation_checks.h"

namespace weft::kernels {
namespace {

using namespace weft::test;

torch::Tensor formula(const torch::Tensor& logits_NV, const torch::Tensor& targets_N) {
  const torch::Tensor counted = targets_N.ge(0);
  const torch::Tensor ofTarget =
      torch::log_softmax(logits_NV, 1).gather(1, targets_N.clamp_min(0).unsqueeze(1)).squeeze(1);
  return -torch::where(counted, ofTarget, torch::zeros_like(ofTarget)).sum() / counted.sum().clamp_min(1);
}

// The gradient is rounded twice: as softmax - one-hot, and scaled.
double allowed(const Place& place) { return 2 * tolerance(place.type); }

void expectEqualsFormula(const Place& place, const torch::Tensor& logits, const torch::Tensor& targets,
                         const std::string& what) {
  expectFormula([](const auto& in) { return crossEntropy(in[0], in[1]); },
                [](const auto& in) { return formula(in[0], in[1]); }, place,
                {{Role::Activation, logits}, {Role::Integer, targets}}, what, allowed(place));
}

class CrossEntropy : public KernelTest {};
WEFT_INSTANTIATE_PLACES(CrossEntropy);

TEST_P(CrossEntropy, EqualsItsFormulaForwardAndBackwardForEveryShape) {
  const std::vector<std::pair<std::int64_t, std::int64_t>> shapes{{1, 1},  {1, 2},   {3, 7},    {17, 31},
                                                                  {5, 32}, {9, 513}, {2, 5003}, {700, 3}};
  for (const auto& [rows, width] : shapes) {
    expectEqualsFormula(GetParam(), randomTensor({rows, width}, 1, 3), randomIds({rows}, width, 2),
                        fmt::format("[{}, {}]", rows, width));
  }
}

TEST_P(CrossEntropy, CountsOnlyRowsWithATarget) {
  const torch::Tensor targets = torch::tensor({-1, 0, 10, -100, 4, -1}, torch::kLong);
  expectEqualsFormula(GetParam(), randomTensor({6, 11}, 3), targets, "ignored rows, first and last class");
}

TEST_P(CrossEntropy, IsZeroWithoutAGradientWhereNoRowCounts) {
  for (const std::int64_t rows : {0, 3}) {
    const torch::Tensor logits = randomTensor({rows, 5}, 4).to(GetParam().options()).requires_grad_();
    const torch::Tensor loss = crossEntropy(
        logits, torch::full({rows}, -1, torch::TensorOptions().dtype(torch::kLong).device(GetParam().device)));
    loss.backward();
    EXPECT_EQ(loss.item<double>(), 0);
    EXPECT_TRUE(torch::equal(logits.grad(), torch::zeros_like(logits)));
  }
}

TEST_P(CrossEntropy, StaysFiniteForLargeLogits) {
  const torch::Tensor logits =
      torch::tensor({{1e4, -1e4, 0.0}, {-1e4, -1e4, -1e4}, {1e4, 1e4, 1e4}, {-3e38, 3e38, 0.0}}, torch::kDouble);
  expectEqualsFormula(GetParam(), logits.narrow(0, 0, 3), torch::tensor({1, 2, 0}, torch::kLong), "1e4");
  // Apart from the first row: a loss of 1.0986 must not be the difference of two numbers near 10000.
  expectEqualsFormula(GetParam(), logits.narrow(0, 1, 2), torch::tensor({2, 0}, torch::kLong), "1e4, all alike");
  // A difference beyond float32 is infinite there, and infinity is what the loss must say; the right class costs
  // nothing.
  expectEqualsFormula(GetParam(), logits.narrow(0, 3, 1), torch::tensor({1}, torch::kLong), "3e38");
}

TEST_P(CrossEntropy, ScalesWithTheGradientOfTheLoss) {
  const torch::Tensor targets = randomIds({4}, 6, 5);
  expectFormula([&](const auto& in) { return crossEntropy(in[0], targets.to(in[0].device())) * 0.375; },
                [&](const auto& in) { return formula(in[0], targets) * 0.375; }, GetParam(),
                {{Role::Activation, randomTensor({4, 6}, 6)}}, "scaled", allowed(GetParam()));
}

TEST_P(CrossEntropy, HasNoGradientThatIsWrongByOneFactorForAll) {
  // 1 / 3 rounded to bfloat16 is 0.2 % off; rounding each product averages out over the 3 x 4095 classes that are not
  // the target.
  const torch::Tensor logits = randomTensor({3, 4096}, 7).to(torch::kBFloat16).to(torch::kDouble),
                      targets = randomIds({3}, 4096, 8);
  const auto sumOfGradients = [&](const Operation& operation, const Place& place) {
    const Evaluation made = evaluate(operation, place, {{Role::Activation, logits}, {Role::Integer, targets}});
    return exact(made.gradients[0]).scatter(1, targets.unsqueeze(1), 0).abs().sum().item<double>();
  };
  const double expected = sumOfGradients([](const auto& in) { return formula(in[0], in[1]); }, kExact);
  EXPECT_NEAR(sumOfGradients([](const auto& in) { return crossEntropy(in[0], in[1]); }, GetParam()) / expected, 1,
              5e-4);
}

TEST_P(CrossEntropy, AccumulatesInFloat32AndSaysSo) {
  const torch::Tensor logits = randomTensor({4, 6}, 9).to(GetParam().options());
  const torch::Tensor loss = crossEntropy(logits, randomIds({4}, 6, 10).to(GetParam().device));
  EXPECT_EQ(loss.scalar_type(), GetParam().parameterType());
  EXPECT_FALSE(loss.requires_grad());
}

TEST(CrossEntropyBackward, EqualsFiniteDifferencesInFloat64) {
  for (const std::vector<std::int64_t>& ids :
       {std::vector<std::int64_t>{3, -1, 0, 5}, {2}, {-1, -100, 4}, {-1, -1}, {6, 6, 6}}) {
    const torch::Tensor targets = torch::tensor(ids, torch::kLong);
    SCOPED_TRACE(fmt::format("[{}]", fmt::join(ids, ", ")));
    expectGradientsOfFiniteDifferences([&](const auto& in) { return crossEntropy(in[0], targets) * 1.7; },
                                       {randomTensor({targets.size(0), 7}, 11, 3)});
  }
}

TEST(CrossEntropyErrors, NameShapesAndTargetsThatDoNotFit) {
  const auto ids = [](std::vector<std::int64_t> values) { return torch::tensor(values, torch::kLong); };
  EXPECT_THROW(crossEntropy(torch::ones({2, 3}), ids({0})), std::invalid_argument);
  EXPECT_THROW(crossEntropy(torch::ones({2, 3, 1}), ids({0, 1})), std::invalid_argument);
  EXPECT_THROW(crossEntropy(torch::ones({2, 3}), ids({0, 1}).unsqueeze(1)), std::invalid_argument);
  EXPECT_THROW(crossEntropy(torch::ones({2, 3}, torch::kHalf), ids({0, 1})), std::invalid_argument);
  EXPECT_THROW(crossEntropy(torch::ones({2, 3}), ids({0, 3})), std::out_of_range);
  EXPECT_THROW(crossEntropy(torch::ones({2, 0}), ids({0, 0})), std::out_of_range);
}

TEST(CrossEntropyCuda, IsNotANumberWhereATargetIsNoClass) {
  WEFT_SKIP_WITHOUT_CUDA();
  const torch::Tensor logits = randomTensor({2, 3}, 12).to(torch::kCUDA, torch::kFloat).requires_grad_();
  EXPECT_TRUE(std::isnan(crossEntropy(logits, torch::tensor({0, 3}, torch::kLong).to(torch::kCUDA)).item<double>()));
}

TEST(KernelsCuda, RefuseTensorsOnTwoDevices) {
  WEFT_SKIP_WITHOUT_CUDA();
  EXPECT_THROW(crossEntropy(torch::ones({2, 3}, torch::kCUDA), torch::zeros({2}, torch::kLong)), std::invalid_argument);
}

TEST(KernelsCuda, RefuseFloat64) {
  WEFT_SKIP_WITHOUT_CUDA();
  const auto options = torch::TensorOptions().device(torch::kCUDA).dtype(torch::kDouble);
  EXPECT_THROW(crossEntropy(torch::ones({2, 3}, options), torch::zeros({2}, options.dtype(torch::kLong))),
               std::invalid_argument);
}

}  // namespace
}  // namespace weft::kernels
