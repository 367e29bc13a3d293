#include "engine/base/statistics.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <boost/random/mersenne_twister.hpp>
#include <boost/random/uniform_int_distribution.hpp>
#include <cassert>
#include <cmath>
#include <limits>
#include <numeric>

namespace weft::statistics {

namespace {

constexpr double kLevel = 1 - kConfidence;

// Two-sided p value of a t statistic.
double twoSided(double t, double degrees) {
  const boost::math::students_t distribution(degrees);
  return 2 * boost::math::cdf(boost::math::complement(distribution, std::abs(t)));
}

double loss(std::span<const DocumentScore> scores) {
  double logLikelihood = 0;
  std::int64_t tokens = 0;
  for (const DocumentScore& score : scores) {
    logLikelihood += score.logLikelihood_nats;
    tokens += score.tokens;
  }
  return tokens > 0 ? -logLikelihood / static_cast<double>(tokens) : std::numeric_limits<double>::quiet_NaN();
}

// Digits after the point of a percentage that is known to within `uncertainty`: 12 -> 0, 0.6 -> 1, 0.04 -> 2; at
// most 3.
int decimalsOf(double uncertainty) {
  if (!(uncertainty > 0)) return 1;
  if (uncertainty >= 9.5) return 0;
  if (uncertainty >= 0.095) return 1;
  return uncertainty >= 0.0095 ? 2 : 3;
}

std::string signedPercent(double percent, int decimals) {
  const std::string text = fmt::format("{:+.{}f}", percent, decimals);
  // What rounds to nothing has no sign of its own.
  return text.find_first_of("123456789") == std::string::npos ? "+" + text.substr(1) : text;
}

std::string unitName(Unit unit, int n) {
  const char* name = unit == Unit::Seeds ? "seed" : "document";
  return fmt::format("{} {}{}", n, name, n == 1 ? "" : "s");
}

std::string withMemory(const Comparison& comparison, const std::string& rest) {
  const std::string memory = bytesInWords(comparison.subject, comparison.reference);
  return memory.empty() ? rest : memory + "; " + rest;
}

}  // namespace

double studentQuantile(double probability, double degrees) {
  assert(probability > 0 && probability < 1 && degrees > 0);
  return boost::math::quantile(boost::math::students_t(degrees), probability);
}

Summary summarize(std::span<const double> values) {
  Summary summary;
  summary.n = static_cast<int>(values.size());
  summary.mean = std::numeric_limits<double>::quiet_NaN();
  if (values.empty()) return summary;
  const auto n = static_cast<double>(values.size());
  summary.mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  if (values.size() < 2) return summary;
  double squares = 0;
  for (const double value : values) squares += (value - summary.mean) * (value - summary.mean);
  summary.standardDeviation = std::sqrt(squares / (n - 1));
  const double half = studentQuantile(1 - kLevel / 2, n - 1) * *summary.standardDeviation / std::sqrt(n);
  summary.interval = Interval{summary.mean - half, summary.mean + half};
  return summary;
}

PairedDifference pairedT(std::span<const double> reference, std::span<const double> subject) {
  assert(reference.size() == subject.size());
  std::vector<double> differences(reference.size());
  std::transform(subject.begin(), subject.end(), reference.begin(), differences.begin(), std::minus<>());
  const Summary summary = summarize(differences);
  PairedDifference difference{
      .unit = Unit::Seeds, .n = summary.n, .mean = summary.mean, .interval = summary.interval, .pValue = {}};
  if (!summary.standardDeviation) return difference;
  const double standardError = *summary.standardDeviation / std::sqrt(static_cast<double>(summary.n));
  if (standardError > 0) {
    difference.pValue = twoSided(summary.mean / standardError, summary.n - 1);
  } else {
    difference.pValue = summary.mean == 0 ? 1 : 0;
  }
  return difference;
}

PairedDifference pairedBootstrap(std::span<const DocumentScore> reference, std::span<const DocumentScore> subject,
                                 int resamples, std::uint64_t seed) {
  assert(reference.size() == subject.size() && resamples > 0);
  const std::size_t n = reference.size();
  PairedDifference difference{.unit = Unit::Documents,
                              .n = static_cast<int>(n),
                              .mean = loss(subject) - loss(reference),
                              .interval = {},
                              .pValue = {}};
  if (n < 2) return difference;
  // Boost's generators and distributions, unlike the standard library's, give the same numbers with every compiler.
  boost::random::mt19937_64 random(seed);
  const boost::random::uniform_int_distribution<std::size_t> document(0, n - 1);
  std::vector<double> drawn;
  drawn.reserve(static_cast<std::size_t>(resamples));
  for (int i = 0; i < resamples; ++i) {
    double gap_nats = 0;
    std::int64_t tokens = 0;
    for (std::size_t j = 0; j < n; ++j) {
      const std::size_t at = document(random);
      gap_nats += reference[at].logLikelihood_nats - subject[at].logLikelihood_nats;
      tokens += reference[at].tokens;
    }
    if (tokens > 0) drawn.push_back(gap_nats / static_cast<double>(tokens));
  }
  if (drawn.empty()) return difference;
  std::sort(drawn.begin(), drawn.end());
  const auto percentile = [&](double share) {
    const double place = share * static_cast<double>(drawn.size() - 1);
    const auto below = static_cast<std::size_t>(place);
    const std::size_t above = std::min(below + 1, drawn.size() - 1);
    return drawn[below] + (place - static_cast<double>(below)) * (drawn[above] - drawn[below]);
  };
  difference.interval = Interval{percentile(kLevel / 2), percentile(1 - kLevel / 2)};
  const auto count = static_cast<double>(drawn.size());
  const auto notAbove = static_cast<double>(std::upper_bound(drawn.begin(), drawn.end(), 0.0) - drawn.begin());
  const auto notBelow = static_cast<double>(drawn.end() - std::lower_bound(drawn.begin(), drawn.end(), 0.0));
  difference.pValue = std::clamp(2 * std::min(notAbove, notBelow) / count, 2 / count, 1.0);
  return difference;
}

std::vector<double> holmAdjusted(std::span<const double> pValues) {
  std::vector<std::size_t> order(pValues.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return pValues[a] < pValues[b]; });
  std::vector<double> adjusted(pValues.size());
  double atLeast = 0;
  for (std::size_t rank = 0; rank < order.size(); ++rank) {
    atLeast = std::max(atLeast, std::min(1.0, pValues[order[rank]] * static_cast<double>(order.size() - rank)));
    adjusted[order[rank]] = atLeast;
  }
  return adjusted;
}

