#include "engine/device/device.h"

#include <ATen/Parallel.h>

#include "tests/torch_checks.h"

namespace weft::device {
namespace {

using weft::test::hasCuda;

int cudaDevices() { return static_cast<int>(c10::cuda::device_count()); }

template <class T>
void expectError(const Result<T>& result, ErrorCode code, const std::string& part) {
  ASSERT_FALSE(result.has_value()) << "expected an error that says: " << part;
  EXPECT_EQ(toString(result.error().code), std::string(toString(code))) << result.error().message;
  EXPECT_NE(result.error().message.find(part), std::string::npos) << result.error().message;
}

TEST(ChooseDevice, TakesTheFirstGpuOrElseTheCpu) {
  const c10::Device expected = hasCuda() ? c10::Device(c10::kCUDA, 0) : c10::Device(c10::kCPU);
  for (const char* name : {"auto", ""}) EXPECT_EQ(chooseDevice(name).value(), expected);
  EXPECT_EQ(chooseDevice("cpu").value(), c10::Device(c10::kCPU));
}

TEST(ChooseDevice, RefusesAGpuThatIsNotThereByItsName) {
  const std::string beyond = fmt::format("cuda:{}", cudaDevices());
  expectError(chooseDevice(beyond), ErrorCode::Unsupported,
              fmt::format("{} was asked for, but this machine has {} CUDA device{}", beyond, cudaDevices(),
                          cudaDevices() == 1 ? "." : "s."));
  expectError(chooseDevice("cuda:999999999999"), ErrorCode::Unsupported, "was asked for");
  if (!hasCuda()) expectError(chooseDevice("cuda"), ErrorCode::Unsupported, "this machine has 0 CUDA devices");
}

TEST(ChooseDevice, RefusesANameThatIsNone) {
  for (const char* name :
       {"gpu", "cuda:", "cuda:x", "cuda:-1", "cuda:0x", "CPU", "cpu:0", " cpu", "cuda:99999999999999999999"}) {
    expectError(chooseDevice(name), ErrorCode::InvalidInput,
                fmt::format("device is \"{}\"; it must be auto, cpu, cuda or cuda:N", name));
  }
}

TEST(ChooseType, TakesTheDevicesUsualTypeOrTheOneThatIsNamed) {
  const c10::Device cpu(c10::kCPU), gpu(c10::kCUDA, 0);
  EXPECT_EQ(chooseType("auto", cpu).value(), c10::kFloat);
  EXPECT_EQ(chooseType("auto", gpu).value(), c10::kBFloat16);
  for (const c10::Device& device : {cpu, gpu}) {
    EXPECT_EQ(chooseType("float32", device).value(), c10::kFloat);
    EXPECT_EQ(chooseType("bfloat16", device).value(), c10::kBFloat16);
    expectError(chooseType("float16", device), ErrorCode::InvalidInput, "dtype is \"float16\"");
  }
  EXPECT_EQ(chooseType("float64", cpu).value(), c10::kDouble);
  expectError(chooseType("float64", gpu), ErrorCode::InvalidInput, "on the CPU, float64");
}

TEST(SetThreads, TakesTheNumberOrAllCores) {
  const int before = at::get_num_threads();
  setThreads(1);
  EXPECT_EQ(at::get_num_threads(), 1);
  EXPECT_EQ(describe(c10::Device(c10::kCPU)), "CPU (1 thread)");
  setThreads(2);
  EXPECT_EQ(describe(c10::Device(c10::kCPU)), "CPU (2 threads)");
  setThreads(0);
  EXPECT_GE(at::get_num_threads(), 1);
  at::set_num_threads(before);
}

TEST(TorchVersion, BeginsWithTheVersionThatWasBuiltAgainst) {
  EXPECT_EQ(torchVersion().rfind("2.11.0", 0), 0u) << torchVersion();
}

TEST(ReadMemory, SeesTheProcessGrowByWhatItTouches) {
  const MemoryReading before = readMemory(c10::Device(c10::kCPU));
  EXPECT_FALSE(before.allocated.has_value());
  EXPECT_FALSE(before.reserved.has_value());
  ASSERT_TRUE(before.device.has_value());
  constexpr std::int64_t kBytes = 64 << 20;
  const torch::Tensor touched = torch::ones({kBytes}, torch::kByte);
  EXPECT_GE(*readMemory(c10::Device(c10::kCPU)).device - *before.device, kBytes * 9 / 10);
}

TEST(ReadMemoryOfCuda, SeesTheAllocatorGrowByExactlyATensor) {
  WEFT_SKIP_WITHOUT_CUDA();
  const c10::Device gpu(c10::kCUDA, 0);
  const MemoryReading before = readMemory(gpu);  // before torch has used the device
  ASSERT_TRUE(before.allocated && before.reserved && before.device);
  constexpr std::int64_t kBytes = 64 << 20;
  const torch::Tensor tensor = torch::ones({kBytes}, torch::TensorOptions().dtype(torch::kByte).device(gpu));
  const MemoryReading after = readMemory(gpu);
  EXPECT_EQ(*after.allocated - *before.allocated, kBytes);
  EXPECT_GE(*after.reserved - *before.reserved, kBytes);
  EXPECT_GE(*after.device, *before.device);
}

TEST(DescribeCuda, NamesTheGpu) {
  WEFT_SKIP_WITHOUT_CUDA();
  EXPECT_EQ(describe(c10::Device(c10::kCUDA, 0)).rfind("cuda:0 ", 0), 0u);
  EXPECT_NE(torchVersion().find("CUDA 13."), std::string::npos) << torchVersion();
  EXPECT_NE(torchVersion().find("cuDNN 9"), std::string::npos) << torchVersion();
}

}  // namespace
}  // namespace weft::device
