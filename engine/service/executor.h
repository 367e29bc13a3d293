// engine/service/executor.h -- where the attempts of runs are executed. The service decides what runs when; an executor
// knows how to start an attempt, to find it again and to end it. Another one (Slurm) needs no other protocol: the run
// folder is all that a worker sees.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/service/process.h"
#include "engine/store/project.h"

namespace weft::service {

// A place for one job at a time: "cuda:0", "cpu".
using Lane = std::string;

struct AttemptOrder {
  store::RunId run;
  int attempt = 1;
  std::string configToml;
  Lane lane;
};

// An attempt that is ready to go: its process is known, its program runs once begin() was called. Dropped before that,
// it never ran.
class PreparedAttempt {
 public:
  virtual ~PreparedAttempt() = default;
  virtual ProcessId id() const = 0;
  virtual void begin() = 0;
};

enum class Wish { Stop, Pause, Kill };

class Executor {
 public:
  virtual ~Executor() = default;
  virtual std::vector<Lane> lanes() const = 0;
  // What stands behind the lane, for people: "NVIDIA H100 80GB HBM3", "2 cores, 23.4 GiB". "" if that is not known.
  virtual std::string describe(const Lane& lane) const = 0;
  // The lane that a configuration's device.device ("auto", "cpu", "cuda", "cuda:1") may use, of those that are free;
  // nullopt: it has to wait. Unsupported if no lane of this machine will ever do.
  [[nodiscard]] virtual Result<std::optional<Lane>> choose(const std::string& device,
                                                           const std::vector<Lane>& busy) const = 0;
  // Lays out the run's folder. Io, NotFound.
  [[nodiscard]] virtual Result<std::unique_ptr<PreparedAttempt>> prepare(const AttemptOrder& order) = 0;
  // The lane of an attempt that an earlier service began; "" if that is not known any more.
  virtual Lane laneOf(store::RunId run) const = 0;
  virtual bool isRunning(const ProcessId& attempt) = 0;
  // How it ended, if this executor saw it.
  virtual std::optional<ChildEnd> endOf(const ProcessId& attempt) = 0;
  virtual void tell(const ProcessId& attempt, Wish wish) = 0;
};

}  // namespace weft::service
