// tests/emulation/include/cuda_bf16.h -- stands in for CUDA's header, see cuda_runtime.h.
#pragma once

#include <bit>
#include <cstdint>

// NOLINTBEGIN(bugprone-reserved-identifier): the names are CUDA's.
struct __nv_bfloat16 {
  std::uint16_t bits;
};
inline float __bfloat162float(__nv_bfloat16 x) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(x.bits) << 16);
}
// To the nearest, ties to even.
inline __nv_bfloat16 __float2bfloat16(float x) {
  if (x != x) return {0x7fff};
  const auto bits = std::bit_cast<std::uint32_t>(x);
  return {static_cast<std::uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16)};
}
// NOLINTEND(bugprone-reserved-identifier)
