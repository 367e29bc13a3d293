#include "engine/infer/generate.h"

#include <gmock/gmock.h>

#include <cmath>
#include <numeric>
#include <set>
#include <stdexcept>

#include "engine/device/device.h"
#include "tests/infer/models.h"

using namespace weft;
using namespace weft::infer_test;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

namespace {

// Logits after these ids, by one pass without a cache.
torch::Tensor logitsAfter(nn::Decoder& decoder, const std::vector<std::int64_t>& ids) {
  const torch::NoGradGuard noGrad;
  return decoder.logits(torch::tensor(ids, torch::kLong).unsqueeze(0)).select(1, -1).squeeze(0).to(torch::kDouble);
}

// Probabilities of temperature and top k, in float64.
std::vector<double> probabilities(const torch::Tensor& logits, double temperature, std::size_t topK) {
  std::vector<std::size_t> order(static_cast<std::size_t>(logits.size(0)));
  std::iota(order.begin(), order.end(), 0);
  const auto logit = [&](std::size_t i) { return logits[static_cast<std::int64_t>(i)].item<double>(); };
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return logit(a) > logit(b); });
  if (topK > 0) order.resize(topK);
  std::vector<double> result(static_cast<std::size_t>(logits.size(0)));
  double sum = 0;
  for (const std::size_t i : order) sum += result[i] = std::exp((logit(i) - logit(order[0])) / temperature);
  for (double& value : result) value /= sum;
  return result;
}

struct ChiSquare {
  double statistic = 0;
  int degrees = -1;
  int outside = 0;  // draws of probability zero
};

ChiSquare compare(const std::vector<std::int64_t>& draws, const std::vector<double>& expected) {
  std::vector<int> counts(expected.size());
  for (const std::int64_t draw : draws) ++counts[static_cast<std::size_t>(draw)];
  ChiSquare result;
  double restExpected = 0, restCount = 0;  // of all whose expectation is too small for the approximation
  const auto add = [&](double wanted, double count) {
    result.statistic += (count - wanted) * (count - wanted) / wanted;
    ++result.degrees;
  };
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double wanted = expected[i] * static_cast<double>(draws.size());
    if (expected[i] == 0) {
      result.outside += counts[i];
    } else if (wanted < 5) {
      restExpected += wanted;
      restCount += counts[i];
    } else {
      add(wanted, counts[i]);
    }
  }
  if (restExpected > 0) add(restExpected, restCount);
  return result;
}

// Above this by chance once in 10,000: Wilson and Hilferty 1931 with z = 3.719. The draws are seeded, so a test that
// passes always passes.
double critical(int degrees) {
  const double spread = 2.0 / (9.0 * degrees);
  return degrees * std::pow(1 - spread + 3.719 * std::sqrt(spread), 3);
}

// All rows of the embedding are equal, so every position has the same hidden state and every draw the same
// distribution.
std::unique_ptr<nn::Decoder> memorylessDecoder() {
  nn::DecoderSpec spec = specOf("cla2");
  spec.shape.embedding = sharing::EmbeddingTie::Untied;
  auto decoder = makeDecoder(spec);
  const torch::NoGradGuard noGrad;
  torch::Tensor embedding = decoder->parameters().front().value;
  embedding.copy_(embedding[0].clone().expand_as(embedding));
  decoder->parameters().back().value.mul_(4);  // far from uniform, so that a wrong temperature shows
  return decoder;
}

}  // namespace

class Generate : public InferTest {
 protected:
  nn::CacheFactory m_dense = cacheOf("");
};

TEST_F(Generate, GreedilyEqualsTheArgmaxOfUncachedLogitsForEveryMap) {
  for (const std::string& map : dozenMaps()) {
    const auto decoder = makeDecoder(map, torch::kDouble);
    const std::vector<std::int64_t> prompt = randomIds(5);
    const infer::Generated made = infer::generate(*decoder, m_dense, prompt, {.tokens = 24});
    ASSERT_EQ(made.ids.size(), 24u);
    std::vector<std::int64_t> ids = prompt;
    for (std::size_t i = 0; i < made.ids.size(); ++i) {
      ASSERT_EQ(made.ids[i], logitsAfter(*decoder, ids).argmax().item<std::int64_t>()) << map << ", token " << i;
      ids.push_back(made.ids[i]);
    }
  }
}

TEST_F(Generate, OnCudaGreedilyEqualsTheCpu) {
  const Result<c10::Device> device = device::chooseDevice("cuda");
  if (!device) GTEST_SKIP() << "this machine has no CUDA device";
  for (const std::string& map : dozenMaps()) {
    const auto here = makeDecoder(map, torch::kDouble), there = nn::Decoder::create(specOf(map), 1, *device).value();
    const std::vector<std::int64_t> prompt = randomIds(5);
    EXPECT_EQ(infer::generate(*there, m_dense, prompt, {.tokens = 24}).ids,
              infer::generate(*here, m_dense, prompt, {.tokens = 24}).ids)
        << map;
  }
}

TEST_F(Generate, SaysWhatItsCacheHeld) {
  const auto decoder = makeDecoder("cla2");
  // Three producers, K and V of one head of 6 in float32; the last token is never fed back.
  EXPECT_EQ(infer::generate(*decoder, m_dense, {1, 2, 3, 4}, {.tokens = 10}).kvBytes, 3 * 2 * 6 * 4 * (4 + 10 - 1));
  EXPECT_EQ(infer::generate(*decoder, m_dense, {1}, {.tokens = 1}).kvBytes, 3 * 2 * 6 * 4);
  const nn::CacheFactory int8 = cacheOf("int8_cache");
  EXPECT_EQ(infer::generate(*decoder, int8, {1, 2, 3, 4}, {.tokens = 10}).kvBytes, 3 * 2 * (6 + 2) * (4 + 10 - 1));
}

