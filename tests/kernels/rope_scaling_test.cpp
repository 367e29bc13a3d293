// What the kinds of RoPE scaling do to frequencies, tables and gradients. That the frequencies are Hugging Face's is
// tests/nn/hf_llama_test.cpp's.
#include "engine/kernels/rope_scaling.h"

#include <numbers>

#include "engine/kernels/rope.h"
#include "tests/operation_checks.h"

namespace weft::kernels {
namespace {

using namespace weft::test;

constexpr double kTheta = 10000;
constexpr RopeScaling kLinear{.kind = RopeKind::Linear, .factor = 4};
constexpr RopeScaling kDynamic{.kind = RopeKind::Dynamic, .factor = 3, .originalContext = 100};
constexpr RopeScaling kLlama3{.kind = RopeKind::Llama3, .factor = 8, .originalContext = 64};
constexpr RopeScaling kYarn{.kind = RopeKind::Yarn, .factor = 4, .originalContext = 64};
const std::vector<std::pair<const char*, RopeScaling>> kKinds{
    {"linear", kLinear}, {"dynamic", kDynamic}, {"llama3", kLlama3}, {"yarn", kYarn}};

std::vector<double> frequenciesOf(std::int64_t width, const RopeScaling& scaling, std::int64_t sequence = 0) {
  const torch::Tensor made = ropeFrequencies(width, kTheta, scaling, sequence).radiansPerToken_F;
  return {made.const_data_ptr<double>(), made.const_data_ptr<double>() + made.numel()};
}

RopeTable tableFor(const torch::Tensor& x_BHTD, const std::vector<std::int64_t>& positions,
                   const RopeScaling& scaling) {
  return ropeTable(torch::tensor(positions, torch::kLong).to(x_BHTD.device()),
                   ropeFrequencies(x_BHTD.size(3), kTheta, scaling, 400), x_BHTD.scalar_type());
}

// Pairs as complex numbers, turned by position times frequency and drawn out by the attention factor.
torch::Tensor formula(const torch::Tensor& x_BHTD, const std::vector<std::int64_t>& positions,
                      const RopeScaling& scaling) {
  const std::int64_t half = x_BHTD.size(3) / 2;
  const RopeFrequencies frequencies = ropeFrequencies(x_BHTD.size(3), kTheta, scaling, 400);
  const torch::Tensor angles = torch::outer(torch::tensor(positions, torch::kDouble), frequencies.radiansPerToken_F);
  const torch::Tensor turned = torch::complex(x_BHTD.narrow(3, 0, half), x_BHTD.narrow(3, half, half)) *
                               torch::polar(torch::full_like(angles, frequencies.attentionFactor), angles);
  return torch::cat({torch::real(turned), torch::imag(turned)}, 3);
}

class ScaledRope : public KernelTest {};
WEFT_INSTANTIATE_PLACES(ScaledRope);

TEST_P(ScaledRope, EqualsTheProductOfComplexNumbersForwardAndBackwardForEveryKind) {
  for (const auto& [name, scaling] : kKinds) {
    for (const auto& [positions, shape] : std::vector<std::pair<std::vector<std::int64_t>, std::vector<std::int64_t>>>{
             {{0}, {1, 1, 1, 4}},
             {{399}, {2, 3, 1, 16}},
             {{5, 6, 7, 8, 9}, {2, 3, 5, 6}},
             {{0, 63, 64, 131071}, {1, 2, 4, 64}}}) {
      expectFormula(
          [&, &at = positions, &kind = scaling](const auto& in) { return rope(in[0], tableFor(in[0], at, kind)); },
          [&, &at = positions, &kind = scaling](const auto& in) { return formula(in[0], at, kind); }, GetParam(),
          {{Role::Activation, randomTensor(shape, 1)}}, fmt::format("{}, [{}]", name, fmt::join(shape, ", ")),
          std::max(tolerance(GetParam().type), 1e-10));
    }
  }
}

TEST(ScaledRopeBackward, EqualsFiniteDifferencesInFloat64ForEveryKind) {
  for (const auto& [name, scaling] : kKinds) {
    SCOPED_TRACE(name);
    const torch::Tensor weights = randomTensor({2, 2, 3, 6}, 2);
    expectGradientsOfFiniteDifferences(
        [&, &kind = scaling](const auto& in) {
          return (rope(in[0], tableFor(in[0], {2, 70, 399}, kind)) * weights).sum();
        },
        {randomTensor({2, 2, 3, 6}, 3)});
  }
}

TEST(RopeScaling, LinearIsThePositionDividedByTheFactor) {
  const torch::Tensor x = randomTensor({1, 2, 3, 16}, 4);
  const RopeTable unscaled = ropeTable(torch::tensor({1, 5, 30}, torch::kLong), 16, kTheta, torch::kDouble);
  EXPECT_TRUE(isClose(rope(x, tableFor(x, {4, 20, 120}, kLinear)), rope(x, unscaled), 1e-13));
}

TEST(RopeScaling, DynamicStretchesTheSlowestPairByTheLengthAndTheFastestNotAtAll) {
  const std::vector<double> plain = frequenciesOf(16, {}), within = frequenciesOf(16, kDynamic, 100),
                            beyond = frequenciesOf(16, kDynamic, 150);
  EXPECT_EQ(within, plain);
  EXPECT_EQ(frequenciesOf(16, kDynamic), plain);
  EXPECT_EQ(beyond.front(), 1);
  // 3 * 150 / 100 - (3 - 1) = 2.5.
  EXPECT_NEAR(beyond.back() * 2.5 / plain.back(), 1, 1e-14);
}

TEST(RopeScaling, Llama3KeepsFastPairsStretchesSlowOnesAndBlendsBetween) {
  const std::vector<double> plain = frequenciesOf(16, {}), scaled = frequenciesOf(16, kLlama3);
  // Turns within 64 tokens: 10.2, 3.2, 1.02, 0.32, ...; above 4 they stay, below 1 they are stretched.
  EXPECT_EQ(scaled[0], plain[0]);
  for (std::size_t i = 3; i < 8; ++i) EXPECT_DOUBLE_EQ(scaled[i], plain[i] / 8);
  for (const std::size_t i : {std::size_t{1}, std::size_t{2}}) {
    const double share = (64 / (2 * std::numbers::pi / plain[i]) - 1) / 3;
    EXPECT_GT(share, 0);
    EXPECT_LT(share, 1);
    EXPECT_DOUBLE_EQ(scaled[i], (1 - share) * plain[i] / 8 + share * plain[i]);
  }
}

TEST(RopeScaling, YarnGoesOverFromKeepingToStretchingAndSharpensTheScores) {
  const std::vector<double> plain = frequenciesOf(16, {}), scaled = frequenciesOf(16, kYarn);
  // 16 ln(64 / (2 pi n)) / (2 ln 10000) is -0.996 for n = 32, hence from pair 0, and 2.02 for n = 1, hence to pair 3.
  for (std::size_t i = 0; i < 8; ++i) {
    const double share = std::min(static_cast<double>(i) / 3, 1.0);
    EXPECT_DOUBLE_EQ(scaled[i], plain[i] / 4 * share + plain[i] * (1 - share)) << i;
  }
  const auto factor = [](RopeScaling scaling) { return ropeFrequencies(16, kTheta, scaling).attentionFactor; };
  EXPECT_DOUBLE_EQ(factor(kYarn), 0.1 * std::log(4) + 1);
  RopeScaling changed = kYarn;
  changed.mscale = 0.7;
  EXPECT_DOUBLE_EQ(factor(changed), 0.1 * std::log(4) + 1) << "one of the two alone says nothing";
  changed.mscaleAllDim = 0.2;
  EXPECT_DOUBLE_EQ(factor(changed), (0.07 * std::log(4) + 1) / (0.02 * std::log(4) + 1));
  changed.attentionFactor = 0.9;
  EXPECT_DOUBLE_EQ(factor(changed), 0.9);
  for (const auto& [name, scaling] : kKinds) EXPECT_EQ(factor(scaling) == 1, scaling.kind != RopeKind::Yarn) << name;
  // Queries and keys both have the factor: at distance 0 a score is multiplied by its square.
  const torch::Tensor x = randomTensor({1, 1, 1, 16}, 5);
  const torch::Tensor turned = rope(x, tableFor(x, {37}, kYarn));
  EXPECT_NEAR((turned * turned).sum().item<double>() / (x * x).sum().item<double>(), std::pow(0.1 * std::log(4) + 1, 2),
              1e-13);
}

TEST(RopeScalingErrors, NameTheValueThatDoesNotFit) {
  const auto problem = [](RopeScaling scaling, const std::function<void(RopeScaling&)>& change, std::int64_t width = 16,
                          double theta = kTheta) {
    change(scaling);
    try {
      ropeFrequencies(width, theta, scaling);
    } catch (const std::invalid_argument& error) {
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  const auto nothing = [](RopeScaling&) {};
  for (const auto& [name, scaling] : kKinds) EXPECT_EQ(problem(scaling, nothing), "accepted") << name;
  EXPECT_EQ(problem(kLinear, [](RopeScaling& s) { s.factor = 0.5; }),
            "rope scaling: factor is 0.5, which does not fit");
  EXPECT_EQ(problem(kLinear, [](RopeScaling& s) { s.factor = std::nan(""); }),
            "rope scaling: factor is nan, which does not fit");
  for (const RopeScaling& scaling : {kDynamic, kLlama3, kYarn}) {
    EXPECT_EQ(problem(scaling, [](RopeScaling& s) { s.originalContext = 0; }),
              "rope scaling: the original context is 0, which does not fit");
  }
  EXPECT_EQ(problem(kDynamic, nothing, 2), "rope scaling: a head width is 2, which does not fit");
  EXPECT_EQ(problem(kLlama3, [](RopeScaling& s) { s.highFrequencyFactor = 1; }),
            "rope scaling: the high frequency factor is 1, which does not fit");
  EXPECT_EQ(problem(kYarn, [](RopeScaling& s) { s.betaFast = 0.5; }),
            "rope scaling: beta fast is 0.5, which does not fit");
  EXPECT_EQ(problem(kYarn, nothing, 16, 1), "rope scaling: theta is 1, which does not fit");
  EXPECT_EQ(problem({}, nothing, 16, 0), "rope scaling: theta is 0, which does not fit");
}

}  // namespace
}  // namespace weft::kernels
