// engine/store/service_writer.h -- the writes that only the background service does: attempts, ingest,
// answers to requests. A view of its RunStore, as cheap as a reference; the RunStore must outlive it. Every write is
// one IMMEDIATE transaction.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "engine/store/run_store.h"

namespace weft::store {

// What a worker wrote, as rows. Their order is the order in the file. The rows after a hello are its attempt's, which
// fills in `attempt`; the first metric or evaluation of a later attempt takes away what former ones recorded from that
// step on (it is done again).
struct HelloRow {
  double time = 0;
  int attempt = 1;
  std::string build, torch, device;
};
struct ProgressRow {
  double time = 0;
  std::string phase;
  double done = 0, total = 0, promise_s = 0;
};
struct MetricRow {
  double time = 0;
  std::int64_t step = 0, tokens = 0;
  std::map<std::string, double> values;
};
struct EvaluationRow {
  Evaluation evaluation;
};  // its attempt is filled in
struct MeasurementRow {
  Measurement measurement;
};  // its attempt is filled in
struct CheckpointRow {
  Checkpoint checkpoint;
};
struct AlertRow {
  double time = 0;
  std::int64_t step = 0;
  std::string level, message;
};
struct EndRow {
  double time = 0;
  std::string outcome, code, message, detail;
};  // outcome: completed | stopped | paused | failed
using Row =
    std::variant<HelloRow, ProgressRow, MetricRow, EvaluationRow, MeasurementRow, CheckpointRow, AlertRow, EndRow>;

struct IngestBatch {
  JobId job;
  std::int64_t from = 0, to = 0;  // bytes of events.jsonl that these rows come from
  std::vector<Row> rows;
};

// A job that some attempt works on, with what the service must know to find that attempt again.
struct ActiveJob {
  Job job;
  Attempt attempt;
};

// What placement gave an attempt, and the process that it became.
struct AttemptStart {
  JobId job;
  std::int64_t pid = 0;
  std::string pidStart;
  std::string host;
  std::vector<std::string> lanes;
};

struct AttemptEnd {
  JobId job;
  JobState state = JobState::Finished;
  std::string outcome;                // of the attempt: completed | stopped | paused | failed | killed | lost
  std::string code, failure, detail;  // why, if it failed or was lost
};

// A queued job whose needs have all ended.
struct ReadyJob {
  Job job;
  std::string obstacle;  // "run 12, which it needs, is failed"; "" if all have finished
};

// A run whose attempts are over before the store hears of it: the rows of its whole events.jsonl.
struct RecordedRun {
  NewRun run;  // its state: as it ended
  int attempts = 1;
  std::vector<Row> rows;
  std::int64_t bytes = 0;  // of events.jsonl
  double started = 0, ended = 0;
};

class RunStore::ServiceWriter {
 public:
  // --- requests
  [[nodiscard]] Result<std::vector<Request>> openRequests();
  [[nodiscard]] Result<void> answer(std::int64_t requestId);

  // --- the queue
  // The Queued jobs in their order, without those that still wait for another one.
  [[nodiscard]] Result<std::vector<ReadyJob>> queue();
  // A Queued job becomes Starting with a new attempt, whose number is returned; nullopt if it is not Queued any more.
  [[nodiscard]] Result<std::optional<int>> take(JobId job);
  [[nodiscard]] Result<void> attemptStarted(const AttemptStart& start);  // Starting -> Running is the hello event's
  [[nodiscard]] Result<void> attemptEnded(const AttemptEnd& end);
  [[nodiscard]] Result<void> want(JobId job,
                                  const std::string& what);  // "stop", "pause", "kill": an active job becomes Stopping
  // A job that no attempt works on changes its state (stop of a queued one, resume, hold); false if its state is not
  // one of `from` any more.
  [[nodiscard]] Result<bool> changeState(JobId job, const std::vector<JobState>& from, JobState to);
  [[nodiscard]] Result<std::vector<ActiveJob>> activeJobs();
  [[nodiscard]] Result<ActiveJob> activeJob(JobId job);

  // --- events
  [[nodiscard]] Result<std::int64_t> eventsOffset(JobId job);
  // The rows and the new offset, in one transaction: stored exactly once, even if a process dies. Busy if the stored
  // offset is not `from` (another process ingests this job); nothing is changed then. The series and checkpoints of a
  // training are its run's; evaluations and measurements of any job are those of the run that it is about.
  [[nodiscard]] Result<void> ingest(const IngestBatch& batch);
  // A whole run in one transaction: nobody sees it before it is over, so no service takes it for work.
  [[nodiscard]] Result<RunId> addRecorded(const RecordedRun& recorded);
  // Of the run that the job is about.
  [[nodiscard]] Result<void> addAlert(JobId job, const std::string& level, const std::string& message);

  // --- the service itself
  // Once, when it begins.
  [[nodiscard]] Result<void> setEngineState(const EngineState& state);

 private:
  friend class RunStore;
  explicit ServiceWriter(Database& database) : m_database(&database) {}
  Database* m_database;
};

}  // namespace weft::store
