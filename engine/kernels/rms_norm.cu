#include "engine/kernels/cuda_support.cuh"

namespace weft::kernels {

namespace {

constexpr int kThreads = 256;

template <class T>
__global__ void forwardKernel(const T* x, const float* weight, T* y, float* r, std::int64_t width, float epsilon) {
  __shared__ float shared[32];
  const std::int64_t row = blockIdx.x;
  float sum = 0;
  for (std::int64_t i = threadIdx.x; i < width; i += blockDim.x) {
    const float value = load(x, row * width + i);
    sum += value * value;
  }
  sum = blockReduce(sum, 0.f, shared, Sum{});
  const float scale = rsqrtf(sum / static_cast<float>(width) + epsilon);
  if (threadIdx.x == 0) r[row] = scale;
  for (std::int64_t i = threadIdx.x; i < width; i += blockDim.x)
    store(y, row * width + i, load(x, row * width + i) * scale * weight[i]);
}

// Block p takes rows p, p + parts, ... and keeps its own partial sum of dweight: every column belongs to one thread of
// the block, so no atomics.
template <class T>
__global__ void backwardKernel(const T* dy, const T* x, const float* weight, const float* r, T* dx, float* partial,
                               std::int64_t rows, std::int64_t width) {
  __shared__ float shared[32];
  float* sums = partial + blockIdx.x * width;
  for (std::int64_t i = threadIdx.x; i < width; i += blockDim.x) sums[i] = 0;
  for (std::int64_t row = blockIdx.x; row < rows; row += gridDim.x) {
    const float scale = r[row];
    float mean = 0;
    for (std::int64_t i = threadIdx.x; i < width; i += blockDim.x)
      mean += load(dy, row * width + i) * weight[i] * load(x, row * width + i) * scale;
    mean = blockReduce(mean, 0.f, shared, Sum{}) / static_cast<float>(width);
    for (std::int64_t i = threadIdx.x; i < width; i += blockDim.x) {
      const float gradient = load(dy, row * width + i), normal = load(x, row * width + i) * scale;
      store(dx, row * width + i, scale * (gradient * weight[i] - normal * mean));
      sums[i] += gradient * normal;
    }
  }
}

}  // namespace

void rmsNormForwardCuda(const RmsNormForward& call) {
  if (call.rows == 0) return;
  withElement(call.element, [&](auto* type) {
    using T = std::remove_pointer_t<decltype(type)>;
    launch(forwardKernel<T>, {call.rows, kThreads, call.stream}, static_cast<const T*>(call.x), call.weight,
           static_cast<T*>(call.y), call.r, call.width, static_cast<float>(call.epsilon));
  });
  checkLaunch("rmsNormForward");
}

void rmsNormBackwardCuda(const RmsNormBackward& call) {
  withElement(call.element, [&](auto* type) {
    using T = std::remove_pointer_t<decltype(type)>;
    launch(backwardKernel<T>, {call.parts, kThreads, call.stream}, static_cast<const T*>(call.dy),
           static_cast<const T*>(call.x), call.weight, call.r, static_cast<T*>(call.dx), call.partialDweight, call.rows,
           call.width);
  });
  checkLaunch("rmsNormBackward");
}

}  // namespace weft::kernels
