#include "engine/infer/perplexity.h"

#include <gmock/gmock.h>

#include <cmath>
#include <stdexcept>

#include "engine/device/device.h"
#include "tests/infer/models.h"

using namespace weft;
using namespace weft::infer_test;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

namespace {

// -log p of the target after this context, from the logits of one uncached pass, in float64 number by number.
double surprise(nn::Decoder& decoder, const std::vector<std::int64_t>& context, std::int64_t target) {
  const torch::NoGradGuard noGrad;
  const torch::Tensor logits =
      decoder.logits(torch::tensor(context, torch::kLong).unsqueeze(0)).select(1, -1).squeeze(0).to(torch::kDouble);
  double largest = -1e300, sum = 0;
  for (std::int64_t i = 0; i < logits.size(0); ++i) largest = std::max(largest, logits[i].item<double>());
  for (std::int64_t i = 0; i < logits.size(0); ++i) sum += std::exp(logits[i].item<double>() - largest);
  return largest + std::log(sum) - logits[target].item<double>();
}

struct Reference {
  double loss_nats = 0;
  std::int64_t tokens = 0;
};

// Token i + 1 is scored once, by the first window that reaches it; windows begin at 0, stride, 2 stride, ...
Reference naive(nn::Decoder& decoder, const std::vector<std::int64_t>& ids, const infer::PerplexityOptions& options) {
  const std::int64_t stride = options.stride > 0 ? options.stride : options.window;
  const auto all = static_cast<std::int64_t>(ids.size()) - 1;
  Reference reference{.tokens = options.tokens > 0 ? std::min(options.tokens, all) : all};
  for (std::int64_t i = 0; i < reference.tokens; ++i) {
    std::int64_t begin = 0;
    while (begin + options.window <= i) begin += stride;
    reference.loss_nats +=
        surprise(decoder, {ids.begin() + begin, ids.begin() + i + 1}, ids[static_cast<std::size_t>(i + 1)]);
  }
  reference.loss_nats /= static_cast<double>(reference.tokens);
  return reference;
}

}  // namespace

class Perplexity : public InferTest {};

TEST_F(Perplexity, EqualsANaiveFloat64ComputationForAnyWindowStrideAndBatch) {
  const auto decoder = makeDecoder("cla2", torch::kDouble);
  struct Case {
    std::int64_t length, window, stride, tokens, batch;
  };
  for (const Case& c : {Case{50, 8, 0, 0, 8}, Case{50, 8, 3, 0, 4}, Case{49, 8, 0, 0, 1}, Case{50, 7, 7, 20, 2},
                        Case{50, 16, 1, 0, 5}, Case{2, 8, 0, 0, 8}, Case{9, 8, 8, 0, 8}, Case{10, 8, 5, 0, 8},
                        Case{30, 100, 0, 0, 8}, Case{30, 1, 0, 0, 8}, Case{33, 8, 4, 13, 3}, Case{33, 8, 4, 1000, 3}}) {
    const std::vector<std::int64_t> ids = randomIds(c.length);
    const infer::PerplexityOptions options{
        .window = c.window, .stride = c.stride, .tokens = c.tokens, .batch = c.batch};
    const infer::Perplexity result = infer::perplexity(*decoder, ids, options);
    const Reference reference = naive(*decoder, ids, options);
    EXPECT_EQ(result.tokens, reference.tokens) << c.length << " " << c.window << " " << c.stride;
    EXPECT_NEAR(result.loss_nats, reference.loss_nats, 1e-12) << c.length << " " << c.window << " " << c.stride;
    EXPECT_NEAR(result.perplexity, std::exp(reference.loss_nats), 1e-9);
  }
}

TEST_F(Perplexity, InFloat32StaysWithinItsRounding) {
  const auto decoder = makeDecoder("cla3"), exact = makeDecoder("cla3", torch::kDouble);
  const std::vector<std::int64_t> ids = randomIds(200);
  const infer::PerplexityOptions options{.window = 16};
  EXPECT_NEAR(infer::perplexity(*decoder, ids, options).loss_nats, naive(*exact, ids, options).loss_nats, 2e-6);
}

TEST_F(Perplexity, ThroughACacheEqualsPerplexityWithoutForEveryMap) {
  const nn::CacheFactory dense = cacheOf("");
  const std::vector<std::int64_t> ids = randomIds(150);
  for (const std::string& map : dozenMaps()) {
    const auto decoder = makeDecoder(map, torch::kDouble);
    for (const std::int64_t stride : {0, 5}) {
      const infer::PerplexityOptions plain{.window = 16, .stride = stride, .batch = 3};
      infer::PerplexityOptions cached = plain;
      cached.caches = &dense;
      EXPECT_NEAR(infer::perplexity(*decoder, ids, cached).loss_nats, infer::perplexity(*decoder, ids, plain).loss_nats,
                  1e-12)
          << map;
    }
  }
}

