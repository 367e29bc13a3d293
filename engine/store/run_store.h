// engine/store/run_store.h -- the project's memory: runs, attempts, metrics, evaluations, measurements, requests. The
// only folder that sees SQLite. A RunStore belongs to one thread at a time; every thread and process opens its own
// (WAL, busy timeout, IMMEDIATE writes). Values of large tables (metrics) are never touched by runs().
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/store/job.h"
#include "engine/store/run_id.h"
#include "engine/store/run_state.h"

namespace weft::store {

// The newest value of every name that a run has: of a metric under its own name ("train/gradient_norm"), of an
// evaluation as "task/number" ("wikitext/word_perplexity"), of a measurement as "measurement/number"
// ("kv_memory/bytes_per_token_storage").
using RunValues = std::map<std::string, double, std::less<>>;

// What a table row, a Pareto point and `weft runs --json` show: no time series needed. What each member means, and all
// that walks over them, stands in run_fields.h.
struct RunSummary {
  RunId id;
  std::string name;
  RunState state = RunState::Draft;
  std::string failure;  // the sentence, if Failed or Lost
  std::string kind = kTrainKind;
  std::string map;        // canonical text
  std::string generator;  // "cla2", "" if none
  int layers = 0, queryHeads = 0, kvHeads = 0, headWidth = 0;
  std::int64_t hidden = 0;
  std::int64_t parameters = 0;
  double kvBytesPerToken = 0;                     // analytic, with the run's cache (dense or plugin)
  std::optional<double> kvBytesPerTokenMeasured;  // unique storage / (batch x context)
  std::string cache;                              // "" dense, else the plugin
  std::string kvType;                             // in what K and V are kept (kv_type.h)
  // Equal for runs that differ in nothing but name, tags and seed; for runs whose perplexity is of one text. "": the
  // configuration cannot be read.
  std::string configurationKey, textKey;
  std::int64_t seed = 0;
  std::int64_t step = 0, steps = 0, tokens = 0;
  std::optional<double> lastLoss, bestLoss;  // training, nats per token
  std::optional<double> perplexity;          // held-out, the last evaluation
  std::optional<double> bestPerplexity;
  std::optional<double> unigramPerplexity, entropyFloor_nats;
  std::optional<double> tokensPerSecond;
  std::string device;
  std::string phase;                        // last progress event
  double progress = 0;                      // 0..1
  std::vector<float> sparkline;             // up to 64 losses, evenly spaced over the steps so far
  std::shared_ptr<const RunValues> values;  // null: none
  std::vector<std::string> tags;
  std::string note;
  bool starred = false, archived = false, baseline = false;
  int priority = 0;           // higher first
  std::int64_t position = 0;  // within the queue
  int attempt = 0;
  double created = 0, started = 0, ended = 0, updated = 0, heartbeat = 0;  // seconds since 1970, 0 = not
};

// A run as it is to stand first: whatever of its summary is set here is stored with it. Number, place in the queue,
// times and keys are the store's to give, and the KV type, where none is set.
struct NewRun : RunSummary {
  NewRun() { state = RunState::Queued; }
  std::string configToml;  // the resolved snapshot
  Resources resources;     // of its training
};

struct MetricPoint {
  std::int64_t step = 0;
  double value = 0;
  double time = 0;
};
struct MetricSeries {
  std::string name;
  std::vector<MetricPoint> points;
};
struct Evaluation {
  std::int64_t step = 0;
  int attempt = 1;
  std::string split, task;
  double loss_nats = 0, perplexity = 0;
  std::int64_t tokens = 0;
  double time = 0;
  std::map<std::string, double> values;
};
struct Measurement {
  std::string name;
  int attempt = 1;
  double time = 0;
  std::map<std::string, double> values;
  std::map<std::string, std::string> labels;
};
struct MeasurementOfRun {
  RunId run;
  std::string name;  // the run's
  Measurement measurement;
};
struct Checkpoint {
  std::int64_t step = 0;
  std::string path;
  std::int64_t bytes = 0;
  double time = 0;
};
struct Alert {
  std::int64_t id = 0;
  RunId run;
  std::string level, message;
  std::int64_t step = 0;
  double time = 0;
};
struct Attempt {
  int number = 1;
  std::string host;                // what it was given: a machine,
  std::vector<std::string> lanes;  // and these of its devices
  std::int64_t pid = 0;            // how it is reached
  std::string pidStart;
  double started = 0, ended = 0;
  std::string device, torch, build, outcome, code, message, detail;
};

// What a face asks of the service. Submit needs no request: a Queued row is one.
enum class RequestKind { Stop, Kill, Pause, Resume, ShutDown };
struct Request {
  std::int64_t id = 0;
  RequestKind kind = RequestKind::Stop;
  JobId job;
  double time = 0;
};

// Where the service works and with what, as it said when it began. Whether it still lives, its lock says
// (service::isEngineRunning): it writes no heartbeat, which would wake every reader of the store.
struct EngineState {
  std::int64_t pid = 0;
  std::string host;
  double began = 0;
  std::vector<std::string> devices;
  bool operator==(const EngineState&) const = default;
};

// What a reader who knew the store at one revision does not know yet.
struct RunChanges {
  std::int64_t revision = 0;     // of the store now: to ask with next time
  std::vector<RunSummary> runs;  // that are new or other since, by number
};

class RunStore {
 public:
  enum class Mode { ReadWrite, ReadOnly };
  // Creates or migrates (one IMMEDIATE transaction, after a backup copy). Corrupt "… is not a Weft project" for a
  // foreign SQLite file or no SQLite file at all; NewerVersion "… was written by a newer Weft (schema 7; this one knows
  // 1); update …": nothing is changed then.
  [[nodiscard]] static Result<RunStore> open(const std::filesystem::path& database, Mode mode = Mode::ReadWrite);
  RunStore(RunStore&&) noexcept;
  RunStore& operator=(RunStore&&) noexcept;
  ~RunStore();

