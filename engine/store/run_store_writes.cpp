// The writes of the faces: each one IMMEDIATE transaction.
#include <fmt/format.h>

#include "engine/store/database.h"
#include "engine/store/run_columns.h"
#include "engine/store/run_store.h"

namespace weft::store {

namespace {

// One column of one run.
template <class Value>
Result<void> setColumn(SQLite::Database& connection, RunId id, const std::string& column, const Value& value) {
  WEFT_TRY(requireRun(connection, id));
  SQLite::Statement statement(connection, fmt::format("UPDATE run SET {} = ?, updated = ? WHERE id = ?", column));
  statement.bind(1, value);
  statement.bind(2, now());
  statement.bind(3, id.value);
  statement.exec();
  return {};
}

}  // namespace

RunId insertRun(SQLite::Database& connection, const NewRun& run) {
  const auto next = [&](const char* query) { return connection.execAndGet(query).getInt64(); };
  RunSummary stored = run;
  // Numbers are never given twice, not even those of runs that were deleted.
  stored.id.value = next("SELECT ifnull((SELECT seq FROM sqlite_sequence WHERE name = 'run'), 0) + 1");
  stored.position = next("SELECT ifnull(max(position), 0) + 1 FROM run");
  stored.created = stored.updated = now();
  SQLite::Statement statement(connection, fmt::format("INSERT INTO run ({}, config) VALUES ({}, ?)",
                                                      runColumns(FieldPlace::Run), marksFor(FieldPlace::Run)));
  const int last = bindRunColumns(statement, stored, FieldPlace::Run);
  statement.bind(last + 1, run.configToml);
  statement.exec();
  const RunId id = stored.id;
  SQLite::Statement summary(connection, "INSERT INTO run_summary (run) VALUES (?)");
  summary.bind(1, id.value);
  summary.exec();
  return id;
}

Result<RunId> RunStore::addRun(const NewRun& run) {
  return m_database->write([&](SQLite::Database& connection) -> Result<RunId> { return insertRun(connection, run); });
}

Result<void> RunStore::request(RequestKind kind, RunId run) {
  return m_database->write([&](SQLite::Database& connection) -> Result<void> {
    if (kind != RequestKind::ShutDown) WEFT_TRY(requireRun(connection, run));
    SQLite::Statement statement(connection, "INSERT INTO request (kind, run, time) VALUES (?, ?, ?)");
    statement.bind(1, toString(kind));
    statement.bind(2, run.value);
    statement.bind(3, now());
    statement.exec();
    return {};
  });
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
Result<void> RunStore::setPriority(RunId id, int priority) {
  return m_database->write(
      [&](SQLite::Database& connection) { return setColumn(connection, id, "priority", priority); });
}

Result<void> RunStore::setBaseline(RunId id) {
  return m_database->write([&](SQLite::Database& connection) -> Result<void> {
    if (id.value != 0) WEFT_TRY(requireRun(connection, id));
    connection.exec("UPDATE run SET baseline = 0 WHERE baseline = 1");
    return id.value == 0 ? Result<void>{} : setColumn(connection, id, "baseline", 1);
  });
}

Result<void> RunStore::moveInQueue(RunId id, RunId before) {
  return m_database->write([&](SQLite::Database& connection) -> Result<void> {
    WEFT_TRY(requireRun(connection, id));
    if (id == before) return {};
    if (before.value == 0) {
      SQLite::Statement last(connection,
                             "UPDATE run SET position = (SELECT max(position) + 1 FROM run), updated = ?1, priority = "
                             "(SELECT min(priority) FROM run "
                             "WHERE id = ?2 OR state IN ('queued', 'held')) WHERE id = ?2");
      last.bind(1, now());
      last.bind(2, id.value);
      last.exec();
      return {};
    }
    WEFT_TRY(requireRun(connection, before));
    SQLite::Statement shift(
        connection,
        "UPDATE run SET position = position + 1 WHERE position >= (SELECT position FROM run WHERE id = ?) AND id != ?");
    shift.bind(1, before.value);
    shift.bind(2, id.value);
    shift.exec();
    SQLite::Statement place(connection,
                            "UPDATE run SET (position, priority) = (SELECT position - 1, priority FROM run WHERE id = "
                            "?1), updated = ?2 WHERE id = ?3");
    place.bind(1, before.value);
    place.bind(2, now());
    place.bind(3, id.value);
    place.exec();
    return {};
  });
}

Result<void> RunStore::addMeasurement(RunId id, const Measurement& measurement) {
  return m_database->write([&](SQLite::Database& connection) -> Result<void> {
    WEFT_TRY(requireRun(connection, id));
    insertMeasurement(connection, id, measurement);
    return {};
  });
}

Result<void> RunStore::addEvaluation(RunId id, const Evaluation& evaluation) {
  return m_database->write([&](SQLite::Database& connection) -> Result<void> {
    WEFT_TRY(requireRun(connection, id));
    insertEvaluation(connection, id, evaluation, AddedBy::Face);
    return {};
  });
}

}  // namespace weft::store
