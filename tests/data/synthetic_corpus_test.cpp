#include "engine/data/synthetic_corpus.h"

#include <gtest/gtest.h>
#include <zstd.h>

#include <array>
#include <cmath>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace weft::data {
namespace {

constexpr std::int64_t kBytes = 1'000'000;

double unigramEntropy_nats(const std::string& text) {
  std::array<double, 256> counts{};
  for (const char c : text) ++counts[static_cast<unsigned char>(c)];
  double nats = 0;
  for (const double count : counts) {
    if (count > 0) nats -= count * std::log(count / static_cast<double>(text.size()));
  }
  return nats / static_cast<double>(text.size());
}

// Nats per byte of `held` under an adaptive byte model of the `order` bytes before, trained on `train` and mixed with
// the shorter orders (Witten-Bell): a learner without memory beyond `order` bytes.
double backoffEntropy_nats(const std::string& train, const std::string& held, std::size_t order) {
  struct Counts {
    std::map<char, double> of;
    double all = 0;
  };
  std::vector<std::unordered_map<std::string, Counts>> orders(order + 1);
  for (std::size_t n = 0; n <= order; ++n) {
    for (std::size_t i = n; i < train.size(); ++i) {
      Counts& counts = orders[n][train.substr(i - n, n)];
      ++counts.of[train[i]];
      ++counts.all;
    }
  }
  double nats = 0;
  for (std::size_t i = order; i < held.size(); ++i) {
    double probability = 1.0 / 256;
    for (std::size_t n = 0; n <= order; ++n) {
      const auto found = orders[n].find(held.substr(i - n, n));
      if (found == orders[n].end()) break;
      const Counts& counts = found->second;
      const auto kinds = static_cast<double>(counts.of.size());
      const auto seen = counts.of.find(held[i]);
      probability = ((seen == counts.of.end() ? 0 : seen->second) + kinds * probability) / (counts.all + kinds);
    }
    nats -= std::log(probability);
  }
  return nats / static_cast<double>(held.size() - order);
}

TEST(SyntheticCorpus, IsTheSameForTheSameSeedHoweverItIsAskedFor) {
  SyntheticCorpus whole(1), pieces(1), other(2);
  const std::string text = whole.generate(20000);
  std::string joined;
  while (joined.size() < text.size()) joined += pieces.generate(1);
  EXPECT_EQ(joined, text);
  EXPECT_DOUBLE_EQ(whole.entropyPerByte_nats(), pieces.entropyPerByte_nats());
  EXPECT_NE(other.generate(20000), text);
}

TEST(SyntheticCorpus, WritesReadableSentences) {
  SyntheticCorpus corpus(1);
  const std::string text = corpus.generate(kBytes);
  EXPECT_GE(text.size(), static_cast<std::size_t>(kBytes));
  EXPECT_LT(text.size(), static_cast<std::size_t>(kBytes) + 200);
  EXPECT_TRUE(text.ends_with(". ") || text.ends_with(".\n"));
  EXPECT_EQ(text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ .\n"), std::string::npos);
  EXPECT_EQ(text.find("  "), std::string::npos);
}

TEST(SyntheticCorpus, HasAnEntropyFarBelowItsUnigramEntropy) {
  for (const std::uint64_t seed : {1, 2, 3}) {
    SyntheticCorpus corpus(seed);
    const std::string text = corpus.generate(kBytes);
    EXPECT_GT(corpus.entropyPerByte_nats(), 0.1);
    EXPECT_GT(unigramEntropy_nats(text), 5 * corpus.entropyPerByte_nats());
  }
}

TEST(SyntheticCorpus, HasAnEntropyThatCompressionDoesNotBeat) {
  SyntheticCorpus corpus(1);
  const std::string text = corpus.generate(kBytes);
  std::string packed(ZSTD_compressBound(text.size()), '\0');
  packed.resize(ZSTD_compress(packed.data(), packed.size(), text.data(), text.size(), 19));
  const double floorBytes = corpus.entropyPerByte_nats() * static_cast<double>(text.size()) / std::log(2.0) / 8;
  EXPECT_GT(static_cast<double>(packed.size()), floorBytes);
}

TEST(SyntheticCorpus, NeedsDistantContextToReachItsFloor) {
  SyntheticCorpus corpus(1);
  const std::string train = corpus.generate(kBytes);
  const double natsOfTrain = corpus.entropyPerByte_nats() * static_cast<double>(train.size());
  const std::string held = corpus.generate(100000);
  const double both = static_cast<double>(train.size() + held.size());
  const double floor_nats = (corpus.entropyPerByte_nats() * both - natsOfTrain) / static_cast<double>(held.size());
  // 10 bytes reach back over the word before, never to the sentence before.
  const double near_nats = backoffEntropy_nats(train, held, 10);
  EXPECT_LT(near_nats, 0.5 * unigramEntropy_nats(held));
  EXPECT_GT(near_nats, 1.25 * floor_nats);
  RecordProperty("floor_nats", std::to_string(floor_nats));
  RecordProperty("order10_nats", std::to_string(near_nats));
}

TEST(SyntheticCorpus, RecallsTheThingsOfItsPeople) {
  // In a paragraph the second thing of a name is its first one far more often than chance: the rule that attention has
  // to find.
  SyntheticCorpus corpus(1);
  const std::string text = corpus.generate(kBytes);
  std::map<std::string, std::string> things;
  int again = 0, same = 0;
  std::string sentence;
  for (const char c : text) {
    if (c == '\n') things.clear();
    if (c != '.') {
      if (!(sentence.empty() && (c == ' ' || c == '\n'))) sentence += c;
      continue;
    }
    const std::string name = sentence.substr(0, sentence.find(' '));
    const std::size_t start = sentence.find(" the ") + 5;
    const std::string thing = sentence.substr(start, sentence.find(' ', sentence.find(' ', start) + 1) - start);
    const auto [known, isNew] = things.emplace(name, thing);
    if (!isNew) {
      ++again;
      same += known->second == thing;
    }
    sentence.clear();
  }
  ASSERT_GT(again, 2000);
  EXPECT_GT(static_cast<double>(same) / again, 0.8);
  EXPECT_LT(static_cast<double>(same) / again, 0.95);
}

TEST(SyntheticCorpus, SaysTheEntropyThatItsDrawsHave) {
  // The draw after a thing ends the sentence (0.45), names a companion (0.3) or a place (0.25); counted independently
  // of the source.
  SyntheticCorpus corpus(5);
  const std::string text = corpus.generate(kBytes);
  int sentences = 0, companions = 0, paragraphs = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    sentences += text[i] == '.';
    paragraphs += text[i] == '\n';
    companions += text.compare(i, 6, " with ") == 0;
  }
  EXPECT_NEAR(static_cast<double>(companions) / sentences, 0.3, 0.015);
  EXPECT_NEAR(static_cast<double>(paragraphs) / sentences, 0.15, 0.015);
  // Those two draws alone give 1.067 + 0.423 nats a sentence; a verb, an adjective and a noun at least as much again.
  const double perSentence = corpus.entropyPerByte_nats() * static_cast<double>(text.size()) / sentences;
  EXPECT_GT(perSentence, 3.0);
  EXPECT_LT(perSentence, 12.0);
}

}  // namespace
}  // namespace weft::data
