#include "engine/store/run_values.h"

#include <fmt/format.h>

#include <memory>
#include <unordered_map>
#include <utility>

#include "engine/store/database.h"
#include "engine/store/evaluations.h"

namespace weft::store {

namespace {

constexpr const char* kPut = "INSERT OR REPLACE INTO run_value (run, name, value) VALUES (?, ?, ?)";

void putNamed(SQLite::Database& connection, RunId run, const std::string& name, double value) {
  putValue(connection, run, nameId(connection, name), value);
}

// The condition of one run, or of all.
std::string whereRun(RunId run, const char* column) {
  return run.value == 0 ? std::string() : std::string(" WHERE ") + column + " = " + std::to_string(run.value);
}

}  // namespace

std::int64_t nameId(SQLite::Database& connection, const std::string& name) {
  SQLite::Statement find(connection, "SELECT id FROM metric_name WHERE name = ?");
  find.bind(1, name);
  if (find.executeStep()) return find.getColumn(0).getInt64();
  SQLite::Statement add(connection, "INSERT INTO metric_name (name) VALUES (?)");
  add.bind(1, name);
  add.exec();
  return connection.getLastInsertRowid();
}

void putValue(SQLite::Database& connection, RunId run, std::int64_t name, double value) {
  SQLite::Statement statement(connection, kPut);
  statement.bind(1, run.value);
  statement.bind(2, name);
  bindNumber(statement, 3, value);
  statement.exec();
}

void putValues(SQLite::Database& connection, RunId run, const Evaluation& evaluation) {
  // Those of training itself are points of curves, too, and bear their names (protocol::kValidLoss).
  const std::string task = evaluation.task == kHeldOutTask ? "valid" : evaluation.task;
  putNamed(connection, run, task + "/loss", evaluation.loss_nats);
  putNamed(connection, run, task + "/perplexity", evaluation.perplexity);
  for (const auto& [name, value] : evaluation.values)
    putNamed(connection, run, fmt::format("{}/{}", task, name), value);
}

void putValues(SQLite::Database& connection, RunId run, const Measurement& measurement) {
  for (const auto& [name, value] : measurement.values)
    putNamed(connection, run, fmt::format("{}/{}", measurement.name, name), value);
}

void rebuildValues(SQLite::Database& connection, RunId run) {
  connection.exec("DELETE FROM run_value" + whereRun(run, "run"));
  // SQLite takes the other columns of a row from the one that has the maximum (lang_select.html section 2.5).
  connection.exec(
      "INSERT INTO run_value (run, name, value) SELECT run, metric, value FROM (SELECT run, metric, value, "
      "max(step) FROM metric" +
      whereRun(run, "run") + " GROUP BY run, metric)");
  SQLite::Statement evaluations(connection, R"(SELECT run, task, loss_nats, perplexity, "values" FROM evaluation)" +
                                                whereRun(run, "run") + " ORDER BY run, step, id");
  while (evaluations.executeStep()) {
    putValues(connection, RunId{evaluations.getColumn(0).getInt64()},
              Evaluation{.task = evaluations.getColumn(1).getString(),
                         .loss_nats = numberAt(evaluations, 2).value_or(0),
                         .perplexity = numberAt(evaluations, 3).value_or(0),
                         .values = valuesFromJson(evaluations.getColumn(4).getString())});
  }
  SQLite::Statement measurements(
      connection, R"(SELECT run, name, "values" FROM measurement)" + whereRun(run, "run") + " ORDER BY run, id");
  while (measurements.executeStep()) {
    putValues(connection, RunId{measurements.getColumn(0).getInt64()},
              Measurement{.name = measurements.getColumn(1).getString(),
                          .values = valuesFromJson(measurements.getColumn(2).getString())});
  }
}

void readValues(SQLite::Database& connection, std::vector<RunSummary>& runs, Which which) {
  if (runs.empty()) return;
  std::unordered_map<std::int64_t, std::string> names;
  SQLite::Statement every(connection, "SELECT id, name FROM metric_name");
  while (every.executeStep()) names.emplace(every.getColumn(0).getInt64(), every.getColumn(1).getString());
  const auto take = [&](SQLite::Statement& row, RunValues& values) {
    values.emplace(names[row.getColumn(1).getInt64()], numberAt(row, 2).value_or(0));
  };
  if (which == Which::These) {
    SQLite::Statement row(connection, "SELECT run, name, value FROM run_value WHERE run = ?");
    for (RunSummary& run : runs) {
      RunValues values;
      row.reset();
      row.bind(1, run.id.value);
      while (row.executeStep()) take(row, values);
      if (!values.empty()) run.values = std::make_shared<const RunValues>(std::move(values));
    }
    return;
  }
  SQLite::Statement row(connection, "SELECT run, name, value FROM run_value ORDER BY run");
  auto run = runs.begin();
  RunValues values;
  const auto finish = [&] {
    if (!values.empty()) run->values = std::make_shared<const RunValues>(std::exchange(values, {}));
  };
  while (row.executeStep()) {
    const RunId id{row.getColumn(0).getInt64()};
    if (run->id != id) {
      finish();
      while (run != runs.end() && run->id < id) ++run;
      if (run == runs.end()) return;
    }
    if (run->id == id) take(row, values);
  }
  finish();
}

}  // namespace weft::store
