// trial: a few steps of a training with random weights and random tokens: how fast it trains on this device, before
// anybody waits for it.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <functional>

#include "engine/base/text.h"
#include "engine/config/training_request.h"
#include "engine/device/device.h"
#include "engine/device/memory_limit.h"
#include "engine/train/adamw.h"
#include "engine/train/passes.h"
#include "engine/worker/jobs.h"
#include "engine/worker/model_setup.h"
#include "engine/worker/progress.h"

namespace weft::worker {

namespace {

using Clock = std::chrono::steady_clock;

constexpr double kTrial_s = 1;  // of timed steps
constexpr int kFewestSteps = 2, kMostSteps = 200;
// On a CPU a step of more than this is tried with less: 0.5 s at 40 GFLOP/s. The demo's steps are below it.
constexpr double kMostStepFlops = 20e9;

double flopsPerToken(const config::RunConfig& config, const sharing::SharingMap& map) {
  const auto cost = sharing::cost(config::shapeOf(config.model), map, {.context = config.train.sequenceLength});
  return cost ? cost->flops.train : 0;
}

double stepFlops(const config::RunConfig& config, const sharing::SharingMap& map) {
  return flopsPerToken(config, map) * static_cast<double>(config.train.batchSequences * config.train.sequenceLength);
}

// What is tried of `config`: on a CPU fewer sequences, then fewer layers, then shorter sequences, until a step is
// short. The width, which sets how fast a matrix product is, stays.
Result<config::RunConfig> reduced(config::RunConfig config, bool isOnCpu) {
  if (config.train.microBatch == 0) config.train.microBatch = config.train.batchSequences;
  WEFT_ASSIGN(sharing::SharingMap map, config::sharingMap(config.model));
  const auto isLong = [&] { return isOnCpu && stepFlops(config, map) > kMostStepFlops; };
  while (isLong() && config.train.batchSequences > 1) {
    config.train.batchSequences = std::max(config.train.batchSequences / 2, std::int64_t{1});
    config.train.microBatch = std::min(config.train.microBatch, config.train.batchSequences);
    config.train.batchSequences -= config.train.batchSequences % config.train.microBatch;
  }
  while (isLong() && config.model.layers > 2) {
    config.model.layers = std::max(2, config.model.layers / 2);
    config.model.sharing = "identity";
    map = sharing::SharingMap::identity(config.model.layers);
  }
  while (isLong() && config.train.sequenceLength > 64) config.train.sequenceLength /= 2;
  return config;
}

class Trial {
 public:
  Trial(nn::Decoder& decoder, const config::RunConfig& config)
      : m_decoder(decoder),
        m_config(config),
        m_parameters(decoder.parameters()),
        m_optimizer(m_parameters, config.train),
        m_passes(decoder, m_parameters, config.train.microBatch, config.train.sequenceLength) {}

  // One optimizer step; seconds of its passes and of its update.
  void step() {
    const std::int64_t micro = m_config.train.microBatch, length = m_config.train.sequenceLength;
    const Clock::time_point begin = Clock::now();
    m_passes.begin();
    for (std::int64_t done = 0; done < m_config.train.batchSequences; done += micro) {
      const torch::Tensor rows = torch::randint(m_config.model.vocabulary, {micro, length + 1},
                                                torch::TensorOptions().dtype(torch::kLong).device(m_decoder.device()));
      m_passes.add(rows, static_cast<double>(micro) / static_cast<double>(m_config.train.batchSequences));
    }
    m_passes.finish();
    device::synchronize(m_decoder.device());
    const Clock::time_point middle = Clock::now();
    m_optimizer.step(1e-6);
    device::synchronize(m_decoder.device());
    m_passes_s += std::chrono::duration<double>(middle - begin).count();
    m_updates_s += std::chrono::duration<double>(Clock::now() - middle).count();
    ++m_steps;
  }
  // The first step allocates, and torch chooses its kernels.
  void warmUp() {
    step();
    m_steps = 0;
    m_passes_s = m_updates_s = 0;
  }
  int steps() const { return m_steps; }
  double seconds() const { return m_passes_s + m_updates_s; }
  double passes_s() const { return m_passes_s / m_steps; }
  double update_s() const { return m_updates_s / m_steps; }

