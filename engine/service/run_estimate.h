// engine/service/run_estimate.h -- how long a run will take and whether it fits, before it starts: the arithmetic of
// Queue run and of the demo. The speed is always one that was measured on this machine: an earlier run's, or that of a
// trial of a few steps.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

#include "engine/service/resolved_run.h"
#include "engine/store/run_store.h"

namespace weft::service {

// What a run computes, in FLOPs of the cost model: training, and the evaluations of the held-out split (forward only).
// A held-out split of unknown size (evaluation.tokens = 0 over text) is not counted.
struct RunWork {
  double trainingTokens = 0, trainingFlops = 0;
  std::int64_t evaluations = 0;
  double evaluationFlops = 0;
  double total() const { return trainingFlops + evaluationFlops; }
};
RunWork workOf(const ResolvedRun& run);

// A speed of training, measured on this machine.
struct MeasuredSpeed {
  double tokensPerSecond = 0;  // of training, between evaluations
  double flopsPerToken = 0;    // of the run it was measured of, training
  std::string source;          // "run 12", "a trial of 6 steps"
  bool isOfThisRun = true;     // false: of another shape, batch or sequence, and only its FLOP/s carry over
  double flopsPerSecond() const { return tokensPerSecond * flopsPerToken; }
};

// The newest earlier run on the same kind of device and in the same type whose speed is known: one of the same shape,
// sequence and batch if there is one, else the one whose FLOPs a step are nearest, if they are within a factor of 8.
// nullopt: none. Reads the store: not on a GUI thread.
[[nodiscard]] Result<std::optional<MeasuredSpeed>> speedOfEarlierRuns(store::RunStore& store, const ResolvedRun& run);

// The speed of `measured` as one of `run`; nullopt where it says nothing of it: another device, type or number of
// threads, or steps more than 8 times as long or short.
std::optional<MeasuredSpeed> carriedOver(MeasuredSpeed speed, const ResolvedRun& measured, const ResolvedRun& run);

// Trains a few steps with random weights and random tokens in a weft-worker of its own: about three seconds, of which
// torch takes one to load. A run whose steps take long on a CPU is tried with fewer sequences, layers and tokens and
// scaled by FLOPs. Blocks; `isCanceled` set ends it with Canceled. OutOfMemory where the run does not fit.
[[nodiscard]] Result<MeasuredSpeed> tryOutSpeed(const ResolvedRun& run, const std::atomic<bool>* isCanceled = nullptr);

struct RunEstimate {
  double seconds = 0;
  std::string basis;  // "at the 9,120 tokens/s of run 12"; "at the 41 GFLOP/s of a trial of 6 steps" where only FLOPs
                      // carry over
  std::string sentence() const;  // "about 4 min, at the 9,120 tokens/s of run 12"
};
// workOf(run) at the measured FLOP/s (evaluation is taken to be as fast as training), and kStart_s for loading torch
// and laying out tokens.
inline constexpr double kStart_s = 2;
RunEstimate estimateRun(const ResolvedRun& run, const MeasuredSpeed& speed);
// Rounded as far as an estimate carries: "8 s", "45 s", "4 min", "2 h 10 min".
std::string aboutDuration(double seconds);

// The memory of the device that a run will get.
struct DeviceMemory {
  double total_bytes = 0, available_bytes = 0;
  std::string name;  // "this machine", "H100 80 GB"
};
// Of the CPU as the machine says, of a GPU by its model's name; nullopt where neither is known.
std::optional<DeviceMemory> deviceMemory(const ResolvedRun& run);

struct MemoryFit {
  sharing::TrainingMemory needed;
  std::optional<DeviceMemory> device;
  bool fits = true;     // into the whole device; true where it is not known
  bool fitsNow = true;  // into what is free of it at this moment
  // "fits: 0.4 GiB of the 23.4 GiB of this machine", "does not fit: 31.2 GiB, and this machine has 23.4 GiB; a smaller
  // micro batch or ..."
  std::string sentence() const;
};
// By the memory model, for the device's types. InvalidInput as trainingMemory().
[[nodiscard]] Result<MemoryFit> fitOf(const ResolvedRun& run, const std::optional<DeviceMemory>& device);

}  // namespace weft::service
