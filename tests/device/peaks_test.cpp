#include "engine/device/peaks.h"

#include <unistd.h>

#include "engine/device/device.h"
#include "engine/device/memory_limit.h"
#include "tests/torch_checks.h"

namespace weft::device {
namespace {

void expectPlausible(const sharing::DeviceModel& model, const c10::Device& device) {
  EXPECT_EQ(model.key, "here");
  EXPECT_EQ(model.name, describe(device));
  // From a slow core to a rack; a wrong unit or power lies outside.
  EXPECT_GT(model.bytesPerSecond, 5e8);
  EXPECT_LT(model.bytesPerSecond, 1e14);
  EXPECT_GT(model.flopsPerSecondFloat32, 5e8);
  EXPECT_LT(model.flopsPerSecondFloat32, 1e15);
  EXPECT_GT(model.flopsPerSecond16Bit, 1e8);
  EXPECT_LT(model.flopsPerSecond16Bit, 1e16);
}

TEST(Peaks, OfTheCpuAreMeasuredAndLeaveNothing) {
  const c10::Device cpu(c10::kCPU);
  const sharing::DeviceModel model = measurePeaks(cpu);
  expectPlausible(model, cpu);
  EXPECT_EQ(model.memoryBytes,
            static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGE_SIZE)));
}

TEST(PeaksOnCuda, AreNearTheDataSheet) {
  WEFT_SKIP_WITHOUT_CUDA();
  const c10::Device gpu(c10::kCUDA, 0);
  const sharing::DeviceModel model = measurePeaks(gpu);
  expectPlausible(model, gpu);
  EXPECT_GT(model.flopsPerSecond16Bit, 2 * model.flopsPerSecondFloat32) << "tensor cores";
  for (const sharing::DeviceModel& known : sharing::deviceModels()) {
    if (model.name.find(known.key == "h100" ? "H100" : known.key == "h200" ? "H200" : "none") == std::string::npos)
      continue;
    EXPECT_NEAR(model.memoryBytes, known.memoryBytes, 0.05 * known.memoryBytes);
    EXPECT_GT(model.bytesPerSecond, 0.6 * known.bytesPerSecond);
    EXPECT_LT(model.bytesPerSecond, 1.05 * known.bytesPerSecond);
    EXPECT_GT(model.flopsPerSecond16Bit, 0.4 * known.flopsPerSecond16Bit);
    EXPECT_LT(model.flopsPerSecond16Bit, 1.05 * known.flopsPerSecond16Bit);
  }
}

}  // namespace
}  // namespace weft::device
