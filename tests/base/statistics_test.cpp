#include "engine/base/statistics.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "engine/base/text.h"

using namespace weft::statistics;
using ::testing::DoubleNear;
using ::testing::ElementsAre;

namespace {

PairedDifference difference(double mean, double low, double high, double p, int n = 3) {
  return {.unit = Unit::Seeds, .n = n, .mean = mean, .interval = Interval{low, high}, .pValue = p};
}

Comparison halfOfMqa(const PairedDifference& logPerplexity) {
  Comparison comparison{.subject = {"MQA-CLA2", 512}, .reference = {"MQA", 1024}};
  comparison.logPerplexity = logPerplexity;
  comparison.adjustedP = logPerplexity.pValue;
  return comparison;
}

}  // namespace

TEST(Statistics, QuantilesAreThoseOfPrintedTables) {
  EXPECT_NEAR(studentQuantile(0.975, 1), 12.706, 5e-4);
  EXPECT_NEAR(studentQuantile(0.975, 2), 4.303, 5e-4);
  EXPECT_NEAR(studentQuantile(0.975, 4), 2.776, 5e-4);
  EXPECT_NEAR(studentQuantile(0.975, 29), 2.045, 5e-4);
  EXPECT_NEAR(studentQuantile(0.5, 7), 0, 1e-12);
}

TEST(Statistics, SummaryOfFewValues) {
  EXPECT_TRUE(std::isnan(summarize({}).mean));
  const Summary one = summarize(std::vector<double>{7.0});
  EXPECT_EQ(one.n, 1);
  EXPECT_EQ(one.mean, 7.0);
  EXPECT_FALSE(one.standardDeviation || one.interval);
  const Summary three = summarize(std::vector<double>{1, 2, 3});
  EXPECT_DOUBLE_EQ(*three.standardDeviation, 1);
  EXPECT_NEAR(three.interval->high, 2 + 4.303 / std::sqrt(3.0), 1e-3);  // t(2) s / sqrt(3)
  EXPECT_NEAR(three.interval->low + three.interval->high, 4, 1e-12);
}

TEST(Statistics, PairedTUsesTheDifferencesAlone) {
  // d = 0.02, 0.20, -0.02: mean 0.0666667, SD 0.1171893, t = 0.985327. For 2 degrees p has a closed form: 1 - t /
  // sqrt(2 + t^2) = 0.428338.
  const std::vector<double> reference{6.44, 6.38, 6.17}, subject{6.46, 6.58, 6.15};
  const PairedDifference paired = pairedT(reference, subject);
  EXPECT_EQ(paired.n, 3);
  EXPECT_NEAR(paired.mean, 0.0666667, 1e-6);
  EXPECT_NEAR(*paired.pValue, 0.428338, 2e-6);
  EXPECT_NEAR(paired.interval->high - paired.mean, 4.302653 * 0.1171893 / std::sqrt(3.0), 1e-4);
  // A shift that both seeds share changes nothing.
  const PairedDifference shifted =
      pairedT(std::vector<double>{106.44, 6.38, 56.17}, std::vector<double>{106.46, 6.58, 56.15});
  EXPECT_NEAR(shifted.mean, paired.mean, 1e-12);
  EXPECT_NEAR(*shifted.pValue, *paired.pValue, 1e-9);
}

TEST(Statistics, PairedTOfOnePairOrOfEqualDifferences) {
  const PairedDifference one = pairedT(std::vector<double>{1}, std::vector<double>{2});
  EXPECT_FALSE(one.interval || one.pValue);
  EXPECT_EQ(*pairedT(std::vector<double>{1, 2}, std::vector<double>{1, 2}).pValue, 1);
  const PairedDifference same = pairedT(std::vector<double>{1, 2}, std::vector<double>{2, 3});
  EXPECT_EQ(*same.pValue, 0);
  EXPECT_EQ(same.interval->low, 1);
}

