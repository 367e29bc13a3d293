#include "engine/store/service_writer.h"

#include <fmt/format.h>

#include <cmath>

#include "engine/store/database.h"
#include "engine/store/sparkline.h"

namespace weft::store {

namespace {

RequestKind requestKind(const std::string& name) {
  if (name == "kill") return RequestKind::Kill;
  if (name == "pause") return RequestKind::Pause;
  if (name == "resume") return RequestKind::Resume;
  if (name == "shut_down") return RequestKind::ShutDown;
  return RequestKind::Stop;
}

// The rows of one batch, written inside the caller's transaction.
class Ingest {
 public:
  Ingest(SQLite::Database& connection, RunId run, int attempt) : m_connection(connection), m_run(run), m_attempt(attempt) {}

  void operator()(const HelloRow& row) {
    SQLite::Statement attempt(m_connection, "UPDATE attempt SET torch = ?, build = ?, device = ? WHERE run = ? AND number = ?");
    attempt.bind(1, row.torch);
    attempt.bind(2, row.build);
    attempt.bind(3, row.device);
    attempt.bind(4, m_run.value);
    attempt.bind(5, m_attempt);
    attempt.exec();
    SQLite::Statement state(m_connection, "UPDATE run SET state = 'running' WHERE id = ? AND state = 'starting'");
    state.bind(1, m_run.value);
    state.exec();
    summary("device = ?, heartbeat = ?, promise_s = 0", [&](SQLite::Statement& statement) {
      statement.bind(1, row.device);
      statement.bind(2, row.time);
      return 3;
    });
  }

  void operator()(const ProgressRow& row) {
    summary("phase = ?, progress = ?, heartbeat = ?, promise_s = ?", [&](SQLite::Statement& statement) {
      statement.bind(1, row.phase);
      statement.bind(2, row.total > 0 ? row.done / row.total : 0.0);
      statement.bind(3, row.time);
      statement.bind(4, row.promise_s);
      return 5;
    });
  }

  void operator()(const MetricRow& row) {
    for (const auto& [name, value] : row.values) {
      SQLite::Statement add(m_connection, "INSERT OR IGNORE INTO metric_name (name) VALUES (?)");
      add.bind(1, name);
      add.exec();
      SQLite::Statement statement(m_connection,
                                  "INSERT OR REPLACE INTO metric (run, metric, step, value, time) VALUES (?, (SELECT id FROM metric_name WHERE name = ?), ?, ?, ?)");
      statement.bind(1, m_run.value);
      statement.bind(2, name);
      statement.bind(3, row.step);
      bindNumber(statement, 4, value);
      statement.bind(5, row.time);
      statement.exec();
    }
    summary("step = ?, tokens = ?, heartbeat = ?", [&](SQLite::Statement& statement) {
      statement.bind(1, row.step);
      statement.bind(2, row.tokens);
      statement.bind(3, row.time);
      return 4;
    });
    if (const auto speed = row.values.find("train/tokens_per_second"); speed != row.values.end()) setNumber("tokens_per_second", speed->second);
    if (const auto loss = row.values.find("train/loss"); loss != row.values.end()) addLoss(row.step, loss->second);
  }

  void operator()(const EvaluationRow& row) {
    Evaluation evaluation = row.evaluation;
    evaluation.attempt = m_attempt;
    insertEvaluation(m_connection, m_run, evaluation);
    setNumber("perplexity", evaluation.perplexity);
    summary("best_perplexity = CASE WHEN best_perplexity IS NULL OR ? < best_perplexity THEN ? ELSE best_perplexity END, heartbeat = ?",
            [&](SQLite::Statement& statement) {
              bindNumber(statement, 1, evaluation.perplexity);
              bindNumber(statement, 2, evaluation.perplexity);
              statement.bind(3, evaluation.time);
              return 4;
            });
    if (const auto found = evaluation.values.find("unigram_perplexity"); found != evaluation.values.end()) setNumber("unigram_perplexity", found->second);
    if (const auto found = evaluation.values.find("entropy_floor_nats"); found != evaluation.values.end()) setNumber("entropy_floor_nats", found->second);
  }

