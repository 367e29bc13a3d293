// AdamW against its formula written out in float64, over 20 steps.
#include "engine/train/adamw.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/train/training_fixture.h"

using weft::config::TrainConfig;
using weft::nn::NamedParameter;
using weft::step::Parameters;
using weft::train::AdamW;

namespace {

// Loshchilov and Hutter 2019, algorithm 2, one number at a time.
class Reference {
 public:
  struct Parameter {
    std::vector<double> w, m, v;
    bool decays = true;
  };
  explicit Reference(const TrainConfig& config) : m_config(config) {}
  void add(const torch::Tensor& w, bool decays) {
    const torch::Tensor wide = w.detach().to(torch::kDouble).flatten();
    std::vector<double> values(wide.const_data_ptr<double>(), wide.const_data_ptr<double>() + wide.numel());
    parameters.push_back({values, std::vector<double>(values.size()), std::vector<double>(values.size()), decays});
  }
  double step(const std::vector<torch::Tensor>& gradients, double rate) {
    double squares = 0;
    for (const torch::Tensor& gradient : gradients)
      squares += gradient.to(torch::kDouble).square().sum().item<double>();
    const double norm = std::sqrt(squares),
                 clip = m_config.clipNorm > 0 ? std::min(1.0, m_config.clipNorm / norm) : 1.0;
    ++m_t;
    for (std::size_t p = 0; p < parameters.size(); ++p) {
      Parameter& parameter = parameters[p];
      const torch::Tensor gradient = gradients[p].to(torch::kDouble).flatten();
      for (std::size_t i = 0; i < parameter.w.size(); ++i) {
        const double g = clip * gradient[static_cast<std::int64_t>(i)].item<double>();
        parameter.m[i] = m_config.beta1 * parameter.m[i] + (1 - m_config.beta1) * g;
        parameter.v[i] = m_config.beta2 * parameter.v[i] + (1 - m_config.beta2) * g * g;
        const double m = parameter.m[i] / (1 - std::pow(m_config.beta1, m_t)),
                     v = parameter.v[i] / (1 - std::pow(m_config.beta2, m_t));
        if (parameter.decays) parameter.w[i] -= rate * m_config.weightDecay * parameter.w[i];
        parameter.w[i] -= rate * m / (std::sqrt(v) + m_config.epsilon);
      }
    }
    return norm;
  }
  std::vector<Parameter> parameters;

 private:
  TrainConfig m_config;
  int m_t = 0;
};

double largestDifference(const torch::Tensor& tensor, const std::vector<double>& wanted) {
  const torch::Tensor wide = tensor.detach().to(torch::kDouble).flatten();
  double largest = 0;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    largest = std::max(largest, std::abs(wide[static_cast<std::int64_t>(i)].item<double>() - wanted[i]));
  }
  return largest;
}

// A matrix that decays, a vector that does not, and sizes that no vector register divides.
std::vector<NamedParameter> twoParameters() {
  torch::manual_seed(3);
  return {{"matrix", torch::randn({7, 5}).requires_grad_(true), true},
          {"norm", (1 + 0.1 * torch::randn({13})).requires_grad_(true), false}};
}

TrainConfig config() {
  TrainConfig config;
  config.beta1 = 0.9;
  config.beta2 = 0.95;
  config.epsilon = 1e-8;
  config.weightDecay = 0.1;
  config.clipNorm = 1.0;
  return config;
}

}  // namespace

// float32 rounds a weight near 1 by at most 2^-24 in each of about 3 operations a step: 20 steps 3.6e-6; the update
// itself is 1e-2 with a relative error near 1e-6.
constexpr double kTolerance = 5e-6;

TEST(AdamW, FollowsItsFormulaOverTwentyStepsWithAndWithoutClipping) {
  std::vector<NamedParameter> parameters = twoParameters();
  Parameters arenas(parameters);
  AdamW optimizer(arenas, config());
  Reference reference(config());
  for (const NamedParameter& parameter : parameters) reference.add(parameter.value, parameter.decays);
  int clipped = 0;
  for (int step = 0; step < 20; ++step) {
    // Norms on both sides of the clip: 48 numbers of this size have a norm of about 0.14 to 2.8.
    const double size = 0.02 + 0.02 * step;
    std::vector<torch::Tensor> gradients;
    for (NamedParameter& parameter : parameters) {
      gradients.push_back(size * torch::randn(parameter.value.sizes()));
      arenas.view(arenas.gradients(), parameter.name).copy_(gradients.back());
    }
    const double rate = 1e-2 * (step + 1) / 20, norm = optimizer.step(rate).item<double>(),
                 wanted = reference.step(gradients, rate);
    EXPECT_NEAR(norm, wanted, 1e-5 * wanted) << "the norm before clipping, step " << step;
    clipped += norm > 1 ? 1 : 0;
    for (std::size_t p = 0; p < parameters.size(); ++p) {
      EXPECT_LT(largestDifference(parameters[p].value, reference.parameters[p].w), kTolerance)
          << parameters[p].name << ", step " << step;
      EXPECT_LT(largestDifference(optimizer.moments()[p].m, reference.parameters[p].m), 1e-6)
          << parameters[p].name << ", step " << step;
      EXPECT_LT(largestDifference(optimizer.moments()[p].v, reference.parameters[p].v), 1e-6)
          << parameters[p].name << ", step " << step;
    }
  }
  EXPECT_GT(clipped, 3);
  EXPECT_LT(clipped, 17);
}

