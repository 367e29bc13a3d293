#include "ui/queue/queue_plan.h"

#include <algorithm>
#include <cctype>
#include <limits>
#include <tuple>

namespace weft::ui {
namespace {

using store::RunSummary;

constexpr double kUnknownLength_s = 600;

std::optional<double> secondsPerStepAndParameter(const RunsSnapshot& snapshot, double now_s) {
  std::vector<double> paces;
  for (const RunSummary& run : snapshot.runs) {
    const double end = run.ended > 0 ? run.ended : store::isActive(run.state) ? now_s : run.updated;
    if (run.started > 0 && end > run.started && run.step > 0 && run.parameters > 0)
      paces.push_back((end - run.started) / static_cast<double>(run.step) / static_cast<double>(run.parameters));
  }
  if (paces.empty()) return std::nullopt;
  const auto middle = paces.begin() + static_cast<std::ptrdiff_t>(paces.size() / 2);
  std::nth_element(paces.begin(), middle, paces.end());
  return *middle;
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

// A lane is a device with its description, "cuda:0 NVIDIA H100"; a run names its device alone or with another
// description.
int laneOf(QueuePlan& plan, const std::string& name) {
  const auto firstWord = [](const std::string& text) { return lower(text.substr(0, text.find(' '))); };
  const std::string device = firstWord(name);
  for (std::size_t i = 0; i < plan.lanes.size(); ++i)
    if (firstWord(plan.lanes[i]) == device) return static_cast<int>(i);
  if (device.empty()) return 0;
  plan.lanes.push_back(name);
  return static_cast<int>(plan.lanes.size()) - 1;
}

}  // namespace

const PlannedJob* QueuePlan::find(store::RunId run) const {
  const auto found = std::find_if(jobs.begin(), jobs.end(), [&](const PlannedJob& job) { return job.run == run; });
  return found == jobs.end() ? nullptr : &*found;
}

std::vector<const RunSummary*> queueOrder(const RunsSnapshot& snapshot) {
  std::vector<const RunSummary*> order;
  for (const RunSummary& run : snapshot.runs)
    if (run.state == store::RunState::Queued) order.push_back(&run);
  std::sort(order.begin(), order.end(), [](const RunSummary* a, const RunSummary* b) {
    return std::make_tuple(-a->priority, a->position, a->id) < std::make_tuple(-b->priority, b->position, b->id);
  });
  return order;
}

QueuePlan planQueue(const RunsSnapshot& snapshot, double now_s) {
  QueuePlan plan;
  plan.lanes = snapshot.engine.devices;
  if (plan.lanes.empty()) plan.lanes.push_back("CPU");
  const std::optional<double> pace = secondsPerStepAndParameter(snapshot, now_s);
  const auto length = [&](const RunSummary& run) -> std::optional<double> {
    if (!pace || run.steps <= 0 || run.parameters <= 0) return std::nullopt;
    return *pace * static_cast<double>(run.steps - std::min(run.step, run.steps)) * static_cast<double>(run.parameters);
  };
  for (const RunSummary& run : snapshot.runs) {
    if (!store::isActive(run.state)) continue;
    PlannedJob job{.run = run.id,
                   .lane = laneOf(plan, run.device),
                   .start_s = run.started > 0 ? run.started : now_s,
                   .end_s = now_s,
                   .isRunning = true};
    std::optional<double> left;
    if (run.progress > 0.01 && run.started > 0) left = (now_s - run.started) * (1 - run.progress) / run.progress;
    if (!left) left = length(run);
    job.isLengthKnown = left.has_value();
    job.end_s = now_s + left.value_or(kUnknownLength_s);
    plan.jobs.push_back(job);
  }
  std::vector<double> freeAt(plan.lanes.size(), now_s);
  for (const PlannedJob& job : plan.jobs)
    freeAt[static_cast<std::size_t>(job.lane)] = std::max(freeAt[static_cast<std::size_t>(job.lane)], job.end_s);
  for (const RunSummary* run : queueOrder(snapshot)) {
    const auto lane = static_cast<std::size_t>(std::min_element(freeAt.begin(), freeAt.end()) - freeAt.begin());
    const std::optional<double> takes = length(*run);
    plan.jobs.push_back({.run = run->id,
                         .lane = static_cast<int>(lane),
                         .start_s = freeAt[lane],
                         .end_s = freeAt[lane] + takes.value_or(kUnknownLength_s),
                         .isRunning = false,
                         .isLengthKnown = takes.has_value()});
    freeAt[lane] = plan.jobs.back().end_s;
  }
  if (!plan.jobs.empty() &&
      std::all_of(plan.jobs.begin(), plan.jobs.end(), [](const PlannedJob& job) { return job.isLengthKnown; }))
    plan.end_s = *std::max_element(freeAt.begin(), freeAt.end());
  return plan;
}

}  // namespace weft::ui