  void operator()(const MeasurementRow& row) {
    Measurement measurement = row.measurement;
    measurement.attempt = m_attempt;
    insertMeasurement(m_connection, m_run, measurement);
    if (measurement.name != "kv_memory") return;
    const auto stored = measurement.values.find("bytes_per_token_storage");
    if (stored != measurement.values.end()) setNumber("kv_bytes_per_token_measured", stored->second);
    // The cache's own formula, for its own element type and plugin: better than what could be known when the run was queued.
    const auto formula = measurement.values.find("bytes_per_token_analytic");
    if (formula == measurement.values.end()) return;
    SQLite::Statement statement(m_connection, "UPDATE run SET kv_bytes_per_token = ? WHERE id = ?");
    bindNumber(statement, 1, formula->second);
    statement.bind(2, m_run.value);
    statement.exec();
  }

  void operator()(const CheckpointRow& row) {
    SQLite::Statement statement(m_connection, "INSERT OR REPLACE INTO checkpoint (run, step, path, bytes, time) VALUES (?, ?, ?, ?, ?)");
    statement.bind(1, m_run.value);
    statement.bind(2, row.checkpoint.step);
    statement.bind(3, row.checkpoint.path);
    statement.bind(4, row.checkpoint.bytes);
    statement.bind(5, row.checkpoint.time);
    statement.exec();
  }

  void operator()(const AlertRow& row) {
    SQLite::Statement statement(m_connection, "INSERT INTO alert (run, level, message, step, time) VALUES (?, ?, ?, ?, ?)");
    statement.bind(1, m_run.value);
    statement.bind(2, row.level);
    statement.bind(3, row.message);
    statement.bind(4, row.step);
    statement.bind(5, row.time);
    statement.exec();
  }

  void operator()(const EndRow& row) {
    SQLite::Statement statement(m_connection, "UPDATE attempt SET outcome = ?, code = ?, message = ?, detail = ?, ended = ? WHERE run = ? AND number = ?");
    statement.bind(1, row.outcome);
    statement.bind(2, row.code);
    statement.bind(3, row.message);
    statement.bind(4, row.detail);
    statement.bind(5, row.time);
    statement.bind(6, m_run.value);
    statement.bind(7, m_attempt);
    statement.exec();
  }

 private:
  // UPDATE run_summary SET ...; `bind` binds and returns the index of the run.
  template <class Bind>
  void summary(const std::string& assignments, Bind&& bind) {
    SQLite::Statement statement(m_connection, "UPDATE run_summary SET " + assignments + " WHERE run = ?");
    const int last = bind(statement);
    statement.bind(last, m_run.value);
    statement.exec();
  }
  void setNumber(const std::string& column, double value) {
    summary(column + " = ?", [&](SQLite::Statement& statement) {
      bindNumber(statement, 1, value);
      return 2;
    });
  }
  void addLoss(std::int64_t step, double loss) {
    setNumber("last_loss", loss);
    if (!std::isfinite(loss)) return;
    summary("best_loss = min(ifnull(best_loss, ?), ?)", [&](SQLite::Statement& statement) {
      statement.bind(1, loss);
      statement.bind(2, loss);
      return 3;
    });
    SQLite::Statement read(m_connection, "SELECT sparkline, sparkline_stride FROM run_summary WHERE run = ?");
    read.bind(1, m_run.value);
    if (!read.executeStep()) return;
    Sparkline sparkline(read.getColumn(0).getString(), read.getColumn(1).getInt64());
    sparkline.add(step, loss);
    const std::string bytes = sparkline.bytes();
    summary("sparkline = ?, sparkline_stride = ?", [&](SQLite::Statement& statement) {
      statement.bind(1, bytes.data(), static_cast<int>(bytes.size()));
      statement.bind(2, sparkline.stride());
      return 3;
    });
  }

