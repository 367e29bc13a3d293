// tests/emulation/include/cuda_runtime.h -- stands in for CUDA's header where a .cu file is compiled for the host: the
// words of a kernel, and a launch that runs it. One block after the other, each thread of a block a fiber; a fiber runs
// until it waits (a barrier, a shuffle) or ends. Shared memory is static: all fibers of a block see it, and it is not
// cleared between blocks, as on the device. Not for kernels that use more than this header has.
#pragma once

#include <cmath>
#include <cstdint>
#include <functional>

// NOLINTBEGIN(bugprone-reserved-identifier): the names are CUDA's.
struct CUstream_st;
using cudaStream_t = CUstream_st*;
enum cudaError_t { cudaSuccess };
inline cudaError_t cudaGetLastError() { return cudaSuccess; }
inline const char* cudaGetErrorString(cudaError_t) { return "no error"; }

struct dim3 {
  unsigned x = 1, y = 1, z = 1;
};

#define __global__
#define __device__
#define __shared__ static
#define threadIdx (::weft::emulation::thread())
#define blockIdx (::weft::emulation::block())
#define blockDim (::weft::emulation::threads())
#define gridDim (::weft::emulation::blocks())

namespace weft::emulation {

const dim3& thread();
const dim3& block();
const dim3& threads();
const dim3& blocks();

// Runs `body` for every thread of every block. Throws std::runtime_error where a device would hang or do as it likes: a
// barrier or a shuffle that some thread of the block or warp never comes to.
void launch(dim3 blocks, dim3 threads, const std::function<void()>& body);
void barrier();
// The value of the lane whose number is this one's with the bits of `mask` turned.
float shuffleXor(float value, int mask);

}  // namespace weft::emulation

inline void __syncthreads() { ::weft::emulation::barrier(); }
inline float __shfl_xor_sync(unsigned, float value, int mask) { return ::weft::emulation::shuffleXor(value, mask); }
inline float __expf(float x) { return std::exp(x); }
inline float rsqrtf(float x) { return 1.f / std::sqrt(x); }
// NOLINTEND(bugprone-reserved-identifier)
