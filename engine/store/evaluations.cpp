#include "engine/store/evaluations.h"

#include <algorithm>
#include <string>
#include <tuple>

#include "engine/store/measurements.h"

namespace weft::store {

std::vector<Evaluation> heldOutCurve(const std::vector<Evaluation>& evaluations) {
  std::vector<Evaluation> curve;
  for (const Evaluation& one : evaluations) {
    if (one.task != kHeldOutTask) continue;
    if (!curve.empty() && curve.back().step == one.step) curve.pop_back();
    if (curve.empty() || curve.back().step < one.step) curve.push_back(one);
  }
  return curve;
}

std::vector<Evaluation> newestOnDemand(const std::vector<Evaluation>& evaluations) {
  const auto key = [](const Evaluation& one) {
    const auto value = [&](const char* name) { return valueOf(one, name).value_or(0); };
    return std::tuple(one.task, one.split, one.step, value("window"), value("stride"), value("items"), value("pages"),
                      value("tokens"));
  };
  std::vector<Evaluation> newest;
  for (const Evaluation& one : evaluations) {
    if (one.task == kHeldOutTask) continue;
    const auto same =
        std::find_if(newest.begin(), newest.end(), [&](const Evaluation& other) { return key(other) == key(one); });
    if (same == newest.end()) {
      newest.push_back(one);
    } else if (same->time <= one.time) {
      *same = one;
    }
  }
  return newest;
}

}  // namespace weft::store