bool Comparison::isDifference() const { return obstacle == Obstacle::None && adjustedP && *adjustedP < kLevel; }

void adjust(std::vector<Comparison>& together) {
  std::vector<double> pValues;
  for (const Comparison& comparison : together) {
    if (comparison.obstacle == Obstacle::None && comparison.logPerplexity.pValue)
      pValues.push_back(*comparison.logPerplexity.pValue);
  }
  const std::vector<double> adjusted = holmAdjusted(pValues);
  std::size_t next = 0;
  for (Comparison& comparison : together) {
    comparison.comparisons = std::max<int>(1, static_cast<int>(pValues.size()));
    comparison.adjustedP.reset();
    if (comparison.obstacle == Obstacle::None && comparison.logPerplexity.pValue)
      comparison.adjustedP = adjusted[next++];
  }
}

std::string bytesInWords(const Subject& subject, const Subject& reference) {
  if (!subject.kvBytesPerToken || !reference.kvBytesPerToken || *reference.kvBytesPerToken <= 0 ||
      *subject.kvBytesPerToken <= 0)
    return {};
  const double ratio = *subject.kvBytesPerToken / *reference.kvBytesPerToken;
  const std::string bytes = reference.name + "'s KV bytes";
  constexpr double kSame = 0.005;
  if (std::abs(ratio - 1) <= kSame) return "the same KV bytes as " + reference.name;
  struct Known {
    double ratio;
    const char* words;
  };
  static constexpr Known kKnown[] = {
      {1.0 / 2, "half of "}, {1.0 / 3, "a third of "}, {1.0 / 4, "a quarter of "}, {1.0 / 8, "an eighth of "},
      {2, "twice "},         {3, "three times "},      {4, "four times "}};
  for (const Known& known : kKnown) {
    if (std::abs(ratio / known.ratio - 1) <= kSame) return known.words + bytes;
  }
  return ratio < 1 ? fmt::format("{:.2g} of {}", ratio, bytes) : fmt::format("{:.3g} times {}", ratio, bytes);
}

