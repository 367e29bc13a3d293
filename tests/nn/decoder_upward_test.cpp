// Maps in which a layer reads a later layer's K and V, against implementations of their own
// (tests/fixtures/upward/make_fixture.py): the sequential form, which defines them, and the iterative one, by which
// they are trained and prefilled.
#include <ATen/record_function.h>

#include <algorithm>

#include "engine/nn/dense_kv_cache.h"
#include "tests/nn/reference_fixture.h"
#include "tests/nn/wrapped_cache.h"

namespace weft::nn::test {
namespace {

const ReferenceFixture& reference() {
  static const ReferenceFixture read("upward/upward.safetensors");
  return read;
}

// The fixture's case with as many passes as asked.
std::unique_ptr<Decoder> decoderOf(const std::string& name, int forwardPasses, int backwardPasses, const Place& place) {
  DecoderSpec spec = reference().spec(name);
  spec.shape.forwardPasses = forwardPasses;
  spec.shape.backwardPasses = backwardPasses;
  return reference().decoder(name, spec, place);
}

torch::Tensor inChunks(Decoder& decoder, KvCache& cache, const torch::Tensor& ids_BT,
                       const std::vector<std::int64_t>& chunks) {
  std::vector<torch::Tensor> logits;
  std::int64_t first = 0;
  for (const std::int64_t chunk : chunks) {
    logits.push_back(decoder.logits(ids_BT.narrow(1, first, chunk), &cache));
    first += chunk;
  }
  return torch::cat(logits, 1);
}

class UpwardReads : public PlacedTest {};
INSTANTIATE_TEST_SUITE_P(Cpu, UpwardReads,
                         ::testing::Values(Place{torch::kCPU, torch::kFloat}, Place{torch::kCPU, torch::kDouble},
                                           Place{torch::kCPU, torch::kBFloat16}));
INSTANTIATE_TEST_SUITE_P(Cuda, UpwardReads,
                         ::testing::Values(Place{torch::kCUDA, torch::kFloat}, Place{torch::kCUDA, torch::kBFloat16}));

TEST_P(UpwardReads, HaveTheLogitsLossAndGradientsOfTheIterativeForm) {
  const int forward = static_cast<int>(reference().number("forward_passes")),
            backward = static_cast<int>(reference().number("backward_passes"));
  ASSERT_GE(reference().cases().size(), 6u);
  Tolerances allowed = tolerancesOf(GetParam());
  // Four passes after each other: four times the roundings.
  if (GetParam().type == torch::kBFloat16) allowed.gradient *= 2;
  for (const std::string& name : reference().cases()) {
    SCOPED_TRACE(name + " " + reference().text(name + ".map"));
    const std::unique_ptr<Decoder> decoder = decoderOf(name, forward, backward, GetParam());
    const torch::Tensor ids = reference().tensor(name + "/ids").to(GetParam().device),
                        targets = reference().tensor(name + "/targets").to(GetParam().device);
    EXPECT_TRUE(isClose(decoder->logits(ids), reference().tensor(name + "/iterative"), allowed.value));
    const torch::Tensor loss = decoder->loss(ids, targets);
    EXPECT_TRUE(isClose(loss, reference().tensor(name + "/loss"), allowed.value));
    loss.backward();
    for (const NamedParameter& parameter : decoder->parameters()) {
      // A layer that reads upward through a window of 1 reads nothing: its queries have no gradient at all.
      const torch::Tensor gradient =
          parameter.value.grad().defined() ? parameter.value.grad() : torch::zeros_like(parameter.value);
      EXPECT_TRUE(isClose(gradient, reference().tensor(name + "/gradient/" + parameter.name), allowed.gradient))
          << parameter.name;
    }
  }
}

TEST_P(UpwardReads, AreExactTokenByTokenInOnePass) {
  const torch::NoGradGuard noGrad;
  for (const std::string& name : reference().cases()) {
    SCOPED_TRACE(name);
    const std::unique_ptr<Decoder> decoder = decoderOf(name, 0, 1, GetParam());
    const torch::Tensor ids = reference().tensor(name + "/ids").to(GetParam().device);
    const std::unique_ptr<KvCache> cache = makeDenseKvCache(decoder->cacheSpec(ids.size(0), ids.size(1)));
    const std::vector<std::int64_t> ones(static_cast<std::size_t>(ids.size(1)), 1);
    EXPECT_TRUE(isClose(inChunks(*decoder, *cache, ids, ones), reference().tensor(name + "/sequential"),
                        tolerancesOf(GetParam()).value));
  }
}

TEST_P(UpwardReads, ConvergeToTheSequentialFormWithAsManyPassesAsTokens) {
  const torch::NoGradGuard noGrad;
  for (const std::string& name : reference().cases()) {
    SCOPED_TRACE(name);
    const torch::Tensor ids = reference().tensor(name + "/ids").to(GetParam().device),
                        expected = reference().tensor(name + "/sequential");
    // More passes than tokens cost nothing and change nothing: T are exact.
    for (const int forward : {static_cast<int>(ids.size(1)) - 1, 100}) {
      const std::unique_ptr<Decoder> decoder = decoderOf(name, forward, 1, GetParam());
      EXPECT_TRUE(isClose(decoder->logits(ids), expected, tolerancesOf(GetParam()).value)) << forward << " passes";
    }
  }
}

TEST_P(UpwardReads, AreTheSameInAnyChunksThroughACache) {
  const torch::NoGradGuard noGrad;
  const std::vector<std::vector<std::int64_t>> splits{{9}, {5, 4}, {1, 7, 1}, {6, 1, 1, 1}};
  for (const std::string& name : reference().cases()) {
    const std::unique_ptr<Decoder> decoder = decoderOf(name, 8, 1, GetParam());
    const torch::Tensor ids = reference().tensor(name + "/ids").to(GetParam().device);
    for (const std::vector<std::int64_t>& chunks : splits) {
      SCOPED_TRACE(fmt::format("{}, chunks {}", name, fmt::join(chunks, " ")));
      const CacheSpec spec = decoder->cacheSpec(ids.size(0), ids.size(1));
      const std::unique_ptr<KvCache> dense = makeDenseKvCache(spec);
      EXPECT_TRUE(isClose(inChunks(*decoder, *dense, ids, chunks), reference().tensor(name + "/sequential"),
                          tolerancesOf(GetParam()).value));
      BeforeRopeCache unrotated(spec);
      EXPECT_TRUE(isClose(inChunks(*decoder, unrotated, ids, chunks), reference().tensor(name + "/sequential"),
                          tolerancesOf(GetParam()).value));
    }
  }
}

// Every pass makes one more token exact, whatever the later ones are.
TEST(UpwardPasses, MakeOneMoreTokenExactEach) {
  const torch::NoGradGuard noGrad;
  const torch::Tensor ids = reference().tensor("all-top/ids");
  const torch::Tensor expected = decoderOf("all-top", 100, 1, kExact)->logits(ids);
  for (int passes = 1; passes < 9; ++passes) {
    const torch::Tensor logits = decoderOf("all-top", passes - 1, 1, kExact)->logits(ids);
    EXPECT_TRUE(isClose(logits.narrow(1, 0, passes), expected.narrow(1, 0, passes), 1e-12)) << passes;
    EXPECT_FALSE(isClose(logits.select(1, passes), expected.select(1, passes), 1e-6)) << passes;
  }
}

class UpwardWatchingCache final : public WrappedCache {
 public:
  using WrappedCache::WrappedCache;
  bool wantsAttention() const override { return true; }
  void observeAttention(int slot, const at::Tensor& probabilities_BHTS) override {
    EXPECT_EQ(probabilities_BHTS.size(3), entries(slot)) << "slot " << slot;
    m_mass[slot] += probabilities_BHTS.sum().item<double>();
  }
  std::map<int, double> m_mass;
};

TEST(UpwardPasses, TellAWatchingCacheOnlyWhatTheLastOneRead) {
  const torch::NoGradGuard noGrad;
  const torch::Tensor ids =
      reference().tensor("lckv-w2/ids");  // 0_2_2_3 in slots 0, 1, 2; 4 query heads; 2 sequences of 9
  for (const std::vector<std::int64_t>& chunks :
       {std::vector<std::int64_t>{9}, std::vector<std::int64_t>{4, 5}, std::vector<std::int64_t>{8, 1}}) {
    const std::unique_ptr<Decoder> decoder = decoderOf("lckv-w2", 8, 1, kExact);
    UpwardWatchingCache cache(decoder->cacheSpec(2, 9));
    inChunks(*decoder, cache, ids, chunks);
    const double perReader = 2.0 * 4 * 9, ofUpwardReader = 2.0 * 4 * 8;  // the first token reads nothing upward
    EXPECT_NEAR(cache.m_mass[0], perReader, 1e-9);
    EXPECT_NEAR(cache.m_mass[1], perReader + ofUpwardReader, 1e-9);
    EXPECT_NEAR(cache.m_mass[2], perReader, 1e-9);
  }
}

// Projections (products of two matrices; attention has batches of them) of one forward pass over 9 tokens.
int productsOf(const std::string& map, int forwardPasses, int backwardPasses) {
  static thread_local int count;
  count = 0;
  DecoderSpec spec = specOf({"0_1", 2});
  spec.map = sharing::parseMap(map, {.upward = sharing::UpwardReads::Allow}).value();
  spec.shape.layers = spec.map.layerCount();
  spec.shape.forwardPasses = forwardPasses;
  spec.shape.backwardPasses = backwardPasses;
  const std::unique_ptr<Decoder> decoder = test::decoderOf(spec, kExact);
  const auto handle = at::addThreadLocalCallback(at::RecordFunctionCallback([](const at::RecordFunction& function) {
                                                   if (std::string(function.name()) == "aten::mm") ++count;
                                                   return std::unique_ptr<at::ObserverContext>();
                                                 }).scopes({at::RecordScope::FUNCTION}));
  decoder->hidden(randomIds({1, 9}, 23, 3));
  at::removeCallback(handle);
  return count;
}

TEST(UpwardPasses, CostACausalMapNothing) {
  const int once = productsOf("0_0_2_2", 0, 1);
  EXPECT_GT(once, 16);
  EXPECT_EQ(productsOf("0_0_2_2", 7, 2), once);
}

TEST(UpwardPasses, RepeatOnlyTheLayersBetweenAReaderAndItsSource) {
  const int once = productsOf("0_2_2_3", 0, 1);
  const int repeated = productsOf("0_2_2_3", 1, 1) - once;
  EXPECT_GT(repeated, 0);
  EXPECT_LT(repeated, once);
  EXPECT_EQ(productsOf("0_2_2_3", 3, 2), once + 4 * repeated);
  // Layers 1 and 2 with all of their products are less than layers 0 to 3 of a map whose first layer reads the last.
  EXPECT_GT(productsOf("3_3_3_3", 1, 1) - productsOf("3_3_3_3", 0, 1), repeated);
}

TEST(UpwardPasses, AreRecordedForBackwardOnlyWhereAsked) {
  // With one recorded pass nothing that is read upward has a gradient; with two it has (LCKV's b; b = 1 gives the top K
  // and V nothing from below).
  const torch::Tensor ids = randomIds({1, 9}, 23, 3), targets = randomIds({1, 9}, 23, 4);
  const auto gradientOf = [&](int backwardPasses) {
    DecoderSpec spec = specOf({"0_1_2", 2});
    spec.map = sharing::parseMap("2_2_2", {.upward = sharing::UpwardReads::Allow}).value();
    spec.shape.forwardPasses = 3;
    spec.shape.backwardPasses = backwardPasses;
    const std::unique_ptr<Decoder> decoder = test::decoderOf(spec, kExact);
    {
      // The top layer's own attention is cut off, so that its K and V count only for the layers below.
      const torch::NoGradGuard noGrad;
      for (NamedParameter& parameter : decoder->parameters()) {
        if (parameter.name == "layers.2.attention.output.weight") parameter.value.zero_();
      }
    }
    decoder->loss(ids, targets).backward();
    const torch::Tensor gradient = parameterOf(*decoder, "layers.2.attention.value.weight").grad();
    return gradient.defined() ? gradient.abs().max().item<double>() : 0.0;
  };
  EXPECT_EQ(gradientOf(1), 0.0);
  EXPECT_GT(gradientOf(2), 1e-6);
}

}  // namespace
}  // namespace weft::nn::test
