#include "engine/service/placement.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "engine/base/text.h"

namespace weft::service {

namespace {

bool isGpu(const Lane& lane) { return lane != "cpu"; }

std::vector<Lane> fitting(const Host& host, const std::string& device) {
  const bool hasGpu = std::any_of(host.lanes.begin(), host.lanes.end(), isGpu);
  std::vector<Lane> lanes;
  for (const Lane& lane : host.lanes) {
    const bool fits = device == "auto" ? isGpu(lane) == hasGpu : device == "cuda" ? isGpu(lane) : lane == device;
    if (fits) lanes.push_back(lane);
  }
  return lanes;
}

Error never(const std::vector<Host>& hosts, const store::Resources& resources) {
  std::vector<Lane> lanes;
  for (const Host& host : hosts) lanes.insert(lanes.end(), host.lanes.begin(), host.lanes.end());
  const std::string has = lanes.empty() ? "no device" : join(lanes, ", ");
  const std::string where = hosts.size() > 1 ? "these machines have" : "this machine has";
  if (resources.devices <= 1)
    return {ErrorCode::Unsupported,
            fmt::format("device.device is '{}', but {} only {}.", resources.device, where, has),
            {}};
  return {ErrorCode::Unsupported,
          fmt::format("The job asks for {} devices of '{}' on one machine, but {} only {}.", resources.devices,
                      resources.device, where, has),
          {}};
}

// Who has what at one moment, and who may have what is free.
class Moment {
 public:
  Moment(const std::vector<Host>& hosts, const std::vector<Claim>& taken) : m_hosts(hosts) {
    for (const Host& host : hosts) m_lanes += host.lanes.size();
    for (const Claim& claim : taken)
      for (const Lane& lane : claim.lanes) m_busy.emplace(claim.host, lane);
  }

  // Nobody can be given anything any more.
  bool isFull() const { return m_busy.size() >= m_lanes; }

  // What the wish gets; nullopt: it waits, as do all that ask for the same from then on, and the first of them keeps
  // what is free of its kind. Unsupported: no host will ever do.
  Result<std::optional<Claim>> serve(const Wish& wish) {
    if (isWaiting(wish.resources)) return std::optional<Claim>{};
    const auto wanted = static_cast<std::size_t>(std::max(1, wish.resources.devices));
    const Host* best = nullptr;
    std::vector<Lane> bestFree;
    for (const Host& host : m_hosts) {
      std::vector<Lane> free = fitting(host, wish.resources.device);
      if (free.size() < wanted) continue;
      std::erase_if(free, [&](const Lane& lane) { return m_busy.contains({host.name, lane}); });
      if (free.size() >= wanted) {
        free.resize(wanted);
        take(host, free);
        return std::optional<Claim>(Claim{.job = wish.job, .host = host.name, .lanes = std::move(free)});
      }
      if (best == nullptr || free.size() > bestFree.size()) {
        best = &host;
        bestFree = std::move(free);
      }
    }
    if (best == nullptr) return tl::unexpected(never(m_hosts, wish.resources));
    take(*best, bestFree);
    m_waiting.emplace(wish.resources.device, wish.resources.devices);
    return std::optional<Claim>{};
  }
  bool isWaiting(const store::Resources& resources) const {
    return m_waiting.contains({resources.device, resources.devices});
  }

