// engine/worker/jobs.h -- the kinds of job. Each returns what its `finished` event says, or an Error; numerics may
// throw (JobRunner catches).
#pragma once

#include <atomic>

#include "engine/base/result.h"
#include "engine/service/events.h"
#include "engine/train/trainer.h"
#include "engine/worker/event_writer.h"
#include "engine/worker/job_file.h"
#include "engine/worker/run_log.h"

namespace weft::worker {

struct JobContext {
  const JobFile& job;
  EventWriter& events;
  RunLog& log;
  const std::atomic<train::StopWish>& wish;
  std::int64_t step = -1;  // kept up to date by training, for the failure's report
  bool hasSaidHello = false;
};

[[nodiscard]] Result<service::FinishedEvent> runTraining(JobContext& context);
[[nodiscard]] Result<service::FinishedEvent> runGenerate(JobContext& context);
[[nodiscard]] Result<service::FinishedEvent> runLogits(JobContext& context);
[[nodiscard]] Result<service::FinishedEvent> runEvaluate(JobContext& context);
[[nodiscard]] Result<service::FinishedEvent> runMeasure(JobContext& context);
[[nodiscard]] Result<service::FinishedEvent> runDevice(JobContext& context);
[[nodiscard]] Result<service::FinishedEvent> runTrial(JobContext& context);

[[nodiscard]] Result<service::FinishedEvent> runImport(JobContext& context);
[[nodiscard]] Result<service::FinishedEvent> runConvert(JobContext& context);
[[nodiscard]] Result<service::FinishedEvent> runExport(JobContext& context);

// hello: what this process is, as soon as its device is known.
void writeHello(JobContext& context, const std::string& device);

}  // namespace weft::worker
