// The decoder against an implementation of its own in stock PyTorch (tests/fixtures/decoder/make_fixture.py).
#include "engine/nn/dense_kv_cache.h"
#include "tests/nn/reference_fixture.h"

namespace weft::nn::test {
namespace {

class DecoderReference : public PlacedTest {};
INSTANTIATE_TEST_SUITE_P(Cpu, DecoderReference,
                         ::testing::Values(Place{torch::kCPU, torch::kFloat}, Place{torch::kCPU, torch::kDouble},
                                           Place{torch::kCPU, torch::kBFloat16}));
INSTANTIATE_TEST_SUITE_P(Cuda, DecoderReference, ::testing::Values(Place{torch::kCUDA, torch::kFloat}, Place{torch::kCUDA, torch::kBFloat16}));

TEST_P(DecoderReference, HasTheLogitsLossAndGradientsOfPyTorchForEveryMap) {
  const ReferenceFixture reference("decoder/decoder.safetensors");
  ASSERT_GE(reference.cases().size(), 11u);
  const Tolerances allowed = tolerancesOf(GetParam());
  for (const std::string& name : reference.cases()) {
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
      EXPECT_TRUE(isClose(parameter.value.grad(), reference.tensor(name + "/gradient/" + parameter.name), allowed.gradient)) << parameter.name;
    }
  }
}

TEST_P(DecoderReference, HasTheSameLogitsTokenByTokenThroughACache) {
  const ReferenceFixture reference("decoder/decoder.safetensors");
  const torch::NoGradGuard noGrad;
  for (const std::string& name : reference.cases()) {
    SCOPED_TRACE(name + " " + reference.text(name + ".map"));
    const std::unique_ptr<Decoder> decoder = reference.decoder(name, GetParam());
    const torch::Tensor ids = reference.tensor(name + "/ids").to(GetParam().device);
    const std::unique_ptr<KvCache> cache = makeDenseKvCache(decoder->cacheSpec(ids.size(0), ids.size(1)));
    std::vector<torch::Tensor> logits;
    for (std::int64_t t = 0; t < ids.size(1); ++t) logits.push_back(decoder->logits(ids.narrow(1, t, 1), cache.get()));
    EXPECT_TRUE(isClose(torch::cat(logits, 1), reference.tensor(name + "/logits"), tolerancesOf(GetParam()).value));
  }
}

}  // namespace
}  // namespace weft::nn::test
