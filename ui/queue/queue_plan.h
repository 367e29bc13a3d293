// ui/queue/queue_plan.h -- when which waiting job will start, guessed from what finished runs took. A pure function of
// a snapshot.
// Seconds a step: the median over runs that have trained of (elapsed / steps done), scaled by the ratio of their
// parameters. A waiting job starts on the device that is free first, in the queue's order (priority, then position), as
// in the service.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ui/models/project_session.h"

namespace weft::ui {

struct PlannedJob {
  store::RunId run;
  int lane = 0;
  double start_s = 0, end_s = 0;  // seconds since 1970
  bool isRunning = false;
  bool isLengthKnown = false;  // false: nothing has trained yet, the length is a place holder
};

struct QueuePlan {
  std::vector<std::string> lanes;  // devices
  std::vector<PlannedJob> jobs;    // running ones, then waiting ones in order
  std::optional<double> end_s;     // of the last planned job, if every length is known
  const PlannedJob* find(store::RunId run) const;
};

QueuePlan planQueue(const RunsSnapshot& snapshot, double now_s);
// Waiting runs in the order in which they will start.
std::vector<const store::RunSummary*> queueOrder(const RunsSnapshot& snapshot);

}  // namespace weft::ui
