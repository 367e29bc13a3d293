// The memory model of the written-out step against its arenas and what the library's allocator gives beside them.
#include "engine/sharing/memory_model.h"
#include "engine/step/training_step.h"
#include "tests/live_bytes.h"
#include "tests/nn/models.h"

namespace weft::step {
namespace {

using namespace weft::nn::test;

sharing::ElementType elementType(torch::ScalarType type) {
  if (type == torch::kDouble) return sharing::ElementType::Float64;
  return type == torch::kFloat ? sharing::ElementType::Float32 : sharing::ElementType::BFloat16;
}

class StepMemory : public ::testing::TestWithParam<torch::ScalarType> {
 protected:
  Place place() const { return {torch::kCPU, GetParam()}; }

  void expectTheModel(const nn::DecoderSpec& spec, std::int64_t batch, std::int64_t tokens, const std::string& what) {
    SCOPED_TRACE(fmt::format("{}, {} x {}", what, batch, tokens));
    const sharing::TrainingMemory model =
        sharing::trainingMemory(spec.shape, spec.map,
                                {.sequence = tokens,
                                 .microBatch = batch,
                                 .parameterType = elementType(place().parameterType()),
                                 .computeType = elementType(place().type),
                                 .attention = sharing::AttentionKernel::Blocks})
            .value();
    const std::unique_ptr<nn::Decoder> decoder = decoderOf(spec, place());
    const torch::Tensor ids = randomIds({batch, tokens + 1}, spec.shape.vocabulary, 3);
    Parameters parameters(decoder->parameters());
    EXPECT_EQ(static_cast<std::int64_t>(parameters.values().nbytes()), model.parameters);
    EXPECT_EQ(static_cast<std::int64_t>(parameters.gradients().nbytes()), model.gradients);
    TrainingStep step(*decoder, parameters, batch, tokens);
    EXPECT_EQ(step.arenaBytes(), model.activations.total());
    const auto live = std::make_shared<LiveBytes>();
    const c10::DebugInfoGuard guard(c10::DebugInfoKind::PROFILER_STATE, live);
    for (int micro = 0; micro < 2; ++micro) step.accumulate(ids.narrow(1, 0, tokens), ids.narrow(1, 1, tokens), 0.5);
    step.finishGradients();
    step.takeParameters();
    EXPECT_EQ(live->now(), 0) << "nothing stays beside the arenas";
    if (place().type == torch::kBFloat16) {
      // The library's bfloat16 products take what they like beside the two copies of their factors that are counted.
      EXPECT_GE(model.workspace, 1);
    } else {
      EXPECT_EQ(live->most(), model.workspace) << "nothing is taken beside the arenas";
    }
  }
};
INSTANTIATE_TEST_SUITE_P(Types, StepMemory, ::testing::Values(torch::kDouble, torch::kFloat, torch::kBFloat16),
                         [](const auto& type) { return std::string(c10::toString(type.param)); });

TEST_P(StepMemory, IsTheArenasAndNothingBesideThemForEveryMap) {
  for (const MapCase& map : mapCases()) {
    for (const auto& [batch, tokens] : {std::pair(1, 1), std::pair(3, 7), std::pair(1, 300)})
      expectTheModel(specOf(map), batch, tokens, map.text);
  }
}

TEST_P(StepMemory, CountsTiedKvNormsUntiedHeadsBiasesAndNormsOverHeads) {
  for (const std::string text : {"0_0_2_2", "k:0_0_2_2 v:0_1_1_3", "0h1_0_2h4_2"}) {
    for (int choice = 1; choice < 16; ++choice) {
      nn::DecoderSpec spec = specOf({text, 2, {}});
      if (choice & 1) spec.shape.kvNorm = sharing::KvNorm::Tied;
      if (choice & 2) spec.shape.embedding = sharing::EmbeddingTie::Untied;
      spec.shape.hasQkvBias = choice & 4;
      spec.shape.hasQkNorm = choice & 8;
      expectTheModel(spec, 2, 5, fmt::format("{}, choice {}", text, choice));
    }
  }
}

TEST_P(StepMemory, IsLinearInTheSequence) {
  const nn::DecoderSpec spec = specOf({"0_0_2s_2s", 1, 64});
  const auto bytesAt = [&](std::int64_t tokens) {
    return sharing::trainingMemory(spec.shape, spec.map,
                                   {.sequence = tokens,
                                    .microBatch = 1,
                                    .parameterType = elementType(place().parameterType()),
                                    .computeType = elementType(place().type),
                                    .attention = sharing::AttentionKernel::Blocks})
        .value()
        .activations.total();
  };
  // Linear in pieces: tiles are cut narrower until a block has its fewest queries.
  EXPECT_LT(static_cast<double>(bytesAt(1 << 17)), 16.5 * static_cast<double>(bytesAt(1 << 13)));
}

}  // namespace
}  // namespace weft::step
