// engine/worker/jobs.h -- the kinds of job. Each returns what its `finished` event says, or an Error; numerics may
// throw (JobRunner catches).
#pragma once

#include <atomic>
#include <filesystem>

#include "engine/base/result.h"
#include "engine/protocol/events.h"
#include "engine/protocol/jobs.h"
#include "engine/train/trainer.h"
#include "engine/worker/event_writer.h"
#include "engine/worker/run_log.h"

namespace weft::worker {

struct JobContext {
  const protocol::Job& job;
  std::filesystem::path folder;  // the run's
  EventWriter& events;
  RunLog& log;
  const std::atomic<train::StopWish>& wish;
  std::int64_t step = -1;  // kept up to date by training, for the failure's report
  bool hasSaidHello = false;
};

[[nodiscard]] Result<protocol::FinishedEvent> run(JobContext& context, const protocol::TrainJob& job);
[[nodiscard]] Result<protocol::FinishedEvent> run(JobContext& context, const protocol::GenerateJob& job);
[[nodiscard]] Result<protocol::FinishedEvent> run(JobContext& context, const protocol::LogitsJob& job);
[[nodiscard]] Result<protocol::FinishedEvent> run(JobContext& context, const protocol::EvaluateJob& job);
[[nodiscard]] Result<protocol::FinishedEvent> run(JobContext& context, const protocol::MeasureJob& job);
[[nodiscard]] Result<protocol::FinishedEvent> run(JobContext& context, const protocol::DeviceJob& job);
[[nodiscard]] Result<protocol::FinishedEvent> run(JobContext& context, const protocol::TrialJob& job);

[[nodiscard]] Result<protocol::FinishedEvent> run(JobContext& context, const protocol::ImportJob& job);
[[nodiscard]] Result<protocol::FinishedEvent> run(JobContext& context, const protocol::ConvertJob& job);
[[nodiscard]] Result<protocol::FinishedEvent> run(JobContext& context, const protocol::ExportJob& job);

// hello: what this process is, as soon as its device is known.
void writeHello(JobContext& context, const std::string& device);

}  // namespace weft::worker
