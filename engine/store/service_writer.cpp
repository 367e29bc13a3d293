#include "engine/store/service_writer.h"

#include <fmt/format.h>

#include "engine/store/database.h"
#include "engine/store/ingest.h"

namespace weft::store {

namespace {

constexpr const char* kSelectActive =
    "SELECT run.id, state, wanted, attempt.number, attempt.pid, attempt.pid_start, attempt.outcome, attempt.code, "
    "attempt.message, attempt.detail, "
    "attempt.started, heartbeat, promise_s FROM run JOIN run_summary ON run_summary.run = run.id JOIN attempt ON "
    "attempt.run = run.id AND "
    "attempt.number = run.attempt ";

ActiveRun activeOf(const SQLite::Statement& row) {
  ActiveRun run{.id = RunId{row.getColumn(0).getInt64()},
                .state = parseRunState(row.getColumn(1).getString()).value_or(RunState::Lost),
                .wanted = row.getColumn(2).getString()};
  run.attempt.number = row.getColumn(3).getInt();
  run.attempt.pid = row.getColumn(4).getInt64();
  run.attempt.pidStart = row.getColumn(5).getString();
  run.attempt.outcome = row.getColumn(6).getString();
  run.attempt.code = row.getColumn(7).getString();
  run.attempt.message = row.getColumn(8).getString();
  run.attempt.detail = row.getColumn(9).getString();
  run.attempt.started = row.getColumn(10).getDouble();
  run.heartbeat = row.getColumn(11).getDouble();
  run.promise_s = row.getColumn(12).getDouble();
  return run;
}

}  // namespace

Result<std::vector<Request>> RunStore::ServiceWriter::openRequests() {
  return m_database->read([](SQLite::Database& connection) -> Result<std::vector<Request>> {
    SQLite::Statement statement(connection, "SELECT id, kind, run, time FROM request WHERE answered = 0 ORDER BY id");
    std::vector<Request> requests;
    while (statement.executeStep()) {
      const std::optional<RequestKind> kind = parseRequestKind(statement.getColumn(1).getString());
      if (!kind) continue;  // of another Weft; to take it for something else could stop a run
      requests.push_back({statement.getColumn(0).getInt64(), *kind, RunId{statement.getColumn(2).getInt64()},
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

Result<std::vector<RunId>> RunStore::ServiceWriter::queue() {
  return m_database->read([](SQLite::Database& connection) -> Result<std::vector<RunId>> {
    SQLite::Statement statement(connection,
                                "SELECT id FROM run WHERE state = 'queued' ORDER BY priority DESC, position, id");
    std::vector<RunId> runs;
    while (statement.executeStep()) runs.push_back(RunId{statement.getColumn(0).getInt64()});
    return runs;
  });
}

Result<std::optional<int>> RunStore::ServiceWriter::take(RunId run) {
  return m_database->write([&](SQLite::Database& connection) -> Result<std::optional<int>> {
    SQLite::Statement update(
        connection,
        "UPDATE run SET state = 'starting', wanted = '', failure = '', attempt = attempt + 1, ended = 0, updated = ?, "
        "started = CASE started WHEN 0 THEN ? ELSE started END WHERE id = ? AND state = 'queued'");
    update.bind(1, now());
    update.bind(2, now());
    update.bind(3, run.value);
    if (update.exec() == 0) return std::optional<int>{};
    SQLite::Statement row(connection,
                          "INSERT INTO attempt (run, number, started) SELECT id, attempt, ? FROM run WHERE id = ?");
    row.bind(1, now());
    row.bind(2, run.value);
    row.exec();
    // What a former attempt was doing and had promised holds no more.
    SQLite::Statement summary(
        connection, "UPDATE run_summary SET phase = '', progress = 0, heartbeat = 0, promise_s = 0 WHERE run = ?");
    summary.bind(1, run.value);
    summary.exec();
    SQLite::Statement number(connection, "SELECT attempt FROM run WHERE id = ?");
    number.bind(1, run.value);
    number.executeStep();
    return std::optional<int>(number.getColumn(0).getInt());
  });
}

Result<void> RunStore::ServiceWriter::attemptStarted(const AttemptStart& start) {
  return m_database->write([&](SQLite::Database& connection) -> Result<void> {
    WEFT_TRY(requireRun(connection, start.run));
    SQLite::Statement statement(connection,
                                "UPDATE attempt SET pid = ?, pid_start = ?, device = ? WHERE run = ? AND number = "
                                "(SELECT attempt FROM run WHERE id = ?)");
    statement.bind(1, start.pid);
    statement.bind(2, start.pidStart);
    statement.bind(3, start.device);
    statement.bind(4, start.run.value);
    statement.bind(5, start.run.value);
    statement.exec();
    return {};
  });
}

Result<void> RunStore::ServiceWriter::attemptEnded(const AttemptEnd& end) {
  return m_database->write([&](SQLite::Database& connection) -> Result<void> {
    WEFT_TRY(requireRun(connection, end.run));
    SQLite::Statement run(connection,
                          "UPDATE run SET state = ?, failure = ?, wanted = '', ended = ?, updated = ? WHERE id = ?");
    run.bind(1, toString(end.state));
    run.bind(2, end.failure);
    run.bind(3, end.state == RunState::Queued ? 0.0 : now());
    run.bind(4, now());
    run.bind(5, end.run.value);
    run.exec();
    SQLite::Statement attempt(connection,
                              "UPDATE attempt SET outcome = ?, code = ?, message = ?, detail = ?, ended = ? "
                              "WHERE run = ? AND number = (SELECT attempt FROM run WHERE id = ?)");
    attempt.bind(1, end.outcome);
    attempt.bind(2, end.code);
    attempt.bind(3, end.failure);
    attempt.bind(4, end.detail);
    attempt.bind(5, now());
    attempt.bind(6, end.run.value);
    attempt.bind(7, end.run.value);
    attempt.exec();
    return {};
  });
}

Result<void> RunStore::ServiceWriter::want(RunId run, const std::string& what) {
  return m_database->write([&](SQLite::Database& connection) -> Result<void> {
    WEFT_TRY(requireRun(connection, run));
    SQLite::Statement statement(connection,
                                "UPDATE run SET wanted = ?, state = 'stopping', updated = ? WHERE id = ? AND state IN "
                                "('starting', 'running', 'stopping')");
    statement.bind(1, what);
    statement.bind(2, now());
    statement.bind(3, run.value);
    statement.exec();
    return {};
  });
}

Result<bool> RunStore::ServiceWriter::changeState(RunId run, const std::vector<RunState>& from, RunState to) {
  return m_database->write([&](SQLite::Database& connection) -> Result<bool> {
    WEFT_TRY(requireRun(connection, run));
    for (const RunState state : from) {
      // A run that waits again has neither ended nor failed.
      SQLite::Statement statement(
          connection,
          "UPDATE run SET state = ?1, updated = ?2, wanted = '', failure = CASE WHEN ?5 THEN '' ELSE failure END, "
          "ended = CASE WHEN ?5 THEN 0 WHEN ?6 THEN ?2 ELSE ended END WHERE id = ?3 AND state = ?4");
      statement.bind(1, toString(to));
      statement.bind(2, now());
      statement.bind(3, run.value);
      statement.bind(4, toString(state));
      statement.bind(5, to == RunState::Queued ? 1 : 0);
      statement.bind(6, isTerminal(to) ? 1 : 0);
      if (statement.exec() > 0) return true;
    }
    return false;
  });
}

Result<std::vector<ActiveRun>> RunStore::ServiceWriter::activeRuns() {
  return m_database->read([](SQLite::Database& connection) -> Result<std::vector<ActiveRun>> {
    SQLite::Statement statement(
        connection, std::string(kSelectActive) + "WHERE state IN ('starting', 'running', 'stopping') ORDER BY run.id");
    std::vector<ActiveRun> runs;
    while (statement.executeStep()) runs.push_back(activeOf(statement));
    return runs;
  });
}

Result<ActiveRun> RunStore::ServiceWriter::activeRun(RunId run) {
  return m_database->read([&](SQLite::Database& connection) -> Result<ActiveRun> {
    SQLite::Statement statement(connection, std::string(kSelectActive) + "WHERE run.id = ?");
    statement.bind(1, run.value);
    if (statement.executeStep()) return activeOf(statement);
    return fail(ErrorCode::NotFound, fmt::format("Run {} has had no attempt yet.", run.value));
  });
}

Result<std::int64_t> RunStore::ServiceWriter::eventsOffset(RunId run) {
  return m_database->read([&](SQLite::Database& connection) -> Result<std::int64_t> {
    WEFT_TRY(requireRun(connection, run));
    SQLite::Statement statement(connection, "SELECT events_offset FROM run WHERE id = ?");
    statement.bind(1, run.value);
    statement.executeStep();
    return statement.getColumn(0).getInt64();
  });
}

Result<void> RunStore::ServiceWriter::ingest(const IngestBatch& batch) {
  return m_database->write([&](SQLite::Database& connection) -> Result<void> {
    WEFT_TRY(requireRun(connection, batch.run));
    SQLite::Statement offset(connection,
                             "UPDATE run SET events_offset = ?, updated = ? WHERE id = ? AND events_offset = ?");
    offset.bind(1, batch.to);
    offset.bind(2, now());
    offset.bind(3, batch.run.value);
    offset.bind(4, batch.from);
    if (offset.exec() != 1) {
      return fail(ErrorCode::Busy, fmt::format("The events of run {} from byte {} on are not this service's to store.",
                                               batch.run.value, batch.from));
    }
    Ingest ingest(connection, batch.run);
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
    const RunId run = insertRun(connection, row);
    for (int number = 1; number <= recorded.attempts; ++number) {
      SQLite::Statement attempt(connection, "INSERT INTO attempt (run, number, started) VALUES (?, ?, ?)");
      attempt.bind(1, run.value);
      attempt.bind(2, number);
      attempt.bind(3, recorded.started);
      attempt.exec();
    }
    SQLite::Statement offset(connection, "UPDATE run SET events_offset = ? WHERE id = ?");
    offset.bind(1, recorded.bytes);
    offset.bind(2, run.value);
    offset.exec();
    Ingest ingest(connection, run);
    for (const Row& one : recorded.rows) std::visit(ingest, one);
    ingest.finish();
    return run;
  });
}

Result<void> RunStore::ServiceWriter::addAlert(RunId run, const std::string& level, const std::string& message) {
  return m_database->write([&](SQLite::Database& connection) -> Result<void> {
    WEFT_TRY(requireRun(connection, run));
    insertAlert(connection, {.run = run, .level = level, .message = message, .time = now()});
    return {};
  });
}

Result<void> RunStore::ServiceWriter::heartbeat(const EngineState& state) {
  return m_database->write([&](SQLite::Database& connection) -> Result<void> {
    SQLite::Statement statement(
        connection, "INSERT OR REPLACE INTO engine (id, pid, host, heartbeat, devices) VALUES (1, ?, ?, ?, ?)");
    statement.bind(1, state.pid);
    statement.bind(2, state.host);
    statement.bind(3, state.heartbeat);
    statement.bind(4, textsToJson(state.devices));
    statement.exec();
    return {};
  });
}

}  // namespace weft::store
