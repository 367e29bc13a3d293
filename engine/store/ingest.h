// engine/store/ingest.h -- what the rows of one batch do to the tables of a job and of its run. Internal to
// engine/store; lives inside one write transaction.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "engine/store/service_writer.h"
#include "engine/store/sparkline.h"

namespace weft::store {

// Call it with each row in the order of the file, then finish(). No content of a row may fail: a worker's odd number
// would keep its run, and every batch after it, out of the store for ever.
//
// An attempt that resumes does again what the one before did after its last checkpoint. The first metric or evaluation
// of a later attempt therefore takes away what former attempts recorded from that step on: the series are those of the
// weights that the run ends with. Only a training has series and checkpoints; what another job evaluates or measures of
// a run stands beside its course, as what a face adds.
class Ingest {
 public:
  Ingest(SQLite::Database& connection, JobId job);  // of a job that is there

  void operator()(const HelloRow& row);
  void operator()(const ProgressRow& row);
  void operator()(const MetricRow& row);
  void operator()(const EvaluationRow& row);
  void operator()(const MeasurementRow& row);
  void operator()(const CheckpointRow& row);
  void operator()(const AlertRow& row);
  void operator()(const EndRow& row);

  // Writes what is kept here meanwhile: one write a batch instead of several a row.
  void finish();

 private:
  enum class Keep {
    Step,
    Nothing
  };  // what former attempts measured at the very step where a later one's series begins
  int attempt() const {
    return m_saidHello == 0 ? m_currentAttempt : m_saidHello;
  }  // whose events these are: an earlier one's may be left over
  void goBackTo(std::int64_t step, Keep metrics);
  void addPoint(const std::string& name, const MetricPoint& point);
  std::int64_t metricId(const std::string& name);
  void addLoss(std::int64_t step, double loss);
  void sawSign(double time);

  SQLite::Database& m_connection;
  JobId m_job;
  RunId m_run;  // 0: the job is about none
  bool m_isTraining = false;
  int m_currentAttempt = 0;  // the job's
  int m_saidHello = 0;       // the attempt whose hello was read last, 0 = none yet
  int m_seriesAttempt = 0;
  RunSummary m_summary;  // the fields of run_summary, and no others
  std::string m_phase;
  double m_progress = 0, m_heartbeat = 0, m_promise_s = 0;
  std::map<std::int64_t, double> m_newest;  // of metrics, by their names' numbers
  Sparkline m_sparkline;
  std::map<std::string, std::int64_t> m_metricIds;
  SQLite::Statement m_insertPoint;
};

}  // namespace weft::store
