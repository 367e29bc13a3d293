// engine/kernels/cuda_kernels.h -- the CUDA side of every operation: raw pointers, sizes and a stream, no torch. The
// headers of the operations say what is computed. Nothing here waits for the device; a launch that fails throws
// std::runtime_error with CUDA's own words.
#pragma once

#include <cstdint>

#include "engine/kernels/element.h"

struct CUstream_st;

namespace weft::kernels {

using Stream = CUstream_st*;
// torch's current stream of the current device (cuda_stream.cpp: the one place that asks torch for it). Kernels launch
// on the current device: callers hold a c10::DeviceGuard of their tensors' device.
Stream currentStream();

struct RmsNormForward {
  Element element;
  const void* x;        // [rows, width]
  const float* weight;  // [width]
  void* y;
  float* r;  // [rows]
  std::int64_t rows, width;
  double epsilon;
  Stream stream;
};
void rmsNormForwardCuda(const RmsNormForward& call);

struct RmsNormBackward {
  Element element;
  const void* dy;
  const void* x;
  const float* weight;
  const float* r;
  void* dx;
  float* partialDweight;  // [parts, width]: one partial sum a block, summed by the caller, so that no atomics make it
                          // random
  std::int64_t parts, rows, width;
  Stream stream;
};
void rmsNormBackwardCuda(const RmsNormBackward& call);

struct SwiGluCall {
  Element element;
  const void* gateUp;  // [rows, 2 width]
  const void* dy;      // [rows, width], backward only
  void* out;           // forward y [rows, width]; backward dgateUp [rows, 2 width]
  std::int64_t rows, width;
  Stream stream;
};
void swigluForwardCuda(const SwiGluCall& call);
void swigluBackwardCuda(const SwiGluCall& call);

struct RopeCall {
  Element element;
  const void* x;  // [B, H, T, D] with these strides, D contiguous
  void* y;        // contiguous
  const float* cos;
  const float* sin;  // [T, D / 2]
  int sign;          // 1 rotates, -1 rotates back
  std::int64_t batch, heads, tokens, width;
  std::int64_t strideB, strideH, strideT;
  Stream stream;
};
void ropeCuda(const RopeCall& call);

struct CrossEntropyCall {
  Element element;
  const void* logits;  // [rows, width]
  const std::int64_t* targets;
  float* losses;   // [rows]
  void* gradient;  // [rows, width] or nullptr
  std::int64_t rows, width;
  Stream stream;
};
void crossEntropyCuda(const CrossEntropyCall& call);

}  // namespace weft::kernels
