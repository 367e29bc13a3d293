#include "engine/store/ingest.h"

#include <algorithm>
#include <cmath>

#include "engine/protocol/metrics.h"
#include "engine/store/database.h"
#include "engine/store/run_columns.h"

namespace weft::store {

namespace {

// A NaN would be stored as NULL, which no column of these takes.
double known(double value) { return std::isfinite(value) ? value : 0; }

void keepLower(std::optional<double>& best, double value) {
  if (!std::isnan(value) && (!best || value < *best)) best = value;
}

void takeOver(const std::map<std::string, double>& values, const char* name, std::optional<double>& target) {
  if (const auto found = values.find(name); found != values.end()) target = found->second;
}

// One number of the run's rows, nullopt if there is none.
std::optional<double> numberOf(SQLite::Database& connection, RunId run, const char* query) {
  SQLite::Statement statement(connection, query);
  statement.bind(1, run.value);
  return statement.executeStep() ? numberAt(statement, 0) : std::nullopt;
}

}  // namespace

Ingest::Ingest(SQLite::Database& connection, RunId run)
    : m_connection(connection),
      m_run(run),
      m_insertPoint(connection,
                    "INSERT OR REPLACE INTO metric (run, metric, step, value, time) VALUES (?, ?, ?, ?, ?)") {
  SQLite::Statement row(connection,
                        "SELECT attempt, events_attempt, series_attempt, promise_s, sparkline, "
                        "sparkline_stride, " +
                            runColumns(FieldPlace::Summary) +
                            " FROM run JOIN run_summary ON run_summary.run = run.id WHERE run.id = ?");
  row.bind(1, run.value);
  row.executeStep();
  int at = 0;
  m_currentAttempt = row.getColumn(at++).getInt();
  m_saidHello = row.getColumn(at++).getInt();
  m_seriesAttempt = row.getColumn(at++).getInt();
  m_promise_s = row.getColumn(at++).getDouble();
  const std::string points = row.getColumn(at++).getString();
  m_sparkline = Sparkline(points, row.getColumn(at++).getInt64());
  readRunColumns(row, m_summary, FieldPlace::Summary, at);
}

void Ingest::operator()(const HelloRow& row) {
  // An attempt says hello once: a number that has been, or none, can only mean the present one.
  m_saidHello = row.attempt > m_saidHello && row.attempt < m_currentAttempt ? row.attempt : m_currentAttempt;
  SQLite::Statement attempt(m_connection,
                            "UPDATE attempt SET torch = ?, build = ?, device = ? WHERE run = ? AND number = ?");
  attempt.bind(1, row.torch);
  attempt.bind(2, row.build);
  attempt.bind(3, row.device);
  attempt.bind(4, m_run.value);
  attempt.bind(5, m_saidHello);
  attempt.exec();
  if (m_saidHello == m_currentAttempt) {
    SQLite::Statement state(m_connection, "UPDATE run SET state = 'running' WHERE id = ? AND state = 'starting'");
    state.bind(1, m_run.value);
    state.exec();
  }
  m_summary.device = row.device;
  m_promise_s = 0;
  sawSign(row.time);
}

void Ingest::operator()(const ProgressRow& row) {
  m_summary.phase = row.phase;
  m_summary.progress = row.total > 0 ? known(row.done / row.total) : 0;
  m_promise_s = known(row.promise_s);
  sawSign(row.time);
}

void Ingest::operator()(const MetricRow& row) {
  goBackTo(row.step, Keep::Nothing);
  for (const auto& [name, value] : row.values) addPoint(name, {row.step, value, known(row.time)});
  m_summary.step = row.step;
  m_summary.tokens = row.tokens;
  takeOver(row.values, protocol::kTokensPerSecond, m_summary.tokensPerSecond);
  if (const auto loss = row.values.find(protocol::kTrainLoss); loss != row.values.end())
    addLoss(row.step, loss->second);
  sawSign(row.time);
}

void Ingest::operator()(const EvaluationRow& row) {
  // It stands behind the metrics of its step: those of a former attempt, if this one continues from a checkpoint made
  // there.
  goBackTo(row.evaluation.step, Keep::Step);
  Evaluation evaluation = row.evaluation;
  evaluation.attempt = attempt();
  evaluation.time = known(evaluation.time);
  insertEvaluation(m_connection, m_run, evaluation, AddedBy::Worker);
  m_summary.perplexity = evaluation.perplexity;
  keepLower(m_summary.bestPerplexity, evaluation.perplexity);
  takeOver(evaluation.values, "unigram_perplexity", m_summary.unigramPerplexity);
  takeOver(evaluation.values, "entropy_floor_nats", m_summary.entropyFloor_nats);
  sawSign(row.evaluation.time);
}

void Ingest::operator()(const MeasurementRow& row) {
  Measurement measurement = row.measurement;
  measurement.attempt = attempt();
  measurement.time = known(measurement.time);
  insertMeasurement(m_connection, m_run, measurement);
  sawSign(row.measurement.time);
  if (measurement.name != "kv_memory") return;
  takeOver(measurement.values, "bytes_per_token_storage", m_summary.kvBytesPerTokenMeasured);
  // The cache's own formula, for its own element type and plugin: better than what could be known when the run was
  // queued.
  const auto formula = measurement.values.find("bytes_per_token_analytic");
  if (formula == measurement.values.end() || !std::isfinite(formula->second)) return;
  SQLite::Statement statement(m_connection, "UPDATE run SET kv_bytes_per_token = ? WHERE id = ?");
  statement.bind(1, formula->second);
  statement.bind(2, m_run.value);
  statement.exec();
}

void Ingest::operator()(const CheckpointRow& row) {
  SQLite::Statement statement(
      m_connection, "INSERT OR REPLACE INTO checkpoint (run, step, path, bytes, time) VALUES (?, ?, ?, ?, ?)");
  statement.bind(1, m_run.value);
  statement.bind(2, row.checkpoint.step);
  statement.bind(3, row.checkpoint.path);
  statement.bind(4, row.checkpoint.bytes);
  statement.bind(5, known(row.checkpoint.time));
  statement.exec();
  sawSign(row.checkpoint.time);
}

void Ingest::operator()(const AlertRow& row) {
  insertAlert(m_connection,
              {.run = m_run, .level = row.level, .message = row.message, .step = row.step, .time = known(row.time)});
}

void Ingest::operator()(const EndRow& row) {
  SQLite::Statement statement(
      m_connection,
      "UPDATE attempt SET outcome = ?, code = ?, message = ?, detail = ?, ended = ? WHERE run = ? AND number = ?");
  statement.bind(1, row.outcome);
  statement.bind(2, row.code);
  statement.bind(3, row.message);
  statement.bind(4, row.detail);
  statement.bind(5, known(row.time));
  statement.bind(6, m_run.value);
  statement.bind(7, attempt());
  statement.exec();
  sawSign(row.time);
}

void Ingest::finish() {
  SQLite::Statement row(m_connection, "UPDATE run_summary SET (" + runColumns(FieldPlace::Summary) +
                                          ", events_attempt, series_attempt, promise_s, sparkline, sparkline_stride) = "
                                          "(" +
                                          marksFor(FieldPlace::Summary) + ", ?, ?, ?, ?, ?) WHERE run = ?");
  int at = bindRunColumns(row, m_summary, FieldPlace::Summary);
  row.bind(++at, m_saidHello);
  row.bind(++at, m_seriesAttempt);
  row.bind(++at, m_promise_s);
  const std::string points = m_sparkline.bytes();
  row.bind(++at, points.data(), static_cast<int>(points.size()));
  row.bind(++at, m_sparkline.stride());
  row.bind(++at, m_run.value);
  row.exec();
}

void Ingest::goBackTo(std::int64_t step, Keep metrics) {
  if (attempt() <= m_seriesAttempt) return;
  const bool isFirst = m_seriesAttempt == 0;
  m_seriesAttempt = attempt();
  if (isFirst) return;
  for (const char* query : {metrics == Keep::Step ? "DELETE FROM metric WHERE run = ? AND step > ?"
                                                  : "DELETE FROM metric WHERE run = ? AND step >= ?",
                            "DELETE FROM evaluation WHERE run = ? AND step >= ? AND by_worker = 1"}) {
    SQLite::Statement statement(m_connection, query);
    statement.bind(1, m_run.value);
    statement.bind(2, step);
    statement.exec();
  }
  // typeof: not the text 'NaN'.
  m_summary.bestLoss =
      numberOf(m_connection, m_run,
               "SELECT min(value) FROM metric WHERE run = ? AND metric = (SELECT id FROM metric_name WHERE "
               "name = 'train/loss') AND "
               "typeof(value) = 'real'");
  m_summary.lastLoss = numberOf(
      m_connection, m_run,
      "SELECT value FROM metric WHERE run = ? AND metric = (SELECT id FROM metric_name WHERE name = 'train/loss') "
      "ORDER BY step DESC LIMIT 1");
  m_summary.bestPerplexity = numberOf(
      m_connection, m_run,
      "SELECT min(perplexity) FROM evaluation WHERE run = ? AND by_worker = 1 AND typeof(perplexity) = 'real'");
  m_summary.perplexity =
      numberOf(m_connection, m_run,
               "SELECT perplexity FROM evaluation WHERE run = ? AND by_worker = 1 ORDER BY step DESC, id DESC LIMIT 1");
  m_summary.step = std::min(m_summary.step, step);
}

void Ingest::addPoint(const std::string& name, const MetricPoint& point) {
  m_insertPoint.reset();
  m_insertPoint.bind(1, m_run.value);
  m_insertPoint.bind(2, metricId(name));
  m_insertPoint.bind(3, point.step);
  bindNumber(m_insertPoint, 4, point.value);
  m_insertPoint.bind(5, point.time);
  m_insertPoint.exec();
}

std::int64_t Ingest::metricId(const std::string& name) {
  if (const auto known = m_metricIds.find(name); known != m_metricIds.end()) return known->second;
  SQLite::Statement add(m_connection, "INSERT OR IGNORE INTO metric_name (name) VALUES (?)");
  add.bind(1, name);
  add.exec();
  SQLite::Statement find(m_connection, "SELECT id FROM metric_name WHERE name = ?");
  find.bind(1, name);
  find.executeStep();
  return m_metricIds[name] = find.getColumn(0).getInt64();
}

void Ingest::addLoss(std::int64_t step, double loss) {
  m_summary.lastLoss = loss;
  if (!std::isfinite(loss) || step < 0) return;
  keepLower(m_summary.bestLoss, loss);
  m_sparkline.add(step, loss);
}

void Ingest::sawSign(double time) {
  if (std::isfinite(time)) m_summary.heartbeat = time;
}

}  // namespace weft::store
