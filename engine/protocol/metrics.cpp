#include "engine/protocol/metrics.h"

namespace weft::protocol {

const std::vector<Metric>& metrics() {
  static const std::vector<Metric> all{
      {kTrainLoss, "Training loss", "nats per token", "", MetricStyle::Number, Better::Lower, false},
      {kValidPerplexity, "Validation perplexity", "", "", MetricStyle::Number, Better::Lower, false},
      {kValidLoss, "Validation loss", "nats per token", "", MetricStyle::Number, Better::Lower, false},
      {kLearningRate, "Learning rate", "", "", MetricStyle::Number, Better::Neither, true},
      {kGradientNorm, "Gradient norm", "", "before clipping", MetricStyle::Number, Better::Neither, true},
      {kTokensPerSecond, "Tokens per second", "", "", MetricStyle::Count, Better::Higher, true},
      {kStepTime, "Step time", "s", "of an optimizer step, without evaluations and checkpoints", MetricStyle::Number,
       Better::Lower, true},
      {kMfu, "MFU", "",
       "(6 N_matmul + 6 Σ s_l H D) tokens/s (causal), over the device's dense peak for the compute type",
       MetricStyle::Number, Better::Higher, true},
      {kMemory, "Memory", "B", "on CUDA what torch's allocator has reserved, on a CPU what the worker holds resident",
       MetricStyle::Count, Better::Lower, true}};
  return all;
}

const Metric* findMetric(std::string_view name) {
  for (const Metric& metric : metrics())
    if (metric.name == name) return &metric;
  return nullptr;
}

bool isOfEvaluations(std::string_view name) { return name == kValidLoss || name == kValidPerplexity; }

std::string axisTitle(std::string_view name) {
  const Metric* metric = findMetric(name);
  if (!metric) return std::string(name);
  return metric->unit.empty() ? metric->title : metric->title + " (" + metric->unit + ")";
}

}  // namespace weft::protocol
