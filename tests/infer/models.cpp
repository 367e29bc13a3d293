#include "tests/infer/models.h"

#include <ATen/Parallel.h>

#include <random>

#include "engine/sharing/map_text.h"

namespace weft::infer_test {

const std::vector<std::string>& dozenMaps() {
  static const std::vector<std::string> maps{"identity",
                                             "cla2",
                                             "cla3",
                                             "cla4",
                                             "keep-ends",
                                             "dense-front",
                                             "0_0_0_0_0_0",
                                             "0s_0s_2s_2s_4s_4s",
                                             "0s3_0_2s5_2s4_4s_4s11",
                                             "0h2_0_2h4_2_4_4",
                                             "k:0_0_2_2_4_4 v:0_1_1_3_3_5",
                                             "k:0s_0s_0s_3s2_3s2_3s2 v:0_1_2_3_4_5"};
  return maps;
}

nn::DecoderSpec specOf(const std::string& map) {
  nn::DecoderSpec spec;
  spec.shape = {.layers = kLayers,
                .hidden = 24,
                .feedForward = 20,
                .vocabulary = kVocabulary,
                .queryHeads = 4,
                .kvHeads = 1,
                .headWidth = 6,
                .window = kModelWindow};
  spec.map = sharing::parseMap(map, {.layers = kLayers}).value();
  spec.initStd = 0.2;
  return spec;
}

std::unique_ptr<nn::Decoder> makeDecoder(const nn::DecoderSpec& spec, torch::ScalarType type, std::uint64_t seed) {
  return nn::Decoder::create(spec, seed, torch::kCPU, type).value();
}

std::unique_ptr<nn::Decoder> makeDecoder(const std::string& map, torch::ScalarType type, std::uint64_t seed) {
  return makeDecoder(specOf(map), type, seed);
}

std::vector<std::int64_t> randomIds(std::int64_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<std::int64_t> ids(static_cast<std::size_t>(count));
  for (std::int64_t& id : ids) id = static_cast<std::int64_t>(random() % kVocabulary);
  return ids;
}

nn::CacheFactory cacheOf(const std::string& plugin) { return nn::CacheFactory::create(plugin).value(); }

InferTest::InferTest() { at::set_num_threads(1); }

}  // namespace weft::infer_test