  // --- reading: one short read transaction each
  [[nodiscard]] Result<std::int64_t> dataVersion();  // PRAGMA data_version: changes when another connection wrote
  [[nodiscard]] Result<std::int64_t> revision();     // counts what runsChangedSince() and openJobs() would tell
  [[nodiscard]] Result<std::vector<RunSummary>> runs();
  // O(changed runs), not O(runs). Since 0: all.
  [[nodiscard]] Result<RunChanges> runsChangedSince(std::int64_t revision);
  [[nodiscard]] Result<RunSummary> run(RunId id);  // NotFound
  // By its number, its name, or its label ("MQA s2", "MQA:s2", "MQA cla2 s2", or any words of it that fit one run only;
  // run_labels.h). NotFound names the nearest. Where several fit, InvalidInput asks which, with the number of each and
  // what tells them apart: no run is ever chosen for being the newest.
  [[nodiscard]] Result<RunSummary> findRun(const std::string& text);
  [[nodiscard]] Result<std::string> configToml(RunId id);
  [[nodiscard]] Result<std::vector<std::string>> metricNames(RunId id);
  [[nodiscard]] Result<MetricSeries> metric(RunId id, const std::string& name,
                                            std::int64_t fromStep = -1);  // points with step > fromStep
  [[nodiscard]] Result<std::vector<Evaluation>> evaluations(RunId id);
  [[nodiscard]] Result<std::vector<Measurement>> measurements(RunId id);
  [[nodiscard]] Result<std::vector<MeasurementOfRun>> measurements();  // of all runs, by their numbers
  [[nodiscard]] Result<std::vector<Checkpoint>> checkpoints(RunId id);
  [[nodiscard]] Result<std::vector<Attempt>> attempts(RunId id);  // of its training
  [[nodiscard]] Result<std::vector<Attempt>> attempts(JobId id);
  [[nodiscard]] Result<std::vector<Alert>> alerts(std::int64_t afterId = 0);
  [[nodiscard]] Result<EngineState> engineState();
  // --- jobs
  [[nodiscard]] Result<std::vector<Job>> openJobs();        // that run or wait: those that run first, then goesBefore()
  [[nodiscard]] Result<Job> job(JobId id);                  // NotFound
  [[nodiscard]] Result<Job> training(RunId id);             // NotFound
  [[nodiscard]] Result<std::vector<Job>> jobsOf(RunId id);  // its training and all others about it, by number

  // --- writing by the faces
  [[nodiscard]] Result<RunId> addRun(const NewRun& run);  // and its training
  // NotFound: the run, or a job that it needs. InvalidInput: kind "train", or a job that needs itself.
  [[nodiscard]] Result<JobId> addJob(const NewJob& job);
  [[nodiscard]] Result<void> request(RequestKind kind, RunId run);  // of its training; 0 with ShutDown
  [[nodiscard]] Result<void> request(RequestKind kind, JobId job);
  [[nodiscard]] Result<void> setTags(RunId id, const std::vector<std::string>& tags);
  [[nodiscard]] Result<void> setNote(RunId id, const std::string& note);
  [[nodiscard]] Result<void> setStarred(RunId id, bool starred);
  [[nodiscard]] Result<void> setArchived(RunId id, bool archived);
  [[nodiscard]] Result<void> setBaseline(RunId id);  // RunId{0}: none
  [[nodiscard]] Result<void> setPriority(RunId id, int priority);
  [[nodiscard]] Result<void> setPriority(JobId id, int priority);
  // Right before another waiting job, whose priority it takes, so that it really is next; 0: to the end, with the
  // lowest that waits. Of runs: their trainings.
  [[nodiscard]] Result<void> moveInQueue(JobId id, JobId before);
  [[nodiscard]] Result<void> moveInQueue(RunId id, RunId before);
  // A run whose training is over gets a configuration that trains on (`configToml`, of `steps`), with new keys, and is
  // Queued. False if its state is not one of `from` any more.
  [[nodiscard]] Result<bool> extendRun(RunId id, const std::string& configToml, std::int64_t steps,
                                       const std::vector<RunState>& from);
  [[nodiscard]] Result<void> addMeasurement(RunId id, const Measurement& measurement);
  [[nodiscard]] Result<void> addEvaluation(RunId id, const Evaluation& evaluation);

  // --- writing by the service (see engine/service)
  class ServiceWriter;
  ServiceWriter service();

 private:
  struct Database;
  explicit RunStore(std::unique_ptr<Database> database);
  std::unique_ptr<Database> m_database;
};

}  // namespace weft::store