TEST_F(Generate, SamplesTheSameForASeedAndOtherwiseForAnother) {
  const auto decoder = makeDecoder("cla2");
  const auto sample = [&](std::uint64_t seed) {
    return infer::generate(*decoder, m_dense, {7, 3}, {.tokens = 30, .temperature = 1, .seed = seed}).ids;
  };
  const std::vector<std::int64_t> first = sample(11);
  torch::rand({5});  // torch's own generator has no part in it
  EXPECT_EQ(sample(11), first);
  EXPECT_NE(sample(12), first);
}

TEST_F(Generate, DrawsFromTheSoftmaxWithTemperatureAndTopK) {
  const auto decoder = memorylessDecoder();
  struct Case {
    double temperature;
    std::int64_t topK;
  };
  for (const Case& c : {Case{1, 0}, Case{0.5, 0}, Case{2, 6}, Case{0.7, 3}, Case{1, kVocabulary}}) {
    const infer::GenerateOptions options{.tokens = 2000, .temperature = c.temperature, .topK = c.topK, .seed = 3};
    const std::vector<std::int64_t> draws = infer::generate(*decoder, m_dense, {0}, options).ids;
    const std::vector<double> expected =
        probabilities(logitsAfter(*decoder, {0}), c.temperature, static_cast<std::size_t>(c.topK));
    const ChiSquare result = compare(draws, expected);
    EXPECT_EQ(result.outside, 0) << "temperature " << c.temperature << ", top k " << c.topK;
    ASSERT_GT(result.degrees, 0);
    EXPECT_LT(result.statistic, critical(result.degrees)) << "temperature " << c.temperature << ", top k " << c.topK;
    // The same draws do not fit another temperature: the test can fail.
    EXPECT_GT(
        compare(draws, probabilities(logitsAfter(*decoder, {0}), c.temperature * 2, static_cast<std::size_t>(c.topK)))
            .statistic,
        critical(result.degrees));
  }
}

TEST_F(Generate, DrawsIndependentlyForNeighbouringSeeds) {
  const auto decoder = memorylessDecoder();
  std::vector<std::int64_t> draws;
  for (std::uint64_t seed = 1; seed <= 1500; ++seed) {
    draws.push_back(infer::generate(*decoder, m_dense, {0}, {.tokens = 1, .temperature = 1, .seed = seed}).ids[0]);
  }
  const ChiSquare result = compare(draws, probabilities(logitsAfter(*decoder, {0}), 1, 0));
  EXPECT_LT(result.statistic, critical(result.degrees));
}

TEST_F(Generate, KeepsExactlyKOfEquallyLikelyTokens) {
  const auto decoder = memorylessDecoder();
  const torch::NoGradGuard noGrad;
  decoder->parameters().back().value.zero_();
  std::set<std::int64_t> seen;
  for (const std::int64_t id :
       infer::generate(*decoder, m_dense, {0}, {.tokens = 200, .temperature = 1, .topK = 4}).ids)
    seen.insert(id);
  EXPECT_EQ(seen.size(), 4u);
}

TEST_F(Generate, WithTopOneIsGreedy) {
  const auto decoder = makeDecoder("cla3");
  EXPECT_EQ(infer::generate(*decoder, m_dense, {4, 5}, {.tokens = 12, .temperature = 1.5, .topK = 1}).ids,
            infer::generate(*decoder, m_dense, {4, 5}, {.tokens = 12}).ids);
}

TEST_F(Generate, EndsAtTheStopTokenAndTellsEachTokenAtOnce) {
  const auto decoder = makeDecoder("cla2");
  const std::vector<std::int64_t> all =
      infer::generate(*decoder, m_dense, {9}, {.tokens = 20, .temperature = 1, .seed = 2}).ids;
  std::vector<std::int64_t> told;
  const infer::Generated made =
      infer::generate(*decoder, m_dense, {9}, {.tokens = 20, .temperature = 1, .seed = 2, .stopTokens = {all[6]}},
                      [&](std::int64_t id) { told.push_back(id); });
  const auto stop = std::find(all.begin(), all.end(), all[6]);
  EXPECT_EQ(made.ids, std::vector<std::int64_t>(all.begin(), stop + 1));
  EXPECT_EQ(told, made.ids);
}

TEST_F(Generate, SaysThatTheModelGivesNaN) {
  const auto decoder = makeDecoder("identity");
  {
    const torch::NoGradGuard noGrad;
    decoder->parameters().front().value.fill_(std::nan(""));
  }
  for (const double temperature : {0.0, 1.0}) {
    EXPECT_THAT([&] { infer::generate(*decoder, m_dense, {1}, {.tokens = 3, .temperature = temperature}); },
                ThrowsMessage<std::runtime_error>(HasSubstr("the model gives NaN")));
  }
}

TEST_F(Generate, RefusesAnEmptyPromptAndIdsOutsideTheVocabulary) {
  const auto decoder = makeDecoder("identity");
  EXPECT_THAT([&] { infer::generate(*decoder, m_dense, {}, {}); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("the prompt is empty")));
  for (const std::int64_t id : {std::int64_t{-1}, kVocabulary, std::int64_t{1} << 40}) {
    EXPECT_THAT(
        [&] {
          infer::generate(*decoder, m_dense, {1, id}, {});
        },
        ThrowsMessage<std::invalid_argument>(HasSubstr(std::to_string(id) + " is outside the vocabulary of 31")));
  }
}
