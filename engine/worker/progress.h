// engine/worker/progress.h -- says how far a job is, at most twice a second, and ends it where the user asked for that.
#pragma once

#include <chrono>
#include <exception>
#include <string>

#include "engine/worker/jobs.h"

namespace weft::worker {

// Thrown out of a job that was asked to stop or pause and has nothing to keep; JobRunner turns it into the job's last
// event.
struct Interrupted : std::exception {
  const char* what() const noexcept override { return "the job was asked to stop"; }
};

enum class OnWish { Interrupt, GoOn };

class ProgressReporter {
 public:
  explicit ProgressReporter(JobContext& context, OnWish onWish = OnWish::Interrupt)
      : m_context(context), m_onWish(onWish) {}
  // `done` of `total`; a new phase is told at once. Throws Interrupted.
  void operator()(const std::string& phase, double done, double total = 1);

 private:
  JobContext& m_context;
  OnWish m_onWish;
  std::string m_phase;
  std::chrono::steady_clock::time_point m_last;
};

}  // namespace weft::worker
