// engine/service/executor.h -- where the attempts of jobs are executed. An executor offers hosts with their lanes;
// placement.h decides what runs where and when; the executor knows how to start an attempt, to find it again and to end
// it. Another one (Slurm) needs no other protocol: the job's folder is all that a worker sees.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/service/placement.h"
#include "engine/service/process.h"
#include "engine/store/project.h"

namespace weft::service {

struct AttemptOrder {
  store::Job job;
  int attempt = 1;
  std::string configToml;  // of a training
  Claim claim;
};

// An attempt that is ready to go: its process is known, its program runs once begin() was called. Dropped before that,
// it never ran.
class PreparedAttempt {
 public:
  virtual ~PreparedAttempt() = default;
  virtual ProcessId id() const = 0;
  virtual void begin() = 0;
};

enum class Signal { Stop, Pause, Kill };

class Executor {
 public:
  virtual ~Executor() = default;
  virtual std::vector<Host> hosts() const = 0;
  // What stands behind a lane, for people: "NVIDIA H100 80GB HBM3", "2 cores, 23.4 GiB". "" if that is not known.
  virtual std::string describe(const Host& host, const Lane& lane) const = 0;
  // Lays out the job's folder. Io, NotFound; Corrupt, InvalidInput: the job's body is none.
  [[nodiscard]] virtual Result<std::unique_ptr<PreparedAttempt>> prepare(const AttemptOrder& order) = 0;
  virtual bool isRunning(const ProcessId& attempt) = 0;
  // How it ended, if this executor saw it.
  virtual std::optional<ChildEnd> endOf(const ProcessId& attempt) = 0;
  virtual void tell(const ProcessId& attempt, Signal signal) = 0;
};

}  // namespace weft::service
