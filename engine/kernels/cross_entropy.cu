#include "engine/kernels/cuda_support.cuh"

namespace weft::kernels {

namespace {

constexpr int kThreads = 512;

// One block a row: maximum, sum of exponentials, then the gradient; the row is read three times, from L2 after the
// first.
template <class T>
__global__ void rowKernel(const T* logits, const std::int64_t* targets, float* losses, T* gradient,
                          std::int64_t width) {
  __shared__ float shared[32];
  const std::int64_t row = blockIdx.x, target = targets[row];
  const T* x = logits + row * width;
  if (target < 0) {
    if (threadIdx.x == 0) losses[row] = 0;
    for (std::int64_t i = threadIdx.x; gradient != nullptr && i < width; i += blockDim.x)
      store(gradient, row * width + i, 0.f);
    return;
  }
  // The CPU path throws here; a kernel cannot, and must not read beyond the row.
  if (target >= width) {
    if (threadIdx.x == 0) losses[row] = NAN;
    for (std::int64_t i = threadIdx.x; gradient != nullptr && i < width; i += blockDim.x)
      store(gradient, row * width + i, NAN);
    return;
  }
  float largest = -INFINITY;
  for (std::int64_t i = threadIdx.x; i < width; i += blockDim.x) largest = fmaxf(largest, load(x, i));
  largest = blockReduce(largest, -INFINITY, shared, Maximum{});
  float sum = 0;
  for (std::int64_t i = threadIdx.x; i < width; i += blockDim.x) sum += __expf(load(x, i) - largest);
  sum = blockReduce(sum, 0.f, shared, Sum{});
  if (threadIdx.x == 0) losses[row] = logf(sum) - (load(x, target) - largest);
  const float scale = 1.f / sum;
  for (std::int64_t i = threadIdx.x; gradient != nullptr && i < width; i += blockDim.x) {
    store(gradient, row * width + i, __expf(load(x, i) - largest) * scale - (i == target ? 1.f : 0.f));
  }
}

}  // namespace

void crossEntropyCuda(const CrossEntropyCall& call) {
  if (call.rows == 0) return;
  withElement(call.element, [&](auto* type) {
    using T = std::remove_pointer_t<decltype(type)>;
    launch(rowKernel<T>, {call.rows, kThreads, call.stream}, static_cast<const T*>(call.logits), call.targets,
           call.losses, static_cast<T*>(call.gradient), call.width);
  });
  checkLaunch("crossEntropy");
}

}  // namespace weft::kernels