std::string relativeText(const PairedDifference& logRatio) {
  const auto percent = [](double log) { return 100 * std::expm1(log); };
  const double mean = percent(logRatio.mean);
  if (!logRatio.interval) return signedPercent(mean, 1) + "%";
  const double low = percent(logRatio.interval->low), high = percent(logRatio.interval->high);
  const double half = (high - low) / 2;
  // A ± stands for both sides: only where they round to the same.
  const bool isSymmetric = half < 10 && std::abs((low + high) / 2 - mean) < 0.1 * half + 0.005;
  const int decimals = decimalsOf(half);
  if (isSymmetric) return fmt::format("{}% ± {:.{}f}%", signedPercent(mean, decimals), half, decimals);
  return fmt::format("{}% ({}% to {}%)", signedPercent(mean, decimals), signedPercent(low, decimals),
                     signedPercent(high, decimals));
}

std::string basisInWords(const Comparison& comparison) {
  std::string basis = unitName(comparison.logPerplexity.unit, comparison.logPerplexity.n) + ", paired";
  if (comparison.comparisons > 1) basis += fmt::format("; {} comparisons", comparison.comparisons);
  return basis;
}

std::string sentence(const Comparison& comparison) {
  const std::string& reference = comparison.reference.name;
  switch (comparison.obstacle) {
    case Obstacle::SameConfiguration:
      return "the same configuration as " + reference + ": what they differ in is the seed";
    case Obstacle::SameSeed:
      return "the same configuration and seed as " + reference;
    case Obstacle::OtherText:
      return withMemory(
          comparison, "their held-out texts, tokenizers or evaluations differ, so their perplexities are not compared");
    case Obstacle::NoPair:
      return withMemory(comparison, "fewer than two seeds in common, so their perplexities are not compared");
    case Obstacle::NotFinished:
      return withMemory(comparison, "one of them has no final perplexity yet");
    case Obstacle::None:
      break;
  }
  const PairedDifference& difference = comparison.logPerplexity;
  if (difference.n < 2 || !difference.interval)
    return withMemory(comparison, "one run each, so their perplexities are not compared");
  const char* spread = difference.unit == Unit::Seeds ? "seeds" : "documents";
  std::string verdict;
  if (comparison.isDifference()) {
    verdict = (difference.mean > 0 ? "higher than " : "lower than ") + reference + "'s";
  } else if (difference.interval->low > 0 || difference.interval->high < 0) {
    // The interval alone leaves 0 out, but among this many comparisons one such is expected.
    verdict = fmt::format("no difference that holds among {} comparisons", comparison.comparisons);
  } else {
    verdict = fmt::format("no difference beyond the {}", spread);
  }
  return withMemory(comparison,
                    fmt::format("perplexity {} ({}): {}", relativeText(difference), basisInWords(comparison), verdict));
}

std::string summaryText(const Summary& summary, std::string (*format)(double)) {
  if (summary.n == 0) return "-";
  if (!summary.interval) return format(summary.mean);
  return fmt::format("{} ± {} ({})", format(summary.mean), format((summary.interval->high - summary.interval->low) / 2),
                     unitName(Unit::Seeds, summary.n));
}

}  // namespace weft::statistics
