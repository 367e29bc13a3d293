// The decoder against an implementation of its own in stock PyTorch (tests/fixtures/decoder/make_fixture.py).
#include "engine/nn/dense_kv_cache.h"
#include "engine/nn/safetensors.h"
#include "engine/sharing/map_text.h"
#include "tests/nn/models.h"

namespace weft::nn::test {
namespace {

class Fixture {
 public:
  Fixture() {
    Result<TensorFile> read = readSafetensors(fixture("decoder/decoder.safetensors"));
    EXPECT_TRUE(read.has_value()) << read.error().message;
    if (read) m_file = std::move(*read);
  }
  std::string text(const std::string& key) const { return m_file.metadata.at(key); }
  std::int64_t number(const std::string& key) const { return std::stoll(text(key)); }
  const torch::Tensor& tensor(const std::string& key) const {
    const torch::Tensor* found = m_file.find(key);
    if (!found) throw std::out_of_range(key);
    return *found;
  }
  std::vector<std::string> cases() const {
    std::vector<std::string> names;
    const std::string all = text("cases");
    for (std::size_t begin = 0; begin < all.size();) {
      const std::size_t end = std::min(all.find(' ', begin), all.size());
      names.push_back(all.substr(begin, end - begin));
      begin = end + 1;
    }
    return names;
  }
  // Names of all weights of a case, in file order.
  std::vector<std::string> weights(const std::string& name) const {
    std::vector<std::string> found;
    const std::string prefix = name + "/weight/";
    for (const auto& [key, tensor] : m_file.tensors) {
      if (key.starts_with(prefix)) found.push_back(key.substr(prefix.size()));
    }
    return found;
  }

  DecoderSpec spec(const std::string& name) const {
    DecoderSpec spec;
    spec.map = sharing::parseMap(text(name + ".map"), {}).value();
    const std::int64_t window = number(name + ".window");
    spec.shape = {.layers = static_cast<int>(number(name + ".layers")),
                  .hidden = number("hidden"),
                  .feedForward = number("feed_forward"),
                  .vocabulary = number("vocabulary"),
                  .queryHeads = static_cast<int>(number(name + ".query_heads")),
                  .kvHeads = static_cast<int>(number(name + ".kv_heads")),
                  .headWidth = static_cast<int>(number("head_width")),
                  .embedding = number(name + ".tied_head") ? sharing::EmbeddingTie::Tied : sharing::EmbeddingTie::Untied,
                  .kvNorm = number(name + ".tied_norm") ? sharing::KvNorm::Tied : sharing::KvNorm::Own,
                  .window = window > 0 ? std::optional(window) : std::nullopt};
    return spec;
  }

  // The decoder with the case's weights, on the place's device.
  std::unique_ptr<Decoder> decoder(const std::string& name, const Place& place) const {
    std::unique_ptr<Decoder> made = std::move(Decoder::create(spec(name), std::nullopt, place.device, place.parameterType()).value());
    made->setComputeType(place.type);
    const torch::NoGradGuard noGrad;
    for (NamedParameter& parameter : made->parameters()) parameter.value.copy_(tensor(name + "/weight/" + parameter.name));
    return made;
  }

 private:
  TensorFile m_file;
};

struct Tolerances {
  double value = 0, gradient = 0;
};
// float64: the fixture is stored in float32. bfloat16: see modelTolerance; gradients pass every rounding twice.
Tolerances tolerancesOf(const Place& place) {
  if (place.type == torch::kDouble) return {2e-7, 2e-7};
  if (place.type == torch::kFloat) return place.device == torch::kCPU ? Tolerances{1e-5, 1e-5} : Tolerances{3e-5, 3e-5};
  return {modelTolerance(torch::kBFloat16), 2 * modelTolerance(torch::kBFloat16)};
}

class DecoderReference : public PlacedTest {};
INSTANTIATE_TEST_SUITE_P(Cpu, DecoderReference,
                         ::testing::Values(Place{torch::kCPU, torch::kFloat}, Place{torch::kCPU, torch::kDouble},
                                           Place{torch::kCPU, torch::kBFloat16}));
INSTANTIATE_TEST_SUITE_P(Cuda, DecoderReference, ::testing::Values(Place{torch::kCUDA, torch::kFloat}, Place{torch::kCUDA, torch::kBFloat16}));

TEST_P(DecoderReference, HasTheLogitsLossAndGradientsOfPyTorchForEveryMap) {
  const Fixture reference;
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
  const Fixture reference;
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