TEST_F(Perplexity, ThroughTheInt8CacheIsNearAndNotEqual) {
  const nn::CacheFactory int8 = cacheOf("int8_cache");
  const std::vector<std::int64_t> ids = randomIds(300);
  for (const std::string& map : dozenMaps()) {
    const auto decoder = makeDecoder(map);
    const infer::PerplexityOptions plain{.window = 16};
    infer::PerplexityOptions cached = plain;
    cached.caches = &int8;
    const double with = infer::perplexity(*decoder, ids, cached).loss_nats,
                 without = infer::perplexity(*decoder, ids, plain).loss_nats;
    // A rounding of half a scale, max / 254, in every channel of K and V.
    EXPECT_NEAR(with, without, 0.02) << map;
    EXPECT_NE(with, without) << map << ": the cache was not read";
  }
}

TEST_F(Perplexity, OfAModelThatKnowsNothingIsItsVocabulary) {
  nn::DecoderSpec spec = specOf("identity");
  spec.shape.embedding = sharing::EmbeddingTie::Untied;
  const auto decoder = makeDecoder(spec, torch::kDouble);
  const torch::NoGradGuard noGrad;
  decoder->parameters().back().value.zero_();
  ASSERT_EQ(decoder->parameters().back().name, "head.weight");
  EXPECT_NEAR(infer::perplexity(*decoder, randomIds(40), {.window = 8}).perplexity, kVocabulary, 1e-10);
}

TEST_F(Perplexity, RefusesWhatCannotBeScored) {
  const auto decoder = makeDecoder("identity");
  EXPECT_THAT([&] { infer::perplexity(*decoder, {3}, {}); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("1 token(s) are too few")));
  EXPECT_THAT([&] { infer::perplexity(*decoder, randomIds(9), {.window = 4, .stride = 5}); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("a stride of 5 does not fit a window of 4")));
  EXPECT_THROW(infer::perplexity(*decoder, randomIds(9), {.window = 0}), std::invalid_argument);
}

TEST_F(Perplexity, TellsItsProgressAndCanBeCanceledByIt) {
  const auto decoder = makeDecoder("identity");
  std::vector<double> fractions;
  infer::perplexity(*decoder, randomIds(65), {.window = 8, .batch = 2},
                    [&](double fraction) { fractions.push_back(fraction); });
  EXPECT_EQ(fractions, (std::vector<double>{0.25, 0.5, 0.75, 1.0}));
  int calls = 0;
  EXPECT_THROW(infer::perplexity(*decoder, randomIds(65), {.window = 8, .batch = 2},
                                 [&](double) {
                                   if (++calls == 2) throw std::runtime_error("enough");
                                 }),
               std::runtime_error);
  EXPECT_EQ(calls, 2);
}

TEST_F(Perplexity, OnCudaIsThatOfTheCpu) {
  const Result<c10::Device> device = device::chooseDevice("cuda");
  if (!device) GTEST_SKIP() << "this machine has no CUDA device";
  const nn::CacheFactory dense = cacheOf("");
  const std::vector<std::int64_t> ids = randomIds(300);
  for (const std::string& map : dozenMaps()) {
    const auto here = makeDecoder(map, torch::kDouble), there = nn::Decoder::create(specOf(map), 1, *device).value();
    const double wanted = infer::perplexity(*here, ids, {.window = 32}).loss_nats;
    EXPECT_NEAR(infer::perplexity(*there, ids, {.window = 32}).loss_nats, wanted, 1e-4) << map;
    EXPECT_NEAR(infer::perplexity(*there, ids, {.window = 32, .caches = &dense}).loss_nats, wanted, 1e-4) << map;
    there->setComputeType(torch::kBFloat16);
    EXPECT_NEAR(infer::perplexity(*there, ids, {.window = 32}).loss_nats, wanted, 0.03) << map;
  }
}

TEST(TextMeasures, TurnNatsPerTokenIntoTheOtherUnits) {
  // 12 tokens of ln 2 each: 12 bits over 6 bytes and 3 words.
  const infer::TextMeasures measures = infer::textMeasures(12 * std::log(2.0), 6, 3);
  EXPECT_DOUBLE_EQ(measures.bitsPerByte, 2);
  EXPECT_DOUBLE_EQ(measures.bytePerplexity, 4);
  EXPECT_DOUBLE_EQ(measures.wordPerplexity, 16);
}
