#include "engine/service/run_estimate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <numeric>
#include <utility>
#include <vector>

#include "engine/base/files.h"
#include "engine/base/machine_memory.h"
#include "engine/base/text.h"
#include "engine/service/client.h"
#include "engine/service/local_executor.h"
#include "engine/sharing/device_model.h"

namespace weft::service {

namespace {

constexpr double kGiB = 1 << 30;
constexpr std::size_t kMostConfigs = 32;  // of earlier runs that are read: rows are many, and what is near is new
constexpr double kMostScale = 8;          // in FLOPs a step: beyond it another part of the machine sets the speed

std::int64_t microBatchOf(const config::TrainConfig& train) {
  return train.microBatch > 0 ? train.microBatch : train.batchSequences;
}
double flopsPerStep(const ResolvedRun& run) {
  return run.cost.flops.train * static_cast<double>(run.config.train.batchSequences * run.config.train.sequenceLength);
}

// Steps after which the held-out split is evaluated: each evaluateEvery, each checkpoint, and the last.
std::int64_t evaluationsOf(const config::TrainConfig& train) {
  if (train.steps == 0) return 1;
  const std::int64_t first = train.evaluateEvery, second = train.checkpointEvery;
  const auto multiples = [&](std::int64_t every) { return every > 0 ? train.steps / every : 0; };
  std::int64_t count = multiples(first) + multiples(second);
  if (first > 0 && second > 0) count -= multiples(first / std::gcd(first, second) * second);
  const auto isDue = [&](std::int64_t every) { return every > 0 && train.steps % every == 0; };
  return count + (isDue(first) || isDue(second) ? 0 : 1);
}

// Whether a step of one takes as long as a step of the other.
bool isSameStep(const ResolvedRun& a, const ResolvedRun& b) {
  config::ModelConfig other = b.config.model;
  // What draws the weights, not what computes with them.
  other.initStd = a.config.model.initStd;
  other.scaledInit = a.config.model.scaledInit;
  return a.config.model == other && a.config.train.sequenceLength == b.config.train.sequenceLength &&
         a.config.train.batchSequences == b.config.train.batchSequences &&
         microBatchOf(a.config.train) == microBatchOf(b.config.train);
}

double scaleBetween(const ResolvedRun& a, const ResolvedRun& b) {
  return std::exp(std::abs(std::log(flopsPerStep(a) / flopsPerStep(b))));
}

bool isCpuName(const std::string& device) { return device.rfind("CPU", 0) == 0 || device.rfind("cpu", 0) == 0; }

std::string gibi(double bytes) { return fmt::format("{:.{}f} GiB", bytes / kGiB, bytes < kGiB ? 2 : 1); }

std::string flopsWords(double flopsPerSecond) {
  return flopsPerSecond >= 1e12 ? fmt::format("{:.3g} TFLOP/s", flopsPerSecond / 1e12)
                                : fmt::format("{:.3g} GFLOP/s", flopsPerSecond / 1e9);
}

}  // namespace

RunWork workOf(const ResolvedRun& run) {
  const config::RunConfig& config = run.config;
  RunWork work;
  work.trainingTokens = static_cast<double>(config.train.steps) *
                        static_cast<double>(config.train.batchSequences * config.train.sequenceLength);
  work.trainingFlops = work.trainingTokens * run.cost.flops.train;
  work.evaluations = evaluationsOf(config.train);
  double tokens = static_cast<double>(config.evaluation.tokens);
  if (config.evaluation.tokens == 0 && config.data.source == "synthetic")
    tokens = config.data.validFraction * static_cast<double>(config.data.syntheticTokens);
  work.evaluationFlops = static_cast<double>(work.evaluations) * tokens * run.cost.flops.prefill;
  return work;
}

std::optional<MeasuredSpeed> carriedOver(MeasuredSpeed speed, const ResolvedRun& measured, const ResolvedRun& run) {
  const bool isSameMachine = measured.types.isOnCpu == run.types.isOnCpu &&
                             measured.types.compute == run.types.compute &&
                             measured.config.device.threads == run.config.device.threads;
  if (!isSameMachine || scaleBetween(measured, run) > kMostScale) return std::nullopt;
  speed.isOfThisRun = speed.isOfThisRun && isSameStep(measured, run);
  return speed;
}

Result<std::optional<MeasuredSpeed>> speedOfEarlierRuns(store::RunStore& store, const ResolvedRun& run) {
  WEFT_ASSIGN(std::vector<store::RunSummary> runs, store.runs());
  std::erase_if(runs, [&](const store::RunSummary& one) {
    return !one.tokensPerSecond || *one.tokensPerSecond <= 0 || one.device.empty() ||
           isCpuName(one.device) != run.types.isOnCpu;
  });
  // The same map first, then what is new.
  const auto isAlike = [&](const store::RunSummary& one) {
    return one.map == run.config.model.sharing && one.hidden == run.config.model.hidden;
  };
  std::sort(runs.begin(), runs.end(), [&](const store::RunSummary& a, const store::RunSummary& b) {
    return std::pair(isAlike(a), a.id.value) > std::pair(isAlike(b), b.id.value);
  });
  if (runs.size() > kMostConfigs) runs.resize(kMostConfigs);
  std::optional<MeasuredSpeed> nearest;
  double nearestScale = kMostScale;
  for (const store::RunSummary& one : runs) {
    WEFT_ASSIGN(const std::string toml, store.configToml(one.id));
    const Result<config::RunConfig> config = config::parseRunConfig(toml, "config.toml");
    if (!config) continue;
    const Result<ResolvedRun> earlier =
        resolveRun(*config, {.lanes = run.types.isOnCpu ? std::vector<Lane>{"cpu"} : std::vector<Lane>{"cuda:0", "cpu"},
                             .tokenizerVocabulary = config->model.vocabulary});
    if (!earlier) continue;
    const auto speed = carriedOver({.tokensPerSecond = *one.tokensPerSecond,
                                    .flopsPerToken = earlier->cost.flops.train,
                                    .source = fmt::format("run {}", one.id.value),
                                    .isOfThisRun = true},
                                   *earlier, run);
    if (!speed) continue;
    if (speed->isOfThisRun) return speed;
    const double scale = scaleBetween(*earlier, run);
    if (scale > nearestScale) continue;
    nearestScale = scale;
    nearest = speed;
  }
  return nearest;
}

Result<MeasuredSpeed> tryOutSpeed(const ResolvedRun& run, const std::atomic<bool>* isCanceled) {
  WEFT_ASSIGN(const TemporaryFolder folder, TemporaryFolder::create("weft-trial"));
  WEFT_ASSIGN(const protocol::FinishedEvent finished,
              runDirectJob({.job = {.body = protocol::TrialJob{.config = config::toToml(run.config)},
                                    .shards = (folder.path() / "shards").string()},
                            .runFolder = folder.path(),
                            .isCanceled = isCanceled},
                           {}));
  const auto value = [&](const char* name) {
    const auto found = finished.summary.find(name);
    return found == finished.summary.end() ? 0.0 : found->second;
  };
  if (!(value("tokens_per_second") > 0)) return fail(ErrorCode::JobFailed, "The trial of a few steps told no speed.");
  return MeasuredSpeed{
      .tokensPerSecond = value("tokens_per_second"),
      .flopsPerToken = run.cost.flops.train,
      .source = fmt::format("a trial of {:.0f} step{}", value("steps"), value("steps") == 1 ? "" : "s"),
      .isOfThisRun = value("is_scaled") == 0};
}

std::string aboutDuration(double seconds) {
  const auto rounded = [](double value, double unit) { return std::max(unit, std::round(value / unit) * unit); };
  if (!std::isfinite(seconds)) return formatDuration(seconds);
  if (seconds < 20) return formatDuration(rounded(seconds, 1));
  if (seconds < 57.5) return formatDuration(rounded(seconds, 5));
  if (seconds < 150) return formatDuration(rounded(seconds, 30));
  if (seconds < 3570) return formatDuration(rounded(seconds, 60));
  if (seconds < 36000) return formatDuration(rounded(seconds, 600));
  return formatDuration(rounded(seconds, 3600));
}

RunEstimate estimateRun(const ResolvedRun& run, const MeasuredSpeed& speed) {
  const std::string rate = speed.isOfThisRun ? groupDigits(std::llround(speed.tokensPerSecond)) + " tokens/s"
                                             : flopsWords(speed.flopsPerSecond());
  return {.seconds = kStart_s + workOf(run).total() / speed.flopsPerSecond(),
          .basis = fmt::format("at the {} of {}", rate, speed.source)};
}

std::string RunEstimate::sentence() const { return fmt::format("about {}, {}", aboutDuration(seconds), basis); }

std::optional<DeviceMemory> deviceMemory(const ResolvedRun& run) {
  if (run.types.isOnCpu) {
    const Result<MachineMemory> memory = machineMemory();
    if (!memory) return std::nullopt;
    return DeviceMemory{static_cast<double>(memory->total_bytes), static_cast<double>(memory->available_bytes),
                        "this machine"};
  }
  const std::optional<sharing::DeviceModel> model = sharing::deviceModelOf(localGpuModel());
  if (!model) return std::nullopt;
  return DeviceMemory{model->memoryBytes, model->memoryBytes, model->name};
}

Result<MemoryFit> fitOf(const ResolvedRun& run, const std::optional<DeviceMemory>& device) {
  MemoryFit fit{.needed = {}, .device = device};
  WEFT_ASSIGN(fit.needed, sharing::trainingMemory(run.shape, run.map, trainingRequestOf(run)));
  if (device) {
    const auto needed = static_cast<double>(fit.needed.peak());
    fit.fits = needed <= device->total_bytes;
    fit.fitsNow = needed <= device->available_bytes;
  }
  return fit;
}

std::string MemoryFit::sentence() const {
  const std::string needs = gibi(static_cast<double>(needed.peak()));
  if (!device) return fmt::format("needs {}; the memory of the device is not known here", needs);
  if (!fits) {
    return fmt::format("does not fit: it needs {}, and {} has {}; a smaller micro batch or sequence length needs less",
                       needs, device->name, gibi(device->total_bytes));
  }
  if (!fitsNow) {
    return fmt::format("needs {} of the {} of {}, of which only {} are free now", needs, gibi(device->total_bytes),
                       device->name, gibi(device->available_bytes));
  }
  return fmt::format("fits: {} of the {} of {}", needs, gibi(device->total_bytes), device->name);
}

}  // namespace weft::service
