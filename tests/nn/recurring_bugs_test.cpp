// The bugs that come back in every framework that shares keys and values, each with a test that sees it: where the bug
// can be acted out in a few lines, the test also shows that it would change what is compared. Issues by repository:
//  1. Sharing that hangs on a cache object: transformers #45253 #45242 (a loss of 6.84 became 16.17 without one),
//     unsloth-zoo #813, mlx-lm #1674 #1702 #322 #323, mlx-swift-lm #333, gemma-4-swift-mlx #22.
//     Here; also generate_test.cpp (greedy = argmax without a cache), perplexity_test.cpp.
//  2. Queries of consumers turned too far, by a cache that the producer had already advanced: mlx-lm #1396.
//     Here; also kv_cache_test.cpp.
//  3. Gradients of consumers that never reach their producer, at an unchanged loss: unsloth-zoo #1275 (through
//     activation checkpoints, which this engine does not have: whoever adds them runs these tests through them).
//     Here; also decoder_sharing_test.cpp (sums, finite differences).
//  4. Batches, rolling windows and prompts longer than a chunk: mlx-lm #1384 #1383, llama.cpp #14604. Renamed keys:
//     axolotl #3701.
//     Here; also decoder_reference_test.cpp (chunks against PyTorch), checkpoint_test.cpp (a tensor under another name
//     is refused).
//  5. Slots for layers that produce nothing, slots that grow: vllm-metal #269, gemma.cpp #1012.
//     Here; also kv_cache_test.cpp, kv_memory_test.cpp.
#include <random>
#include <set>

#include "engine/kernels/cross_entropy.h"
#include "engine/nn/dense_kv_cache.h"
#include "tests/nn/models.h"
#include "tests/nn/plain_decoder.h"

