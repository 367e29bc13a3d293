#include "engine/store/service_writer.h"

#include <fmt/format.h>

#include <utility>

#include "engine/base/text.h"
#include "engine/store/database.h"
#include "engine/store/ingest.h"
#include "engine/store/job_rows.h"

namespace weft::store {

namespace {

ActiveJob activeOf(SQLite::Database& connection, Job job) {
  ActiveJob active{.job = std::move(job), .attempt = {}};
  SQLite::Statement row(connection,
                        "SELECT number, host, lanes, pid, pid_start, outcome, code, message, detail, started FROM "
                        "attempt WHERE job = ? AND number = ?");
  row.bind(1, active.job.id.value);
  row.bind(2, active.job.attempt);
  if (!row.executeStep()) return active;
  active.attempt = {.number = row.getColumn(0).getInt(),
                    .host = row.getColumn(1).getString(),
                    .lanes = textsFromJson(row.getColumn(2).getString()),
                    .pid = row.getColumn(3).getInt64(),
                    .pidStart = row.getColumn(4).getString(),
                    .started = row.getColumn(9).getDouble(),
                    .outcome = row.getColumn(5).getString(),
                    .code = row.getColumn(6).getString(),
                    .message = row.getColumn(7).getString(),
                    .detail = row.getColumn(8).getString()};
  return active;
}

int attemptOf(SQLite::Database& connection, JobId job) {
  SQLite::Statement number(connection, "SELECT attempt FROM job WHERE id = ?");
  number.bind(1, job.value);
  return number.executeStep() ? number.getColumn(0).getInt() : 0;
}

void addAttempt(SQLite::Database& connection, JobId job, int number, double started) {
  SQLite::Statement row(connection, "INSERT INTO attempt (job, number, started) VALUES (?, ?, ?)");
  row.bind(1, job.value);
  row.bind(2, number);
  row.bind(3, started);
  row.exec();
}

}  // namespace

Result<std::vector<Request>> RunStore::ServiceWriter::openRequests() {
  return m_database->read([](SQLite::Database& connection) -> Result<std::vector<Request>> {
    SQLite::Statement statement(connection, "SELECT id, kind, job, time FROM request WHERE answered = 0 ORDER BY id");
    std::vector<Request> requests;
    while (statement.executeStep()) {
      const std::optional<RequestKind> kind = parseRequestKind(statement.getColumn(1).getString());
      if (!kind) continue;  // of another Weft; to take it for something else could stop a run
      requests.push_back({statement.getColumn(0).getInt64(), *kind, JobId{statement.getColumn(2).getInt64()},
                          statement.getColumn(3).getDouble()});
    }
    return requests;
  });
}

Result<void> RunStore::ServiceWriter::answer(std::int64_t requestId) {
  return m_database->write([&](SQLite::Database& connection) -> Result<void> {
    SQLite::Statement statement(connection, "UPDATE request SET answered = ? WHERE id = ?");
    statement.bind(1, now());
    statement.bind(2, requestId);
    statement.exec();
    return {};
  });
}

Result<std::vector<ReadyJob>> RunStore::ServiceWriter::queue() {
  return m_database->read([](SQLite::Database& connection) -> Result<std::vector<ReadyJob>> {
    std::vector<ReadyJob> ready;
    const std::vector<Job> queued = jobsWhere(connection, fmt::format("WHERE state = 'queued' {}", kQueueOrder));
    for (const Job& job : queued) {
      std::string obstacle;
      bool isWaiting = false;
      for (const JobId need : job.needs) {
        const std::vector<Job> needed = jobsWhere(connection, fmt::format("WHERE id = {}", need.value));
        if (needed.empty() || needed.front().state == JobState::Finished) continue;
        if (!isTerminal(needed.front().state)) isWaiting = true;
        obstacle = fmt::format("{}, which it needs, is {}", nameOf(needed.front()), toString(needed.front().state));
      }
      if (!isWaiting) ready.push_back({job, obstacle});
    }
    return ready;
  });
}

Result<std::optional<int>> RunStore::ServiceWriter::take(JobId job) {
  return m_database->write([&](SQLite::Database& connection) -> Result<std::optional<int>> {
    // What a former attempt was doing and had promised holds no more.
    SQLite::Statement update(connection,
                             "UPDATE job SET state = 'starting', wanted = '', failure = '', attempt = attempt + 1, "
                             "ended = 0, started = CASE started WHEN 0 THEN ? ELSE started END, phase = '', progress = "
                             "0, heartbeat = 0, promise_s = 0 WHERE id = ? AND state = 'queued'");
    update.bind(1, now());
    update.bind(2, job.value);
    if (update.exec() == 0) return std::optional<int>{};
    const int attempt = attemptOf(connection, job);
    addAttempt(connection, job, attempt, now());
    touch(connection, job);
    return std::optional<int>(attempt);
  });
}

Result<void> RunStore::ServiceWriter::attemptStarted(const AttemptStart& start) {
  return m_database->write([&](SQLite::Database& connection) -> Result<void> {
    WEFT_TRY(requireJob(connection, start.job));
    SQLite::Statement statement(connection,
                                "UPDATE attempt SET pid = ?, pid_start = ?, host = ?, lanes = ?, device = ? WHERE job "
                                "= ? AND number = ?");
    statement.bind(1, start.pid);
    statement.bind(2, start.pidStart);
    statement.bind(3, start.host);
    statement.bind(4, textsToJson(start.lanes));
    statement.bind(5, join(start.lanes, ", "));
    statement.bind(6, start.job.value);
    statement.bind(7, attemptOf(connection, start.job));
    statement.exec();
    touch(connection, start.job);
    return {};
  });
}

Result<void> RunStore::ServiceWriter::attemptEnded(const AttemptEnd& end) {
  return m_database->write([&](SQLite::Database& connection) -> Result<void> {
    WEFT_TRY(requireJob(connection, end.job));
    SQLite::Statement job(connection, "UPDATE job SET state = ?, failure = ?, wanted = '', ended = ? WHERE id = ?");
    job.bind(1, toString(end.state));
    job.bind(2, end.failure);
    job.bind(3, end.state == JobState::Queued ? 0.0 : now());
    job.bind(4, end.job.value);
    job.exec();
    SQLite::Statement attempt(connection,
                              "UPDATE attempt SET outcome = ?, code = ?, message = ?, detail = ?, ended = ? WHERE job "
                              "= ? AND number = ?");
    attempt.bind(1, end.outcome);
    attempt.bind(2, end.code);
    attempt.bind(3, end.failure);
    attempt.bind(4, end.detail);
    attempt.bind(5, now());
    attempt.bind(6, end.job.value);
    attempt.bind(7, attemptOf(connection, end.job));
    attempt.exec();
    touch(connection, end.job);
    return {};
  });
}

Result<void> RunStore::ServiceWriter::want(JobId job, const std::string& what) {
  return m_database->write([&](SQLite::Database& connection) -> Result<void> {
    WEFT_TRY(requireJob(connection, job));
    SQLite::Statement statement(
        connection, fmt::format("UPDATE job SET wanted = ?, state = 'stopping' WHERE id = ? AND {}", kIsActive));
    statement.bind(1, what);
    statement.bind(2, job.value);
    statement.exec();
    touch(connection, job);
    return {};
  });
}

Result<bool> RunStore::ServiceWriter::changeState(JobId job, const std::vector<JobState>& from, JobState to) {
  return m_database->write([&](SQLite::Database& connection) -> Result<bool> {
    WEFT_TRY(requireJob(connection, job));
    for (const JobState state : from) {
      // A job that waits again has neither ended nor failed.
      SQLite::Statement statement(
          connection,
          "UPDATE job SET state = ?1, wanted = '', failure = CASE WHEN ?5 THEN '' ELSE failure END, ended = CASE WHEN "
          "?5 THEN 0 WHEN ?6 THEN ?2 ELSE ended END WHERE id = ?3 AND state = ?4");
      statement.bind(1, toString(to));
      statement.bind(2, now());
      statement.bind(3, job.value);
      statement.bind(4, toString(state));
      statement.bind(5, to == JobState::Queued ? 1 : 0);
      statement.bind(6, isTerminal(to) ? 1 : 0);
      if (statement.exec() == 0) continue;
      touch(connection, job);
      return true;
    }
    return false;
  });
}

Result<std::vector<ActiveJob>> RunStore::ServiceWriter::activeJobs() {
  return m_database->read([](SQLite::Database& connection) -> Result<std::vector<ActiveJob>> {
    std::vector<ActiveJob> active;
    for (Job& job : jobsWhere(connection, fmt::format("WHERE {} ORDER BY id", kIsActive)))
      active.push_back(activeOf(connection, std::move(job)));
    return active;
  });
}

Result<ActiveJob> RunStore::ServiceWriter::activeJob(JobId id) {
  return m_database->read([&](SQLite::Database& connection) -> Result<ActiveJob> {
    WEFT_TRY(requireJob(connection, id));
    Job job = std::move(jobsWhere(connection, fmt::format("WHERE id = {}", id.value)).front());
    if (job.attempt == 0) return fail(ErrorCode::NotFound, fmt::format("Nobody has begun with {} yet.", nameOf(job)));
    return activeOf(connection, std::move(job));
  });
}

Result<std::int64_t> RunStore::ServiceWriter::eventsOffset(JobId job) {
  return m_database->read([&](SQLite::Database& connection) -> Result<std::int64_t> {
    WEFT_TRY(requireJob(connection, job));
    SQLite::Statement statement(connection, "SELECT events_offset FROM job WHERE id = ?");
    statement.bind(1, job.value);
    statement.executeStep();
    return statement.getColumn(0).getInt64();
  });
}

Result<void> RunStore::ServiceWriter::ingest(const IngestBatch& batch) {
  return m_database->write([&](SQLite::Database& connection) -> Result<void> {
    WEFT_TRY(requireJob(connection, batch.job));
    SQLite::Statement offset(connection, "UPDATE job SET events_offset = ? WHERE id = ? AND events_offset = ?");
    offset.bind(1, batch.to);
    offset.bind(2, batch.job.value);
    offset.bind(3, batch.from);
    if (offset.exec() != 1) {
      return fail(ErrorCode::Busy, fmt::format("The events of job {} from byte {} on are not this service's to store.",
                                               batch.job.value, batch.from));
    }
    Ingest ingest(connection, batch.job);
    for (const Row& row : batch.rows) std::visit(ingest, row);
    ingest.finish();
    return {};
  });
}

Result<RunId> RunStore::ServiceWriter::addRecorded(const RecordedRun& recorded) {
  return m_database->write([&](SQLite::Database& connection) -> Result<RunId> {
    NewRun row = recorded.run;
    row.attempt = recorded.attempts;
    row.started = recorded.started;
    row.ended = recorded.ended;
    const InsertedRun inserted = insertRun(connection, row);
    for (int number = 1; number <= recorded.attempts; ++number)
      addAttempt(connection, inserted.training, number, recorded.started);
    SQLite::Statement offset(connection, "UPDATE job SET events_offset = ? WHERE id = ?");
    offset.bind(1, recorded.bytes);
    offset.bind(2, inserted.training.value);
    offset.exec();
    Ingest ingest(connection, inserted.training);
    for (const Row& one : recorded.rows) std::visit(ingest, one);
    ingest.finish();
    return inserted.run;
  });
}

Result<void> RunStore::ServiceWriter::addAlert(JobId job, const std::string& level, const std::string& message) {
  return m_database->write([&](SQLite::Database& connection) -> Result<void> {
    WEFT_TRY(requireJob(connection, job));
    const Job about = std::move(jobsWhere(connection, fmt::format("WHERE id = {}", job.value)).front());
    if (about.run.value != 0)
      insertAlert(connection, {.run = about.run, .level = level, .message = message, .time = now()});
    return {};
  });
}

Result<void> RunStore::ServiceWriter::setEngineState(const EngineState& state) {
  return m_database->write([&](SQLite::Database& connection) -> Result<void> {
    SQLite::Statement statement(
        connection, "INSERT OR REPLACE INTO engine (id, pid, host, heartbeat, devices) VALUES (1, ?, ?, ?, ?)");
    statement.bind(1, state.pid);
    statement.bind(2, state.host);
    statement.bind(3, state.began);
    statement.bind(4, textsToJson(state.devices));
    statement.exec();
    return {};
  });
}

}  // namespace weft::store