 private:
  void take(const Host& host, const std::vector<Lane>& lanes) {
    for (const Lane& lane : lanes) m_busy.emplace(host.name, lane);
  }
  const std::vector<Host>& m_hosts;
  std::size_t m_lanes = 0;
  std::set<std::pair<std::string, Lane>> m_busy;
  std::set<std::pair<std::string, int>> m_waiting;  // what somebody asked for in vain
};

}  // namespace

bool isFull(const std::vector<Host>& hosts, const std::vector<Claim>& taken) { return Moment(hosts, taken).isFull(); }

Placement place(const std::vector<Host>& hosts, const std::vector<Claim>& taken, const std::vector<Wish>& wishes) {
  Moment moment(hosts, taken);
  Placement placement;
  for (const Wish& wish : wishes) {
    if (moment.isFull()) break;
    Result<std::optional<Claim>> served = moment.serve(wish);
    if (!served) {
      placement.refusals.push_back({wish.job, served.error()});
    } else if (*served) {
      placement.starts.push_back(*std::move(*served));
    }
  }
  return placement;
}

namespace {

// The waiting jobs of a forecast: those that could begin, by what they ask for. Jobs that ask for the same are served
// in their order, so at each moment only the first of each kind is looked at.
class Queue {
 public:
  Queue(const std::vector<RunningJob>& running, const std::vector<ForecastJob>& waiting) : m_jobs(waiting) {
    std::unordered_set<store::JobId> unfinished;
    for (const RunningJob& job : running) unfinished.insert(job.claim.job);
    for (const ForecastJob& job : waiting) unfinished.insert(job.job);
    m_openNeeds.resize(waiting.size(), 0);
    for (std::size_t i = 0; i < waiting.size(); ++i) {
      for (const store::JobId need : waiting[i].needs) {
        if (!unfinished.contains(need)) continue;
        ++m_openNeeds[i];
        m_dependents[need].push_back(i);
      }
      if (m_openNeeds[i] == 0) add(i);
    }
  }

  // The first job that may be served; those of the kinds in `moment` that wait are passed over.
  const ForecastJob* next(const Moment& moment) const {
    const ForecastJob* first = nullptr;
    for (const auto& [kind, places] : m_ready) {
      const ForecastJob& job = m_jobs[*places.begin()];
      if ((first == nullptr || &job < first) && !moment.isWaiting(job.resources)) first = &job;
    }
    return first;
  }
  void remove(const ForecastJob& job) {
    const auto kind = m_ready.find({job.resources.device, job.resources.devices});
    kind->second.erase(static_cast<std::size_t>(&job - m_jobs.data()));
    if (kind->second.empty()) m_ready.erase(kind);
  }
  void finished(store::JobId job) {
    for (const std::size_t place : m_dependents[job])
      if (--m_openNeeds[place] == 0) add(place);
    m_dependents.erase(job);
  }

 private:
  void add(std::size_t place) {
    const store::Resources& resources = m_jobs[place].resources;
    m_ready[{resources.device, resources.devices}].insert(place);
  }
  const std::vector<ForecastJob>& m_jobs;
  std::vector<int> m_openNeeds;
  std::unordered_map<store::JobId, std::vector<std::size_t>> m_dependents;
  std::map<std::pair<std::string, int>, std::set<std::size_t>> m_ready;
};

}  // namespace

std::vector<ForecastStart> forecast(const std::vector<Host>& hosts, const std::vector<RunningJob>& running,
                                    const std::vector<ForecastJob>& waiting, double now_s) {
  Queue queue(running, waiting);
  std::vector<RunningJob> active = running;
  std::vector<ForecastStart> starts;
  for (double now = now_s;;) {
    std::vector<Claim> taken;
    for (const RunningJob& job : active) taken.push_back(job.claim);
    Moment moment(hosts, taken);
    while (const ForecastJob* job = moment.isFull() ? nullptr : queue.next(moment)) {
      const Result<std::optional<Claim>> served = moment.serve({job->job, job->resources});
      if (served && !*served) continue;
      queue.remove(*job);
      if (!served) continue;  // and whoever needs it never starts either
      starts.push_back({.claim = **served, .start_s = now, .end_s = now + job->length_s});
      active.push_back({.claim = **served, .end_s = now + job->length_s});
    }
    if (active.empty()) return starts;  // what is left needs what can never start
    double next = std::numeric_limits<double>::infinity();
    for (const RunningJob& job : active) next = std::min(next, job.end_s);
    now = std::max(now, next);
    for (const RunningJob& job : active)
      if (job.end_s <= now) queue.finished(job.claim.job);
    std::erase_if(active, [&](const RunningJob& job) { return job.end_s <= now; });
  }
}

}  // namespace weft::service
