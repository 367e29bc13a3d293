// The memory model of engine/sharing against the bytes that are alive in a real training step: torch's CPU allocator
// tells each allocation and each release to whoever listens.
#include <algorithm>
#include <string>

#include "engine/device/device.h"
#include "engine/nn/decoder.h"
#include "engine/sharing/map_text.h"
#include "engine/sharing/memory_model.h"
#include "tests/live_bytes.h"
#include "tests/nn/models.h"

using namespace weft;
using namespace weft::nn;
using namespace weft::nn::test;

namespace {

struct Measured {
  std::int64_t kept = 0;       // between forward and backward
  std::int64_t peak = 0;       // in the whole step, gradients not counted
  std::int64_t gradients = 0;  // kept behind the backward pass
};

Measured measure(Decoder& decoder, std::int64_t batch, std::int64_t tokens) {
  const torch::Tensor ids = torch::randint(decoder.spec().shape.vocabulary, {batch, tokens}, torch::kLong);
  Measured measured;
  const auto step = [&] {
    const auto live = std::make_shared<LiveBytes>();
    const c10::DebugInfoGuard guard(c10::DebugInfoKind::PROFILER_STATE, live);
    {
      torch::Tensor loss = decoder.loss(ids, ids);
      measured.kept = live->now();
      loss.backward();
    }
    measured.peak = live->most();
    return live->now();
  };
  measured.gradients = step();
  step();  // the gradients are there now, as for every micro batch but the first
  for (NamedParameter& parameter : decoder.parameters()) parameter.value.mutable_grad().reset();
  return measured;
}

sharing::TrainingMemory predicted(const DecoderSpec& spec, const Place& place, std::int64_t batch,
                                  std::int64_t tokens) {
  const auto type = [](torch::ScalarType scalar) {
    if (scalar == torch::kDouble) return sharing::ElementType::Float64;
    return scalar == torch::kFloat ? sharing::ElementType::Float32 : sharing::ElementType::BFloat16;
  };
  return sharing::trainingMemory(spec.shape, spec.map,
                                 {.sequence = tokens,
                                  .microBatch = batch,
                                  .parameterType = type(place.parameterType()),
                                  .computeType = type(place.type),
                                  .attention = sharing::AttentionKernel::Explicit})
      .value();
}

class TrainingMemoryOnCpu : public ::testing::TestWithParam<torch::ScalarType> {
 protected:
  Place place() const { return {torch::kCPU, GetParam()}; }
};

}  // namespace

TEST_P(TrainingMemoryOnCpu, IsWhatIsAliveBetweenForwardAndBackwardForEveryMap) {
  for (const MapCase& map : mapCases()) {
    for (const auto& [batch, tokens] : {std::pair(1, 1), std::pair(1, 9), std::pair(3, 1), std::pair(3, 7)}) {
      const DecoderSpec spec = specOf(map);
      const std::unique_ptr<Decoder> decoder = decoderOf(spec, place());
      const Measured measured = measure(*decoder, batch, tokens);
      const sharing::TrainingMemory memory = predicted(spec, place(), batch, tokens);
      EXPECT_EQ(measured.kept, memory.activations.total())
          << map.text << ", " << map.kvHeads << " KV heads, " << batch << " x " << tokens;
      EXPECT_EQ(measured.gradients, memory.gradients) << map.text;
    }
  }
}

TEST_P(TrainingMemoryOnCpu, CountsATiedKvNormAndAnUntiedHead) {
  for (const std::string map : {"0_0_2_2", "k:0_0_2_2 v:0_1_1_3"}) {
    DecoderSpec spec = specOf({map, 2, {}});
    spec.shape.kvNorm = sharing::KvNorm::Tied;
    spec.shape.embedding = sharing::EmbeddingTie::Untied;
    const std::unique_ptr<Decoder> decoder = decoderOf(spec, place());
    EXPECT_EQ(measure(*decoder, 2, 5).kept, predicted(spec, place(), 2, 5).activations.total()) << map;
  }
}

