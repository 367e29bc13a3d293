#include "engine/nn/decoder.h"

#include <set>

#include "engine/kernels/cross_entropy.h"
#include "engine/sharing/cost_model.h"
#include "engine/sharing/map_text.h"
#include "tests/nn/models.h"

namespace weft::nn::test {
namespace {

ErrorCode codeOf(const DecoderSpec& spec) {
  const Result<std::unique_ptr<Decoder>> made = Decoder::create(spec, 1, torch::kCPU);
  EXPECT_FALSE(made.has_value());
  return made ? ErrorCode::Internal : made.error().code;
}

TEST(Decoder, HasTheParametersOfTheCostModelForEveryMap) {
  const auto check = [](const DecoderSpec& spec, const std::string& map) {
    const std::unique_ptr<Decoder> decoder = decoderOf(spec, Place{});
    EXPECT_EQ(decoder->parameterCount(), sharing::cost(spec.shape, spec.map, {})->parameters.total()) << map;
    std::set<std::string> names;
    for (const NamedParameter& parameter : decoder->parameters()) {
      EXPECT_TRUE(names.insert(parameter.name).second) << parameter.name << " twice";
      EXPECT_EQ(parameter.decays, parameter.value.dim() == 2) << parameter.name;
      EXPECT_TRUE(parameter.value.is_leaf() && parameter.value.requires_grad() && parameter.value.is_contiguous())
          << parameter.name;
    }
  };
  for (const MapCase& map : mapCases()) {
    for (int choice = 0; choice < 16; ++choice) {
      DecoderSpec spec = specOf(map);
      spec.shape.kvNorm = choice & 1 ? sharing::KvNorm::Tied : sharing::KvNorm::Own;
      spec.shape.embedding = choice & 2 ? sharing::EmbeddingTie::Untied : sharing::EmbeddingTie::Tied;
      spec.shape.hasQkvBias = choice & 4;
      spec.shape.hasQkNorm = choice & 8;
      check(spec, map.text);
    }
  }
}

TEST(Decoder, DrawsTheSameNumbersForASeedInEveryTypeAndOthersForAnother) {
  const DecoderSpec spec = specOf({"0_0_2_2", 1});
  const auto made = [&](std::uint64_t seed, torch::ScalarType type) {
    return std::move(Decoder::create(spec, seed, torch::kCPU, type).value());
  };
  const std::unique_ptr<Decoder> one = made(1, torch::kFloat), again = made(1, torch::kFloat),
                                 doubled = made(1, torch::kDouble), two = made(2, torch::kFloat);
  for (std::size_t i = 0; i < one->parameters().size(); ++i) {
    const torch::Tensor& value = one->parameters()[i].value;
    EXPECT_TRUE(isBitwise(again->parameters()[i].value, value));
    EXPECT_TRUE(isBitwise(doubled->parameters()[i].value, value.to(torch::kDouble)));
    EXPECT_NE(torch::equal(two->parameters()[i].value, value), one->parameters()[i].decays)
        << one->parameters()[i].name;
  }
}

TEST(Decoder, DrawsWithTheConfiguredSpread) {
  DecoderSpec spec = specOf({"0_0", 2});
  spec.shape.hidden = 64;
  spec.shape.vocabulary = 500;
  spec.shape.feedForward = 96;
  spec.initStd = 0.05;
  spec.scaledInit = true;
  const std::unique_ptr<Decoder> decoder = std::move(Decoder::create(spec, 3, torch::kCPU).value());
  for (const NamedParameter& parameter : decoder->parameters()) {
    if (!parameter.decays) {
      EXPECT_TRUE(torch::equal(parameter.value, torch::ones_like(parameter.value))) << parameter.name;
      continue;
    }
    const bool writesIntoTheStream =
        parameter.name.ends_with("output.weight") || parameter.name.ends_with("down.weight");
    const double expected = writesIntoTheStream ? 0.05 / std::sqrt(2.0 * 2) : 0.05;
    // At least 768 numbers: the spread is known to 1 / sqrt(2 * 768) = 2.6 %.
    EXPECT_NEAR(parameter.value.std().item<double>() / expected, 1, 0.12) << parameter.name;
    EXPECT_NEAR(parameter.value.mean().item<double>() / expected, 0, 0.15) << parameter.name;
  }
}

TEST(Decoder, RefusesWhatItCannotBuild) {
  const auto changed = [](const std::function<void(DecoderSpec&)>& change) {
    DecoderSpec spec = specOf({"0_1", 2});
    change(spec);
    return codeOf(spec);
  };
  EXPECT_EQ(changed([](DecoderSpec& spec) { spec.shape.vocabulary = 0; }), ErrorCode::InvalidInput);
  EXPECT_EQ(changed([](DecoderSpec& spec) { spec.shape.layers = 3; }), ErrorCode::InvalidInput);
  EXPECT_EQ(changed([](DecoderSpec& spec) { spec.shape.kvHeads = 3; }), ErrorCode::InvalidInput);
  EXPECT_EQ(changed([](DecoderSpec& spec) { spec.shape.hidden = 0; }), ErrorCode::InvalidInput);
  EXPECT_EQ(changed([](DecoderSpec& spec) { spec.shape.headWidth = -6; }), ErrorCode::InvalidInput);
  EXPECT_EQ(changed([](DecoderSpec& spec) { spec.shape.forwardPasses = -1; }), ErrorCode::InvalidInput);
  EXPECT_EQ(changed([](DecoderSpec& spec) { spec.shape.backwardPasses = 0; }), ErrorCode::InvalidInput);
}

TEST(Decoder, ComputesOddAndSmallestSizes) {
  const torch::NoGradGuard noGrad;
  for (const std::int64_t headWidth : {1, 3, 7}) {
    for (const std::int64_t hidden : {1, 13}) {
      DecoderSpec spec = specOf({"0_0_2", 1});
      spec.shape.headWidth = static_cast<int>(headWidth);
      spec.shape.hidden = hidden;
      spec.shape.feedForward = 1;
      spec.shape.queryHeads = 3;
      const std::unique_ptr<Decoder> decoder = decoderOf(spec, Place{});
      const torch::Tensor logits = decoder->logits(randomIds({1, 5}, 23, 1));
      EXPECT_EQ(logits.sizes(), torch::IntArrayRef({1, 5, 23}));
      EXPECT_TRUE(torch::isfinite(logits).all().item<bool>()) << headWidth << " " << hidden;
    }
  }
}

TEST(Decoder, HasNoLossWithAVocabularyOfOne) {
  DecoderSpec spec = specOf({"0_0", 2});
  spec.shape.vocabulary = 1;
  const torch::Tensor ids = torch::zeros({2, 3}, torch::kLong);
  EXPECT_EQ(decoderOf(spec, Place{})->loss(ids, ids).item<double>(), 0);
}

TEST(Decoder, ComputesOneTokenAndNoTokensAndNoSequences) {
  for (const MapCase& map : mapCases()) {
    const std::unique_ptr<Decoder> decoder = decoderOf(map, kExact);
    const torch::Tensor ids = randomIds({2, 6}, 23, 2);
    EXPECT_TRUE(isClose(decoder->logits(ids.narrow(1, 0, 1)), decoder->logits(ids).narrow(1, 0, 1), 1e-12)) << map.text;
    EXPECT_EQ(decoder->logits(ids.narrow(1, 0, 0)).sizes(), torch::IntArrayRef({2, 0, 23})) << map.text;
    EXPECT_EQ(decoder->logits(ids.narrow(0, 0, 0)).sizes(), torch::IntArrayRef({0, 6, 23})) << map.text;
    const torch::Tensor loss = decoder->loss(ids.narrow(1, 0, 0), ids.narrow(1, 0, 0));
    EXPECT_EQ(loss.item<double>(), 0) << map.text;
    loss.backward();
  }
}

TEST(Decoder, ComputesEverySequenceOfABatchAsIfAlone) {
  const torch::NoGradGuard noGrad;
  for (const MapCase& map : mapCases()) {
    const std::unique_ptr<Decoder> decoder = decoderOf(map, kExact);
    const torch::Tensor ids = randomIds({3, 8}, 23, 3), together = decoder->logits(ids);
    for (std::int64_t row = 0; row < 3; ++row) {
      EXPECT_TRUE(isClose(decoder->logits(ids.narrow(0, row, 1)), together.narrow(0, row, 1), 1e-12)) << map.text;
    }
  }
}

TEST(Decoder, SeesNoLaterToken) {
  const torch::NoGradGuard noGrad;
  for (const MapCase& map : mapCases()) {
    const std::unique_ptr<Decoder> decoder = decoderOf(map, kExact);
    const torch::Tensor ids = randomIds({1, 8}, 23, 4);
    torch::Tensor changed = ids.clone();
    changed[0][5] = (ids[0][5] + 1) % 23;
    const torch::Tensor before = decoder->logits(ids), after = decoder->logits(changed);
    EXPECT_TRUE(isClose(after.narrow(1, 0, 5), before.narrow(1, 0, 5), 1e-12)) << map.text;
    EXPECT_GT(relativeError(after.narrow(1, 5, 1), before.narrow(1, 5, 1)), 1e-3) << map.text;
  }
}

TEST(Decoder, SeesNothingBeyondItsWindows) {
  // Two layers with a window of 3: token 4 sees 2, 3, 4, and those see back to token 0; token 5 does not.
  const torch::NoGradGuard noGrad;
  const std::unique_ptr<Decoder> decoder = decoderOf(MapCase{"0s3_1s3", 2}, kExact);
  const torch::Tensor ids = randomIds({1, 8}, 23, 5);
  torch::Tensor changed = ids.clone();
  changed[0][0] = (ids[0][0] + 1) % 23;
  const torch::Tensor before = decoder->logits(ids), after = decoder->logits(changed);
  EXPECT_GT(relativeError(after.narrow(1, 4, 1), before.narrow(1, 4, 1)), 1e-6);
  EXPECT_TRUE(isClose(after.narrow(1, 5, 3), before.narrow(1, 5, 3), 1e-12));
}

TEST(Decoder, HasTheMeanCrossEntropyOfItsLogitsAsLoss) {
  const std::unique_ptr<Decoder> decoder = decoderOf(MapCase{"0_0", 2}, kExact);
  const torch::Tensor ids = randomIds({2, 5}, 23, 6);
  torch::Tensor targets = randomIds({2, 5}, 23, 7);
  targets[1][1] = -1;
  const torch::Tensor picked =
      torch::log_softmax(decoder->logits(ids), -1).gather(2, targets.clamp_min(0).unsqueeze(2)).squeeze(2);
  EXPECT_NEAR(decoder->loss(ids, targets).item<double>(), -(picked.sum() - picked[1][1]).item<double>() / 9, 1e-12);
}

TEST(Decoder, ComputesInBfloat16NearFloat32WithGradientsInTheParametersType) {
  for (const MapCase& map : mapCases()) {
    const std::unique_ptr<Decoder> decoder = decoderOf(map, Place{});
    const torch::Tensor ids = randomIds({2, 9}, 23, 8), targets = randomIds({2, 9}, 23, 9);
    const torch::Tensor exactLogits = decoder->logits(ids).detach(), exactLoss = decoder->loss(ids, targets).detach();
    decoder->setComputeType(torch::kBFloat16);
    const torch::Tensor logits = decoder->logits(ids), loss = decoder->loss(ids, targets);
    EXPECT_EQ(logits.scalar_type(), torch::kBFloat16);
    EXPECT_EQ(loss.scalar_type(), torch::kFloat);
    EXPECT_TRUE(isClose(logits, exactLogits, modelTolerance(torch::kBFloat16))) << map.text;
    EXPECT_TRUE(isClose(loss, exactLoss, modelTolerance(torch::kBFloat16) / 2)) << map.text;
    loss.backward();
    for (const NamedParameter& parameter : decoder->parameters())
      EXPECT_EQ(parameter.value.grad().scalar_type(), torch::kFloat);
  }
}

TEST(Decoder, ThrowsForIdsThatDoNotFit) {
  const std::unique_ptr<Decoder> decoder = decoderOf(MapCase{"0_0", 2}, Place{});
  const torch::Tensor ids = randomIds({2, 5}, 23, 10);
  EXPECT_THROW(decoder->logits(ids[0]), std::invalid_argument);
  EXPECT_THROW(decoder->loss(ids, ids.narrow(1, 0, 4)), std::invalid_argument);
  EXPECT_THROW(decoder->logits(torch::full({1, 2}, 23, torch::kLong)), std::exception);
  EXPECT_THROW(decoder->logits(torch::full({1, 2}, -1, torch::kLong)), std::exception);
  EXPECT_THROW(decoder->loss(ids, torch::full({2, 5}, 23, torch::kLong)), std::out_of_range);
}

}  // namespace
}  // namespace weft::nn::test
