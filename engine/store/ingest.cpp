#include "engine/store/ingest.h"

#include <algorithm>
#include <cmath>

#include "engine/protocol/metrics.h"
#include "engine/store/database.h"
#include "engine/store/kv_type.h"
#include "engine/store/run_columns.h"
#include "engine/store/run_values.h"

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

Ingest::Ingest(SQLite::Database& connection, JobId job)
    : m_connection(connection),
      m_job(job),
      m_insertPoint(connection,
                    "INSERT OR REPLACE INTO metric (run, metric, step, value, time) VALUES (?, ?, ?, ?, ?)") {
  SQLite::Statement state(connection,
                          "SELECT run, kind, attempt, events_attempt, phase, progress, heartbeat, promise_s FROM job "
                          "WHERE id = ?");
  state.bind(1, job.value);
  state.executeStep();
  m_run = RunId{state.getColumn(0).getInt64()};
  m_isTraining = state.getColumn(1).getString() == kTrainKind;
  m_currentAttempt = state.getColumn(2).getInt();
  m_saidHello = state.getColumn(3).getInt();
  m_phase = state.getColumn(4).getString();
  m_progress = state.getColumn(5).getDouble();
  m_heartbeat = state.getColumn(6).getDouble();
  m_promise_s = state.getColumn(7).getDouble();
  if (!m_isTraining) return;
  SQLite::Statement row(connection, "SELECT series_attempt, sparkline, sparkline_stride, " +
                                        runColumns(FieldPlace::Summary) + " FROM run_summary WHERE run = ?");
  row.bind(1, m_run.value);
  row.executeStep();
  int at = 0;
  m_seriesAttempt = row.getColumn(at++).getInt();
  const std::string points = row.getColumn(at++).getString();
  m_sparkline = Sparkline(points, row.getColumn(at++).getInt64());
  readRunColumns(row, m_summary, FieldPlace::Summary, at);
}

void Ingest::operator()(const HelloRow& row) {
  // An attempt says hello once: a number that has been, or none, can only mean the present one.
  m_saidHello = row.attempt > m_saidHello && row.attempt < m_currentAttempt ? row.attempt : m_currentAttempt;
  SQLite::Statement attempt(m_connection,
                            "UPDATE attempt SET torch = ?, build = ?, device = ? WHERE job = ? AND number = ?");
  attempt.bind(1, row.torch);
  attempt.bind(2, row.build);
  attempt.bind(3, row.device);
  attempt.bind(4, m_job.value);
  attempt.bind(5, m_saidHello);
  attempt.exec();
  if (m_saidHello == m_currentAttempt) {
    SQLite::Statement state(m_connection, "UPDATE job SET state = 'running' WHERE id = ? AND state = 'starting'");
    state.bind(1, m_job.value);
    state.exec();
  }
  m_summary.device = row.device;
  m_promise_s = 0;
  sawSign(row.time);
}

void Ingest::operator()(const ProgressRow& row) {
  m_phase = row.phase;
  m_progress = row.total > 0 ? known(row.done / row.total) : 0;
  m_promise_s = known(row.promise_s);
  sawSign(row.time);
}

void Ingest::operator()(const MetricRow& row) {
  sawSign(row.time);
  if (!m_isTraining) return;
  goBackTo(row.step, Keep::Nothing);
  for (const auto& [name, value] : row.values) addPoint(name, {row.step, value, known(row.time)});
  m_summary.step = row.step;
  m_summary.tokens = row.tokens;
  takeOver(row.values, protocol::kTokensPerSecond, m_summary.tokensPerSecond);
  if (const auto loss = row.values.find(protocol::kTrainLoss); loss != row.values.end())
    addLoss(row.step, loss->second);
}

void Ingest::operator()(const EvaluationRow& row) {
  sawSign(row.evaluation.time);
  Evaluation evaluation = row.evaluation;
  evaluation.attempt = attempt();
  evaluation.time = known(evaluation.time);
  if (!m_isTraining) {
    if (m_run.value != 0) insertEvaluation(m_connection, m_run, evaluation, AddedBy::Face);
    return;
  }
  // It stands behind the metrics of its step: those of a former attempt, if this one continues from a checkpoint made
  // there.
  goBackTo(row.evaluation.step, Keep::Step);
  insertEvaluation(m_connection, m_run, evaluation, AddedBy::Worker);
  m_summary.perplexity = evaluation.perplexity;
  keepLower(m_summary.bestPerplexity, evaluation.perplexity);
  takeOver(evaluation.values, "unigram_perplexity", m_summary.unigramPerplexity);
  takeOver(evaluation.values, "entropy_floor_nats", m_summary.entropyFloor_nats);
}

