#include "engine/device/device.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <c10/core/DeviceGuard.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAFunctions.h>
#include <cuda_runtime_api.h>
#include <fmt/format.h>
#include <sched.h>
#include <torch/version.h>
#include <unistd.h>

#include <fstream>

#include "engine/base/text.h"

namespace weft::device {

namespace {

int cudaDevices() { return at::hasCUDA() ? static_cast<int>(c10::cuda::device_count()) : 0; }

int usableCores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

}  // namespace

Result<c10::Device> chooseDevice(const std::string& name) {
  const int devices = cudaDevices();
  if (name == "cpu") return c10::Device(c10::kCPU);
  if (name == "auto" || name.empty()) return devices > 0 ? c10::Device(c10::kCUDA, 0) : c10::Device(c10::kCPU);
  std::int64_t index = 0;
  if (name != "cuda" &&
      !(name.starts_with("cuda:") && parseInteger(std::string_view(name).substr(5), index) && index >= 0)) {
    return fail(ErrorCode::InvalidInput, fmt::format("device is \"{}\"; it must be auto, cpu, cuda or cuda:N.", name));
  }
  if (index >= devices) {
    return fail(ErrorCode::Unsupported,
                fmt::format("The device {} was asked for, but this machine has {} CUDA device{}.", name, devices,
                            devices == 1 ? "" : "s"));
  }
  return c10::Device(c10::kCUDA, static_cast<c10::DeviceIndex>(index));
}

Result<c10::ScalarType> chooseType(const std::string& name, const c10::Device& device) {
  if (name == "auto" || name.empty()) return device.is_cuda() ? c10::kBFloat16 : c10::kFloat;
  if (name == "float32") return c10::kFloat;
  if (name == "bfloat16") return c10::kBFloat16;
  if (name == "float64" && device.is_cpu()) return c10::kDouble;
  return fail(ErrorCode::InvalidInput,
              fmt::format("dtype is \"{}\"; it must be auto, float32, bfloat16 or, on the CPU, float64.", name));
}

sharing::Processor processor(const c10::Device& device) {
  return device.is_cpu() ? sharing::Processor::Cpu : sharing::Processor::Cuda;
}

sharing::ElementType elementType(c10::ScalarType type) {
  return type == c10::kBFloat16 ? sharing::ElementType::BFloat16
         : type == c10::kHalf   ? sharing::ElementType::Float16
         : type == c10::kDouble ? sharing::ElementType::Float64
                                : sharing::ElementType::Float32;
}

const char* typeName(c10::ScalarType type) { return sharing::toString(elementType(type)); }

void setThreads(int threads) { at::set_num_threads(threads > 0 ? threads : usableCores()); }

std::string describeThreads() {
  return fmt::format("{} thread{}", at::get_num_threads(), at::get_num_threads() == 1 ? "" : "s");
}

std::string describe(const c10::Device& device) {
  if (device.is_cpu()) return fmt::format("CPU ({})", describeThreads());
  cudaDeviceProp properties{};
  if (cudaGetDeviceProperties(&properties, device.index()) != cudaSuccess) return device.str();
  return fmt::format("{} {}", device.str(), properties.name);
}

std::string torchVersion() {
  if (!at::hasCUDA()) return TORCH_VERSION;
  int cuda = 0;
  if (cudaRuntimeGetVersion(&cuda) != cudaSuccess) cuda = 0;
  return fmt::format("{} CUDA {}.{} cuDNN {}", TORCH_VERSION, cuda / 1000, cuda % 1000 / 10,
                     at::Context::hasCuDNN() ? at::Context::versionRuntimeCuDNN() : 0);
}

void synchronize(const c10::Device& device) {
  if (!device.is_cuda()) return;
  const c10::DeviceGuard guard(device);
  c10::cuda::device_synchronize();
}

MemoryReading readMemory(const c10::Device& device) {
  MemoryReading reading;
  if (device.is_cuda()) {
    at::globalContext().lazyInitDevice(c10::kCUDA);  // the allocator knows no device before torch has used one
    const c10::DeviceGuard guard(device);
    synchronize(device);
    const auto stats = c10::cuda::CUDACachingAllocator::getDeviceStats(device.index());
    const auto aggregate = static_cast<std::size_t>(c10::CachingAllocator::StatType::AGGREGATE);
    reading.allocated = stats.allocated_bytes[aggregate].current;
    reading.reserved = stats.reserved_bytes[aggregate].current;
    std::size_t free = 0, total = 0;
    if (cudaMemGetInfo(&free, &total) == cudaSuccess) reading.device = static_cast<std::int64_t>(total - free);
    return reading;
  }
  std::ifstream statm("/proc/self/statm");
  std::int64_t pages = 0, resident = 0;
  if (statm >> pages >> resident) reading.device = resident * sysconf(_SC_PAGESIZE);
  return reading;
}

}  // namespace weft::device
