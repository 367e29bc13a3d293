// engine/kernels/cpu_rows.h -- what the CPU paths do with one row, in the widest instructions that the processor has.
// Raw pointers and sizes, no torch. S is how a row is stored, A how it is accumulated: float32 and bfloat16 in float32,
// float64 in itself. Every sum runs over fixed lanes, so that it is the same for any number of threads.
#pragma once

#include <cstdint>
#include <vector>

namespace weft::kernels {

// bfloat16 as bits, so that no header of torch is compiled for a processor that may not be there.
struct Bf16 {
  std::uint16_t bits;
};

template <class S>
struct RowAccumulate {
  using Type = float;
};
template <>
struct RowAccumulate<double> {
  using Type = double;
};

// The keys of a row of scores that its query sees: begin .. end - 1 of `size`.
struct Seen {
  std::int64_t begin, end, size;
};

template <class S>
struct CpuRows {
  using A = typename RowAccumulate<S>::Type;

  // y = x r with r = 1 / sqrt(mean(x^2) + epsilon), which is returned.
  A (*normalise)(const S* x, S* y, std::int64_t width, A epsilon);
  // dx += r (g - y mean(g y)), y and r as normalise() made them.
  void (*normaliseBackward)(const S* g, const S* y, A r, S* dx, std::int64_t width);
  // y = x w
  void (*scaleBy)(const S* x, const A* w, S* y, std::int64_t width);
  // sum += x y
  void (*addProduct)(const S* x, const S* y, A* sum, std::int64_t width);
  // sum += x
  void (*add)(const S* x, A* sum, std::int64_t width);
  // h = silu(gate) up; gateUp is [2 width]: gate, then up.
  void (*swiglu)(const S* gateUp, S* h, std::int64_t width);
  // dh is replaced by h, gateUp by its gradient.
  void (*swigluBackward)(S* gateUp, S* dh, std::int64_t width);
  // Pairs (i, i + half) of x by the angles; sign -1 turns back. In place.
  void (*rotate)(S* x, const A* cos, const A* sin, A sign, std::int64_t half);
  // Scores of the seen keys become softmax, the others 0. Returns log(sum exp(scores)); of a row that sees nothing
  // minus infinity.
  A (*softmax)(A* scores, Seen seen);
  // scores become p = exp(scores - logSum), dp becomes p (dp - delta); both 0 where not seen.
  void (*softmaxBackward)(A* scores, A* dp, A logSum, A delta, Seen seen);
  // Logits become scale (softmax - one-hot). Returns the row's loss, log(sum exp(x)) - x_target.
  A (*crossEntropy)(S* logits, std::int64_t width, std::int64_t target, A scale);
};

// For S = float, double and Bf16: the version for the widest instructions that this processor has.
template <class S>
const CpuRows<S>& cpuRows();

template <class S>
struct CpuRowsVersion {
  const char* name;
  const CpuRows<S>* rows;
};
// All that this processor can run, cpuRows() last.
template <class S>
std::vector<CpuRowsVersion<S>> cpuRowsVersions();

}  // namespace weft::kernels
