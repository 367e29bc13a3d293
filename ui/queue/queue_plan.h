// ui/queue/queue_plan.h -- when which waiting job will start, guessed from what finished runs took. A pure function of
// a snapshot.
// Seconds a step: the median over runs that have trained of (elapsed / steps done), scaled by the ratio of their
// parameters. Who starts where is asked of the service's own placement (service/placement.h), at each end of a job.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ui/models/project_session.h"

namespace weft::ui {

struct PlannedJob {
  store::JobId job;
  store::RunId run;               // which it is about, 0 for none
  std::vector<int> lanes;         // places in QueuePlan::lanes; empty: it will never start here
  double start_s = 0, end_s = 0;  // seconds since 1970
  bool isRunning = false;
  bool isLengthKnown = false;  // false: nothing has trained yet, or it is no training; the length is a place holder
};

struct QueuePlan {
  std::vector<std::string> lanes;  // devices, with their descriptions
  std::vector<PlannedJob> jobs;    // running ones, then waiting ones in the order of their starts
  std::optional<double> end_s;     // of the last planned job, if every length is known
  const PlannedJob* find(store::JobId job) const;
};

QueuePlan planQueue(const RunsSnapshot& snapshot, double now_s);

}  // namespace weft::ui
