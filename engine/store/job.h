// engine/store/job.h -- work that a worker does: training a run, or evaluating, measuring, generating with one. One
// table holds all of it, one queue orders it, one placement (service/placement.h) gives it devices.
#pragma once

#include <string>
#include <vector>

#include "engine/store/run_state.h"

namespace weft::store {

// A run's state is its training's, so both have the same states.
using JobState = RunState;

// What a job asks for. `device`: "auto" (a GPU if the machine has one, else the CPU), "cpu", "cuda" (any GPU),
// "cuda:1".
struct Resources {
  std::string device = "auto";
  int devices = 1;
  bool operator==(const Resources&) const = default;
};

// The kind of a run's training, in `Job::kind` (protocol::TrainJob::kKind).
inline constexpr const char* kTrainKind = "train";

struct NewJob {
  std::string kind;  // as in job.json, but never "train": a training is made by addRun()
  RunId run;         // whom it is about, 0 for none
  std::string body;  // job.json (protocol::toJobJson), without device and shards: placement decides these
  Resources resources{};
  std::vector<JobId> needs{};  // may begin when these have finished
  JobState state = JobState::Queued;
  int priority = 0;  // higher first
};

struct Job {
  JobId id;
  std::string kind;
  RunId run;
  std::string body;  // "" for a training
  Resources resources;
  std::vector<JobId> needs;
  JobState state = JobState::Draft;
  std::string wanted;  // "", "stop", "pause", "kill": what was asked of the running attempt
  std::string failure;
  int priority = 0;
  std::int64_t position = 0;  // among those of one priority
  int attempt = 0;
  double created = 0, started = 0, ended = 0;  // seconds since 1970, 0 = not
  std::string phase;
  double progress = 0;  // 0..1
  double heartbeat = 0, promise_s = 0;
  std::vector<std::string> lanes;  // that its newest attempt was given
  bool isTraining() const { return kind == kTrainKind; }
  bool operator==(const Job&) const = default;
};

// The order in which waiting jobs are taken: higher priority, then position, then number.
bool goesBefore(const Job& a, const Job& b);

// "run 12" for its training, "job 15 (evaluate, run 12)", "job 16 (prepare)".
std::string nameOf(const Job& job);

}  // namespace weft::store