TEST(Statistics, PairedTIntervalsHoldTheTruthAsOftenAsTheySay) {
  std::mt19937_64 random(7);
  std::normal_distribution<double> noise(0, 1);
  int held = 0;
  constexpr int kTrials = 4000;
  for (int trial = 0; trial < kTrials; ++trial) {
    std::vector<double> reference(3), subject(3);
    for (int i = 0; i < 3; ++i) {
      const double seed = 5 * noise(random);  // what a seed does to both
      reference[i] = seed + noise(random);
      subject[i] = seed + noise(random) + 0.5;
    }
    const PairedDifference paired = pairedT(reference, subject);
    held += paired.interval->low <= 0.5 && 0.5 <= paired.interval->high;
  }
  EXPECT_NEAR(held / static_cast<double>(kTrials), 0.95, 4 * std::sqrt(0.95 * 0.05 / kTrials));
}

TEST(Statistics, PairedBootstrapAgreesWithTheNormalIntervalOfManyDocuments) {
  std::mt19937_64 random(3);
  std::normal_distribution<double> noise(0, 1);
  std::vector<DocumentScore> reference, subject;
  std::vector<double> gaps;
  for (int i = 0; i < 400; ++i) {
    const double shared = -300 + 40 * noise(random), gap = 3 + 10 * noise(random);
    reference.push_back({shared, 100});
    subject.push_back({shared - gap, 100});
    gaps.push_back(gap / 100);
  }
  const PairedDifference paired = pairedBootstrap(reference, subject);
  const Summary exact = summarize(gaps);
  EXPECT_EQ(paired.n, 400);
  EXPECT_EQ(paired.unit, Unit::Documents);
  EXPECT_NEAR(paired.mean, exact.mean, 1e-12);
  const double half = exact.interval->high - exact.mean;
  EXPECT_NEAR(paired.interval->low, exact.interval->low, 0.1 * half);
  EXPECT_NEAR(paired.interval->high, exact.interval->high, 0.1 * half);
  EXPECT_LT(*paired.pValue, 0.01);
  EXPECT_EQ(pairedBootstrap(reference, subject).interval, paired.interval) << "the same seed";
}

TEST(Statistics, PairedBootstrapOfOneDocumentOrOfTheSameModelClaimsNothing) {
  const std::vector<DocumentScore> one{{-10, 5}};
  EXPECT_FALSE(pairedBootstrap(one, one).interval);
  const std::vector<DocumentScore> two{{-10, 5}, {-30, 9}};
  const PairedDifference same = pairedBootstrap(two, two);
  EXPECT_EQ(same.mean, 0);
  EXPECT_EQ(*same.pValue, 1);
}

TEST(Statistics, HolmAdjustsAsPrintedInHisExample) {
  // 0.01, 0.04, 0.03 -> 3 * 0.01; then 2 * 0.03; then at least that.
  EXPECT_THAT(holmAdjusted(std::vector<double>{0.01, 0.04, 0.03}),
              ElementsAre(DoubleNear(0.03, 1e-12), DoubleNear(0.06, 1e-12), DoubleNear(0.06, 1e-12)));
  EXPECT_THAT(holmAdjusted(std::vector<double>{0.9, 0.6}), ElementsAre(1, 1));
  EXPECT_TRUE(holmAdjusted({}).empty());
}

TEST(StatisticsWords, SayTheDifferenceItsIntervalAndItsN) {
  EXPECT_EQ(sentence(halfOfMqa(difference(0.002, -0.004, 0.008, 0.4))),
            "half of MQA's KV bytes; perplexity +0.2% ± 0.6% (3 seeds, paired): no difference beyond the seeds");
  EXPECT_EQ(sentence(halfOfMqa(difference(0.0208, 0.0148, 0.0267, 0.004))),
            "half of MQA's KV bytes; perplexity +2.1% ± 0.6% (3 seeds, paired): higher than MQA's");
  EXPECT_EQ(sentence(halfOfMqa(difference(-0.0208, -0.0267, -0.0148, 0.004))),
            "half of MQA's KV bytes; perplexity -2.1% ± 0.6% (3 seeds, paired): lower than MQA's");
}

TEST(StatisticsWords, WideIntervalsAreWrittenByTheirEnds) {
  EXPECT_EQ(relativeText(difference(0.3, -0.5, 1.1, 0.3)), "+35% (-39% to +200%)");
  EXPECT_EQ(relativeText({.unit = Unit::Seeds, .n = 1, .mean = 0.002, .interval = {}, .pValue = {}}), "+0.2%");
}