  SQLite::Database& m_connection;
  RunId m_run;
  int m_attempt;
};

constexpr const char* kSelectActive =
    "SELECT run.id, state, wanted, attempt.number, attempt.pid, attempt.pid_start, attempt.outcome, attempt.code, attempt.message, attempt.detail, "
    "attempt.started, heartbeat, promise_s FROM run JOIN run_summary ON run_summary.run = run.id JOIN attempt ON attempt.run = run.id AND attempt.number = run.attempt ";

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
      requests.push_back({statement.getColumn(0).getInt64(), requestKind(statement.getColumn(1).getString()), RunId{statement.getColumn(2).getInt64()},
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
    SQLite::Statement statement(connection, "SELECT id FROM run WHERE state = 'queued' ORDER BY priority DESC, position, id");
    std::vector<RunId> runs;
    while (statement.executeStep()) runs.push_back(RunId{statement.getColumn(0).getInt64()});
    return runs;
  });
}

Result<std::optional<int>> RunStore::ServiceWriter::take(RunId run) {
  return m_database->write([&](SQLite::Database& connection) -> Result<std::optional<int>> {
    SQLite::Statement update(connection,
                             "UPDATE run SET state = 'starting', wanted = '', failure = '', attempt = attempt + 1, ended = 0, updated = ?, "
                             "started = CASE started WHEN 0 THEN ? ELSE started END WHERE id = ? AND state = 'queued'");
    update.bind(1, now());
    update.bind(2, now());
    update.bind(3, run.value);
    if (update.exec() == 0) return std::optional<int>{};
    SQLite::Statement row(connection, "INSERT INTO attempt (run, number, started) SELECT id, attempt, ? FROM run WHERE id = ?");
    row.bind(1, now());
    row.bind(2, run.value);
    row.exec();
    SQLite::Statement number(connection, "SELECT attempt FROM run WHERE id = ?");
    number.bind(1, run.value);
    number.executeStep();
    return std::optional<int>(number.getColumn(0).getInt());
  });
}

Result<void> RunStore::ServiceWriter::attemptStarted(const AttemptStart& start) {
  return m_database->write([&](SQLite::Database& connection) -> Result<void> {
    SQLite::Statement statement(connection,
                                "UPDATE attempt SET pid = ?, pid_start = ?, device = ? WHERE run = ? AND number = (SELECT attempt FROM run WHERE id = ?)");
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
    SQLite::Statement run(connection, "UPDATE run SET state = ?, failure = ?, wanted = '', ended = ?, updated = ? WHERE id = ?");
    run.bind(1, toString(end.state));
    run.bind(2, end.failure);
    run.bind(3, now());
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
    SQLite::Statement statement(connection, "UPDATE run SET wanted = ?, state = 'stopping', updated = ? WHERE id = ? AND state IN ('starting', 'running', 'stopping')");
    statement.bind(1, what);
    statement.bind(2, now());
    statement.bind(3, run.value);
    statement.exec();
    return {};
  });
}

Result<bool> RunStore::ServiceWriter::changeState(RunId run, const std::vector<RunState>& from, RunState to) {
  return m_database->write([&](SQLite::Database& connection) -> Result<bool> {
    for (const RunState state : from) {
      SQLite::Statement statement(connection, "UPDATE run SET state = ?, updated = ? WHERE id = ? AND state = ?");
      statement.bind(1, toString(to));
      statement.bind(2, now());
      statement.bind(3, run.value);
      statement.bind(4, toString(state));
      if (statement.exec() > 0) return true;
    }
    return false;
  });
}

Result<std::vector<ActiveRun>> RunStore::ServiceWriter::activeRuns() {
  return m_database->read([](SQLite::Database& connection) -> Result<std::vector<ActiveRun>> {
    SQLite::Statement statement(connection, std::string(kSelectActive) + "WHERE state IN ('starting', 'running', 'stopping') ORDER BY run.id");
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
    SQLite::Statement offset(connection, "UPDATE run SET events_offset = ?, updated = ? WHERE id = ? AND events_offset = ?");
    offset.bind(1, batch.to);
    offset.bind(2, now());
    offset.bind(3, batch.run.value);
    offset.bind(4, batch.from);
    if (offset.exec() != 1) {
      return fail(ErrorCode::Busy, fmt::format("The events of run {} from byte {} on are not this service's to store.", batch.run.value, batch.from));
    }
    SQLite::Statement attempt(connection, "SELECT attempt FROM run WHERE id = ?");
    attempt.bind(1, batch.run.value);
    attempt.executeStep();
    Ingest ingest(connection, batch.run, attempt.getColumn(0).getInt());
    for (const Row& row : batch.rows) std::visit(ingest, row);
    return {};
  });
}

Result<void> RunStore::ServiceWriter::addAlert(RunId run, const std::string& level, const std::string& message) {
  return m_database->write([&](SQLite::Database& connection) -> Result<void> {
    Ingest(connection, run, 0)(AlertRow{.time = now(), .level = level, .message = message});
    return {};
  });
}

Result<void> RunStore::ServiceWriter::heartbeat(const EngineState& state) {
  return m_database->write([&](SQLite::Database& connection) -> Result<void> {
    SQLite::Statement statement(connection, "INSERT OR REPLACE INTO engine (id, pid, host, heartbeat, devices) VALUES (1, ?, ?, ?, ?)");
    statement.bind(1, state.pid);
    statement.bind(2, state.host);
    statement.bind(3, state.heartbeat);
    statement.bind(4, textsToJson(state.devices));
    statement.exec();
    return {};
  });
}

}  // namespace weft::store
