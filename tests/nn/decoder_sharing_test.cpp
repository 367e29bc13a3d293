// What sharing means: the identity map changes nothing, and a producer's K and V answer for all their readers.
#include <algorithm>

#include "engine/kernels/cross_entropy.h"
#include "tests/nn/models.h"
#include "tests/nn/plain_decoder.h"

namespace weft::nn::test {
namespace {

torch::Tensor lossOf(const torch::Tensor& logits_BTV, const torch::Tensor& targets_BT) {
  return kernels::crossEntropy(logits_BTV.flatten(0, 1), targets_BT.flatten());
}

class IdentityMap : public PlacedTest {};
INSTANTIATE_TEST_SUITE_P(Cpu, IdentityMap,
                         ::testing::Values(Place{torch::kCPU, torch::kFloat}, Place{torch::kCPU, torch::kDouble},
                                           Place{torch::kCPU, torch::kBFloat16}));
INSTANTIATE_TEST_SUITE_P(Cuda, IdentityMap,
                         ::testing::Values(Place{torch::kCUDA, torch::kFloat}, Place{torch::kCUDA, torch::kBFloat16}));

TEST_P(IdentityMap, IsThePlainDecoderToTheLastBitInLogitsAndGradients) {
  for (const int kvHeads : {4, 2, 1}) {
    for (const auto norm : {sharing::KvNorm::Own, sharing::KvNorm::Tied}) {
      for (const auto tie : {sharing::EmbeddingTie::Tied, sharing::EmbeddingTie::Untied}) {
        SCOPED_TRACE(fmt::format("{} KV heads, {} norm, {} head", kvHeads,
                                 norm == sharing::KvNorm::Own ? "own" : "tied",
                                 tie == sharing::EmbeddingTie::Tied ? "tied" : "untied"));
        DecoderSpec spec = specOf({"0_1_2", kvHeads});
        spec.shape.kvNorm = norm;
        spec.shape.embedding = tie;
        const std::unique_ptr<Decoder> decoder = decoderOf(spec, GetParam());
        const PlainDecoder plain(*decoder);
        const torch::Tensor ids = randomIds({2, 9}, 23, 3).to(GetParam().device),
                            targets = randomIds({2, 9}, 23, 4).to(GetParam().device);
        const torch::Tensor logits = decoder->logits(ids), expected = plain.logits(ids);
        EXPECT_TRUE(isBitwise(logits, expected));
        lossOf(logits, targets).backward();
        lossOf(expected, targets).backward();
        for (const NamedParameter& parameter : decoder->parameters()) {
          EXPECT_TRUE(isBitwise(parameter.value.grad(), plain.weights().at(parameter.name).grad())) << parameter.name;
        }
      }
    }
  }
}

TEST(IdentityMapTest, DiffersFromAMapThatShares) {
  // The comparison above means something only if sharing is visible at all.
  const torch::Tensor ids = randomIds({2, 9}, 23, 3);
  const std::unique_ptr<Decoder> identity = decoderOf(MapCase{"0_1_2", 2}, kExact),
                                 shared = decoderOf(MapCase{"0_0_2", 2}, kExact);
  {
    const torch::NoGradGuard noGrad;
    for (NamedParameter& parameter : shared->parameters())
      parameter.value.copy_(parameterOf(*identity, parameter.name));
  }
  EXPECT_GT(relativeError(shared->logits(ids), identity->logits(ids)), 1e-2);
}

// A pass in which every layer reads K and V through a leaf of its own, cut from the producer: after backward, leaf l
// holds what consumer l asks of its producer.
struct CutPass {
  torch::Tensor logits;
  std::vector<KeysAndValues> produced, read;  // by layer
};

CutPass cutPass(const PlainDecoder& plain, const DecoderSpec& spec, const torch::Tensor& ids_BT) {
  CutPass pass;
  torch::Tensor x = plain.embed(ids_BT);
  for (int layer = 0; layer < spec.shape.layers; ++layer) {
    const torch::Tensor input = plain.queryInput(layer, x);
    pass.produced.push_back(spec.map.isProducer(layer) ? plain.keysAndValues(layer, x, input) : KeysAndValues{});
    const sharing::LayerSharing& sources = spec.map.layer(layer);
    pass.read.push_back({pass.produced[static_cast<std::size_t>(sources.kSource)].k_BGTD.detach().requires_grad_(),
                         pass.produced[static_cast<std::size_t>(sources.vSource)].v_BGTD.detach().requires_grad_()});
    x = plain.block(layer, x, input, pass.read.back(), spec.map.windowOf(layer, spec.shape.window));
  }
  pass.logits = plain.head(x);
  return pass;
}

// Hands every producer the sum of its readers' gradients. From the last layer down: a later producer's own gradient
// reaches earlier leaves.
void backwardThroughProducers(const CutPass& pass, const DecoderSpec& spec) {
  for (int producer = spec.shape.layers - 1; producer >= 0; --producer) {
    torch::Tensor k, v;
    for (int layer = producer; layer < spec.shape.layers; ++layer) {
      const KeysAndValues& read = pass.read[static_cast<std::size_t>(layer)];
      if (spec.map.layer(layer).kSource == producer) k = k.defined() ? k + read.k_BGTD.grad() : read.k_BGTD.grad();
      if (spec.map.layer(layer).vSource == producer) v = v.defined() ? v + read.v_BGTD.grad() : read.v_BGTD.grad();
    }
    const KeysAndValues& made = pass.produced[static_cast<std::size_t>(producer)];
    if (k.defined()) made.k_BGTD.backward(k, /*retain_graph=*/true);
    if (v.defined()) made.v_BGTD.backward(v, /*retain_graph=*/true);
  }
}

TEST(ProducerGradients, AreTheSumOverAllReaders) {
  for (const MapCase& map : mapCases()) {
    SCOPED_TRACE(map.text);
    const DecoderSpec spec = specOf(map);
    const std::unique_ptr<Decoder> decoder = decoderOf(spec, kExact);
    decoder->setComputeType(torch::kDouble);
    const PlainDecoder plain(*decoder);
    const torch::Tensor ids = randomIds({2, 7}, 23, 5), targets = randomIds({2, 7}, 23, 6);
    decoder->loss(ids, targets).backward();
    const CutPass pass = cutPass(plain, spec, ids);
    lossOf(pass.logits, targets).backward({}, /*retain_graph=*/true);
    backwardThroughProducers(pass, spec);
    for (const NamedParameter& parameter : decoder->parameters()) {
      EXPECT_TRUE(isClose(parameter.value.grad(), plain.weights().at(parameter.name).grad(), 1e-12)) << parameter.name;
    }
  }
}

TEST(ProducerGradients, HearEveryReaderAndNotTheProducerAlone) {
  const DecoderSpec spec = specOf({"0_0_0", 1});
  const PlainDecoder plain(*decoderOf(spec, kExact));
  const torch::Tensor ids = randomIds({2, 7}, 23, 5);
  const CutPass pass = cutPass(plain, spec, ids);
  lossOf(pass.logits, randomIds({2, 7}, 23, 6)).backward();
  for (const KeysAndValues& read : pass.read) {
    EXPECT_GT(read.k_BGTD.grad().abs().max().item<double>(), 1e-6);
    EXPECT_GT(read.v_BGTD.grad().abs().max().item<double>(), 1e-6);
  }
}

class FiniteDifferences : public ::testing::TestWithParam<const char*> {
 protected:
  static DecoderSpec smallSpec() {
    DecoderSpec spec = specOf({GetParam(), 2});
    spec.shape.hidden = 5;
    spec.shape.feedForward = 3;
    spec.shape.vocabulary = 7;
    spec.shape.headWidth = 3;
    return spec;
  }
  static void expectGradients(const DecoderSpec& spec) {
    const std::unique_ptr<Decoder> decoder = decoderOf(spec, kExact);
    const torch::Tensor ids = randomIds({2, 5}, 7, 7);
    torch::Tensor targets = randomIds({2, 5}, 7, 8);
    targets[0][2] = -1;
    decoder->loss(ids, targets).backward();
    for (const NamedParameter& parameter : decoder->parameters()) {
      const torch::Tensor expected =
          finiteDifferences([&] { return decoder->loss(ids, targets).item<double>(); }, parameter.value.detach());
      EXPECT_TRUE(isClose(parameter.value.grad(), expected, 1e-6)) << parameter.name;
      EXPECT_GT(expected.abs().max().item<double>(), 1e-6) << parameter.name << " does nothing";
    }
  }
};
INSTANTIATE_TEST_SUITE_P(Maps, FiniteDifferences,
                         ::testing::Values("0_0_2_2", "k:0_0_2_2 v:0_1_1_3", "0h1_0_2h4_2",
                                           "k:0s3_1s3_1_0s2 v:0_0_2_2"));

TEST_P(FiniteDifferences, GiveTheGradientOfEveryParameterInFloat64) { expectGradients(smallSpec()); }

TEST_P(FiniteDifferences, GiveThoseOfBiasesAndOfNormsOverHeads) {
  DecoderSpec spec = smallSpec();
  spec.shape.hasQkvBias = spec.shape.hasQkNorm = true;
  expectGradients(spec);
}
}  // namespace
}  // namespace weft::nn::test
