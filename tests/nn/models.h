// tests/nn/models.h -- the maps and small models that the tests of engine/nn go through.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/nn/decoder.h"
#include "tests/torch_checks.h"

namespace weft::nn::test {

using namespace weft::test;

struct MapCase {
  std::string text;
  int kvHeads = 2;
  std::optional<std::int64_t> window;  // the model's
};
// Every way to share that a causal map can say, for 4 query heads.
const std::vector<MapCase>& mapCases();

// 4 query heads of width 6, hidden 14, feed-forward 10, vocabulary 23: nothing is a power of two but the heads.
DecoderSpec specOf(const MapCase& map);
// A decoder whose attention is not flat: weights as large as their inputs. On the place's device, computing in its
// type.
std::unique_ptr<Decoder> decoderOf(const DecoderSpec& spec, const Place& place, std::uint64_t seed = 1);
inline std::unique_ptr<Decoder> decoderOf(const MapCase& map, const Place& place) {
  return decoderOf(specOf(map), place);
}

// Error of a small model's logits relative to the largest: float64 and float32 sum in another order; bfloat16 rounds to
// 2^-8 some twenty times in a row, at random.
inline double modelTolerance(torch::ScalarType type) {
  if (type == torch::kDouble) return 1e-12;
  return type == torch::kFloat ? 1e-5 : 0.1;
}

const torch::Tensor& parameterOf(const Decoder& decoder, const std::string& name);

// Tests that run in several places; the instances called Cuda skip without a device.
class PlacedTest : public ::testing::TestWithParam<Place> {
 protected:
  void SetUp() override {
    if (GetParam().device == torch::kCUDA) WEFT_SKIP_WITHOUT_CUDA();
  }
};

}  // namespace weft::nn::test
