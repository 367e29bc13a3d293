#include "engine/device/peaks.h"

#include <ATen/ATen.h>
#include <c10/core/DeviceGuard.h>
#include <c10/core/GradMode.h>
#include <cuda_runtime_api.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <limits>

#include "engine/device/device.h"
#include "engine/device/memory_limit.h"

namespace weft::device {

namespace {

// Seconds of the fastest round after one that warms up. CUDA is waited for once a round, so a round repeats what is
// short.
double fastest_s(const c10::Device& device, int rounds, int repetitions, const std::function<void()>& run) {
  using Clock = std::chrono::steady_clock;
  double best = std::numeric_limits<double>::infinity();
  for (int round = 0; round <= rounds; ++round) {
    synchronize(device);
    const Clock::time_point begin = Clock::now();
    for (int i = 0; i < repetitions; ++i) run();
    synchronize(device);
    const double seconds = std::chrono::duration<double>(Clock::now() - begin).count() / repetitions;
    if (round > 0) best = std::min(best, seconds);
  }
  return best;
}

double flopsPerSecond(const c10::Device& device, c10::ScalarType type, std::int64_t n) {
  const at::Tensor a = at::ones({n, n}, at::TensorOptions().dtype(type).device(device)), b = at::ones_like(a);
  at::Tensor product = at::empty_like(a);
  const double seconds = fastest_s(device, 5, device.is_cuda() ? 4 : 1, [&] { at::matmul_out(product, a, b); });
  return 2 * static_cast<double>(n) * static_cast<double>(n) * static_cast<double>(n) / seconds;
}

double bytesPerSecond(const c10::Device& device, std::int64_t bytes) {
  const at::Tensor from = at::ones({bytes / 4}, at::TensorOptions().dtype(at::kFloat).device(device));
  at::Tensor to = at::empty_like(from);
  const double seconds = fastest_s(device, 5, device.is_cuda() ? 4 : 1, [&] { to.copy_(from); });
  return 2 * static_cast<double>(from.nbytes()) / seconds;
}

double totalBytes(const c10::Device& device) {
  if (device.is_cuda()) {
    const c10::DeviceGuard guard(device);
    std::size_t free = 0, total = 0;
    return cudaMemGetInfo(&free, &total) == cudaSuccess ? static_cast<double>(total) : 0;
  }
  return static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGE_SIZE));
}

}  // namespace

sharing::DeviceModel measurePeaks(const c10::Device& device) {
  const c10::AutoGradMode noGrad(false);
  const Result<MemoryLimit> available = availableMemory(device);
  const std::int64_t wanted = device.is_cuda() ? std::int64_t{1} << 30 : std::int64_t{1} << 28;
  // Two buffers, a quarter of what is free together.
  const std::int64_t most = available ? std::max<std::int64_t>(available->bytes / 8, 1 << 20) : wanted;
  sharing::DeviceModel model{.key = "here", .name = describe(device), .memoryBytes = totalBytes(device)};
  model.bytesPerSecond = bytesPerSecond(device, std::min(wanted, most));
  model.flopsPerSecond16Bit = flopsPerSecond(device, at::kBFloat16, device.is_cuda() ? 8192 : 1024);
  model.flopsPerSecondFloat32 = flopsPerSecond(device, at::kFloat, device.is_cuda() ? 4096 : 1024);
  releaseUnused(device);
  return model;
}

}  // namespace weft::device