void Ingest::operator()(const MeasurementRow& row) {
  Measurement measurement = row.measurement;
  measurement.attempt = attempt();
  measurement.time = known(measurement.time);
  sawSign(row.measurement.time);
  if (m_run.value == 0) return;
  insertMeasurement(m_connection, m_run, measurement);
  if (!m_isTraining || measurement.name != "kv_memory") return;
  takeOver(measurement.values, "bytes_per_token_storage", m_summary.kvBytesPerTokenMeasured);
  // The cache's own formula, for its own element type and plugin: better than what could be known when the run was
  // queued.
  const auto formula = measurement.values.find("bytes_per_token_analytic");
  if (formula == measurement.values.end() || !std::isfinite(formula->second)) return;
  SQLite::Statement statement(m_connection, "UPDATE run SET kv_bytes_per_token = ? WHERE id = ?");
  statement.bind(1, formula->second);
  statement.bind(2, m_run.value);
  statement.exec();
  SQLite::Statement shape(m_connection, "SELECT " + runColumns(FieldPlace::Run) + " FROM run WHERE id = ?");
  shape.bind(1, m_run.value);
  shape.executeStep();
  RunSummary run;
  readRunColumns(shape, run, FieldPlace::Run);
  SQLite::Statement type(m_connection, "UPDATE run SET kv_type = ? WHERE id = ?");
  type.bind(1, kvTypeOf(run));
  type.bind(2, m_run.value);
  type.exec();
}

void Ingest::operator()(const CheckpointRow& row) {
  sawSign(row.checkpoint.time);
  if (!m_isTraining) return;
  SQLite::Statement statement(
      m_connection, "INSERT OR REPLACE INTO checkpoint (run, step, path, bytes, time) VALUES (?, ?, ?, ?, ?)");
  statement.bind(1, m_run.value);
  statement.bind(2, row.checkpoint.step);
  statement.bind(3, row.checkpoint.path);
  statement.bind(4, row.checkpoint.bytes);
  statement.bind(5, known(row.checkpoint.time));
  statement.exec();
}

void Ingest::operator()(const AlertRow& row) {
  if (m_run.value == 0) return;
  insertAlert(m_connection,
              {.run = m_run, .level = row.level, .message = row.message, .step = row.step, .time = known(row.time)});
}

void Ingest::operator()(const EndRow& row) {
  SQLite::Statement statement(
      m_connection,
      "UPDATE attempt SET outcome = ?, code = ?, message = ?, detail = ?, ended = ? WHERE job = ? AND number = ?");
  statement.bind(1, row.outcome);
  statement.bind(2, row.code);
  statement.bind(3, row.message);
  statement.bind(4, row.detail);
  statement.bind(5, known(row.time));
  statement.bind(6, m_job.value);
  statement.bind(7, attempt());
  statement.exec();
  sawSign(row.time);
}

void Ingest::finish() {
  SQLite::Statement state(m_connection,
                          "UPDATE job SET events_attempt = ?, phase = ?, progress = ?, heartbeat = ?, promise_s = ? "
                          "WHERE id = ?");
  state.bind(1, m_saidHello);
  state.bind(2, m_phase);
  state.bind(3, m_progress);
  state.bind(4, m_heartbeat);
  state.bind(5, m_promise_s);
  state.bind(6, m_job.value);
  state.exec();
  if (m_isTraining) {
    SQLite::Statement row(m_connection, "UPDATE run_summary SET (" + runColumns(FieldPlace::Summary) +
                                            ", series_attempt, sparkline, sparkline_stride) = (" +
                                            marksFor(FieldPlace::Summary) + ", ?, ?, ?) WHERE run = ?");
    int at = bindRunColumns(row, m_summary, FieldPlace::Summary);
    row.bind(++at, m_seriesAttempt);
    const std::string points = m_sparkline.bytes();
    row.bind(++at, points.data(), static_cast<int>(points.size()));
    row.bind(++at, m_sparkline.stride());
    row.bind(++at, m_run.value);
    row.exec();
    for (const auto& [name, value] : m_newest) putValue(m_connection, m_run, name, value);
  }
  touch(m_connection, m_job);
  if (!m_isTraining && m_run.value != 0) touch(m_connection, m_run);
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
  m_newest.clear();
  rebuildValues(m_connection, m_run);
}

void Ingest::addPoint(const std::string& name, const MetricPoint& point) {
  const std::int64_t metric = metricId(name);
  m_newest[metric] = point.value;
  m_insertPoint.reset();
  m_insertPoint.bind(1, m_run.value);
  m_insertPoint.bind(2, metric);
  m_insertPoint.bind(3, point.step);
  bindNumber(m_insertPoint, 4, point.value);
  m_insertPoint.bind(5, point.time);
  m_insertPoint.exec();
}

std::int64_t Ingest::metricId(const std::string& name) {
  if (const auto known = m_metricIds.find(name); known != m_metricIds.end()) return known->second;
  return m_metricIds[name] = nameId(m_connection, name);
}

void Ingest::addLoss(std::int64_t step, double loss) {
  m_summary.lastLoss = loss;
  if (!std::isfinite(loss) || step < 0) return;
  keepLower(m_summary.bestLoss, loss);
  m_sparkline.add(step, loss);
}

void Ingest::sawSign(double time) {
  if (std::isfinite(time)) m_heartbeat = time;
}

}  // namespace weft::store
