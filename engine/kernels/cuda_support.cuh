// engine/kernels/cuda_support.cuh -- what the .cu files share: element access, block sums, launch checks. No torch.
#pragma once

#include <cuda_bf16.h>
#include <cuda_runtime.h>

#include <stdexcept>
#include <string>

#include "engine/kernels/cuda_kernels.h"

namespace weft::kernels {

__device__ inline float load(const float* p, std::int64_t i) { return p[i]; }
__device__ inline float load(const __nv_bfloat16* p, std::int64_t i) { return __bfloat162float(p[i]); }
__device__ inline void store(float* p, std::int64_t i, float value) { p[i] = value; }
__device__ inline void store(__nv_bfloat16* p, std::int64_t i, float value) { p[i] = __float2bfloat16(value); }

struct Sum {
  __device__ float operator()(float a, float b) const { return a + b; }
};
struct Maximum {
  __device__ float operator()(float a, float b) const { return fmaxf(a, b); }
};

// The reduction of `value` over the block, known to every thread. `shared` holds 32 floats; blockDim.x is a multiple
// of 32.
template <class Operation>
__device__ float blockReduce(float value, float neutral, float* shared, Operation operation) {
  for (int offset = 16; offset > 0; offset /= 2) value = operation(value, __shfl_xor_sync(0xffffffffu, value, offset));
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  __syncthreads();  // an earlier reduction may still be read
  if (lane == 0) shared[warp] = value;
  __syncthreads();
  value = lane < static_cast<int>(blockDim.x) / 32 ? shared[lane] : neutral;
  for (int offset = 16; offset > 0; offset /= 2) value = operation(value, __shfl_xor_sync(0xffffffffu, value, offset));
  return value;
}

// Blocks of one dimension, and the threads of each.
struct LaunchShape {
  std::int64_t blocks = 0;
  int threads = 0;
  Stream stream = nullptr;
};

// The one place that launches a kernel. Where the host's compiler reads a .cu file (tests/emulation), its header of
// CUDA has a launch of its own.
template <class... Parameters, class... Arguments>
void launch(void (*kernel)(Parameters...), const LaunchShape& shape, Arguments... arguments) {
  const auto blocks = static_cast<unsigned>(shape.blocks), threads = static_cast<unsigned>(shape.threads);
#ifdef __CUDACC__
  kernel<<<blocks, threads, 0, shape.stream>>>(arguments...);
#else
  emulation::launch({blocks}, {threads}, [&] { kernel(arguments...); });
#endif
}

inline void checkLaunch(const char* kernel) {
  const cudaError_t error = cudaGetLastError();
  if (error != cudaSuccess)
    throw std::runtime_error(std::string("the CUDA kernel ") + kernel +
                             " was not launched: " + cudaGetErrorString(error));
}

// f(pointer of the element type) for a call whose `element` says which.
template <class Function>
void withElement(Element element, Function f) {
  if (element == Element::BFloat16) {
    f(static_cast<__nv_bfloat16*>(nullptr));
  } else {
    f(static_cast<float*>(nullptr));
  }
}

}  // namespace weft::kernels
