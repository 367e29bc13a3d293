#include "tests/nn/models.h"

#include "engine/sharing/map_text.h"

namespace weft::nn::test {

const std::vector<MapCase>& mapCases() {
  static const std::vector<MapCase> cases{
      {"0_1_2_3", 4},
      {"0_1_2_3", 2},
      {"0_1_2_3", 1},
      {"0_0_2_2", 1},
      {"0_1_1_1_4_4_4_7_7_7", 2},
      {"0_0_0_0", 4},
      {"0_1_0_1", 1},
      {"k:0_0_2_2 v:0_1_1_3", 2},
      {"k:0h1_0_0_0 v:0_1h1_1_0", 2},
      {"0h1_0_2h4_2", 2},
      {"0s_0s_2_2", 2, 4},
      {"0s3_1_0s3_1", 1},
      {"0s1_1s2_1s5_1s", 2, 3},
      {"0s100_0_2s_2s", 2, 6},
      {"k:0s3_1s3_1_0s2 v:0_0_2_2", 2},
  };
  return cases;
}

DecoderSpec specOf(const MapCase& map) {
  DecoderSpec spec;
  const Result<sharing::SharingMap> parsed = sharing::parseMap(map.text, {});
  EXPECT_TRUE(parsed.has_value()) << map.text;
  if (parsed) spec.map = *parsed;
  spec.shape = {.layers = spec.map.layerCount(),
                .hidden = 14,
                .feedForward = 10,
                .vocabulary = 23,
                .queryHeads = 4,
                .kvHeads = map.kvHeads,
                .headWidth = 6,
                .window = map.window};
  spec.initStd = 0.4;
  spec.scaledInit = false;
  return spec;
}

std::unique_ptr<Decoder> decoderOf(const DecoderSpec& spec, const Place& place, std::uint64_t seed) {
  Result<std::unique_ptr<Decoder>> made = Decoder::create(spec, seed, place.device, place.parameterType());
  EXPECT_TRUE(made.has_value()) << made.error().message;
  const torch::NoGradGuard noGrad;
  for (NamedParameter& parameter : (*made)->parameters()) {
    // Norms of all ones would hide a norm that is left out or taken twice.
    if (!parameter.decays)
      parameter.value.add_(
          randomTensor(parameter.value.sizes(), seed + parameter.name.size(), 0.2).to(parameter.value.options()));
  }
  (*made)->setComputeType(place.type);
  return std::move(*made);
}

const torch::Tensor& parameterOf(const Decoder& decoder, const std::string& name) {
  for (const NamedParameter& parameter : decoder.parameters()) {
    if (parameter.name == name) return parameter.value;
  }
  throw std::out_of_range(name);
}

}  // namespace weft::nn::test