 private:
  nn::Decoder& m_decoder;
  const config::RunConfig& m_config;
  step::Parameters m_parameters;
  train::AdamW m_optimizer;
  train::Passes m_passes;
  int m_steps = 0;
  double m_passes_s = 0, m_updates_s = 0;
};

Result<void> requireRoom(const config::RunConfig& config, const sharing::SharingMap& map, const Machine& machine) {
  sharing::TrainingRequest request = config::trainingRequest(config.train, device::elementType(machine.type));
  request.attention = sharing::trainingAttention(map, request.computeType, device::processor(machine.device));
  WEFT_ASSIGN(const sharing::TrainingMemory needed,
              sharing::trainingMemory(config::shapeOf(config.model), map, request));
  WEFT_ASSIGN(const device::MemoryLimit limit, device::availableMemory(machine.device));
  if (needed.peak() <= limit.bytes) return {};
  return fail(ErrorCode::OutOfMemory, fmt::format("A trial of a few steps would take {}, and there are {} ({}).",
                                                  formatBytes(static_cast<double>(needed.peak())),
                                                  formatBytes(static_cast<double>(limit.bytes)), limit.source));
}

}  // namespace

Result<protocol::FinishedEvent> run(JobContext& context, const protocol::TrialJob& job) {
  WEFT_ASSIGN(const config::RunConfig whole, config::parseRunConfig(job.config, "job.json"));
  WEFT_TRY(config::validate(whole));
  if (whole.model.vocabulary == 0)
    return fail(ErrorCode::InvalidInput, "A trial needs model.vocabulary; without a tokenizer it is not known.");
  WEFT_ASSIGN(const Machine machine, setUpMachine(context, whole.device));
  WEFT_ASSIGN(const config::RunConfig tried, reduced(whole, machine.device.is_cpu()));
  WEFT_ASSIGN(const sharing::SharingMap wholeMap, config::sharingMap(whole.model));
  WEFT_ASSIGN(const sharing::SharingMap map, config::sharingMap(tried.model));
  WEFT_TRY(requireRoom(tried, map, machine));
  ProgressReporter report(context);
  report("trying out", 0);
  WEFT_ASSIGN(const std::unique_ptr<nn::Decoder> decoder,
              nn::Decoder::create(nn::decoderSpec(tried.model, map), 1, machine.device));
  decoder->setComputeType(machine.type);
  Trial trial(*decoder, tried);
  trial.warmUp();
  while (trial.steps() < kFewestSteps || (trial.seconds() < kTrial_s && trial.steps() < kMostSteps)) {
    trial.step();
    report("trying out", std::min(1.0, trial.seconds() / kTrial_s));
  }
  // A whole step at the trial's FLOP/s, and an update of the whole model's parameters.
  WEFT_ASSIGN(const sharing::CostReport cost,
              sharing::cost(config::shapeOf(whole.model), wholeMap, {.context = whole.train.sequenceLength}));
  const double parameters =
      static_cast<double>(cost.parameters.total()) / static_cast<double>(decoder->parameterCount());
  const double step_s =
      trial.passes_s() * stepFlops(whole, wholeMap) / stepFlops(tried, map) + trial.update_s() * parameters;
  const auto tokens = static_cast<double>(whole.train.batchSequences * whole.train.sequenceLength);
  const bool isScaled = tried.model.layers != whole.model.layers ||
                        tried.train.batchSequences != whole.train.batchSequences ||
                        tried.train.sequenceLength != whole.train.sequenceLength;
  return protocol::FinishedEvent{.summary = {{"tokens_per_second", tokens / step_s},
                                             {"flops_per_second", stepFlops(whole, wholeMap) / step_s},
                                             {"steps", static_cast<double>(trial.steps())},
                                             {"is_scaled", isScaled ? 1.0 : 0.0}},
                                 .texts = {{"device", device::describe(machine.device)}}};
}

}  // namespace weft::worker
