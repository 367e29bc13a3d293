// tests/infer/models.h -- small models over many sharing maps, and the caches to read them through.
#pragma once

#include <gtest/gtest.h>
#include <torch/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/nn/cache_factory.h"
#include "engine/nn/decoder.h"

namespace weft::infer_test {

inline constexpr int kLayers = 6;
inline constexpr std::int64_t kVocabulary = 31;
inline constexpr std::int64_t kModelWindow = 7;  // what "s" means

// A dozen maps: the generators, windows of the model and of a layer, head counts of a producer, K and V from different
// layers.
const std::vector<std::string>& dozenMaps();

nn::DecoderSpec specOf(const std::string& map);
// Initial weights ten times as wide as in training, so that the logits of an untrained model differ clearly.
std::unique_ptr<nn::Decoder> makeDecoder(const std::string& map, torch::ScalarType type = torch::kFloat,
                                         std::uint64_t seed = 1);
std::unique_ptr<nn::Decoder> makeDecoder(const nn::DecoderSpec& spec, torch::ScalarType type = torch::kFloat,
                                         std::uint64_t seed = 1);

std::vector<std::int64_t> randomIds(std::int64_t count, unsigned seed = 5);
nn::CacheFactory cacheOf(const std::string& plugin);

class InferTest : public ::testing::Test {
 protected:
  InferTest();  // one thread: the models are too small for two
};

}  // namespace weft::infer_test
