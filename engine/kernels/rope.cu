#include "engine/kernels/cuda_support.cuh"

namespace weft::kernels {

namespace {

constexpr int kThreads = 256;

// One thread a rotated pair; the last pair of a row also copies the unpaired channel of an odd width.
template <class T>
__global__ void rotateKernel(RopeCall call, std::int64_t count) {
  const std::int64_t index = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (index >= count) return;
  const std::int64_t half = call.width / 2;
  const std::int64_t i = index % half, row = index / half;
  const std::int64_t t = row % call.tokens, h = row / call.tokens % call.heads, b = row / call.tokens / call.heads;
  const T* from = static_cast<const T*>(call.x) + b * call.strideB + h * call.strideH + t * call.strideT;
  T* to = static_cast<T*>(call.y) + row * call.width;
  const float first = load(from, i), second = load(from, i + half);
  const float cosine = call.cos[t * half + i], sine = static_cast<float>(call.sign) * call.sin[t * half + i];
  store(to, i, first * cosine - second * sine);
  store(to, i + half, second * cosine + first * sine);
  if (call.width % 2 != 0 && i == half - 1) to[call.width - 1] = from[call.width - 1];
}

}  // namespace

void ropeCuda(const RopeCall& call) {
  const std::int64_t count = call.batch * call.heads * call.tokens * (call.width / 2);
  if (count == 0) return;
  withElement(call.element, [&](auto* type) {
    using T = std::remove_pointer_t<decltype(type)>;
    launch(rotateKernel<T>, {(count + kThreads - 1) / kThreads, kThreads, call.stream}, call, count);
  });
  checkLaunch("rope");
}

}  // namespace weft::kernels
