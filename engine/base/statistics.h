// engine/base/statistics.h -- intervals, and the words for them. The only room that says of two models whether one is
// better: the command line, Compare, captions and the demo print the sentences of this header and none of their own. No
// claim goes further than its interval carries.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace weft::statistics {

// Every interval of this header has this confidence, and a difference is one when its (adjusted) p value lies below 1 -
// this.
inline constexpr double kConfidence = 0.95;

struct Interval {
  double low = 0, high = 0;
  bool operator==(const Interval&) const = default;
};

// x with P(T <= x) = probability for Student's t; degrees > 0, probability in (0, 1). studentQuantile(0.975, 2)
// = 4.303.
double studentQuantile(double probability, double degrees);

// Of independent values of one quantity, such as one configuration's perplexity over seeds.
struct Summary {
  int n = 0;
  double mean = 0;                          // NaN for n = 0
  std::optional<double> standardDeviation;  // of the sample, divisor n - 1; from n = 2
  std::optional<Interval> interval;         // of the mean, mean -+ t(n - 1) s / sqrt(n) (Student 1908); from n = 2
};
Summary summarize(std::span<const double> values);

// What is drawn again when an experiment is repeated: what n counts.
enum class Unit { Seeds, Documents };

// The mean of subject - reference over n pairs.
struct PairedDifference {
  Unit unit = Unit::Seeds;
  int n = 0;
  double mean = 0;
  std::optional<Interval> interval;  // from n = 2
  std::optional<double> pValue;      // two-sided, of no difference; from n = 2
};

// Paired t interval: d_i = subject_i - reference_i, mean(d) -+ t(n - 1) sd(d) / sqrt(n). The i-th of both was made with
// the same seed, so that what a seed does to both cancels. Equal lengths. All d equal: the interval is that point, p is
// 0, or 1 when they are all 0.
PairedDifference pairedT(std::span<const double> reference, std::span<const double> subject);

// What a model says of one document: the sum of the log-likelihoods of its tokens.
struct DocumentScore {
  double logLikelihood_nats = 0;
  std::int64_t tokens = 0;
};

// For two models or caches that have no seeds: paired bootstrap over the documents of one text (Efron & Tibshirani
// 1993, ch. 13 and 15; Koehn 2004). The difference is that of the losses, nats per token = -sum(log-likelihood) /
// sum(tokens), which is the log of the ratio of the perplexities. Documents are drawn with replacement, both models'
// scores of a document together; the interval is the 2.5th to 97.5th percentile of `resamples` differences; p = 2
// min(share <= 0, share >= 0), at least 2 / resamples. The same `seed` gives the same numbers. i-th = the same document
// in both, tokens included. Cost resamples * documents. Fewer than 2 documents: no interval.
PairedDifference pairedBootstrap(std::span<const DocumentScore> reference, std::span<const DocumentScore> subject,
                                 int resamples = 10'000, std::uint64_t seed = 1);

// Holm 1979: p values as if each comparison stood alone -> adjusted ones that keep the chance of any false claim among
// all of them below 1 - kConfidence. In the order given.
std::vector<double> holmAdjusted(std::span<const double> pValues);

// ---------------------------------------------------------------- words

// One configuration as a comparison names it.
struct Subject {
  std::string name;
  std::optional<double> kvBytesPerToken;
};

// What stands in the way of a comparison, or nothing.
enum class Obstacle {
  None,
  SameConfiguration,  // two runs of one configuration: what they differ in is the seed
  SameSeed,           // two runs of one configuration and one seed
  OtherText,          // their held-out texts, tokenizers or evaluations differ
  NoPair,             // several runs, but not two pairs that share a seed
  NotFinished         // one of them has no final perplexity yet
};

// subject against reference.
struct Comparison {
  Subject subject, reference;
  Obstacle obstacle = Obstacle::None;
  PairedDifference logPerplexity;   // natural log, so that exp(mean) - 1 is the relative difference
  int comparisons = 1;              // how many are made beside each other, this one included
  std::optional<double> adjustedP;  // Holm's among those; the p value itself when there is one
  bool isDifference() const;        // adjustedP below 1 - kConfidence
};

// Sets `comparisons` and `adjustedP` of comparisons that are shown together; those without a p value count for nothing.
void adjust(std::vector<Comparison>& together);

// "half of MQA's KV bytes", "the same KV bytes as MQA" (within 0.5%), "twice MQA's KV bytes", "0.27 of MQA's KV bytes";
// "" when one is unknown.
std::string bytesInWords(const Subject& subject, const Subject& reference);
// "+0.2% ± 0.6%" of a log ratio: exp() of mean and interval; "+35% (12% to 63%)" where the interval is too wide to be
// symmetric; "+0.2%" without one.
std::string relativeText(const PairedDifference& logRatio);
// "3 seeds, paired", "62 documents, paired"; with several comparisons "3 seeds, paired; 3 comparisons".
std::string basisInWords(const Comparison& comparison);
// The whole truth of one comparison in one sentence without a full stop:
//   "half of MQA's KV bytes; perplexity +0.2% ± 0.6% (3 seeds, paired): no difference beyond the seeds"
//   "half of MQA's KV bytes; perplexity +2.1% ± 0.6% (3 seeds, paired): higher than MQA's"
//   "half of MQA's KV bytes; one run each, so their perplexities are not compared"
std::string sentence(const Comparison& comparison);

// "7.04", "7.04 ± 0.31 (3 seeds)" with the half width of the interval; `format` writes one value.
std::string summaryText(const Summary& summary, std::string (*format)(double));

}  // namespace weft::statistics
