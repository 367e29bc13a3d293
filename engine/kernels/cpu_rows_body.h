// engine/kernels/cpu_rows_body.h -- the loops of cpu_rows.h. Compiled once for each kind of processor, each with flags
// of its own (CMakeLists.txt): everything here is in an anonymous namespace, and nothing of the standard library that
// could be emitted as a function is used, since the linker would keep one of the versions for all.
#pragma once

#include <cmath>
#include <cstring>

#include "engine/kernels/cpu_rows.h"

namespace weft::kernels {
namespace {

constexpr std::int64_t kLanes = 32;  // of a sum: two registers of 16 float32, four of 8

inline float load(const float* x, std::int64_t i) { return x[i]; }
inline double load(const double* x, std::int64_t i) { return x[i]; }
inline float load(const Bf16* x, std::int64_t i) {
  return __builtin_bit_cast(float, static_cast<std::uint32_t>(x[i].bits) << 16);
}
inline void store(float* x, std::int64_t i, float value) { x[i] = value; }
inline void store(double* x, std::int64_t i, double value) { x[i] = value; }
// Round to nearest even; a NaN stays one.
inline void store(Bf16* x, std::int64_t i, float value) {
  const auto bits = __builtin_bit_cast(std::uint32_t, value);
  const std::uint32_t rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
  x[i].bits = static_cast<std::uint16_t>(value != value ? 0x7fc0u : rounded);
}

inline double expOf(double x) { return std::exp(x); }
// exp by 2^n times a polynomial (Cephes expf, 1.2 ulp); 0 below -87.3, at most 2^127 1.4. NaN stays NaN. Without a
// branch or a call, so that loops over it become vector instructions.
inline float expOf(float x) {
  const float bounded = x > 88.3f ? 88.3f : x;
  constexpr float kRound = 12582912.f;  // 1.5 2^23: adding it rounds to an integer
  const float n = (bounded * 1.44269504088896341f + kRound) - kRound;
  const float r = bounded - n * 0.693359375f + n * 2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  const float y = p * r * r + r + 1.f;
  const float inRange = bounded < -87.3f ? 0.f : n;  // a conversion beyond int32 is not defined
  const float scale =
      __builtin_bit_cast(float, (static_cast<std::int32_t>(inRange == inRange ? inRange : 0.f) + 127) << 23);
  return bounded < -87.3f ? 0.f : y * scale;
}

// sum of term(i) over i in [0, size).
template <class A, class Term>
inline A sumOf(std::int64_t size, Term term) {
  A lanes[kLanes] = {};
  std::int64_t i = 0;
  for (; i + kLanes <= size; i += kLanes) {
    for (std::int64_t lane = 0; lane < kLanes; ++lane) lanes[lane] += term(i + lane);
  }
  for (std::int64_t lane = 0; i + lane < size; ++lane) lanes[lane] += term(i + lane);
  for (std::int64_t half = kLanes / 2; half > 0; half /= 2) {
    for (std::int64_t lane = 0; lane < half; ++lane) lanes[lane] += lanes[lane + half];
  }
  return lanes[0];
}

// NaN only if all are; a NaN among others comes back through the exponentials.
template <class S, class A>
inline A largestOf(const S* x, std::int64_t size) {
  A lanes[kLanes];
  for (A& lane : lanes) lane = -static_cast<A>(__builtin_huge_val());
  std::int64_t i = 0;
  for (; i + kLanes <= size; i += kLanes) {
    for (std::int64_t lane = 0; lane < kLanes; ++lane) {
      const A value = load(x, i + lane);
      lanes[lane] = value > lanes[lane] ? value : lanes[lane];
    }
  }
  for (std::int64_t lane = 0; i + lane < size; ++lane) {
    const A value = load(x, i + lane);
    lanes[lane] = value > lanes[lane] ? value : lanes[lane];
  }
  A largest = lanes[0];
  for (const A lane : lanes) largest = lane > largest ? lane : largest;
  return largest;
}

template <class S>
struct Rows {
  using A = typename CpuRows<S>::A;

  static A normalise(const S* x, S* y, std::int64_t width, A epsilon) {
    const A sum = sumOf<A>(width, [&](std::int64_t i) { return load(x, i) * load(x, i); });
    const A r = A(1) / std::sqrt(sum / static_cast<A>(width) + epsilon);
    for (std::int64_t i = 0; i < width; ++i) store(y, i, load(x, i) * r);
    return r;
  }

  static void normaliseBackward(const S* g, const S* y, A r, S* dx, std::int64_t width) {
    const A mean = sumOf<A>(width, [&](std::int64_t i) { return load(g, i) * load(y, i); }) / static_cast<A>(width);
    for (std::int64_t i = 0; i < width; ++i) store(dx, i, load(dx, i) + r * (load(g, i) - load(y, i) * mean));
  }

  static void scaleBy(const S* x, const A* w, S* y, std::int64_t width) {
    for (std::int64_t i = 0; i < width; ++i) store(y, i, load(x, i) * w[i]);
  }

