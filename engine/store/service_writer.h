// engine/store/service_writer.h -- the writes that only the background service does: attempts, ingest, heartbeat,
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
  RunId run;
  std::int64_t from = 0, to = 0;  // bytes of events.jsonl that these rows come from
  std::vector<Row> rows;
};

// A run that some attempt works on, with what the service must know to find that attempt again.
struct ActiveRun {
  RunId id;
  RunState state = RunState::Starting;
  std::string wanted;  // "", "stop", "pause", "kill": what was asked of the attempt
  Attempt attempt;
  double heartbeat = 0, promise_s = 0;
};

struct AttemptStart {
  RunId run;
  std::int64_t pid = 0;
  std::string pidStart;
  std::string device;
};

struct AttemptEnd {
  RunId run;
  RunState state = RunState::Finished;
  std::string outcome;                // of the attempt: completed | stopped | paused | failed | killed | lost
  std::string code, failure, detail;  // why, if it failed or was lost
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
  // The Queued runs in their order: priority, then position.
  [[nodiscard]] Result<std::vector<RunId>> queue();
  // A Queued run becomes Starting with a new attempt, whose number is returned; nullopt if it is not Queued any more.
  [[nodiscard]] Result<std::optional<int>> take(RunId run);
  [[nodiscard]] Result<void> attemptStarted(const AttemptStart& start);  // Starting -> Running is the hello event's
  [[nodiscard]] Result<void> attemptEnded(const AttemptEnd& end);
  [[nodiscard]] Result<void> want(RunId run,
                                  const std::string& what);  // "stop", "pause", "kill": an active run becomes Stopping
  // A run that no attempt works on changes its state (stop of a queued run, resume, hold); false if its state is not
  // one of `from` any more.
  [[nodiscard]] Result<bool> changeState(RunId run, const std::vector<RunState>& from, RunState to);
  [[nodiscard]] Result<std::vector<ActiveRun>> activeRuns();
  [[nodiscard]] Result<ActiveRun> activeRun(RunId run);

  // --- events
  [[nodiscard]] Result<std::int64_t> eventsOffset(RunId run);
  // The rows and the new offset, in one transaction: stored exactly once, even if a process dies. Busy if the stored
  // offset is not `from` (another process ingests this run); nothing is changed then.
  [[nodiscard]] Result<void> ingest(const IngestBatch& batch);
  // A whole run in one transaction: nobody sees it before it is over, so no service takes it for work.
  [[nodiscard]] Result<RunId> addRecorded(const RecordedRun& recorded);
  [[nodiscard]] Result<void> addAlert(RunId run, const std::string& level, const std::string& message);

  // --- the service itself
  [[nodiscard]] Result<void> heartbeat(const EngineState& state);

 private:
  friend class RunStore;
  explicit ServiceWriter(Database& database) : m_database(&database) {}
  Database* m_database;
};

}  // namespace weft::store
