#include "engine/kernels/rope.h"

#include "tests/operation_checks.h"

namespace weft::kernels {
namespace {

using namespace weft::test;

constexpr double kTheta = 10000;

// Channel i and channel i + D/2 as one complex number, turned by position * theta^(-2i/D); an odd last channel stays.
torch::Tensor formula(const torch::Tensor& x_BHTD, const std::vector<std::int64_t>& positions, double theta = kTheta) {
  const std::int64_t width = x_BHTD.size(3), half = width / 2;
  torch::Tensor angles = torch::empty({static_cast<std::int64_t>(positions.size()), half}, torch::kDouble);
  for (std::size_t t = 0; t < positions.size(); ++t) {
    for (std::int64_t i = 0; i < half; ++i) {
      angles[static_cast<std::int64_t>(t)][i] =
          static_cast<double>(positions[t]) / std::pow(theta, 2 * static_cast<double>(i) / static_cast<double>(width));
    }
  }
  const torch::Tensor turned = torch::complex(x_BHTD.narrow(3, 0, half), x_BHTD.narrow(3, half, half)) *
                               torch::polar(torch::ones_like(angles), angles);
  return torch::cat({torch::real(turned), torch::imag(turned), x_BHTD.narrow(3, 2 * half, width - 2 * half)}, 3);
}

RopeTable tableFor(const torch::Tensor& x_BHTD, const std::vector<std::int64_t>& positions, double theta = kTheta) {
  return ropeTable(torch::tensor(positions, torch::kLong).to(x_BHTD.device()), x_BHTD.size(3), theta,
                   x_BHTD.scalar_type());
}

std::vector<std::int64_t> upTo(std::int64_t count, std::int64_t first = 0) {
  std::vector<std::int64_t> positions;
  for (std::int64_t t = 0; t < count; ++t) positions.push_back(first + t);
  return positions;
}

class Rope : public KernelTest {};
WEFT_INSTANTIATE_PLACES(Rope);

TEST_P(Rope, EqualsTheProductOfComplexNumbersForwardAndBackward) {
  const std::vector<std::vector<std::int64_t>> shapes{{1, 1, 1, 2}, {2, 3, 5, 6}, {1, 2, 7, 64}, {3, 1, 33, 128},
                                                      {2, 2, 4, 5}, {1, 2, 3, 1}, {2, 2, 0, 8},  {0, 2, 3, 8}};
  for (const std::vector<std::int64_t>& shape : shapes) {
    const std::vector<std::int64_t> positions = upTo(shape[2], 3);
    expectFormula([&](const auto& in) { return rope(in[0], tableFor(in[0], positions)); },
                  [&](const auto& in) { return formula(in[0], positions); }, GetParam(),
                  {{Role::Activation, randomTensor(shape, 1)}}, fmt::format("[{}]", fmt::join(shape, ", ")));
  }
}

TEST_P(Rope, TakesTheStridedHeadsOfAProjection) {
  // [B, T, H D] seen as [B, H, T, D], and a tensor whose channels are not neighbours.
  const std::vector<std::int64_t> positions = upTo(5);
  const auto heads = [](const torch::Tensor& x) { return x.view({2, 5, 3, 8}).transpose(1, 2); };
  const auto channels = [](const torch::Tensor& x) { return x.view({2, 3, 8, 5}).transpose(2, 3); };
  const Input input{Role::Activation, randomTensor({2 * 5 * 3 * 8}, 2)};
  expectFormula([&](const auto& in) { return rope(heads(in[0]), tableFor(heads(in[0]), positions)); },
                [&](const auto& in) { return formula(heads(in[0]), positions); }, GetParam(), {input}, "heads");
  expectFormula([&](const auto& in) { return rope(channels(in[0]), tableFor(channels(in[0]), positions)); },
                [&](const auto& in) { return formula(channels(in[0]), positions); }, GetParam(), {input}, "channels");
}

TEST_P(Rope, IsAsExactAtAMillionTokensAsAtTheStart) {
  // Angles in float32 would be wrong by 1e6 * 2^-24 = 0.06 here; in float64 they are by 1e6 * 2^-53.
  const std::vector<std::int64_t> positions{0, 131071, 999999, 1048576};
  expectFormula([&](const auto& in) { return rope(in[0], tableFor(in[0], positions, 500000)); },
                [&](const auto& in) { return formula(in[0], positions, 500000); }, GetParam(),
                {{Role::Activation, randomTensor({1, 2, 4, 16}, 3)}}, "far positions",
                std::max(tolerance(GetParam().type), 1e-9));
}

TEST_P(Rope, LeavesPositionZeroAsItIs) {
  const torch::Tensor x = randomTensor({2, 3, 1, 10}, 4).to(GetParam().options());
  EXPECT_TRUE(isBitwise(rope(x, tableFor(x, {0})), x));
}

TEST(RopeMeaning, ScoresDependOnTheDistanceAlone) {
  const torch::Tensor q = randomTensor({1, 1, 1, 16}, 5), k = randomTensor({1, 1, 1, 16}, 6);
  const auto score = [&](std::int64_t at, std::int64_t from) {
    return (rope(q, tableFor(q, {at})) * rope(k, tableFor(k, {from}))).sum().item<double>();
  };
  EXPECT_NEAR(score(9, 4), score(5, 0), 1e-12);
  EXPECT_NEAR(score(1009, 1004), score(5, 0), 1e-10);
  EXPECT_GT(std::abs(score(9, 4) - score(9, 5)), 1e-3);
}

TEST(RopeBackward, EqualsFiniteDifferencesInFloat64) {
  const torch::Tensor weights = randomTensor({2, 2, 3, 5}, 7);
  expectGradientsOfFiniteDifferences(
      [&](const auto& in) {
        return (rope(in[0], tableFor(in[0], {2, 3, 7})) * weights).sum();
      },
      {randomTensor({2, 2, 3, 5}, 8)});
  // One token far out, one pair, and heads that stand apart in memory.
  const torch::Tensor ofOne = randomTensor({1, 2, 1, 2}, 9);
  expectGradientsOfFiniteDifferences(
      [&](const auto& in) { return (rope(in[0], tableFor(in[0], {4095})) * ofOne).sum(); },
      {randomTensor({1, 2, 1, 2}, 10)});
  const torch::Tensor ofHeads = randomTensor({1, 3, 2, 7}, 11);
  expectGradientsOfFiniteDifferences(
      [&](const auto& in) {
        const torch::Tensor heads = in[0].transpose(1, 2);
        return (rope(heads, tableFor(heads, {0, 1})) * ofHeads).sum();
      },
      {randomTensor({1, 2, 3, 7}, 12)});
}

TEST(RopeErrors, NameATableThatDoesNotFit) {
  const torch::Tensor x = torch::ones({1, 2, 3, 4});
  EXPECT_THROW(rope(x, tableFor(x, {0, 1})), std::invalid_argument);
  EXPECT_THROW(rope(x, tableFor(torch::ones({1, 2, 3, 6}), {0, 1, 2})), std::invalid_argument);
  EXPECT_THROW(rope(torch::ones({2, 3, 4}), tableFor(x, {0, 1, 2})), std::invalid_argument);
  EXPECT_THROW(rope(x, tableFor(x.to(torch::kDouble), {0, 1, 2})), std::invalid_argument) << "a table of another type";
  EXPECT_THROW(rope(x.to(torch::kHalf), tableFor(x, {0, 1, 2})), std::invalid_argument);
  EXPECT_THROW(ropeTable(torch::zeros({2, 3}, torch::kLong), 4, kTheta, torch::kFloat), std::invalid_argument);
}

}  // namespace
}  // namespace weft::kernels