  static void addProduct(const S* x, const S* y, A* sum, std::int64_t width) {
    for (std::int64_t i = 0; i < width; ++i) sum[i] += load(x, i) * load(y, i);
  }

  static void add(const S* x, A* sum, std::int64_t width) {
    for (std::int64_t i = 0; i < width; ++i) sum[i] += load(x, i);
  }

  static void swiglu(const S* __restrict gateUp, S* __restrict h, std::int64_t width) {
    for (std::int64_t i = 0; i < width; ++i) {
      const A z = load(gateUp, i);
      store(h, i, z / (A(1) + expOf(-z)) * load(gateUp, width + i));
    }
  }

  static void swigluBackward(S* __restrict gateUp, S* __restrict dh, std::int64_t width) {
    S* __restrict upper = gateUp + width;
    for (std::int64_t i = 0; i < width; ++i) {
      const A z = load(gateUp, i), up = load(upper, i), g = load(dh, i);
      const A s = A(1) / (A(1) + expOf(-z)), silu = z * s;
      store(gateUp, i, g * up * s * (A(1) + z * (A(1) - s)));
      store(upper, i, g * silu);
      store(dh, i, silu * up);
    }
  }

  static void rotate(S* x, const A* cos, const A* sin, A sign, std::int64_t half) {
    S* __restrict low = x;
    S* __restrict high = x + half;
    for (std::int64_t i = 0; i < half; ++i) {
      const A first = load(low, i), second = load(high, i), sine = sign * sin[i];
      store(low, i, first * cos[i] - second * sine);
      store(high, i, second * cos[i] + first * sine);
    }
  }

  static void clearUnseen(A* row, Seen seen) {
    if (seen.begin > 0) std::memset(row, 0, static_cast<std::size_t>(seen.begin) * sizeof(A));
    if (seen.end < seen.size)
      std::memset(row + seen.end, 0, static_cast<std::size_t>(seen.size - seen.end) * sizeof(A));
  }

  static A softmax(A* scores, Seen seen) {
    const std::int64_t size = seen.end - seen.begin;
    A* x = scores + seen.begin;
    clearUnseen(scores, seen);
    if (size <= 0) return -static_cast<A>(__builtin_huge_val());
    const A largest = largestOf<A, A>(x, size);
    const A sum = sumOf<A>(size, [&](std::int64_t i) { return x[i] = expOf(x[i] - largest); });
    const A scale = A(1) / sum;
    for (std::int64_t i = 0; i < size; ++i) x[i] *= scale;
    return largest + std::log(sum);
  }

  static void softmaxBackward(A* __restrict scores, A* __restrict dp, A logSum, A delta, Seen seen) {
    clearUnseen(scores, seen);
    clearUnseen(dp, seen);
    for (std::int64_t i = seen.begin; i < seen.end; ++i) {
      const A p = expOf(scores[i] - logSum);
      scores[i] = p;
      dp[i] = p * (dp[i] - delta);
    }
  }

  static A crossEntropy(S* logits, std::int64_t width, std::int64_t target, A scale) {
    const A largest = largestOf<S, A>(logits, width), ofTarget = load(logits, target) - largest;
    A sum;
    if constexpr (sizeof(S) == sizeof(A)) {
      sum = sumOf<A>(width, [&](std::int64_t i) { return logits[i] = expOf(logits[i] - largest); });
      const A share = scale / sum;
      for (std::int64_t i = 0; i < width; ++i) logits[i] *= share;
    } else {
      // An exponential rounded to 8 bits before it is scaled would be rounded twice.
      sum = sumOf<A>(width, [&](std::int64_t i) { return expOf(load(logits, i) - largest); });
      const A share = scale / sum;
      for (std::int64_t i = 0; i < width; ++i) store(logits, i, expOf(load(logits, i) - largest) * share);
    }
    // From the sum, not from what was stored: a probability near 1 minus 1 keeps its digits.
    store(logits, target, scale * (expOf(ofTarget) / sum - A(1)));
    // The two large numbers first: added to log(sum) one by one they would swallow it.
    return std::log(sum) - ofTarget;
  }

  static constexpr CpuRows<S> table() {
    return {normalise, normaliseBackward, scaleBy,         addProduct,  add, swiglu, swigluBackward,
            rotate,    softmax,           softmaxBackward, crossEntropy};
  }
};

}  // namespace
}  // namespace weft::kernels

// Of WEFT_ROWS, the name of this version's function: template <class S> const CpuRows<S>& WEFT_ROWS();
#define WEFT_DEFINE_ROWS(name)                            \
  namespace weft::kernels {                               \
  template <class S>                                      \
  const CpuRows<S>& name() {                              \
    static constexpr CpuRows<S> table = Rows<S>::table(); \
    return table;                                         \
  }                                                       \
  template const CpuRows<float>& name<float>();           \
  template const CpuRows<double>& name<double>();         \
  template const CpuRows<Bf16>& name<Bf16>();             \
  }
