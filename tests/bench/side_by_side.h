// tests/bench/side_by_side.h -- ours against its peer, by turns in one run: a noisy machine slows both.
#pragma once

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <vector>

namespace weft::bench {

// Times both in every iteration, each up to its `synchronize`; reports ours as the benchmark's time, the peer's median
// beside it, and peer / ours (above 1: ours is faster).
inline void sideBySide(
    benchmark::State& state, const std::function<void()>& ours, const std::function<void()>& peer,
    const std::function<void()>& synchronize = [] {}) {
  using Clock = std::chrono::steady_clock;
  const auto timed = [&](const std::function<void()>& work) {
    synchronize();
    const auto begin = Clock::now();
    work();
    synchronize();
    return std::chrono::duration<double>(Clock::now() - begin).count();
  };
  for (int warmUp = 0; warmUp < 2; ++warmUp) ours(), peer();
  std::vector<double> mine, theirs;
  for (auto _ : state) {
    mine.push_back(timed(ours));
    theirs.push_back(timed(peer));
    state.SetIterationTime(mine.back());
  }
  const auto median = [](std::vector<double>& values) {
    std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
    return values[values.size() / 2];
  };
  const double own = median(mine), other = median(theirs);
  state.counters["ours_ms"] = own * 1e3;
  state.counters["peer_ms"] = other * 1e3;
  state.counters["peer/ours"] = other / own;
}

}  // namespace weft::bench
