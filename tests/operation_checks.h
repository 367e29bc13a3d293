// tests/operation_checks.h -- one operation against its formula written in plain torch, and the CUDA path against the
// CPU path.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tests/torch_checks.h"

namespace weft::test {

// Activations are in the place's type, parameters in float32 (float64 where activations are), integers stay as they
// are.
enum class Role { Activation, Parameter, Integer };
struct Input {
  Role role = Role::Activation;
  torch::Tensor value;  // float64 (or int64) on the CPU
};
using Operation = std::function<torch::Tensor(const std::vector<torch::Tensor>&)>;

struct Evaluation {
  torch::Tensor value;
  std::vector<torch::Tensor> gradients;  // of the inputs that are not integers, in order
};

inline torch::Tensor placed(const Place& place, const Input& input) {
  if (input.role == Role::Integer) return input.value.to(place.device);
  return input.value.to(place.device, input.role == Role::Parameter ? place.parameterType() : place.type);
}

// The inputs as `place` holds them, in float64 again: what a reference must start from.
inline std::vector<Input> roundedTo(const Place& place, std::vector<Input> inputs) {
  for (Input& input : inputs) {
    if (input.role != Role::Integer) input.value = exact(placed({torch::kCPU, place.type}, input));
  }
  return inputs;
}

// The operation's result, and its gradients for a given random gradient of the result.
inline Evaluation evaluate(const Operation& operation, const Place& place, const std::vector<Input>& inputs) {
  std::vector<torch::Tensor> leaves;
  for (const Input& input : inputs) {
    torch::Tensor leaf = placed(place, input).detach().clone();
    if (input.role != Role::Integer) leaf.requires_grad_();
    leaves.push_back(leaf);
  }
  Evaluation result;
  const torch::Tensor value = operation(leaves);
  result.value = value.detach();
  // Rounded to bfloat16 in every place, so that all places get the same gradient.
  const torch::Tensor upstream = randomTensor(value.sizes(), 99).to(torch::kBFloat16);
  value.backward(upstream.to(value.options()));
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    if (inputs[i].role != Role::Integer) result.gradients.push_back(leaves[i].grad());
  }
  return result;
}

// `operation` in `place` equals `formula` in float64 within `allowed`, forward and backward; on CUDA also the CPU path
// of the same type.
inline void expectFormula(const Operation& operation, const Operation& formula, const Place& place,
                          const std::vector<Input>& inputs, const std::string& what, double allowed) {
  const std::vector<Input> rounded = roundedTo(place, inputs);
  const auto compare = [&](const Evaluation& actual, const Evaluation& expected, double within,
                           const std::string& reference) {
    EXPECT_TRUE(isClose(actual.value, expected.value, within)) << what << ", value, against " << reference;
    ASSERT_EQ(actual.gradients.size(), expected.gradients.size());
    for (std::size_t i = 0; i < actual.gradients.size(); ++i) {
      EXPECT_TRUE(isClose(actual.gradients[i], expected.gradients[i], within))
          << what << ", gradient " << i << ", against " << reference;
    }
  };
  const Evaluation actual = evaluate(operation, place, rounded);
  compare(actual, evaluate(formula, kExact, rounded), allowed, "the formula in float64");
  // Both paths round, maybe apart.
  if (place.device == torch::kCUDA)
    compare(actual, evaluate(operation, {torch::kCPU, place.type}, rounded), 2 * allowed, "the CPU path");
}

inline void expectFormula(const Operation& operation, const Operation& formula, const Place& place,
                          const std::vector<Input>& inputs, const std::string& what) {
  expectFormula(operation, formula, place, inputs, what, tolerance(place.type));
}

class KernelTest : public ::testing::TestWithParam<Place> {
 protected:
  void SetUp() override {
    if (GetParam().device == torch::kCUDA) WEFT_SKIP_WITHOUT_CUDA();
  }
};
#define WEFT_INSTANTIATE_PLACES(Suite)                                                             \
  INSTANTIATE_TEST_SUITE_P(Cpu, Suite,                                                             \
                           ::testing::Values(::weft::test::Place{torch::kCPU, torch::kDouble},     \
                                             ::weft::test::Place{torch::kCPU, torch::kFloat},      \
                                             ::weft::test::Place{torch::kCPU, torch::kBFloat16})); \
  INSTANTIATE_TEST_SUITE_P(Cuda, Suite,                                                            \
                           ::testing::Values(::weft::test::Place{torch::kCUDA, torch::kFloat},     \
                                             ::weft::test::Place{torch::kCUDA, torch::kBFloat16}))

}  // namespace weft::test