TEST(StatisticsWords, NoDigitIsWrittenThatTheIntervalDoesNotKnow) {
  EXPECT_EQ(relativeText(difference(0.00018, -0.0046, 0.0050, 0.9)), "+0.0% ± 0.5%");
  EXPECT_EQ(relativeText(difference(-0.00018, -0.0050, 0.0046, 0.9)), "+0.0% ± 0.5%") << "nothing has no sign";
  EXPECT_EQ(relativeText(difference(0.00021, 0.00015, 0.00027, 0.001)), "+0.021% ± 0.006%");
  EXPECT_EQ(relativeText(difference(0, 0, 0, 1)), "+0.0% ± 0.0%");
}

TEST(StatisticsWords, OneRunEachMakesNoClaim) {
  PairedDifference one;
  one.n = 1;
  one.mean = 0.4;
  const Comparison comparison = halfOfMqa(one);
  EXPECT_FALSE(comparison.isDifference());
  EXPECT_EQ(sentence(comparison), "half of MQA's KV bytes; one run each, so their perplexities are not compared");
}

TEST(StatisticsWords, ADifferenceThatFallsToTheNumberOfComparisonsIsNone) {
  std::vector<Comparison> three{halfOfMqa(difference(0.02, 0.002, 0.038, 0.04)),
                                halfOfMqa(difference(0.001, -0.01, 0.012, 0.8)),
                                halfOfMqa(difference(0.03, 0.025, 0.035, 0.001))};
  three.push_back(halfOfMqa({}));
  three.back().obstacle = Obstacle::OtherText;
  adjust(three);
  EXPECT_EQ(three[0].comparisons, 3);
  EXPECT_FALSE(three[0].isDifference());
  EXPECT_TRUE(three[2].isDifference());
  EXPECT_FALSE(three[3].adjustedP);
  EXPECT_THAT(sentence(three[0]),
              ::testing::HasSubstr("(3 seeds, paired; 3 comparisons): no difference that holds among 3 comparisons"));
  EXPECT_THAT(sentence(three[2]), ::testing::HasSubstr("higher than MQA's"));
  EXPECT_THAT(sentence(three[3]), ::testing::HasSubstr("not compared"));
}

TEST(StatisticsWords, ObstaclesAreSaid) {
  Comparison comparison = halfOfMqa({});
  comparison.obstacle = Obstacle::SameConfiguration;
  EXPECT_EQ(sentence(comparison), "the same configuration as MQA: what they differ in is the seed");
  comparison.obstacle = Obstacle::NoPair;
  EXPECT_THAT(sentence(comparison), ::testing::HasSubstr("fewer than two seeds in common"));
  comparison.obstacle = Obstacle::NotFinished;
  EXPECT_THAT(sentence(comparison), ::testing::HasSubstr("no final perplexity yet"));
}

TEST(StatisticsWords, MemoryIsAShareThatPeopleSay) {
  EXPECT_EQ(bytesInWords({"A", 512}, {"B", 512}), "the same KV bytes as B");
  EXPECT_EQ(bytesInWords({"A", 256}, {"B", 1024}), "a quarter of B's KV bytes");
  EXPECT_EQ(bytesInWords({"A", 1024}, {"B", 512}), "twice B's KV bytes");
  EXPECT_EQ(bytesInWords({"A", 136}, {"B", 512}), "0.27 of B's KV bytes");
  EXPECT_EQ(bytesInWords({"A", 1536}, {"B", 1024}), "1.5 times B's KV bytes");
  EXPECT_EQ(bytesInWords({"A", {}}, {"B", 512}), "");
}

TEST(StatisticsWords, ASummaryNamesItsSeeds) {
  EXPECT_EQ(summaryText(summarize(std::vector<double>{6.0, 6.1, 6.2}), weft::formatPerplexity),
            "6.10 ± 0.25 (3 seeds)");
  EXPECT_EQ(summaryText(summarize(std::vector<double>{6.0}), weft::formatPerplexity), "6.00");
  EXPECT_EQ(summaryText({}, weft::formatPerplexity), "-");
}
