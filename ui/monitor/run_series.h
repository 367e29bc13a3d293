// ui/monitor/run_series.h -- the metrics of one run as far as they are loaded, kept up with what the store gets: only
// points after the last one are asked for. A resumed run goes on from a checkpoint: its steps go back, and what its
// earlier attempt wrote after that checkpoint is no longer part of it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "ui/models/project_session.h"

namespace weft::ui {

// What the horizontal axis of all charts counts.
enum class XAxis { Steps, Tokens, Time };

struct LoadedMetric {
  std::vector<store::MetricPoint> points;  // by step
  std::uint64_t generation = 0;            // changes when anything but an addition at the end happened
};

class RunSeries {
 public:
  explicit RunSeries(store::RunId run) : m_run(run) {}

  store::RunId run() const { return m_run; }
  const std::map<std::string, LoadedMetric>& metrics() const { return m_metrics; }
  const LoadedMetric* metric(const std::string& name) const;
  bool isLoaded() const { return m_isLoaded; }  // the first answer has come

  // To be called with every summary: an attempt that is not the last one's, or steps that went back, ask for everything
  // again.
  void setSummary(const store::RunSummary& summary);
  // What to ask the store for next.
  std::vector<ProjectSession::SeriesRequest> requests() const;
  // The answer to requests(), which were made when wantsAll() was `wasWhole`. True if anything changed.
  bool add(std::vector<store::MetricSeries> answer, bool wasWhole);
  bool wantsAll() const { return m_wantsAll; }

  // x of a point, in steps, tokens or seconds since the run's first point.
  double x(const store::MetricPoint& point, XAxis axis) const;
  double x(std::int64_t step, XAxis axis) const;  // time: of the last loss at or before that step
  double tokensPerStep() const { return m_tokensPerStep; }
  std::int64_t lastStep() const;

 private:
  double lastTime() const;

  store::RunId m_run;
  std::map<std::string, LoadedMetric> m_metrics;
  int m_attempt = 0;
  // The latest time loaded when this attempt was first seen (-1: nothing was): the attempt has points of its own once
  // there is a later one.
  double m_attemptKnownUpTo = -1;
  bool m_isLoaded = false, m_wantsAll = true;
  double m_tokensPerStep = 0;
  std::int64_t m_summaryStep = 0;
};

}  // namespace weft::ui
