#include "engine/service/measure.h"

#include <fmt/format.h>

#include <cmath>
#include <ctime>
#include <utility>

#include "engine/base/files.h"
#include "engine/config/run_config.h"
#include "engine/service/client.h"

namespace weft::service {

namespace {

std::string dateOf(double time) {
  const auto seconds = static_cast<std::time_t>(time);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
                     parts.tm_hour, parts.tm_min, parts.tm_sec);
}

Result<void> check(const MeasureRequest& request) {
  if (request.batches.empty() || request.contexts.empty())
    return fail(ErrorCode::InvalidInput, "Name at least one batch and one context to measure.");
  for (const std::int64_t batch : request.batches)
    if (batch < 1)
      return fail(ErrorCode::InvalidInput,
                  fmt::format("A batch of {} cannot be measured; it must be at least 1.", batch));
  for (const std::int64_t length : request.contexts)
    if (length < 0)
      return fail(ErrorCode::InvalidInput,
                  fmt::format("A context of {} cannot be measured; it must be 0 or more.", length));
  if (request.rounds < 1) return fail(ErrorCode::InvalidInput, "At least one timed round is needed.");
  if (!(request.memory_GiB >= 0 && request.memory_GiB < 1e6))
    return fail(ErrorCode::InvalidInput, "The memory limit must be 0 or more GiB.");
  return {};
}

Result<protocol::Job> jobOf(const MeasureRequest& request) {
  std::vector<std::int64_t> contexts = request.contexts;
  for (std::int64_t& length : contexts) {
    if (length > 0) continue;
    WEFT_ASSIGN(const config::RunConfig config, config::loadRunConfig(request.model / "model.toml"));
    length = config.train.sequenceLength;
  }
  return protocol::Job{.body = protocol::MeasureJob{.model = request.model.string(),
                                                    .batches = request.batches,
                                                    .contexts = contexts,
                                                    .rounds = request.rounds,
                                                    .wantsLargestBatch = request.wantsLargest,
                                                    .memory_bytes = std::llround(std::ldexp(request.memory_GiB, 30)),
                                                    .dtype = request.dtype,
                                                    .cache = request.cache},
                       .device = request.device == "auto" ? "" : request.device};
}

}  // namespace

Result<std::vector<store::Measurement>> measureModel(const MeasureRequest& request,
                                                     const std::optional<MeasuredRun>& keep,
                                                     const std::function<void(const protocol::Event&)>& onEvent,
                                                     const std::atomic<bool>* isCanceled) {
  WEFT_TRY(check(request));
  WEFT_ASSIGN(const protocol::Job job, jobOf(request));
  WEFT_ASSIGN(const TemporaryFolder folder, TemporaryFolder::create("weft-measure"));
  std::vector<store::Measurement> measurements;
  Result<void> kept;
  const auto follow = [&](const protocol::Event& event) {
    if (onEvent) onEvent(event);
    const auto* measured = std::get_if<protocol::MeasurementEvent>(&event.body);
    if (measured == nullptr) return;
    store::Measurement one{.name = measured->name,
                           .attempt = 0,
                           .time = event.time,
                           .values = measured->values,
                           .labels = measured->labels};
    one.labels["date"] = dateOf(event.time);
    one.labels["model"] = request.model.filename().string();
    // Kept as it comes: what was measured before the job fails is not lost.
    if (keep && kept) kept = keep->store->addMeasurement(keep->run, one);
    measurements.push_back(std::move(one));
  };
  WEFT_TRY(runDirectJob({.job = job, .runFolder = folder.path(), .isCanceled = isCanceled}, follow));
  WEFT_TRY(kept);
  return measurements;
}

}  // namespace weft::service
