// The decoder against an implementation of its own in stock PyTorch (tests/fixtures/decoder/make_fixture.py).
#include "engine/nn/dense_kv_cache.h"
#include "tests/nn/reference_fixture.h"

namespace weft::nn::test {
namespace {

// In bfloat16, where an error of 0.1 says little, the first file alone.
std::vector<std::string> filesFor(const Place& place) {
  if (place.type == torch::kBFloat16) return {"decoder/decoder.safetensors"};
  return {"decoder/decoder.safetensors", "decoder/mixed.safetensors"};
}

class DecoderReference : public PlacedTest {};
INSTANTIATE_TEST_SUITE_P(Cpu, DecoderReference,
                         ::testing::Values(Place{torch::kCPU, torch::kFloat}, Place{torch::kCPU, torch::kDouble},
                                           Place{torch::kCPU, torch::kBFloat16}));
INSTANTIATE_TEST_SUITE_P(Cuda, DecoderReference,
                         ::testing::Values(Place{torch::kCUDA, torch::kFloat}, Place{torch::kCUDA, torch::kBFloat16}));

TEST_P(DecoderReference, HasTheLogitsLossAndGradientsOfPyTorchForEveryMap) {
  const Tolerances allowed = tolerancesOf(GetParam());
  const auto compare = [&](const ReferenceFixture& reference, const std::string& name) {
    SCOPED_TRACE(name + " " + reference.text(name + ".map"));
    const std::unique_ptr<Decoder> decoder = reference.decoder(name, GetParam());
    std::vector<std::string> names;
    for (const NamedParameter& parameter : decoder->parameters()) names.push_back(parameter.name);
    EXPECT_EQ(names, reference.weights(name));
    const torch::Tensor ids = reference.tensor(name + "/ids").to(GetParam().device),
                        targets = reference.tensor(name + "/targets").to(GetParam().device);
    EXPECT_TRUE(isClose(decoder->logits(ids), reference.tensor(name + "/logits"), allowed.value));
    const torch::Tensor loss = decoder->loss(ids, targets);
    EXPECT_TRUE(isClose(loss, reference.tensor(name + "/loss"), allowed.value));
    loss.backward();
    for (const NamedParameter& parameter : decoder->parameters()) {
      EXPECT_TRUE(
          isClose(parameter.value.grad(), reference.tensor(name + "/gradient/" + parameter.name), allowed.gradient))
          << parameter.name;
    }
  };
  for (const std::string& file : filesFor(GetParam())) {
    const ReferenceFixture reference(file);
    ASSERT_GE(reference.cases().size(), 5u);
    for (const std::string& name : reference.cases()) compare(reference, name);
  }
}

TEST_P(DecoderReference, HasTheSameLogitsThroughACacheTokenByTokenAndInUnevenChunks) {
  const torch::NoGradGuard noGrad;
  for (const std::string& file : filesFor(GetParam())) {
    const ReferenceFixture reference(file);
    for (const std::string& name : reference.cases()) {
      const std::unique_ptr<Decoder> decoder = reference.decoder(name, GetParam());
      const torch::Tensor ids = reference.tensor(name + "/ids").to(GetParam().device);
      const std::unique_ptr<KvCache> cache = makeDenseKvCache(decoder->cacheSpec(ids.size(0), ids.size(1)));
      for (const std::vector<std::int64_t>& chunks :
           {std::vector<std::int64_t>(11, 1), {11}, {7, 1, 3}, {1, 6, 2, 2}, {4, 1, 1, 1, 1, 1, 2}}) {
        SCOPED_TRACE(fmt::format("{} {}, chunks of {}", name, reference.text(name + ".map"), fmt::join(chunks, ", ")));
        cache->reset();
        std::vector<torch::Tensor> logits;
        for (const std::int64_t chunk : chunks)
          logits.push_back(decoder->logits(ids.narrow(1, cache->length(0), chunk), cache.get()));
        EXPECT_TRUE(isClose(torch::cat(logits, 1), reference.tensor(name + "/logits"), tolerancesOf(GetParam()).value));
      }
    }
  }
}

}  // namespace
}  // namespace weft::nn::test
