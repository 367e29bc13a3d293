#include "engine/kernels/cuda_support.cuh"

namespace weft::kernels {

namespace {

constexpr int kThreads = 256;

template <class T>
__global__ void forwardKernel(const T* gateUp, T* y, std::int64_t count, std::int64_t width) {
  const std::int64_t index = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (index >= count) return;
  const std::int64_t gateIndex = index / width * 2 * width + index % width;
  const float z = load(gateUp, gateIndex);
  store(y, index, z / (1.f + __expf(-z)) * load(gateUp, gateIndex + width));
}

template <class T>
__global__ void backwardKernel(const T* gateUp, const T* dy, T* dgateUp, std::int64_t count, std::int64_t width) {
  const std::int64_t index = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (index >= count) return;
  const std::int64_t gateIndex = index / width * 2 * width + index % width;
  const float z = load(gateUp, gateIndex), up = load(gateUp, gateIndex + width), gradient = load(dy, index);
  const float s = 1.f / (1.f + __expf(-z));
  store(dgateUp, gateIndex, gradient * up * s * (1.f + z * (1.f - s)));
  store(dgateUp, gateIndex + width, gradient * z * s);
}

LaunchShape shapeOf(std::int64_t count, Stream stream) { return {(count + kThreads - 1) / kThreads, kThreads, stream}; }

}  // namespace

void swigluForwardCuda(const SwiGluCall& call) {
  const std::int64_t count = call.rows * call.width;
  if (count == 0) return;
  withElement(call.element, [&](auto* type) {
    using T = std::remove_pointer_t<decltype(type)>;
    launch(forwardKernel<T>, shapeOf(count, call.stream), static_cast<const T*>(call.gateUp), static_cast<T*>(call.out),
           count, call.width);
  });
  checkLaunch("swigluForward");
}

void swigluBackwardCuda(const SwiGluCall& call) {
  const std::int64_t count = call.rows * call.width;
  if (count == 0) return;
  withElement(call.element, [&](auto* type) {
    using T = std::remove_pointer_t<decltype(type)>;
    launch(backwardKernel<T>, shapeOf(count, call.stream), static_cast<const T*>(call.gateUp),
           static_cast<const T*>(call.dy), static_cast<T*>(call.out), count, call.width);
  });
  checkLaunch("swigluBackward");
}

}  // namespace weft::kernels
