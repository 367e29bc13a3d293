// engine/service/placement.h -- which waiting job gets which devices: pure functions, which the service obeys and the
// studio's forecast calls, so that both say the same.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/store/job.h"

namespace weft::service {

// A place for one job at a time: "cuda:0", "cpu".
using Lane = std::string;

struct Host {
  std::string name;  // "" where there is one only
  std::vector<Lane> lanes;
  bool operator==(const Host&) const = default;
};

// What a running job has.
struct Claim {
  store::JobId job;
  std::string host;
  std::vector<Lane> lanes;
};

// A waiting job; in a list of them, in the order in which they are served.
struct Wish {
  store::JobId job;
  store::Resources resources;
};

struct Refusal {
  store::JobId job;
  Error error;
};

struct Placement {
  std::vector<Claim> starts;      // in the order of the wishes
  std::vector<Refusal> refusals;  // Unsupported: no host will ever have what is asked for
};

// Job by job: the first host with enough free lanes that fit takes it. "auto" is a GPU on a host that has one, else its
// CPU. A job that must wait keeps what is free of its kind on the host where most is, so that narrow jobs behind a wide
// one do not keep it waiting for ever; whoever asks for the same waits behind it, and jobs of other lanes go on.
// A full house ends it: who is refused is found out when a lane is free.
Placement place(const std::vector<Host>& hosts, const std::vector<Claim>& taken, const std::vector<Wish>& wishes);
// Every lane is taken.
bool isFull(const std::vector<Host>& hosts, const std::vector<Claim>& taken);

// ---- the forecast

struct ForecastJob {
  store::JobId job;
  store::Resources resources;
  std::vector<store::JobId> needs;  // of those in this list: it starts when they have ended
  double length_s = 0;
};
struct RunningJob {
  Claim claim;
  double end_s = 0;
};
struct ForecastStart {
  Claim claim;
  double start_s = 0, end_s = 0;
};
// When each waiting job starts if every job takes as long as it is said to: place() again at each end. What can never
// start is not in it. In the order of the starts. O(n log n) for n jobs of a few kinds.
std::vector<ForecastStart> forecast(const std::vector<Host>& hosts, const std::vector<RunningJob>& running,
                                    const std::vector<ForecastJob>& waiting, double now_s);

}  // namespace weft::service
