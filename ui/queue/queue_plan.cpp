#include "ui/queue/queue_plan.h"

#include <algorithm>
#include <cctype>
#include <unordered_map>

#include "engine/service/placement.h"

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

// "cuda:0" of "cuda:0 NVIDIA H100".
std::string laneName(const std::string& device) { return lower(device.substr(0, device.find(' '))); }

// The places of a job's lanes; a device that this service does not have any more gets a lane of its own.
std::vector<int> lanesOf(QueuePlan& plan, const std::vector<std::string>& names) {
  std::vector<int> places;
  for (const std::string& name : names) {
    const auto found = std::find_if(plan.lanes.begin(), plan.lanes.end(),
                                    [&](const std::string& lane) { return laneName(lane) == laneName(name); });
    places.push_back(static_cast<int>(found - plan.lanes.begin()));
    if (found == plan.lanes.end()) plan.lanes.push_back(name);
  }
  return places;
}

}  // namespace

const PlannedJob* QueuePlan::find(store::JobId job) const {
  const auto found = std::find_if(jobs.begin(), jobs.end(), [&](const PlannedJob& one) { return one.job == job; });
  return found == jobs.end() ? nullptr : &*found;
}

QueuePlan planQueue(const RunsSnapshot& snapshot, double now_s) {
  QueuePlan plan;
  plan.lanes = snapshot.engine.devices;
  if (plan.lanes.empty()) plan.lanes.emplace_back("CPU");
  service::Host host;
  for (const std::string& lane : plan.lanes) host.lanes.push_back(laneName(lane));
  const std::optional<double> pace = secondsPerStepAndParameter(snapshot, now_s);
  const auto length = [&](const store::Job& job) -> std::optional<double> {
    const RunSummary* run = job.isTraining() ? snapshot.find(job.run) : nullptr;
    if (!run || !pace || run->steps <= 0 || run->parameters <= 0) return std::nullopt;
    return *pace * static_cast<double>(run->steps - std::min(run->step, run->steps)) *
           static_cast<double>(run->parameters);
  };
  std::vector<service::RunningJob> running;
  std::vector<service::ForecastJob> waiting;
  std::unordered_map<store::JobId, const store::Job*> jobs;
  for (const store::Job& job : snapshot.jobs) {
    if (job.state == store::JobState::Queued) {
      jobs.emplace(job.id, &job);
      waiting.push_back({.job = job.id,
                         .resources = job.resources,
                         .needs = job.needs,
                         .length_s = length(job).value_or(kUnknownLength_s)});
    }
    if (!store::isActive(job.state)) continue;
    std::optional<double> left;
    if (job.progress > 0.01 && job.started > 0) left = (now_s - job.started) * (1 - job.progress) / job.progress;
    if (!left) left = length(job);
    std::vector<std::string> lanes = job.lanes;
    if (lanes.empty()) lanes.push_back(plan.lanes.front());
    plan.jobs.push_back({.job = job.id,
                         .run = job.run,
                         .lanes = lanesOf(plan, lanes),
                         .start_s = job.started > 0 ? job.started : now_s,
                         .end_s = now_s + left.value_or(kUnknownLength_s),
                         .isRunning = true,
                         .isLengthKnown = left.has_value()});
    for (std::string& lane : lanes) lane = laneName(lane);
    running.push_back(
        {.claim = {.job = job.id, .host = host.name, .lanes = std::move(lanes)}, .end_s = plan.jobs.back().end_s});
  }
  for (const service::ForecastStart& start : service::forecast({host}, running, waiting, now_s)) {
    const store::Job& job = *jobs.at(start.claim.job);
    plan.jobs.push_back({.job = job.id,
                         .run = job.run,
                         .lanes = lanesOf(plan, start.claim.lanes),
                         .start_s = start.start_s,
                         .end_s = start.end_s,
                         .isRunning = false,
                         .isLengthKnown = length(job).has_value()});
  }
  const bool areAllKnown =
      std::all_of(plan.jobs.begin(), plan.jobs.end(), [](const PlannedJob& job) { return job.isLengthKnown; });
  if (!plan.jobs.empty() && areAllKnown)
    plan.end_s = std::max_element(plan.jobs.begin(), plan.jobs.end(), [](const PlannedJob& a, const PlannedJob& b) {
                   return a.end_s < b.end_s;
                 })->end_s;
  return plan;
}

}  // namespace weft::ui
