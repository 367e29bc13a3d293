#include "ui/monitor/run_series.h"

#include <algorithm>

#include "ui/monitor/metric_text.h"

namespace weft::ui {
namespace {

// Steps ascend. In a resumed run, time that goes back means points that the later attempt has not yet written over:
// they are left out. Elsewhere it is only a clock that was set.
void appendCurrent(std::vector<store::MetricPoint>& points, const std::vector<store::MetricPoint>& fresh,
                   bool isResumed) {
  points.reserve(points.size() + fresh.size());
  for (const store::MetricPoint& point : fresh)
    if (points.empty() || (point.step > points.back().step && (!isResumed || point.time >= points.back().time)))
      points.push_back(point);
}

}  // namespace

const LoadedMetric* RunSeries::metric(const std::string& name) const {
  const auto found = m_metrics.find(name);
  return found == m_metrics.end() ? nullptr : &found->second;
}

std::int64_t RunSeries::lastStep() const {
  std::int64_t last = -1;
  for (const auto& [name, metric] : m_metrics)
    if (!metric.points.empty()) last = std::max(last, metric.points.back().step);
  return last;
}

double RunSeries::lastTime() const {
  double last = 0;
  for (const auto& [name, metric] : m_metrics)
    if (!metric.points.empty()) last = std::max(last, metric.points.back().time);
  return last;
}

void RunSeries::setSummary(const store::RunSummary& summary) {
  if (summary.step > 0 && summary.tokens > 0)
    m_tokensPerStep = static_cast<double>(summary.tokens) / static_cast<double>(summary.step);
  if (summary.attempt != m_attempt) {
    m_attempt = summary.attempt;
    m_attemptKnownUpTo = m_isLoaded ? lastTime() : -1;
    m_wantsAll = true;
  }
  if (summary.step < m_summaryStep || summary.step < lastStep()) m_wantsAll = true;
  m_summaryStep = summary.step;
}

std::vector<ProjectSession::SeriesRequest> RunSeries::requests() const {
  if (m_wantsAll) return {{.run = m_run, .metric = {}, .fromStep = -1}};
  std::vector<ProjectSession::SeriesRequest> wanted;
  for (const auto& [name, metric] : m_metrics)
    wanted.push_back(
        {.run = m_run, .metric = name, .fromStep = metric.points.empty() ? -1 : metric.points.back().step});
  // A metric that appears later comes with the points that all have in common.
  wanted.push_back({.run = m_run, .metric = {}, .fromStep = lastStep()});
  return wanted;
}

bool RunSeries::add(std::vector<store::MetricSeries> answer, bool wasWhole) {
  bool changed = !m_isLoaded;
  m_isLoaded = true;
  if (wasWhole) {
    for (store::MetricSeries& series : answer) {
      LoadedMetric& metric = m_metrics[series.name];
      std::vector<store::MetricPoint> points;
      appendCurrent(points, series.points, m_attempt > 1);
      const bool isLonger =
          points.size() >= metric.points.size() &&
          std::equal(metric.points.begin(), metric.points.end(), points.begin(),
                     [](const auto& a, const auto& b) { return a.step == b.step && a.time == b.time; });
      if (!isLonger) ++metric.generation;
      changed |= !isLonger || points.size() != metric.points.size();
      metric.points = std::move(points);
    }
    // Until a resumed attempt has written a point, the store holds what its predecessor left: everything is looked at
    // once more then.
    m_wantsAll = m_attempt > 1 && (m_attemptKnownUpTo < 0 || lastTime() <= m_attemptKnownUpTo);
    if (m_attemptKnownUpTo < 0) m_attemptKnownUpTo = lastTime();
    return changed;
  }
  for (const store::MetricSeries& series : answer) {
    LoadedMetric& metric = m_metrics[series.name];
    const std::size_t before = metric.points.size();
    appendCurrent(metric.points, series.points, m_attempt > 1);
    changed |= metric.points.size() != before;
  }
  return changed;
}

double RunSeries::x(const store::MetricPoint& point, XAxis axis) const {
  switch (axis) {
    case XAxis::Steps:
      return static_cast<double>(point.step);
    case XAxis::Tokens:
      return static_cast<double>(point.step) * m_tokensPerStep;
    case XAxis::Time: {
      const LoadedMetric* loss = metric(kLossMetric);
      const double start = loss && !loss->points.empty() ? loss->points.front().time : point.time;
      return std::max(0.0, point.time - start);
    }
  }
  return 0;
}

double RunSeries::x(std::int64_t step, XAxis axis) const {
  if (axis != XAxis::Time) return x(store::MetricPoint{.step = step}, axis);
  const LoadedMetric* loss = metric(kLossMetric);
  if (!loss || loss->points.empty()) return 0;
  auto after = std::upper_bound(loss->points.begin(), loss->points.end(), step,
                                [](std::int64_t s, const auto& point) { return s < point.step; });
  if (after != loss->points.begin()) --after;
  return x(*after, axis);
}

}  // namespace weft::ui