TEST_P(TrainingMemoryOnCpu, CountsBiasesAndNormsOverHeads) {
  for (const std::string map : {"0_0_2_2", "k:0_0_2_2 v:0_1_1_3", "0h1_0_2h4_2"}) {
    for (int choice = 1; choice < 4; ++choice) {
      DecoderSpec spec = specOf({map, 2, {}});
      spec.shape.hasQkvBias = choice & 1;
      spec.shape.hasQkNorm = choice & 2;
      const std::unique_ptr<Decoder> decoder = decoderOf(spec, place());
      for (const auto& [batch, tokens] : {std::pair(1, 1), std::pair(2, 5)}) {
        const Measured measured = measure(*decoder, batch, tokens);
        const sharing::TrainingMemory memory = predicted(spec, place(), batch, tokens);
        EXPECT_EQ(measured.kept, memory.activations.total()) << map << ", " << choice;
        EXPECT_EQ(measured.gradients, memory.gradients) << map << ", " << choice;
      }
    }
  }
}

TEST_P(TrainingMemoryOnCpu, BoundsMapsThatReadUpward) {
  for (const std::string text : {"0_2_2_3", "3_3_3_3"}) {
    DecoderSpec spec = specOf({"0_1_2_3", 2, {}});
    spec.map = sharing::parseMap(text, {.upward = sharing::UpwardReads::Allow}).value();
    spec.shape.hasQkvBias = spec.shape.hasQkNorm = text == "0_2_2_3";
    const std::unique_ptr<Decoder> decoder = decoderOf(spec, place());
    const std::int64_t kept = measure(*decoder, 2, 12).kept,
                       bound = predicted(spec, place(), 2, 12).activations.total();
    EXPECT_LE(kept, bound) << text;
    EXPECT_GE(kept, bound / 2) << text;
  }
}

// A vocabulary as large beside the layers as in real models: there the logits and their gradient are the peak.
TEST_P(TrainingMemoryOnCpu, PeaksWhereTheLogitsStandTwice) {
  DecoderSpec spec = specOf({"0_0_2_2", 1, {}});
  spec.shape.vocabulary = 1200;
  const std::unique_ptr<Decoder> decoder = decoderOf(spec, place());
  const Measured measured = measure(*decoder, 4, 16);
  const sharing::TrainingMemory memory = predicted(spec, place(), 4, 16);
  const std::int64_t step = memory.peak() - memory.resident();
  // On the CPU a product whose operands differ in type takes a float32 copy of what is bfloat16 and of its result: the
  // loss's gradient, scaled.
  const std::int64_t copies = GetParam() == torch::kBFloat16 ? std::int64_t{2} * 4 * 16 * spec.shape.vocabulary * 4 : 0;
  EXPECT_GE(measured.peak, step);
  EXPECT_LE(static_cast<double>(measured.peak), 1.1 * static_cast<double>(step + copies));
}

INSTANTIATE_TEST_SUITE_P(Types, TrainingMemoryOnCpu, ::testing::Values(torch::kFloat, torch::kBFloat16, torch::kDouble),
                         [](const auto& one) { return std::string(c10::toString(one.param)); });

TEST(TrainingMemoryOnCuda, IsWithinAPercentOfWhatTheAllocatorHolds) {
  WEFT_SKIP_WITHOUT_CUDA();
  DecoderSpec spec;
  spec.map = sharing::parseMap("0_0_2_2", {}).value();
  spec.shape = {.layers = 4,
                .hidden = 512,
                .feedForward = 1376,
                .vocabulary = 4096,
                .queryHeads = 8,
                .kvHeads = 2,
                .headWidth = 64};
  const std::unique_ptr<Decoder> decoder = decoderOf(spec, {torch::kCUDA, torch::kBFloat16});
  const torch::Tensor ids =
      torch::randint(4096, {4, 512}, torch::TensorOptions().dtype(torch::kLong).device(torch::kCUDA));
  decoder->loss(ids, ids).backward();  // what libraries keep for themselves is there from now on
  const std::int64_t before = device::readMemory(decoder->device()).allocated.value();
  const torch::Tensor loss = decoder->loss(ids, ids);
  const std::int64_t kept = device::readMemory(decoder->device()).allocated.value() - before;
  const sharing::TrainingMemory memory =
      sharing::trainingMemory(spec.shape, spec.map, {.sequence = 512, .microBatch = 4}).value();
  const auto counted = static_cast<double>(memory.activations.total());
  EXPECT_NEAR(static_cast<double>(kept), counted, 0.01 * counted);
}
