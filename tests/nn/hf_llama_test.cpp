// With the identity map and the KV norm tied the decoder is Llama, with QKV biases Qwen2, with QK norm Qwen3: the one
// of Hugging Face, with random weights (tests/fixtures/hf_llama).
#include "engine/kernels/rope.h"
#include "engine/nn/dense_kv_cache.h"
#include "tests/nn/hf_llama_fixture.h"
#include "tests/nn/models.h"
#include "tests/nn/wrapped_cache.h"

namespace weft::nn::test {
namespace {

// max |ours - theirs| / max |theirs| of each tensor. Theirs is float32 with its own rounding, so float64 here is no
// nearer to it. The CUDA figure is that of the decoder reference.
double allowed(const Place& place) { return place.device == torch::kCPU ? 1e-5 : 3e-5; }

class HfLlama : public ::testing::TestWithParam<std::tuple<Place, const char*>> {
 protected:
  void SetUp() override {
    if (place().device == torch::kCUDA) WEFT_SKIP_WITHOUT_CUDA();
  }
  static Place place() { return std::get<0>(GetParam()); }
  const HfLlamaFixture m_theirs{std::get<1>(GetParam())};
};
constexpr const char* kFiles[] = {"llama.safetensors", "scaled.safetensors", "qwen.safetensors"};
INSTANTIATE_TEST_SUITE_P(Cpu, HfLlama,
                         ::testing::Combine(::testing::Values(Place{torch::kCPU, torch::kFloat},
                                                              Place{torch::kCPU, torch::kDouble}),
                                            ::testing::ValuesIn(kFiles)));
INSTANTIATE_TEST_SUITE_P(Cuda, HfLlama,
                         ::testing::Combine(::testing::Values(Place{torch::kCUDA, torch::kFloat}),
                                            ::testing::ValuesIn(kFiles)));

TEST_P(HfLlama, HasOurLogitsLossAndGradientsOfAllParameters) {
  ASSERT_GE(m_theirs.cases().size(), 5u);
  for (const std::string& name : m_theirs.cases()) {
    SCOPED_TRACE(name);
    const std::unique_ptr<Decoder> decoder = m_theirs.decoder(name, place());
    EXPECT_EQ(decoder->parameterCount(), m_theirs.elements(name, "weight"));
    EXPECT_EQ(decoder->parameterCount(), m_theirs.elements(name, "gradient"));
    const torch::Tensor ids = m_theirs.tensor(name + "/ids").to(place().device);
    EXPECT_TRUE(isClose(decoder->logits(ids), m_theirs.tensor(name + "/logits"), allowed(place())));
    // Theirs compares the logits of a position with the label behind it.
    const torch::Tensor labels = m_theirs.tensor(name + "/labels").to(place().device);
    const torch::Tensor targets = torch::cat(
        {labels.narrow(1, 1, labels.size(1) - 1), torch::full({labels.size(0), 1}, -100, labels.options())}, 1);
    const torch::Tensor loss = decoder->loss(ids, targets);
    EXPECT_TRUE(isClose(loss, m_theirs.tensor(name + "/loss"), allowed(place())));
    loss.backward();
    for (const NamedParameter& parameter : decoder->parameters()) {
      EXPECT_TRUE(isClose(parameter.value.grad(), m_theirs.of(name, "gradient", parameter.name), allowed(place())))
          << parameter.name;
    }
  }
}

TEST_P(HfLlama, HasOurLogitsAtEveryStepOfItsGreedyContinuation) {
  // Through caches on both sides, fed with its tokens: for dynamic scaling beyond the original context this is more
  // than the logits above.
  const torch::NoGradGuard noGrad;
  for (const std::string& name : m_theirs.cases()) {
    SCOPED_TRACE(name);
    const std::unique_ptr<Decoder> decoder = m_theirs.decoder(name, place());
    const torch::Tensor prompt = m_theirs.tensor(name + "/prompt").to(place().device),
                        greedy = m_theirs.tensor(name + "/greedy").to(place().device);
    const std::unique_ptr<KvCache> cache = makeDenseKvCache(decoder->cacheSpec(1, prompt.size(0) + greedy.size(0)));
    std::vector<torch::Tensor> logits{decoder->logits(prompt.unsqueeze(0), cache.get()).select(1, -1)};
    for (std::int64_t i = 0; i + 1 < greedy.size(0); ++i) {
      logits.push_back(decoder->logits(greedy.narrow(0, i, 1).unsqueeze(0), cache.get()).select(1, -1));
    }
    EXPECT_TRUE(isClose(torch::cat(logits), m_theirs.tensor(name + "/greedy_logits"), allowed(place())));
  }
}

TEST(HfLlamaScaling, IsVisibleInEveryKind) {
  // The comparisons above mean something only if the scaling changes the logits by far more than they allow.
  const HfLlamaFixture theirs("scaled.safetensors");
  const torch::NoGradGuard noGrad;
  for (const std::string& name : theirs.cases()) {
    if (name == "scaled-none") continue;
    const torch::Tensor ids = theirs.tensor(name + "/ids");
    EXPECT_GT(relativeError(theirs.decoder("scaled-none", kExact)->logits(ids), theirs.tensor(name + "/logits")), 1e-2)
        << name;
  }
}

TEST(RopeFrequencies, AreThoseOfHuggingFace) {
  const HfLlamaFixture theirs("rope.safetensors");
  ASSERT_GE(theirs.cases().size(), 15u);
  for (const std::string& name : theirs.cases()) {
    SCOPED_TRACE(name);
    const config::ModelConfig model = theirs.model(name);
    const DecoderSpec spec = decoderSpec(model, config::sharingMap(model).value());
    const kernels::RopeFrequencies ours = kernels::ropeFrequencies(model.headWidth, spec.ropeTheta, spec.ropeScaling,
                                                                   std::stoll(theirs.text(name, "sequence")));
    const torch::Tensor expected = theirs.tensor(name + "/inv_freq");
    // Each by itself, for they span six orders of magnitude. Theirs is a float32 power of a float32 exponent times
    // ln(theta) of up to 14.
    const torch::Tensor ratio = ours.radiansPerToken_F / expected;
    EXPECT_TRUE(isClose(ratio, torch::ones_like(ratio), 14 * std::ldexp(1.0, -23)));
    EXPECT_NEAR(ours.attentionFactor, theirs.tensor(name + "/attention_factor").item<double>(), 1e-7);
  }
}

TEST(DynamicRope, TurnsByTheTokensSeenSoFarBeyondItsOriginalContext) {
  const torch::NoGradGuard noGrad;
  DecoderSpec spec = specOf({"0_0_2_2", 1});
  spec.ropeScaling = {.kind = kernels::RopeKind::Dynamic, .factor = 3, .originalContext = 8};
  const std::unique_ptr<Decoder> decoder = decoderOf(spec, kExact);
  const torch::Tensor ids = randomIds({1, 13}, 23, 1);
  const auto inTwo = [&](std::int64_t total, std::int64_t first, bool rotatesOnRead) {
    const CacheSpec caches = decoder->cacheSpec(1, total);
    const std::unique_ptr<KvCache> cache =
        rotatesOnRead ? std::make_unique<BeforeRopeCache>(caches) : makeDenseKvCache(caches);
    decoder->logits(ids.narrow(1, 0, first), cache.get());
    return decoder->logits(ids.narrow(1, first, total - first), cache.get()).select(1, -1);
  };
  const auto inOne = [&](std::int64_t total) { return decoder->logits(ids.narrow(1, 0, total)).select(1, -1); };
  EXPECT_TRUE(isClose(inTwo(8, 3, false), inOne(8), 1e-12)) << "within the original context";
  EXPECT_GT(relativeError(inTwo(13, 6, false), inOne(13)), 1e-3)
      << "keys of the first chunk keep the turn that they were stored with";
  EXPECT_TRUE(isClose(inTwo(13, 0, false), inOne(13), 1e-12)) << "the whole prompt at once";
  // Nothing is remembered: a short sequence after a long one is what it was before.
  const torch::Tensor before = inOne(5);
  inOne(13);
  EXPECT_TRUE(isBitwise(inOne(5), before));
}

TEST(DynamicRope, TurnsAllKeysAlikeInACacheThatKeepsThemUnrotated) {
  // One layer: its keys depend on no earlier pass, so what the cache rotates on reading is what a single pass has.
  const torch::NoGradGuard noGrad;
  DecoderSpec spec = specOf({"0", 2});
  spec.ropeScaling = {.kind = kernels::RopeKind::Dynamic, .factor = 3, .originalContext = 8};
  const std::unique_ptr<Decoder> decoder = decoderOf(spec, kExact);
  const torch::Tensor ids = randomIds({2, 13}, 23, 2);
  BeforeRopeCache cache(decoder->cacheSpec(2, 13));
  decoder->logits(ids.narrow(1, 0, 6), &cache);
  const torch::Tensor rest = decoder->logits(ids.narrow(1, 6, 7), &cache);
  EXPECT_TRUE(isClose(rest, decoder->logits(ids).narrow(1, 6, 7), 1e-12));
}

TEST(RopeScaling, PrefillsAndDecodesThroughACacheAsInOnePassForEveryKindAndMap) {
  const torch::NoGradGuard noGrad;
  const std::vector<kernels::RopeScaling> scalings{
      {.kind = kernels::RopeKind::Linear, .factor = 3},
      {.kind = kernels::RopeKind::Dynamic, .factor = 3, .originalContext = 13},
      {.kind = kernels::RopeKind::Llama3, .factor = 8, .originalContext = 40},
      {.kind = kernels::RopeKind::Yarn, .factor = 4, .originalContext = 40},
  };
  for (const char* map : {"0_0_2_2", "k:0_0_2_2 v:0_1_1_3", "0s3_1_0s3_1"}) {
    for (const kernels::RopeScaling& scaling : scalings) {
      DecoderSpec spec = specOf({map, 2});
      spec.ropeScaling = scaling;
      const std::unique_ptr<Decoder> decoder = decoderOf(spec, kExact);
      const torch::Tensor ids = randomIds({2, 13}, 23, 3), expected = decoder->logits(ids);
      for (const bool rotatesOnRead : {false, true}) {
        const CacheSpec caches = decoder->cacheSpec(2, 13);
        const std::unique_ptr<KvCache> cache =
            rotatesOnRead ? std::make_unique<BeforeRopeCache>(caches) : makeDenseKvCache(caches);
        std::vector<torch::Tensor> parts{decoder->logits(ids.narrow(1, 0, 6), cache.get())};
        for (std::int64_t t = 6; t < 13; ++t) parts.push_back(decoder->logits(ids.narrow(1, t, 1), cache.get()));
        EXPECT_TRUE(isClose(torch::cat(parts, 1), expected, 1e-12))
            << map << ", kind " << static_cast<int>(scaling.kind);
      }
    }
  }
}

}  // namespace
}  // namespace weft::nn::test
