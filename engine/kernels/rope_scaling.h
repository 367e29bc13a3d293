// engine/kernels/rope_scaling.h -- how fast each pair of channels turns, and the ways in which Llama-family models
// stretch that over a longer context. s factor, c original context, D head width, i < D/2 the pair:
//   none     w_i = theta^(-2i/D). Su et al. 2021 (2104.09864), eq. 15.
//   linear   w_i / s. Position interpolation: Chen et al. 2023 (2306.15595), eq. 4.
//   dynamic  w_i with theta (s n / c - s + 1)^(D/(D-2)) for theta, n = max(sequence, c).
//            Dynamic NTK: Peng et al. 2023 (YaRN, 2309.00071), sec. 3.3.
//   llama3   (1 - g) w_i / s + g w_i, g = clamp((c w_i / (2 pi) - low) / (high - low), 0, 1).
//            Llama 3.1's reference code, apply_scaling.
//   yarn     r w_i / s + (1 - r) w_i, r = clamp((i - a) / (b - a), 0, 1),
//            a = max(d(betaFast), 0), b = min(d(betaSlow), D - 1), d(n) = D ln(c / (2 pi n)) / (2 ln theta),
//            a and b rounded outwards if `truncate`; cos and sin times the attention factor. YaRN, eq. 17 to 22; as in
//            its authors' code the ramp is linear in the pair, where the paper's is linear in the turns.
// The numbers are those of Hugging Face's modeling_rope_utils (transformers 5.24), here in float64. Only `dynamic`
// depends on the sequence.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace weft::kernels {

enum class RopeKind { None, Linear, Dynamic, Llama3, Yarn };

struct RopeScaling {
  RopeKind kind = RopeKind::None;
  double factor = 1;                                       // s >= 1
  std::int64_t originalContext = 0;                        // c, tokens: dynamic, llama3, yarn
  double lowFrequencyFactor = 1, highFrequencyFactor = 4;  // llama3: turns within c
  double betaFast = 32, betaSlow = 1;                      // yarn: turns within c
  double attentionFactor =
      0;  // yarn; 0: m(mscale) / m(mscaleAllDim), or m(1) where one of them is 0, with m(x) = 0.1 x ln s + 1
  double mscale = 0, mscaleAllDim = 0;
  bool truncate = true;
};

struct RopeFrequencies {
  at::Tensor radiansPerToken_F;  // float64, D/2 of them
  double attentionFactor = 1;    // of cos and sin, so every score has its square
};
// On the CPU. `sequence`: tokens up to and with those that will be turned. Throws std::invalid_argument that names a
// value that does not fit.
RopeFrequencies ropeFrequencies(std::int64_t headWidth, double theta, const RopeScaling& scaling,
                                std::int64_t sequence = 0);

}  // namespace weft::kernels
