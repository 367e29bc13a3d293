// The writes of the faces: each one IMMEDIATE transaction.
#include <fmt/format.h>

#include <algorithm>

#include "engine/store/configuration_key.h"
#include "engine/store/database.h"
#include "engine/store/kv_type.h"
#include "engine/store/run_columns.h"
#include "engine/store/run_store.h"

namespace weft::store {

namespace {

// One column of one run.
template <class Value>
Result<void> setColumn(SQLite::Database& connection, RunId id, const std::string& column, const Value& value) {
  WEFT_TRY(requireRun(connection, id));
  SQLite::Statement statement(connection, fmt::format("UPDATE run SET {} = ? WHERE id = ?", column));
  statement.bind(1, value);
  statement.bind(2, id.value);
  statement.exec();
  touch(connection, id);
  return {};
}

}  // namespace

InsertedRun insertRun(SQLite::Database& connection, const NewRun& run) {
  const auto next = [&](const char* query) { return connection.execAndGet(query).getInt64(); };
  auto stored = static_cast<const RunSummary&>(run);
  // Numbers are never given twice, not even those of runs that were deleted.
  stored.id.value = next("SELECT ifnull((SELECT seq FROM sqlite_sequence WHERE name = 'run'), 0) + 1");
  stored.position = next("SELECT ifnull(max(position), 0) + 1 FROM job");
  stored.created = stored.updated = now();
  stored.kind = kTrainKind;
  const ConfigurationKeys keys = configurationKeys(connection, run.configToml);
  stored.configurationKey = keys.configuration;
  stored.textKey = keys.text;
  if (stored.kvType.empty()) stored.kvType = kvTypeOf(stored);
  SQLite::Statement statement(connection, fmt::format("INSERT INTO run ({}, config) VALUES ({}, ?)",
                                                      runColumns(FieldPlace::Run), marksFor(FieldPlace::Run)));
  const int last = bindRunColumns(statement, stored, FieldPlace::Run);
  statement.bind(last + 1, run.configToml);
  statement.exec();
  SQLite::Statement summary(connection, "INSERT INTO run_summary (run) VALUES (?)");
  summary.bind(1, stored.id.value);
  summary.exec();
  SQLite::Statement job(connection,
                        fmt::format("INSERT INTO job ({}, run, created, device, devices) VALUES ({}, ?, ?, ?, ?)",
                                    runColumns(FieldPlace::Job), marksFor(FieldPlace::Job)));
  int at = bindRunColumns(job, stored, FieldPlace::Job);
  job.bind(++at, stored.id.value);
  job.bind(++at, stored.created);
  job.bind(++at, run.resources.device);
  job.bind(++at, run.resources.devices);
  job.exec();
  const JobId training{connection.getLastInsertRowid()};
  touch(connection, stored.id, stored.created);
  return {.run = stored.id, .training = training};
}

Result<RunId> RunStore::addRun(const NewRun& run) {
  return m_database->write(
      [&](SQLite::Database& connection) -> Result<RunId> { return insertRun(connection, run).run; });
}

Result<void> RunStore::setTags(RunId id, const std::vector<std::string>& tags) {
  return m_database->write(
      [&](SQLite::Database& connection) { return setColumn(connection, id, "tags", textsToJson(tags)); });
}
Result<void> RunStore::setNote(RunId id, const std::string& note) {
  return m_database->write([&](SQLite::Database& connection) { return setColumn(connection, id, "note", note); });
}
Result<void> RunStore::setStarred(RunId id, bool starred) {
  return m_database->write(
      [&](SQLite::Database& connection) { return setColumn(connection, id, "starred", starred ? 1 : 0); });
}
Result<void> RunStore::setArchived(RunId id, bool archived) {
  return m_database->write(
      [&](SQLite::Database& connection) { return setColumn(connection, id, "archived", archived ? 1 : 0); });
}
Result<void> RunStore::setBaseline(RunId id) {
  return m_database->write([&](SQLite::Database& connection) -> Result<void> {
    if (id.value != 0) WEFT_TRY(requireRun(connection, id));
    SQLite::Statement before(connection, "SELECT id FROM run WHERE baseline = 1");
    for (const RunId former :
         rowsOf(before, [](const SQLite::Statement& row) { return RunId{row.getColumn(0).getInt64()}; }))
      WEFT_TRY(setColumn(connection, former, "baseline", 0));
    return id.value == 0 ? Result<void>{} : setColumn(connection, id, "baseline", 1);
  });
}

Result<bool> RunStore::extendRun(RunId id, const std::string& configToml, std::int64_t steps,
                                 const std::vector<RunState>& from) {
  return m_database->write([&](SQLite::Database& connection) -> Result<bool> {
    WEFT_ASSIGN(const JobId training, trainingOf(connection, id));
    SQLite::Statement row(connection, "SELECT state FROM job WHERE id = ?");
    row.bind(1, training.value);
    row.executeStep();
    const RunState state = parseRunState(row.getColumn(0).getString()).value_or(RunState::Lost);
    if (std::find(from.begin(), from.end(), state) == from.end()) return false;
    const ConfigurationKeys keys = configurationKeys(connection, configToml);
    SQLite::Statement run(connection,
                          "UPDATE run SET config = ?, steps = ?, configuration_key = ?, text_key = ? WHERE id = ?");
    run.bind(1, configToml);
    run.bind(2, steps);
    run.bind(3, keys.configuration);
    run.bind(4, keys.text);
    run.bind(5, id.value);
    run.exec();
    SQLite::Statement job(connection,
                          "UPDATE job SET state = 'queued', failure = '', wanted = '', ended = 0, position = (SELECT "
                          "max(position) + 1 FROM job) WHERE id = ?");
    job.bind(1, training.value);
    job.exec();
    touch(connection, id);
    return true;
  });
}

Result<void> RunStore::addMeasurement(RunId id, const Measurement& measurement) {
  return m_database->write([&](SQLite::Database& connection) -> Result<void> {
    WEFT_TRY(requireRun(connection, id));
    insertMeasurement(connection, id, measurement);
    touch(connection, id);
    return {};
  });
}

Result<void> RunStore::addEvaluation(RunId id, const Evaluation& evaluation) {
  return m_database->write([&](SQLite::Database& connection) -> Result<void> {
    WEFT_TRY(requireRun(connection, id));
    insertEvaluation(connection, id, evaluation, AddedBy::Face);
    touch(connection, id);
    return {};
  });
}

}  // namespace weft::store