TEST(AdamW, DecaysMatricesByRateTimesDecayAndNormsNotAtAll) {
  std::vector<NamedParameter> parameters = twoParameters();
  const torch::Tensor matrix = parameters[0].value.detach().clone(), norm = parameters[1].value.detach().clone();
  Parameters arenas(parameters);
  AdamW optimizer(arenas, config());
  // A gradient of zero leaves decay alone at work: decoupled, it must not pass through the moments.
  EXPECT_EQ(optimizer.step(0.5).item<double>(), 0);
  EXPECT_TRUE(torch::allclose(parameters[0].value, matrix * (1 - 0.5 * 0.1), 1e-6, 0));
  EXPECT_TRUE(torch::equal(parameters[1].value, norm));
  EXPECT_EQ(optimizer.moments()[0].m.abs().max().item<double>(), 0);
}

TEST(AdamW, DoesNotClipWhenTheClipNormIsZero) {
  TrainConfig free = config();
  free.clipNorm = 0;
  std::vector<NamedParameter> parameters = twoParameters();
  Parameters arenas(parameters);
  AdamW optimizer(arenas, free);
  arenas.gradients().fill_(100);
  optimizer.step(1e-3);
  EXPECT_NEAR(optimizer.moments()[0].m[0][0].item<double>(), 10.0, 1e-5);
}

TEST(AdamW, UpdatesTheModelsOwnTensorsInPlace) {
  std::vector<NamedParameter> parameters = twoParameters();
  const torch::Tensor matrix = parameters[0].value, before = matrix.detach().clone();
  Parameters arenas(parameters);
  EXPECT_TRUE(torch::equal(matrix, before)) << "taking them over changes nothing";
  AdamW optimizer(arenas, config());
  arenas.gradients().fill_(1);
  optimizer.step(1e-2);
  EXPECT_TRUE((matrix < before).all().item<bool>());
  EXPECT_TRUE(matrix.requires_grad());
}

TEST(AdamW, CountsItsStepsForTheBiasCorrection) {
  std::vector<NamedParameter> early = twoParameters(), late = twoParameters();
  Parameters earlyArenas(early), lateArenas(late);
  AdamW first(earlyArenas, config()), later(lateArenas, config());
  later.setStepCount(1000);
  for (const Parameters* arenas : {&earlyArenas, &lateArenas}) arenas->gradients().fill_(0.01);
  const torch::Tensor before = early[1].value.detach().clone();
  first.step(1e-2);
  later.step(1e-2);
  // Without correction m is a tenth of g and v a twentieth of g^2: the step is 0.1 / sqrt(0.05) of the corrected one.
  EXPECT_NEAR((before - early[1].value).mean().item<double>(), 1e-2, 1e-5);
  EXPECT_NEAR((before - late[1].value).mean().item<double>(), 1e-2 * 0.1 / std::sqrt(0.05), 1e-5);
  EXPECT_EQ(first.stepCount(), 1);
  EXPECT_EQ(later.stepCount(), 1001);
}

TEST(AdamW, FindsInADecoderThatMatricesDecayAndNormsDoNot) {
  weft::config::RunConfig run = weft::train_test::tinyConfig();
  run.model.tieEmbeddings = false;
  const auto decoder = weft::train_test::makeDecoder(run, 1);
  int matrices = 0, norms = 0;
  for (const NamedParameter& parameter : decoder->parameters()) {
    EXPECT_EQ(parameter.decays, parameter.value.dim() == 2) << parameter.name;
    EXPECT_EQ(parameter.decays, parameter.name.find("norm") == std::string::npos) << parameter.name;
    ++(parameter.decays ? matrices : norms);
  }
  // Embedding, head; query, output, gate and up, down in each of two layers; key and value in the one producer.
  EXPECT_EQ(matrices, 2 + 2 * 4 + 2);
  // Query and MLP norm in each layer, the producer's KV norm, the final one.
  EXPECT_EQ(norms, 2 * 2 + 1 + 1);
}
