#include "engine/kernels/swiglu.h"

#include "tests/operation_checks.h"

namespace weft::kernels {
namespace {

using namespace weft::test;

torch::Tensor formula(const torch::Tensor& gateUp) {
  const std::vector<torch::Tensor> halves = gateUp.chunk(2, -1);
  return torch::silu(halves[0]) * halves[1];
}

class SwiGlu : public KernelTest {};
WEFT_INSTANTIATE_PLACES(SwiGlu);

TEST_P(SwiGlu, EqualsItsFormulaForwardAndBackwardForEveryShape) {
  const std::vector<std::vector<std::int64_t>> shapes{{2},      {10},      {1, 2}, {3, 6},   {2, 3, 62},
                                                      {5, 130}, {33, 514}, {0, 8}, {2, 0, 4}};
  for (const std::vector<std::int64_t>& shape : shapes) {
    expectFormula([](const auto& in) { return swiglu(in[0]); }, [](const auto& in) { return formula(in[0]); },
                  GetParam(), {{Role::Activation, randomTensor(shape, 1, 2)}},
                  fmt::format("[{}]", fmt::join(shape, ", ")));
  }
}

TEST_P(SwiGlu, TakesInputsThatAreNotContiguous) {
  expectFormula([](const auto& in) { return swiglu(in[0].transpose(0, 1)); },
                [](const auto& in) { return formula(in[0].transpose(0, 1)); }, GetParam(),
                {{Role::Activation, randomTensor({6, 5}, 2)}}, "transposed");
}

TEST_P(SwiGlu, HasFiniteValuesAndGradientsForExtremeGates) {
  const torch::Tensor gates = torch::tensor({-1e4, -200.0, -88.0, -20.0, 0.0, 20.0, 88.0, 200.0, 1e4}, torch::kDouble);
  expectFormula(
      [](const auto& in) {
        return swiglu(torch::cat({in[0], in[1]}));
      },
      [](const auto& in) {
        return formula(torch::cat({in[0], in[1]}));
      },
      GetParam(), {{Role::Activation, gates}, {Role::Activation, torch::full({9}, -1.5, torch::kDouble)}},
      "extreme gates");
}

TEST(SwiGluBackward, EqualsFiniteDifferencesInFloat64) {
  for (const std::vector<std::int64_t>& shape : {std::vector<std::int64_t>{4, 10}, {2}, {1, 1, 6}, {2, 3, 14}}) {
    SCOPED_TRACE(fmt::format("[{}]", fmt::join(shape, ", ")));
    const torch::Tensor x = randomTensor(shape, 4, 2), weights = randomTensor(swiglu(x).sizes(), 3);
    expectGradientsOfFiniteDifferences([&](const auto& in) { return (swiglu(in[0]) * weights).sum(); }, {x});
  }
}

TEST(SwiGluErrors, NameAShapeThatHasNoTwoHalves) {
  EXPECT_THROW(swiglu(torch::ones({2, 3})), std::invalid_argument);
  EXPECT_THROW(swiglu(torch::ones({2, 0})), std::invalid_argument);
  EXPECT_THROW(swiglu(torch::ones({})), std::invalid_argument);
  EXPECT_THROW(swiglu(torch::ones({2, 4}, torch::kHalf)), std::invalid_argument);
}

}  // namespace
}  // namespace weft::kernels
