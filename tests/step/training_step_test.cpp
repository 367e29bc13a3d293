// The written-out step against the decoder's tape: the same loss and the same gradient of every parameter.
#include "engine/step/training_step.h"

#include <fmt/format.h>

#include <random>

#include "engine/config/presets.h"
#include "engine/nn/checkpoint.h"
#include "engine/sharing/map_text.h"
#include "tests/nn/models.h"

namespace weft::step {
namespace {

using namespace weft::nn::test;

// Gradients relative to the largest of their parameter: float64 tells a wrong formula from rounding, float32 adds sums
// of another order.
double allowedError(torch::ScalarType type) { return type == torch::kDouble ? 1e-10 : 3e-4; }

struct Batch {
  torch::Tensor ids_BT, targets_BT;
};

Batch randomBatch(std::int64_t vocabulary, std::int64_t batch, std::int64_t tokens, std::uint64_t seed) {
  return {randomIds({batch, tokens}, vocabulary, seed), randomIds({batch, tokens}, vocabulary, seed + 1)};
}

// All micro batches through the tape and through the step; every gradient and the loss compared.
void expectTheGradientsOfTheTape(const nn::DecoderSpec& spec, const Place& place, const std::vector<Batch>& batches,
                                 const std::string& what) {
  SCOPED_TRACE(what);
  const std::unique_ptr<nn::Decoder> tape = decoderOf(spec, place), written = decoderOf(spec, place);
  const double share = 1.0 / static_cast<double>(batches.size());
  double expectedLoss = 0;
  for (const Batch& batch : batches) {
    const torch::Tensor loss = tape->loss(batch.ids_BT, batch.targets_BT) * share;
    loss.backward();
    expectedLoss += loss.item<double>();
  }
  Parameters parameters(written->parameters());
  TrainingStep step(*written, parameters, batches[0].ids_BT.size(0), batches[0].ids_BT.size(1));
  // Twice: what a sum of gradients leaves behind must not reach the next one.
  for (int time = 0; time < 2; ++time) {
    step.takeParameters();
    for (const Batch& batch : batches) step.accumulate(batch.ids_BT, batch.targets_BT, share);
    step.finishGradients();
    const double allowed = allowedError(place.type);
    EXPECT_NEAR(step.loss_nats(), expectedLoss, allowed * std::max(1.0, std::abs(expectedLoss)));
    for (const nn::NamedParameter& parameter : tape->parameters()) {
      const torch::Tensor gradient = parameters.view(parameters.gradients(), parameter.name);
      // A parameter that no loss depends on has no gradient on the tape.
      const torch::Tensor expected =
          parameter.value.grad().defined() ? parameter.value.grad() : torch::zeros_like(parameter.value);
      EXPECT_TRUE(isClose(gradient, expected, allowed)) << parameter.name << ", time " << time;
    }
  }
}

class TrainingStepOnCpu : public ::testing::TestWithParam<torch::ScalarType> {
 protected:
  Place place() const { return {torch::kCPU, GetParam()}; }
};
INSTANTIATE_TEST_SUITE_P(Types, TrainingStepOnCpu, ::testing::Values(torch::kDouble, torch::kFloat),
                         [](const auto& type) { return std::string(c10::toString(type.param)); });

TEST_P(TrainingStepOnCpu, HasTheLossAndGradientsOfTheTapeForEveryMap) {
  for (const MapCase& map : mapCases()) {
    const nn::DecoderSpec spec = specOf(map);
    for (const auto& [batch, tokens] : {std::pair(1, 1), std::pair(3, 7), std::pair(2, 33)}) {
      expectTheGradientsOfTheTape(spec, place(), {randomBatch(spec.shape.vocabulary, batch, tokens, 5)},
                                  fmt::format("{}, {} KV heads, {} x {}", map.text, map.kvHeads, batch, tokens));
    }
  }
}

TEST_P(TrainingStepOnCpu, SumsMicroBatchesAndLeavesOutTokensWithoutATarget) {
  for (const std::string text : {"0_0_2_2", "k:0_0_2_2 v:0_1_1_3", "0s3_1_0s3_1"}) {
    const nn::DecoderSpec spec = specOf({text, 2, {}});
    std::vector<Batch> batches;
    for (std::uint64_t i = 0; i < 3; ++i) batches.push_back(randomBatch(spec.shape.vocabulary, 2, 5, 10 * i));
    batches[1].targets_BT[0][2] = -100;
    batches[1].targets_BT[1] = -1;
    batches[2].targets_BT.fill_(-1);  // counts nowhere
    expectTheGradientsOfTheTape(spec, place(), batches, text);
  }
}

TEST_P(TrainingStepOnCpu, KnowsTiedKvNormsUntiedHeadsBiasesAndNormsOverHeads) {
  for (const std::string text : {"0_1_2_3", "0_0_2_2", "k:0_0_2_2 v:0_1_1_3", "0h1_0_2h4_2"}) {
    for (int choice = 0; choice < 16; ++choice) {
      nn::DecoderSpec spec = specOf({text, 2, {}});
      if (choice & 1) spec.shape.kvNorm = sharing::KvNorm::Tied;
      if (choice & 2) spec.shape.embedding = sharing::EmbeddingTie::Untied;
      spec.shape.hasQkvBias = choice & 4;
      spec.shape.hasQkNorm = choice & 8;
      expectTheGradientsOfTheTape(spec, place(), {randomBatch(spec.shape.vocabulary, 2, 5, 7)},
                                  fmt::format("{}, choice {}", text, choice));
    }
  }
}

TEST_P(TrainingStepOnCpu, KnowsEveryHeadWidthAndScaledRope) {
  for (const int width : {1, 2, 3, 16, 46, 64, 128, 512}) {
    nn::DecoderSpec spec = specOf({"0_0_2_2", 1, {}});
    spec.shape.headWidth = width;
    spec.initStd = 0.1;
    expectTheGradientsOfTheTape(spec, place(), {randomBatch(spec.shape.vocabulary, 1, 19, 3)},
                                fmt::format("D {}", width));
  }
  nn::DecoderSpec spec = specOf({"0_0_2_2", 1, {}});
  spec.ropeScaling = {.kind = kernels::RopeKind::Dynamic, .factor = 2, .originalContext = 8};
  expectTheGradientsOfTheTape(spec, place(), {randomBatch(spec.shape.vocabulary, 1, 19, 4)}, "dynamic RoPE");
}

// A source at or below each layer, K and V sometimes apart, windows, and own KV heads of producers.
std::string randomCausalMap(std::mt19937& random, int layers) {
  const auto below = [&](int count) { return static_cast<int>(random() % static_cast<unsigned>(count)); };
  const bool apart = below(3) == 0;
  const auto sources = [&](bool hasWindows) {
    std::vector<int> producers;
    std::string text;
    for (int layer = 0; layer < layers; ++layer) {
      const bool isProducer = producers.empty() || below(2) == 0;
      if (isProducer) producers.push_back(layer);
      const int source =
          isProducer ? layer : producers[static_cast<std::size_t>(below(static_cast<int>(producers.size())))];
      text += fmt::format("{}{}", text.empty() ? "" : "_", source);
      if (hasWindows && below(3) == 0) text += fmt::format("s{}", 1 + below(9));
      if (isProducer && !apart && below(3) == 0) text += fmt::format("h{}", 1 << below(3));
    }
    return text;
  };
  const std::string keys = sources(true);
  return apart ? fmt::format("k:{} v:{}", keys, sources(false)) : keys;
}

TEST(TrainingStep, HasTheGradientsOfTheTapeForRandomMaps) {
  std::mt19937 random(20261127);
  for (int round = 0; round < 20; ++round) {
    const std::string text = randomCausalMap(random, 2 + static_cast<int>(random() % 7));
    const nn::DecoderSpec spec = specOf({text, 2, {}});
    if (spec.map.layerCount() < 2) FAIL() << text;
    expectTheGradientsOfTheTape(spec, kExact, {randomBatch(spec.shape.vocabulary, 2, 13, random())}, text);
  }
}

// The 20 shapes of the paper's table 1, and its other presets, at an eighth of their width and a few layers.
TEST(TrainingStep, HasTheGradientsOfTheTapeForThePapersShapes) {
  int shapes = 0;
  for (const config::Preset& preset : config::presets()) {
    if (!preset.name.starts_with("paper-1b")) continue;
    const config::RunConfig& config = preset.config;
    nn::DecoderSpec spec = nn::decoderSpec(config.model, config::sharingMap(config.model).value());
    spec.shape.hidden = 128;
    spec.shape.feedForward = 344;
    spec.shape.vocabulary = 301;
    const double scale = 128.0 / static_cast<double>(config.model.hidden);
    spec.shape.headWidth = std::max(2, static_cast<int>(config.model.headWidth * scale));
    expectTheGradientsOfTheTape(spec, {torch::kCPU, torch::kFloat}, {randomBatch(301, 1, 21, 2)}, preset.name);
    ++shapes;
  }
  EXPECT_GE(shapes, 20);
}

// All gradients of one batch, one behind the other.
torch::Tensor gradientsOf(const nn::DecoderSpec& spec, const Place& place, const Batch& batch, bool isWritten) {
  const std::unique_ptr<nn::Decoder> decoder = decoderOf(spec, place);
  Parameters parameters(decoder->parameters());
  if (isWritten) {
    TrainingStep step(*decoder, parameters, batch.ids_BT.size(0), batch.ids_BT.size(1));
    step.accumulate(batch.ids_BT, batch.targets_BT, 1);
    step.finishGradients();
  } else {
    parameters.bindTape();
    decoder->loss(batch.ids_BT, batch.targets_BT).backward();
  }
  return parameters.gradients().to(torch::kDouble);
}

// What 8 bits leave of a gradient says little about one number; the whole must not be further from float64's than the
// tape's is.
TEST(TrainingStep, IsInBfloat16AsNearToFloat64AsTheTape) {
  double written = 0, tape = 0;
  for (const MapCase& map : mapCases()) {
    nn::DecoderSpec spec = specOf(map);
    spec.initStd = 0.2;
    spec.shape.hasQkvBias = spec.shape.hasQkNorm = map.kvHeads == 1;
    const Batch batch = randomBatch(spec.shape.vocabulary, 2, 17, 5);
    const Place place{torch::kCPU, torch::kBFloat16};
    const torch::Tensor exact = gradientsOf(spec, kExact, batch, false);
    const auto errorOf = [&](bool isWritten) {
      return ((gradientsOf(spec, place, batch, isWritten) - exact).norm() / exact.norm()).item<double>();
    };
    written += errorOf(true);
    tape += errorOf(false);
  }
  EXPECT_LT(written, 1.25 * tape);
  EXPECT_LT(tape / static_cast<double>(mapCases().size()), 0.2) << "the comparison says something";
}

TEST(TrainingStep, SeesLongSequencesInBlocks) {
  // More than one block of queries, more than one round of units, a last block that is shorter.
  for (const std::string text : {"0_0", "0s40_1s500"}) {
    nn::DecoderSpec spec = specOf({text, 2, {}});
    spec.initStd = 0.2;
    expectTheGradientsOfTheTape(spec, kExact, {randomBatch(spec.shape.vocabulary, 3, 1150, 6)}, text);
  }
}

TEST(TrainingStep, IsRepeatableToTheBit) {
  const nn::DecoderSpec spec = specOf({"0_0_2_2", 2, {}});
  const Batch batch = randomBatch(spec.shape.vocabulary, 4, 65, 8);
  const auto gradients = [&] {
    const std::unique_ptr<nn::Decoder> decoder = decoderOf(spec, {torch::kCPU, torch::kFloat});
    Parameters parameters(decoder->parameters());
    TrainingStep step(*decoder, parameters, 4, 65);
    step.accumulate(batch.ids_BT, batch.targets_BT, 1);
    step.finishGradients();
    return parameters.gradients();
  };
  const torch::Tensor first = gradients();
  for (int time = 0; time < 3; ++time) EXPECT_TRUE(torch::equal(gradients(), first));
}

TEST(TrainingStep, SaysWhichIdOrTargetIsNone) {
  const nn::DecoderSpec spec = specOf({"0_0", 2, {}});
  const std::unique_ptr<nn::Decoder> decoder = decoderOf(spec, {torch::kCPU, torch::kFloat});
  Parameters parameters(decoder->parameters());
  TrainingStep step(*decoder, parameters, 1, 3);
  const torch::Tensor ids = torch::tensor({{0, 1, 2}}, torch::kLong), none = torch::tensor({{0, 23, 2}}, torch::kLong);
  EXPECT_THROW(step.accumulate(none, ids, 1), std::out_of_range);
  EXPECT_THROW(step.accumulate(ids, none, 1), std::out_of_range);
  EXPECT_THROW(step.accumulate(ids.repeat({1, 2}), ids.repeat({1, 2}), 1), std::invalid_argument);
}

}  // namespace
}  // namespace weft::step
