#include "engine/device/memory_limit.h"

#include <c10/util/Exception.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include "engine/device/device.h"

using namespace weft;

namespace {

torch::Tensor floats(std::int64_t count) { return torch::zeros({count}, torch::kFloat); }

}  // namespace

TEST(AllocationBudget, RefusesWhatDoesNotFitAndGoesOnAfterwards) {
  device::AllocationBudget budget(torch::kCPU, 1 << 20);
  const torch::Tensor half = floats((1 << 20) / 8);
  EXPECT_EQ(budget.used(), 1 << 19);
  EXPECT_THROW(floats((1 << 20) / 4), c10::OutOfMemoryError);
  EXPECT_EQ(budget.used(), 1 << 19) << "what was refused is not counted";
  EXPECT_EQ(floats((1 << 20) / 8).numel(), (1 << 20) / 8) << "the other half is still to be had";
}

TEST(AllocationBudget, CountsWhatIsAliveAndTheMostThatWas) {
  device::AllocationBudget budget(torch::kCPU, 1 << 20);
  { const torch::Tensor gone = floats(1000); }
  EXPECT_EQ(budget.used(), 0);
  EXPECT_EQ(budget.peak(), 4000);
  budget.resetPeak();
  EXPECT_EQ(budget.peak(), 0);
}

TEST(AllocationBudget, IsOverWithItsLifeAndTensorsOutliveIt) {
  torch::Tensor survivor;
  {
    device::AllocationBudget budget(torch::kCPU, 1 << 12);
    survivor = floats(1000);
    EXPECT_THROW(floats(1000), c10::OutOfMemoryError);
  }
  EXPECT_EQ(floats(1 << 20).numel(), 1 << 20);
  EXPECT_EQ(survivor.sum().item<float>(), 0);
  device::AllocationBudget next(torch::kCPU, 1 << 12);
  EXPECT_EQ(next.used(), 0) << "what an earlier budget's tensors hold is not the next one's";
  survivor = torch::Tensor();
  EXPECT_THROW(floats(2000), c10::OutOfMemoryError) << "nor does their end widen it";
}

TEST(AllocationBudget, CountsRawMemoryThatLibrariesAskFor) {
  device::AllocationBudget budget(torch::kCPU, 1 << 20);
  c10::Allocator* allocator = c10::GetAllocator(c10::kCPU);
  void* raw = allocator->raw_allocate(1000);
  EXPECT_EQ(budget.used(), 1000);
  allocator->raw_deallocate(raw);
  EXPECT_EQ(budget.used(), 0);
  EXPECT_EQ(torch::empty({0}).numel(), 0);
  EXPECT_EQ(budget.used(), 0);
}

TEST(AvailableMemory, OfACpuIsBelowWhatTheMachineHasAndSaysWhatItIs) {
  const Result<device::MemoryLimit> limit = device::availableMemory(torch::kCPU);
  ASSERT_TRUE(limit) << limit.error().message;
  EXPECT_GE(limit->bytes, 0);
  EXPECT_LT(limit->bytes, static_cast<std::int64_t>(1) << 50);
  EXPECT_NE(limit->source.find("reserve"), std::string::npos) << limit->source;
}

TEST(AllocationBudget, OnCudaIsTheAllocatorsLimit) {
  const Result<c10::Device> cuda = device::chooseDevice("cuda");
  if (!cuda) GTEST_SKIP() << "this machine has no CUDA device";
  {
    device::AllocationBudget budget(*cuda, 64 << 20);
    EXPECT_THROW(torch::zeros({128 << 20}, torch::TensorOptions(torch::kByte).device(*cuda)), c10::OutOfMemoryError);
    EXPECT_EQ(budget.used(), 0);
  }
  EXPECT_EQ(torch::zeros({128 << 20}, torch::TensorOptions(torch::kByte).device(*cuda)).numel(), 128 << 20);
}
