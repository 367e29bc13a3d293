#include "engine/store/run_store.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "engine/base/text.h"
#include "engine/store/database.h"
#include "engine/store/run_columns.h"
#include "engine/store/run_values.h"
#include "engine/store/schema.h"
#include "engine/store/service_writer.h"
#include "engine/store/sparkline.h"

namespace weft::store {

namespace {

constexpr std::array kTables{"run",         "run_summary", "run_value",  "job",         "job_need",   "attempt",
                             "metric_name", "metric",      "evaluation", "measurement", "checkpoint", "alert",
                             "request",     "engine",      "change",     "project"};

const std::string& selectSummary() {
  static const std::string query =
      "SELECT " + runColumns() +
      ", sparkline, sparkline_stride FROM run "
      // CROSS: from the runs that are asked for to their rows elsewhere, never the other way round.
      "CROSS JOIN run_summary ON run_summary.run = run.id CROSS JOIN job ON job.run = run.id AND job.kind = 'train' ";
  return query;
}

RunSummary summaryOf(const SQLite::Statement& row) {
  RunSummary run;
  int at = readRunColumns(row, run);
  const std::string sparkline = row.getColumn(at++).getString();
  run.sparkline = Sparkline(sparkline, row.getColumn(at).getInt64()).values();
  return run;
}

// The columns name, attempt, time, values, labels from `at` on.
Measurement measurementOf(const SQLite::Statement& row, int at) {
  return {.name = row.getColumn(at).getString(),
          .attempt = row.getColumn(at + 1).getInt(),
          .time = row.getColumn(at + 2).getDouble(),
          .values = valuesFromJson(row.getColumn(at + 3).getString()),
          .labels = labelsFromJson(row.getColumn(at + 4).getString())};
}

std::vector<RunSummary> runsWhere(SQLite::Database& connection, const std::string& condition, Which which) {
  SQLite::Statement statement(connection, selectSummary() + condition);
  std::vector<RunSummary> runs = rowsOf(statement, summaryOf);
  readValues(connection, runs, which);
  return runs;
}

std::int64_t lastChange(SQLite::Database& connection) {
  return connection.execAndGet("SELECT last FROM change").getInt64();
}

}  // namespace

RunStore::RunStore(std::unique_ptr<Database> database) : m_database(std::move(database)) {}
RunStore::RunStore(RunStore&&) noexcept = default;
RunStore& RunStore::operator=(RunStore&&) noexcept = default;
RunStore::~RunStore() = default;

Result<RunStore> RunStore::open(const std::filesystem::path& database, Mode mode) {
  const int known = static_cast<int>(migrations().size());
  WEFT_ASSIGN(const FileKind kind, inspectFile(database, known));
  if (mode == Mode::ReadOnly && kind != FileKind::Weft) {
    return fail(ErrorCode::NotFound,
                fmt::format("There is no Weft database {}; `weft init` makes one.", database.string()));
  }
  if (mode == Mode::ReadWrite) WEFT_TRY(migrate(database, migrations()));
  return guarded(database, [&]() -> Result<RunStore> {
    SQLite::Database connection = mode == Mode::ReadOnly
                                      ? openForReading(database)
                                      : SQLite::Database(database, SQLite::OPEN_READWRITE, kBusyTimeout_ms);
    WEFT_TRY(refuseForeignSchema(connection, database));
    const int version = connection.execAndGet("PRAGMA user_version").getInt();
    if (version > known) return tl::unexpected(newerVersionError(database, version, known));
    if (version < known) {
      // Only for reading, perhaps of somebody else's: a private copy is brought to today's schema.
      WEFT_ASSIGN(connection, openMigratedCopy(database));
    }
    // FULL: a run whose submission was confirmed must outlive a power cut. It costs one fsync a transaction, also at
    // ingest, which is one a batch.
    connection.exec("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON");
    // A project may come from anywhere: nothing in its schema may reach beyond it, and its pages are checked as they
    // are read.
    connection.exec("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON");
    for (const char* table : kTables) {
      if (!connection.tableExists(table)) {
        return fail(
            ErrorCode::Corrupt,
            fmt::format("{} is not a whole Weft project: it has no table '{}'; replace it by a copy that is whole.",
                        database.string(), table));
      }
    }
    return RunStore(std::make_unique<Database>(Database{database, std::move(connection)}));
  });
}

RunStore::ServiceWriter RunStore::service() { return ServiceWriter(*m_database); }

Result<std::int64_t> RunStore::dataVersion() {
  return guarded(m_database->path, [&]() -> Result<std::int64_t> {
    return m_database->connection.execAndGet("PRAGMA data_version").getInt64();
  });
}

Result<std::vector<RunSummary>> RunStore::runs() {
  return m_database->read([](SQLite::Database& connection) -> Result<std::vector<RunSummary>> {
    return runsWhere(connection, "ORDER BY run.id", Which::All);
  });
}

Result<std::int64_t> RunStore::revision() {
  return m_database->read([](SQLite::Database& connection) -> Result<std::int64_t> { return lastChange(connection); });
}

Result<RunChanges> RunStore::runsChangedSince(std::int64_t revision) {
  return m_database->read([&](SQLite::Database& connection) -> Result<RunChanges> {
    // As many changed as a first reader has before him are read as fast in one walk.
    return RunChanges{.revision = lastChange(connection),
                      .runs = revision <= 0
                                  ? runsWhere(connection, "ORDER BY run.id", Which::All)
                                  : runsWhere(connection, fmt::format("WHERE revision > {} ORDER BY +run.id", revision),
                                              Which::These)};
  });
}

Result<RunSummary> RunStore::run(RunId id) {
  return m_database->read([&](SQLite::Database& connection) -> Result<RunSummary> {
    std::vector<RunSummary> runs = runsWhere(connection, fmt::format("WHERE run.id = {}", id.value), Which::These);
    if (!runs.empty()) return std::move(runs.front());
    return fail(ErrorCode::NotFound, fmt::format("There is no run {} in this project.", id.value));
  });
}

Result<std::string> RunStore::configToml(RunId id) {
  return m_database->read([&](SQLite::Database& connection) -> Result<std::string> {
    WEFT_TRY(requireRun(connection, id));
    SQLite::Statement statement(connection, "SELECT config FROM run WHERE id = ?");
    statement.bind(1, id.value);
    statement.executeStep();
    return statement.getColumn(0).getString();
  });
}

Result<std::vector<std::string>> RunStore::metricNames(RunId id) {
  return m_database->read([&](SQLite::Database& connection) -> Result<std::vector<std::string>> {
    // One seek for each name instead of a walk through the run's points.
    SQLite::Statement statement(
        connection,
        "SELECT name FROM metric_name WHERE EXISTS (SELECT 1 FROM metric WHERE run = ? AND metric = metric_name.id) "
        "ORDER BY name");
    statement.bind(1, id.value);
    return rowsOf(statement, [](const SQLite::Statement& row) { return row.getColumn(0).getString(); });
  });
}

Result<MetricSeries> RunStore::metric(RunId id, const std::string& name, std::int64_t fromStep) {
  return m_database->read([&](SQLite::Database& connection) -> Result<MetricSeries> {
    SQLite::Statement statement(
        connection,
        "SELECT step, value, time FROM metric WHERE run = ? AND metric = (SELECT id FROM metric_name WHERE name = ?) "
        "AND step > ? ORDER BY step");
    statement.bind(1, id.value);
    statement.bind(2, name);
    statement.bind(3, fromStep);
    return MetricSeries{
        name, rowsOf(statement, [](const SQLite::Statement& row) {
          return MetricPoint{row.getColumn(0).getInt64(), numberAt(row, 1).value_or(0), row.getColumn(2).getDouble()};
        })};
  });
}

Result<std::vector<Evaluation>> RunStore::evaluations(RunId id) {
  return m_database->read([&](SQLite::Database& connection) -> Result<std::vector<Evaluation>> {
    SQLite::Statement statement(
        connection, R"(SELECT step, attempt, split, task, loss_nats, perplexity, tokens, time, "values" FROM evaluation
                                               WHERE run = ? ORDER BY step, id)");
    statement.bind(1, id.value);
    return rowsOf(statement, [](const SQLite::Statement& row) {
      return Evaluation{.step = row.getColumn(0).getInt64(),
                        .attempt = row.getColumn(1).getInt(),
                        .split = row.getColumn(2).getString(),
                        .task = row.getColumn(3).getString(),
                        .loss_nats = numberAt(row, 4).value_or(0),
                        .perplexity = numberAt(row, 5).value_or(0),
                        .tokens = row.getColumn(6).getInt64(),
                        .time = row.getColumn(7).getDouble(),
                        .values = valuesFromJson(row.getColumn(8).getString())};
    });
  });
}

Result<std::vector<Measurement>> RunStore::measurements(RunId id) {
  return m_database->read([&](SQLite::Database& connection) -> Result<std::vector<Measurement>> {
    SQLite::Statement statement(
        connection, R"(SELECT name, attempt, time, "values", labels FROM measurement WHERE run = ? ORDER BY id)");
    statement.bind(1, id.value);
    return rowsOf(statement, [](const SQLite::Statement& row) { return measurementOf(row, 0); });
  });
}

Result<std::vector<MeasurementOfRun>> RunStore::measurements() {
  return m_database->read([](SQLite::Database& connection) -> Result<std::vector<MeasurementOfRun>> {
    SQLite::Statement statement(connection,
                                R"(SELECT run.id, run.name, measurement.name, attempt, time, "values", labels FROM
                                   measurement JOIN run ON run.id = measurement.run ORDER BY run.id, measurement.id)");
    return rowsOf(statement, [](const SQLite::Statement& row) {
      return MeasurementOfRun{.run = RunId{row.getColumn(0).getInt64()},
                              .name = row.getColumn(1).getString(),
                              .measurement = measurementOf(row, 2)};
    });
  });
}

Result<std::vector<Checkpoint>> RunStore::checkpoints(RunId id) {
  return m_database->read([&](SQLite::Database& connection) -> Result<std::vector<Checkpoint>> {
    SQLite::Statement statement(connection,
                                "SELECT step, path, bytes, time FROM checkpoint WHERE run = ? ORDER BY step");
    statement.bind(1, id.value);
    return rowsOf(statement, [](const SQLite::Statement& row) {
      return Checkpoint{row.getColumn(0).getInt64(), row.getColumn(1).getString(), row.getColumn(2).getInt64(),
                        row.getColumn(3).getDouble()};
    });
  });
}

Result<std::vector<Alert>> RunStore::alerts(std::int64_t afterId) {
  return m_database->read([&](SQLite::Database& connection) -> Result<std::vector<Alert>> {
    SQLite::Statement statement(connection,
                                "SELECT id, run, level, message, step, time FROM alert WHERE id > ? ORDER BY id");
    statement.bind(1, afterId);
    return rowsOf(statement, [](const SQLite::Statement& row) {
      return Alert{.id = row.getColumn(0).getInt64(),
                   .run = RunId{row.getColumn(1).getInt64()},
                   .level = row.getColumn(2).getString(),
                   .message = row.getColumn(3).getString(),
                   .step = row.getColumn(4).getInt64(),
                   .time = row.getColumn(5).getDouble()};
    });
  });
}

Result<EngineState> RunStore::engineState() {
  return m_database->read([](SQLite::Database& connection) -> Result<EngineState> {
    SQLite::Statement statement(connection, "SELECT pid, host, heartbeat, devices FROM engine");
    if (!statement.executeStep()) return EngineState{};
    return EngineState{.pid = statement.getColumn(0).getInt64(),
                       .host = statement.getColumn(1).getString(),
                       .began = statement.getColumn(2).getDouble(),
                       .devices = textsFromJson(statement.getColumn(3).getString())};
  });
}

}  // namespace weft::store
