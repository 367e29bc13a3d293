#include "engine/infer/kv_memory.h"

#include <gmock/gmock.h>

#include <stdexcept>

#include "engine/device/device.h"
#include "tests/infer/models.h"

using namespace weft;
using namespace weft::infer_test;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

class KvMemory : public InferTest {
 protected:
  static std::int64_t costModel(const nn::DecoderSpec& spec, sharing::ElementType type, std::int64_t batch,
                                std::int64_t context) {
    return sharing::cost(spec.shape, spec.map, {.cacheType = type, .context = context, .batch = batch})
        ->kv.bytesResident;
  }
};

TEST_F(KvMemory, IsTheFormulaTheStorageAndTheCostModelAlikeForADozenMaps) {
  const nn::CacheFactory dense = cacheOf("");
  for (const std::string& map : dozenMaps()) {
    const auto decoder = makeDecoder(map);
    for (const auto& [type, element] : {std::pair(torch::kFloat, sharing::ElementType::Float32),
                                        std::pair(torch::kBFloat16, sharing::ElementType::BFloat16)}) {
      decoder->setComputeType(type);
      for (const auto& [batch, context] : {std::pair<std::int64_t, std::int64_t>(3, 37), {1, 1}, {2, 5}}) {
        const infer::KvMemory memory = infer::measureKvMemory(*decoder, dense, {.batch = batch, .context = context});
        EXPECT_EQ(memory.storage, memory.analytic) << map;
        EXPECT_EQ(memory.storage, costModel(decoder->spec(), element, batch, context))
            << map << ", " << batch << " x " << context;
        EXPECT_DOUBLE_EQ(memory.bytesPerTokenStorage(),
                         static_cast<double>(memory.storage) / static_cast<double>(batch * context));
      }
    }
  }
}

TEST_F(KvMemory, OfTheInt8CacheIsItsFormulaForADozenMaps) {
  const nn::CacheFactory int8 = cacheOf("int8_cache");
  for (const std::string& map : dozenMaps()) {
    const auto decoder = makeDecoder(map);
    const infer::KvMemory memory = infer::measureKvMemory(*decoder, int8, {.batch = 2, .context = 37});
    std::int64_t expected = 0;
    const nn::DecoderSpec& spec = decoder->spec();
    for (const int producer : spec.map.producers()) {
      const std::int64_t entries = std::min<std::int64_t>(37, spec.map.slotWindow(producer, kModelWindow).value_or(37));
      const std::int64_t streams = (spec.map.producesK(producer) ? 1 : 0) + (spec.map.producesV(producer) ? 1 : 0);
      // One byte a channel and a float16 scale for each head and token.
      expected += 2 * streams * entries * spec.map.kvHeads(producer, spec.shape.kvHeads) * (6 + 2);
    }
    EXPECT_EQ(memory.analytic, expected) << map;
    EXPECT_EQ(memory.storage, expected) << map;
  }
}

TEST_F(KvMemory, OfCla2IsExactlyHalfOfTheIdentityMaps) {
  const nn::CacheFactory dense = cacheOf("");
  const auto identity = makeDecoder("identity"), cla2 = makeDecoder("cla2");
  const infer::KvMemoryRequest request{.batch = 2, .context = 64};
  EXPECT_EQ(2 * infer::measureKvMemory(*cla2, dense, request).storage,
            infer::measureKvMemory(*identity, dense, request).storage);
}

TEST_F(KvMemory, ComesWithTheSpeedOfPrefillAndDecode) {
  const nn::CacheFactory dense = cacheOf("");
  const auto decoder = makeDecoder("cla2");
  std::vector<double> fractions;
  const infer::KvMemory memory = infer::measureKvMemory(
      *decoder, dense, {.context = 20, .decodeSteps = 3, .onProgress = [&](double f) { fractions.push_back(f); }});
  EXPECT_GT(memory.prefillTokensPerSecond, 0);
  EXPECT_GT(memory.decodeTokensPerSecond, 0);
  // One prefill and three steps, twice.
  ASSERT_EQ(fractions.size(), 8u);
  EXPECT_TRUE(std::is_sorted(fractions.begin(), fractions.end()));
  EXPECT_EQ(fractions.back(), 1);
  EXPECT_TRUE(memory.device.has_value()) << "on a CPU the process' resident set";
  EXPECT_FALSE(memory.allocated.has_value()) << "torch counts no CPU memory";
}

TEST_F(KvMemory, OfASingleTokenHasNothingToDecode) {
  const auto decoder = makeDecoder("cla2");
  const infer::KvMemory memory = infer::measureKvMemory(*decoder, cacheOf(""), {.context = 1});
  EXPECT_GT(memory.prefillTokensPerSecond, 0);
  EXPECT_EQ(memory.decodeTokensPerSecond, 0);
}

TEST_F(KvMemory, RefusesNoSequenceAndNoToken) {
  const auto decoder = makeDecoder("identity");
  const nn::CacheFactory dense = cacheOf("");
  EXPECT_THAT([&] { infer::measureKvMemory(*decoder, dense, {.batch = 0}); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("a batch of 0")));
  EXPECT_THAT([&] { infer::measureKvMemory(*decoder, dense, {.context = 0}); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("0 tokens")));
}

TEST_F(KvMemory, OnCudaIsSeenByTheAllocatorToo) {
  const Result<c10::Device> device = device::chooseDevice("cuda");
  if (!device) GTEST_SKIP() << "this machine has no CUDA device";
  const auto decoder = nn::Decoder::create(specOf("cla2"), 1, *device).value();
  decoder->setComputeType(torch::kBFloat16);
  const infer::KvMemory memory = infer::measureKvMemory(*decoder, cacheOf(""), {.batch = 4, .context = 4096});
  EXPECT_EQ(memory.storage, memory.analytic);
  ASSERT_TRUE(memory.allocated && memory.reserved && memory.device);
  EXPECT_GE(*memory.allocated, memory.storage);
  // The allocator rounds each of the six tensors up to 512 bytes.
  EXPECT_LE(*memory.allocated, memory.storage + 6 * 512);
}
