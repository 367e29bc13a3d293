// measure: speed and KV memory of a checkpoint, or of a configuration with random weights, over a grid of batch x
// context; or its largest batches. Each answer is a measurement event at once, so that nothing is lost if a later one
// ends the job: "inference" for a point, "largest_batch" for a context.
#include <fmt/format.h>

#include <algorithm>

#include "engine/base/text.h"
#include "engine/device/device.h"
#include "engine/device/memory_limit.h"
#include "engine/infer/inference_speed.h"
#include "engine/store/measurements.h"
#include "engine/worker/jobs.h"
#include "engine/worker/model_setup.h"
#include "engine/worker/progress.h"

namespace weft::worker {

namespace {

constexpr std::int64_t kMost = std::int64_t{1} << 24;

struct Subject {
  std::unique_ptr<nn::Decoder> decoder;
  nn::CacheFactory caches;
  Machine machine;
};

Result<Subject> setUpSubject(JobContext& context, const protocol::MeasureJob& job) {
  Subject subject;
  if (job.model.empty() == job.config.empty()) {
    return fail(ErrorCode::InvalidInput,
                (context.folder / "job.json").string() + ": a job of kind measure needs \"model\" or \"config\".");
  }
  if (job.config.empty()) {
    WEFT_ASSIGN(ReadyModel model, setUpModel(context, job));
    return Subject{std::move(model.loaded.decoder), std::move(model.caches), model.machine};
  }
  WEFT_ASSIGN(config::RunConfig config, config::parseRunConfig(job.config, "job.json"));
  if (config.model.vocabulary == 0)
    config.model.vocabulary = 257;  // the byte tokenizer's; it does not change the KV cache
  WEFT_TRY(config::validate(config));
  WEFT_ASSIGN(subject.machine, setUpMachine(context, config.device, job.dtype));
  WEFT_ASSIGN(subject.caches, nn::CacheFactory::create(job.cache.value_or(config.cache.plugin), config.cache.dtype));
  WEFT_ASSIGN(const sharing::SharingMap map, config::sharingMap(config.model));
  WEFT_ASSIGN(subject.decoder, nn::Decoder::create(nn::decoderSpec(config.model, map), 1, subject.machine.device));
  subject.decoder->setComputeType(subject.machine.type);
  return subject;
}

Result<void> check(const protocol::MeasureJob& plan) {
  for (const std::int64_t batch : plan.batches) {
    for (const std::int64_t length : plan.contexts) {
      if (batch >= 1 && length >= 1 && batch <= kMost && length <= kMost) continue;
      return fail(ErrorCode::InvalidInput,
                  fmt::format("A batch of {} and a context of {} cannot be measured; both must be 1 to {}.", batch,
                              length, kMost));
    }
  }
  if (plan.rounds < 1 || plan.rounds > 1000) {
    return fail(ErrorCode::InvalidInput,
                fmt::format("{} timed rounds cannot be measured; ask for 1 to 1000.", plan.rounds));
  }
  if (plan.memory_bytes < 0)
    return fail(ErrorCode::InvalidInput,
                fmt::format("A memory limit of {} bytes means nothing; it must be 0 or more.", plan.memory_bytes));
  return {};
}

std::int64_t weightBytes(const nn::Decoder& decoder) {
  std::int64_t bytes = 0;
  for (const nn::NamedParameter& parameter : decoder.parameters())
    bytes += static_cast<std::int64_t>(parameter.value.nbytes());
  return bytes;
}

// What may be allocated beside the weights, which are there already.
Result<device::MemoryLimit> limitOf(const protocol::MeasureJob& plan, const Subject& subject) {
  if (plan.memory_bytes == 0) return device::availableMemory(subject.machine.device);
  const std::int64_t weights = weightBytes(*subject.decoder);
  if (plan.memory_bytes <= weights) {
    return fail(
        ErrorCode::InvalidInput,
        fmt::format("A memory limit of {} leaves nothing for a cache: the weights alone take {}.",
                    formatBytes(static_cast<double>(plan.memory_bytes)), formatBytes(static_cast<double>(weights))));
  }
  WEFT_ASSIGN(const device::MemoryLimit available, device::availableMemory(subject.machine.device));
  const std::int64_t bytes = plan.memory_bytes - weights;
  if (bytes > available.bytes) {
    return fail(ErrorCode::InvalidInput,
                fmt::format("A memory limit of {} is more than there is: {} beside the weights ({}).",
                            formatBytes(static_cast<double>(plan.memory_bytes)),
                            formatBytes(static_cast<double>(available.bytes)), available.source));
  }
  return device::MemoryLimit{bytes, fmt::format("the limit of {} that was asked for, less the weights",
                                                formatBytes(static_cast<double>(plan.memory_bytes)))};
}

std::map<std::string, std::string> labelsOf(const Subject& subject, const device::MemoryLimit& limit) {
  return {{"cache", subject.caches.name().empty() ? "dense" : subject.caches.name()},
          {"dtype", device::typeName(subject.caches.storedType(subject.machine.type))},
          {"compute_dtype", device::typeName(subject.machine.type)},
          {"device_name", device::describe(subject.machine.device)},
          {"torch", device::torchVersion()},
          {"limit", limit.source}};
}

protocol::MeasurementEvent pointEvent(const infer::SpeedPoint& point, const Subject& subject,
                                      const device::MemoryLimit& limit) {
  protocol::MeasurementEvent event{
      .name = std::string(store::kInferenceMeasurement), .values = {}, .labels = labelsOf(subject, limit)};
  if (point.fits) event.values = kvMemoryEvent(point.memory, "", subject.machine.type).values;
  const auto spread = [&](const std::string& name, const infer::Spread& one) {
    event.values[name] = one.median;
    event.values[name + "_low"] = one.low;
    event.values[name + "_high"] = one.high;
  };
  if (point.fits) {
    spread("prefill_tokens_per_second", point.prefillTokensPerSecond);
    if (point.memory.decoded > 0) {
      spread("decode_tokens_per_second", point.decodeTokensPerSecond);
      spread("decode_step_ms", point.decodeStep_ms);
    }
    event.values["rounds"] = static_cast<double>(point.memory.prefill_s.size());
  } else {
    event.labels["refusal"] = point.refusal;
  }
  event.values["fits"] = point.fits ? 1 : 0;
  event.values["batch"] = static_cast<double>(point.batch);
  event.values["context"] = static_cast<double>(point.context);
  event.values["limit_bytes"] = static_cast<double>(limit.bytes);
  return event;
}

// Sequences whose keys and values alone fill the limit: the cost model's; a plugin's after its own formula.
Result<std::int64_t> predictedBatch(const Subject& subject, std::int64_t length, const device::MemoryLimit& limit) {
  const nn::DecoderSpec& spec = subject.decoder->spec();
  if (!subject.caches.name().empty()) {
    const std::int64_t bytes = subject.caches.make(subject.decoder->cacheSpec(1, length))->analyticBytes(length);
    return bytes > 0 ? limit.bytes / bytes : 0;
  }
  const sharing::CostRequest request{.cacheType = device::elementType(subject.caches.storedType(subject.machine.type)),
                                     .context = length};
  WEFT_ASSIGN(const sharing::CostReport cost, sharing::cost(spec.shape, spec.map, request));
  // The limit is what is left beside the weights.
  return sharing::largestBatch(spec.shape, spec.map, request,
                               static_cast<double>(limit.bytes) + static_cast<double>(cost.weightBytes), 0);
}

Result<protocol::FinishedEvent> measureGrid(JobContext& context, const protocol::MeasureJob& plan, Subject& subject,
                                            const device::MemoryLimit& limit) {
  const device::AllocationBudget budget(subject.machine.device, limit.bytes);
  ProgressReporter report(context);
  protocol::FinishedEvent finished;
  const double points = static_cast<double>(plan.batches.size() * plan.contexts.size());
  double done = 0, fitting = 0;
  std::string refusal;
  for (const std::int64_t length : plan.contexts) {
    for (const std::int64_t batch : plan.batches) {
      const infer::SpeedPoint point =
          infer::measureSpeed(*subject.decoder, subject.caches,
                              {.batch = batch,
                               .context = length,
                               .rounds = plan.rounds,
                               .onProgress = [&](double part) { report("measuring", done + part, points); }},
                              budget);
      const protocol::MeasurementEvent event = pointEvent(point, subject, limit);
      context.events.write(event);
      report("measuring", ++done, points);
      fitting += point.fits ? 1 : 0;
      if (!point.fits) refusal = point.refusal;
      if (points == 1) {
        finished.summary = event.values;
        finished.texts = event.labels;
      }
    }
  }
  if (fitting == 0) {
    return fail(ErrorCode::OutOfMemory,
                fmt::format("Nothing that was asked for fits {} ({}); a smaller batch or context needs less.",
                            formatBytes(static_cast<double>(limit.bytes)), limit.source),
                refusal);
  }
  finished.summary["points"] = points;
  finished.summary["points_that_fit"] = fitting;
  return finished;
}

Result<protocol::FinishedEvent> measureLargest(JobContext& context, const protocol::MeasureJob& plan, Subject& subject,
                                               const device::MemoryLimit& limit) {
  device::AllocationBudget budget(subject.machine.device, limit.bytes);
  ProgressReporter report(context);
  protocol::FinishedEvent finished;
  double done = 0;
  for (const std::int64_t length : plan.contexts) {
    WEFT_ASSIGN(const std::int64_t predicted, predictedBatch(subject, length, limit));
    const infer::LargestBatch largest = infer::findLargestBatch(
        *subject.decoder, subject.caches,
        {.context = length,
         .onTry =
             [&](std::int64_t batch, bool fits) {
               report(fmt::format("context {}: a batch of {} {}", length, batch, fits ? "fits" : "does not fit"), done,
                      static_cast<double>(plan.contexts.size()));
             }},
        budget);
    protocol::MeasurementEvent event{
        .name = std::string(store::kLargestBatchMeasurement), .values = {}, .labels = labelsOf(subject, limit)};
    event.values = {{"context", static_cast<double>(length)},
                    {"largest_batch", static_cast<double>(largest.batch)},
                    {"predicted_batch", static_cast<double>(predicted)},
                    {"limit_bytes", static_cast<double>(limit.bytes)},
                    {"peak_bytes", static_cast<double>(largest.peak)},
                    {"tries", static_cast<double>(largest.tries)},
                    {"is_bound", largest.isBound ? 1.0 : 0.0}};
    context.events.write(event);
    report("measuring", ++done, static_cast<double>(plan.contexts.size()));
    if (plan.contexts.size() == 1) {
      finished.summary = event.values;
      finished.texts = event.labels;
    }
  }
  return finished;
}

}  // namespace

Result<protocol::FinishedEvent> run(JobContext& context, const protocol::MeasureJob& job) {
  WEFT_TRY(check(job));
  WEFT_ASSIGN(Subject subject, setUpSubject(context, job));
  WEFT_ASSIGN(const device::MemoryLimit limit, limitOf(job, subject));
  return job.wantsLargestBatch ? measureLargest(context, job, subject, limit)
                               : measureGrid(context, job, subject, limit);
}

}  // namespace weft::worker
