// engine/protocol/metrics.h -- every metric that has a curve, described once: what it is called, in what unit, which
// direction is better. Trainer, store, charts, figures and tables all read this list; a new metric is a line here and
// the place that writes it. A name that is not here is stored and shown too, in its own words.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace weft::protocol {

enum class Better { Neither, Lower, Higher };
// How its numbers are written for people.
enum class MetricStyle { Number, Count };

inline constexpr const char* kTrainLoss = "train/loss";
inline constexpr const char* kLearningRate = "train/learning_rate";
inline constexpr const char* kGradientNorm = "train/gradient_norm";
inline constexpr const char* kTokensPerSecond = "train/tokens_per_second";
inline constexpr const char* kStepTime = "train/step_time";
inline constexpr const char* kMfu = "train/mfu";
inline constexpr const char* kMemory = "train/memory";
// Not metric events, but points of the evaluations of the held-out split.
inline constexpr const char* kValidLoss = "valid/loss";
inline constexpr const char* kValidPerplexity = "valid/perplexity";

struct Metric {
  std::string name;   // "train/loss": who measures it, then what
  std::string title;  // "Training loss"
  std::string unit;   // "nats per token"; "" for none
  std::string note;   // what a reader must know of it; "" for nothing
  MetricStyle style = MetricStyle::Number;
  Better better = Better::Neither;
  bool startsAtZero = true;  // of an axis, if no value is negative
};

// In the order in which people look for them.
const std::vector<Metric>& metrics();
const Metric* findMetric(std::string_view name);
// One of the evaluations' own, which no metric event carries.
bool isOfEvaluations(std::string_view name);

// As over an axis: "Training loss (nats per token)"; the name itself for one that is not known.
std::string axisTitle(std::string_view name);

}  // namespace weft::protocol