namespace weft::nn::test {
namespace {

constexpr std::int64_t kTokens = 13;

bool shares(const DecoderSpec& spec) {
  return spec.map.producers().size() < static_cast<std::size_t>(spec.shape.layers);
}

// A whole pass over PlainDecoder's parts. `readBy` says what a layer reads of what its sources made.
using ReadBy = std::function<KeysAndValues(int layer, const torch::Tensor& x_BTd, const KeysAndValues& made)>;
torch::Tensor plainLogits(
    const PlainDecoder& plain, const DecoderSpec& spec, const torch::Tensor& ids_BT, const ReadBy& readBy,
    const std::function<std::int64_t(int layer)>& firstQuery = [](int) { return 0; }) {
  std::vector<KeysAndValues> made;
  torch::Tensor x = plain.embed(ids_BT);
  for (int layer = 0; layer < spec.shape.layers; ++layer) {
    const torch::Tensor input = plain.queryInput(layer, x);
    made.push_back(spec.map.isProducer(layer) ? plain.keysAndValues(layer, x, input) : KeysAndValues{});
    const sharing::LayerSharing& sources = spec.map.layer(layer);
    const KeysAndValues shared{made[static_cast<std::size_t>(sources.kSource)].k_BGTD,
                               made[static_cast<std::size_t>(sources.vSource)].v_BGTD};
    x = plain.block(layer, x, input, readBy(layer, x, shared), spec.map.windowOf(layer, spec.shape.window),
                    firstQuery(layer));
  }
  return plain.head(x);
}
const ReadBy kAsMade = [](int, const torch::Tensor&, const KeysAndValues& made) { return made; };

torch::Tensor lossOf(const torch::Tensor& logits_BTV, const torch::Tensor& targets_BT) {
  return kernels::crossEntropy(logits_BTV.flatten(0, 1), targets_BT.flatten());
}

// Logits of all tokens, fed in chunks of these sizes.
torch::Tensor inChunks(Decoder& decoder, KvCache& cache, const torch::Tensor& ids_BT,
                       const std::vector<std::int64_t>& chunks) {
  std::vector<torch::Tensor> parts;
  std::int64_t first = 0;
  for (const std::int64_t chunk : chunks) {
    parts.push_back(decoder.logits(ids_BT.narrow(1, first, chunk), &cache));
    first += chunk;
  }
  return torch::cat(parts, 1);
}

// Cuts `tokens` into chunks of 1 to `longest`.
std::vector<std::int64_t> unevenChunks(std::int64_t tokens, std::int64_t longest, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<std::int64_t> chunks;
  for (std::int64_t left = tokens; left > 0; left -= chunks.back()) {
    chunks.push_back(
        std::min<std::int64_t>(left, 1 + static_cast<std::int64_t>(random() % static_cast<unsigned>(longest))));
  }
  return chunks;
}

// ---- 1

TEST(RecurringBug1SharingWithoutACache, IsTheSameInTrainingInEvaluationAndThroughACache) {
  for (const MapCase& map : mapCases()) {
    SCOPED_TRACE(map.text);
    const std::unique_ptr<Decoder> decoder = decoderOf(map, kExact);
    const torch::Tensor ids = randomIds({2, kTokens}, 23, 1), targets = randomIds({2, kTokens}, 23, 2);
    const torch::Tensor training = decoder->loss(ids, targets);
    EXPECT_TRUE(training.requires_grad());
    const torch::NoGradGuard noGrad;
    // Without a tape attention goes in blocks, and sums in another order.
    EXPECT_TRUE(isClose(decoder->loss(ids, targets), training, 1e-14));
    const std::unique_ptr<KvCache> whole = makeDenseKvCache(decoder->cacheSpec(2, kTokens)),
                                   steps = makeDenseKvCache(decoder->cacheSpec(2, kTokens));
    EXPECT_TRUE(isClose(decoder->loss(ids, targets, whole.get()), training, 1e-12));
    EXPECT_TRUE(isClose(lossOf(inChunks(*decoder, *steps, ids, std::vector<std::int64_t>(kTokens, 1)), targets),
                        training, 1e-12));
  }
}

TEST(RecurringBug1SharingWithoutACache, IsNotWhatConsumersWouldComputeForThemselves) {
  const torch::NoGradGuard noGrad;
  for (const MapCase& map : mapCases()) {
    SCOPED_TRACE(map.text);
    const DecoderSpec spec = specOf(map);
    if (!shares(spec)) continue;
    const std::unique_ptr<Decoder> decoder = decoderOf(spec, kExact);
    const PlainDecoder plain(*decoder);
    const torch::Tensor ids = randomIds({2, kTokens}, 23, 3), logits = decoder->logits(ids);
    EXPECT_TRUE(isClose(plainLogits(plain, spec, ids, kAsMade), logits, 1e-12));
    // The bug: a consumer without a cache takes its producer's weights and projects its own input.
    const ReadBy recomputed = [&](int layer, const torch::Tensor& x, const KeysAndValues&) {
      const sharing::LayerSharing& sources = spec.map.layer(layer);
      return KeysAndValues{plain.keysAndValues(sources.kSource, x, plain.queryInput(sources.kSource, x)).k_BGTD,
                           plain.keysAndValues(sources.vSource, x, plain.queryInput(sources.vSource, x)).v_BGTD};
    };
    EXPECT_GT(relativeError(plainLogits(plain, spec, ids, recomputed), logits), 1e-2);
  }
}

TEST(RecurringBug1SharingWithoutACache, NeedsNoWeightsOfConsumers) {
  for (const MapCase& map : mapCases()) {
    const std::unique_ptr<Decoder> decoder = decoderOf(map, Place{});
    std::set<std::string> expected, found;
    for (int layer = 0; layer < decoder->spec().shape.layers; ++layer) {
      if (decoder->spec().map.producesK(layer)) expected.insert(fmt::format("layers.{}.attention.key.weight", layer));
      if (decoder->spec().map.producesV(layer)) expected.insert(fmt::format("layers.{}.attention.value.weight", layer));
    }
    for (const NamedParameter& parameter : decoder->parameters()) {
      if (parameter.name.ends_with(".key.weight") || parameter.name.ends_with(".value.weight"))
        found.insert(parameter.name);
    }
    EXPECT_EQ(found, expected) << map.text;
  }
}

// ---- 2

TEST(RecurringBug2QueryOffset, IsTheTokensOwnForEveryPrefixWhetherPrefilledOrDecoded) {
  const torch::NoGradGuard noGrad;
  for (const MapCase& map : mapCases()) {
    for (const torch::ScalarType type : {torch::kDouble, torch::kFloat}) {
      const std::unique_ptr<Decoder> decoder = decoderOf(map, Place{torch::kCPU, type});
      const torch::Tensor ids = randomIds({1, kTokens}, 23, 4);
      const std::unique_ptr<KvCache> cache = makeDenseKvCache(decoder->cacheSpec(1, kTokens));
      const torch::Tensor stepwise = inChunks(*decoder, *cache, ids, std::vector<std::int64_t>(kTokens, 1));
      for (std::int64_t prefix = 1; prefix <= kTokens; ++prefix) {
        cache->reset();
        const torch::Tensor prefilled = decoder->logits(ids.narrow(1, 0, prefix), cache.get());
        EXPECT_TRUE(isClose(prefilled, stepwise.narrow(1, 0, prefix), modelTolerance(type)))
            << map.text << ", prefix " << prefix;
        if (prefix == kTokens) continue;
        const torch::Tensor next = decoder->logits(ids.narrow(1, prefix, 1), cache.get());
        EXPECT_TRUE(isClose(next, stepwise.narrow(1, prefix, 1), modelTolerance(type)))
            << map.text << ", after " << prefix;
      }
    }
  }
}

TEST(RecurringBug2QueryOffset, WouldShowIfConsumersReadItAfterTheirProducerStored) {
  const torch::NoGradGuard noGrad;
  for (const MapCase& map : mapCases()) {
    const DecoderSpec spec = specOf(map);
    if (!shares(spec)) continue;
    const std::unique_ptr<Decoder> decoder = decoderOf(spec, kExact);
    const torch::Tensor ids = randomIds({1, kTokens}, 23, 4);
    const auto advanced = [&](int layer) { return spec.map.isProducer(layer) ? 0 : kTokens; };
    EXPECT_GT(relativeError(plainLogits(PlainDecoder(*decoder), spec, ids, kAsMade, advanced), decoder->logits(ids)),
              1e-2)
        << map.text;
  }
}

// ---- 3

// What `producer` is asked through the readers that `isRead` names: the other readers see its K and V as constants.
std::map<std::string, torch::Tensor> gradients(const Decoder& decoder, const torch::Tensor& ids,
                                               const torch::Tensor& targets, int producer,
                                               const std::function<bool(int reader)>& isRead) {
  const PlainDecoder plain(decoder);
  const DecoderSpec& spec = decoder.spec();
  const ReadBy readBy = [&](int layer, const torch::Tensor&, const KeysAndValues& made) {
    if (isRead(layer)) return made;
    const sharing::LayerSharing& sources = spec.map.layer(layer);
    return KeysAndValues{sources.kSource == producer ? made.k_BGTD.detach() : made.k_BGTD,
                         sources.vSource == producer ? made.v_BGTD.detach() : made.v_BGTD};
  };
  const torch::Tensor loss = lossOf(plainLogits(plain, spec, ids, readBy), targets);
  loss.backward();
  std::map<std::string, torch::Tensor> result{{"loss", loss.detach()}};
  for (const char* part : {"key", "value"}) {
    const auto weight = plain.weights().find(fmt::format("layers.{}.attention.{}.weight", producer, part));
    if (weight == plain.weights().end()) continue;
    const torch::Tensor& gradient = weight->second.grad();
    result[weight->first] = gradient.defined() ? gradient : torch::zeros_like(weight->second);
  }
  return result;
}

TEST(RecurringBug3ProducerGradient, IsTheSumOfWhatEveryReaderAsksAlone) {
  for (const MapCase& map : mapCases()) {
    SCOPED_TRACE(map.text);
    const DecoderSpec spec = specOf(map);
    const std::unique_ptr<Decoder> decoder = decoderOf(spec, kExact);
    const torch::Tensor ids = randomIds({2, 7}, 23, 5), targets = randomIds({2, 7}, 23, 6);
    decoder->loss(ids, targets).backward();
    for (const int producer : spec.map.producers()) {
      std::map<std::string, torch::Tensor> sum;
      for (const int reader : spec.map.readersOf(producer)) {
        for (const auto& [name, gradient] :
             gradients(*decoder, ids, targets, producer, [&](int layer) { return layer == reader; })) {
          sum[name] = sum.contains(name) ? sum[name] + gradient : gradient;
        }
      }
      sum.erase("loss");
      EXPECT_FALSE(sum.empty());
      for (const auto& [name, gradient] : sum)
        EXPECT_TRUE(isClose(parameterOf(*decoder, name).grad(), gradient, 1e-12)) << name;
    }
  }
}

TEST(RecurringBug3ProducerGradient, WouldLoseItsConsumersAtAnUnchangedLoss) {
  for (const MapCase& map : mapCases()) {
    SCOPED_TRACE(map.text);
    const DecoderSpec spec = specOf(map);
    const std::unique_ptr<Decoder> decoder = decoderOf(spec, kExact);
    const torch::Tensor ids = randomIds({2, 7}, 23, 5), targets = randomIds({2, 7}, 23, 6);
    const torch::Tensor loss = decoder->loss(ids, targets);
    loss.backward();
    for (const int producer : spec.map.producers()) {
      const auto isShared = [&](const std::string& name) {
        const bool isKey = name.ends_with("key.weight");
        for (int layer = producer + 1; layer < spec.shape.layers; ++layer) {
          if ((isKey ? spec.map.layer(layer).kSource : spec.map.layer(layer).vSource) == producer) return true;
        }
        return false;
      };
      for (const auto& [name, wrong] :
           gradients(*decoder, ids, targets, producer, [&](int layer) { return layer == producer; })) {
        if (name == "loss") {
          EXPECT_TRUE(isClose(wrong, loss, 1e-13)) << "the loss tells nothing";
        } else if (isShared(name)) {
          EXPECT_GT(relativeError(wrong, parameterOf(*decoder, name).grad()), 1e-2) << name;
        }
      }
    }
  }
}

// ---- 4

// Rolling slots whose readers see differently far: narrower than the producer, wider, and much wider than a chunk.
const std::vector<MapCase>& rollingMaps() {
  static const std::vector<MapCase> maps{{"0s2_0s5_0s3_0s9", 2},
                                         {"0s4_0s1_0s7_3s2", 1},
                                         {"0s6_1s2_0s3_1s11", 2},
                                         {"0s3h1_0s8_2s5h4_2s2_0s1", 2},
                                         {"0s_0s2_0s_3s1_3s", 2, 4},
                                         {"k:0s3_0s6_2s4_2s2 v:0_1_1_0", 2},
                                         {"k:0s9_0s2_0s5_0s1 v:0_1_2_3", 4}};
  return maps;
}

TEST(RecurringBug4BatchesAndWindows, DecodeEverySequenceOfABatchAsIfAlone) {
  const torch::NoGradGuard noGrad;
  std::vector<MapCase> maps = mapCases();
  maps.insert(maps.end(), rollingMaps().begin(), rollingMaps().end());
  for (const MapCase& map : maps) {
    const std::unique_ptr<Decoder> decoder = decoderOf(map, kExact);
    const torch::Tensor ids = randomIds({3, 21}, 23, 7);
    const std::vector<std::int64_t> chunks{6, 1, 1, 1, 1, 1, 4, 1, 1, 1, 1, 1, 1};
    const std::unique_ptr<KvCache> shared = makeDenseKvCache(decoder->cacheSpec(3, 21));
    const torch::Tensor together = inChunks(*decoder, *shared, ids, chunks);
    for (std::int64_t row = 0; row < 3; ++row) {
      const std::unique_ptr<KvCache> own = makeDenseKvCache(decoder->cacheSpec(1, 21));
      EXPECT_TRUE(isClose(inChunks(*decoder, *own, ids.narrow(0, row, 1), chunks), together.narrow(0, row, 1), 1e-12))
          << map.text;
    }
  }
}

TEST(RecurringBug4BatchesAndWindows, PrefillAPromptInUnevenChunksAsAtOnce) {
  const torch::NoGradGuard noGrad;
  std::vector<MapCase> maps = mapCases();
  maps.insert(maps.end(), rollingMaps().begin(), rollingMaps().end());
  for (const MapCase& map : maps) {
    const std::unique_ptr<Decoder> decoder = decoderOf(map, kExact);
    const torch::Tensor ids = randomIds({2, 37}, 23, 8), expected = decoder->logits(ids);
    const std::unique_ptr<KvCache> cache = makeDenseKvCache(decoder->cacheSpec(2, 37));
    for (unsigned seed = 1; seed <= 4; ++seed) {
      const std::vector<std::int64_t> chunks = unevenChunks(37, seed % 2 == 0 ? 4 : 16, seed);
      cache->reset();
      EXPECT_TRUE(isClose(inChunks(*decoder, *cache, ids, chunks), expected, 1e-12))
          << map.text << ", chunks of " << fmt::format("{}", fmt::join(chunks, ", "));
    }
  }
}

TEST(RecurringBug4BatchesAndWindows, KeepInASlotWhatItsWidestReaderSees) {
  for (const auto& [text, windows] : std::vector<std::pair<std::string, std::vector<std::optional<std::int64_t>>>>{
           {"0s2_0s5_0s3_0s9", {9}},
           {"0s6_1s2_0s3_1s11", {6, 11}},
           {"0s2_0_2s4_2s1", {std::nullopt, 4}},
           {"0s4_0s1_0s7_3s2", {7, 2}}}) {
    const CacheSpec spec = decoderOf(MapCase{text, 1}, Place{})->cacheSpec(1, 100);
    ASSERT_EQ(spec.slots.size(), windows.size()) << text;
    for (std::size_t slot = 0; slot < windows.size(); ++slot)
      EXPECT_EQ(spec.slots[slot].window, windows[slot]) << text << ", slot " << slot;
  }
}

// ---- 5

TEST(RecurringBug5CacheMemory, IsThatOfTheProducersAloneToTheByte) {
  std::vector<MapCase> maps = mapCases();
  maps.insert(maps.end(), rollingMaps().begin(), rollingMaps().end());
  for (const MapCase& map : maps) {
    const DecoderSpec spec = specOf(map);
    const std::unique_ptr<Decoder> decoder = decoderOf(spec, Place{});
    for (const std::int64_t context : {std::int64_t{1}, std::int64_t{6}, std::int64_t{64}}) {
      // Counted from the map, apart from the cost model and the cache: layers that read a producer, and how far the
      // widest of them sees.
      std::int64_t expected = 0;
      std::size_t producers = 0;
      for (int layer = 0; layer < spec.shape.layers; ++layer) {
        std::int64_t kept = 0;
        for (int reader = 0; reader < spec.shape.layers; ++reader) {
          const sharing::LayerSharing& sources = spec.map.layer(reader);
          if (sources.kSource != layer && sources.vSource != layer) continue;
          kept = std::max(kept, std::min(context, spec.map.windowOf(reader, spec.shape.window).value_or(context)));
        }
        producers += kept > 0 ? 1 : 0;
        const int parts =
            (spec.map.layer(layer).kSource == layer ? 1 : 0) + (spec.map.layer(layer).vSource == layer ? 1 : 0);
        expected += 3 * kept * parts * spec.map.kvHeads(layer, spec.shape.kvHeads) * 6 *
                    static_cast<std::int64_t>(sizeof(float));
      }
      const CacheSpec slots = decoder->cacheSpec(3, context);
      EXPECT_EQ(slots.slots.size(), producers) << map.text;
      EXPECT_EQ(uniqueStorageBytes(makeDenseKvCache(slots)->tensors()), expected)
          << map.text << ", context " << context;
    }
  }
}

TEST(RecurringBug5CacheMemory, IsReusedAndNeverGrows) {
  const torch::NoGradGuard noGrad;
  std::vector<MapCase> maps = mapCases();
  maps.insert(maps.end(), rollingMaps().begin(), rollingMaps().end());
  for (const MapCase& map : maps) {
    const std::unique_ptr<Decoder> decoder = decoderOf(map, Place{});
    const std::unique_ptr<KvCache> cache = makeDenseKvCache(decoder->cacheSpec(2, 24));
    const auto places = [&] {
      std::vector<std::pair<const void*, std::size_t>> found;
      for (const at::Tensor& tensor : cache->tensors())
        found.emplace_back(tensor.storage().data(), tensor.storage().nbytes());
      return found;
    };
    const auto before = places();
    const torch::Tensor ids = randomIds({2, 24}, 23, 9);
    const torch::Tensor first = inChunks(*decoder, *cache, ids, unevenChunks(24, 5, 1));
    EXPECT_EQ(places(), before) << map.text << ", filled";
    cache->reset();
    EXPECT_EQ(places(), before) << map.text << ", reset";
    // What the sequence before left behind is not read.
    const torch::Tensor other = randomIds({2, 24}, 23, 10);
    inChunks(*decoder, *cache, other, unevenChunks(24, 7, 2));
    cache->reset();
    EXPECT_TRUE(isBitwise(inChunks(*decoder, *cache, ids, unevenChunks(24, 5, 1)), first)) << map.text;
    EXPECT_EQ(places(), before) << map.text << ", filled again";
  }
}

}  // namespace
}  // namespace weft::nn::test
