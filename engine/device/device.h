// engine/device/device.h -- which device a job computes on, with how many threads, and what is known of its memory.
#pragma once

#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

#include <cstdint>
#include <optional>
#include <string>

#include "engine/base/result.h"
#include "engine/sharing/memory_model.h"

namespace weft::device {

// "auto" (the first CUDA device, else the CPU), "cpu", "cuda", "cuda:N". InvalidInput for another name; Unsupported
// "cuda:1 was asked for, but this machine has 1 CUDA device(s)".
[[nodiscard]] Result<c10::Device> chooseDevice(const std::string& name);
// "auto": float32 on CPU, bfloat16 on CUDA; else float32, bfloat16, float64 (CPU only). InvalidInput.
[[nodiscard]] Result<c10::ScalarType> chooseType(const std::string& name, const c10::Device& device);
sharing::Processor processor(const c10::Device& device);
sharing::ElementType elementType(c10::ScalarType type);  // of floating-point numbers
const char* typeName(c10::ScalarType type);              // as configurations write it
// 0 = all cores that this process may use.
void setThreads(int threads);
// "2 threads": what operations on the CPU may use.
std::string describeThreads();
// "CPU (2 threads)", "cuda:0 NVIDIA H100 80GB HBM3"
std::string describe(const c10::Device& device);
// The version torch says of itself, with CUDA's and cuDNN's at run time.
std::string torchVersion();

// Memory in bytes; nullopt where the device has no such number.
struct MemoryReading {
  std::optional<std::int64_t> allocated, reserved;  // torch's caching allocator; CUDA only
  std::optional<std::int64_t> device;  // CUDA: total - free of cudaMemGetInfo; CPU: resident set of this process
};
// Waits for the device first, so that the reading means what was asked for up to now.
MemoryReading readMemory(const c10::Device& device);
void synchronize(const c10::Device& device);

}  // namespace weft::device
