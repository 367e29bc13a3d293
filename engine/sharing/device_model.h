// engine/sharing/device_model.h -- what a device can do at most, and what that makes of a decode step: the roofline.
// Peaks are dense (never the 2:4-sparse figures that data sheets print first); sources stand with the numbers in
// device_model.cpp.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/sharing/cost_model.h"

namespace weft::sharing {

struct DeviceModel {
  std::string key;   // "h100"
  std::string name;  // "H100 80 GB"
  double memoryBytes = 0;
  double bytesPerSecond = 0;         // of device memory
  double flopsPerSecond16Bit = 0;    // bfloat16 and float16 matrix products, float32 accumulation
  double flopsPerSecondFloat32 = 0;  // without TF32

  double flopsPerSecond(
      ElementType type) const;  // int8 caches compute in 16 bits; float64 as float32 (a generous ceiling)
};
const std::vector<DeviceModel>& deviceModels();  // H100 SXM, H200 SXM, A100 80 GB, A100 40 GB, L40S, RTX 4090
[[nodiscard]] Result<DeviceModel> deviceModel(std::string_view key);  // NotFound lists them

// By the name that a driver gives it, "NVIDIA H100 80GB HBM3"; nullopt for one that is not listed.
std::optional<DeviceModel> deviceModelOf(const std::string& gpu);

enum class Bound { Compute, Bytes };

// One decode step of `batch` sequences at context T:
//   bytes  = weights that are read (all but the rows of an untied input embedding) + KV read per step
//   time  >= max(batch x decode FLOPs / peak FLOP/s, bytes / bandwidth)         (Williams et al. 2009, the roofline)
// Sharing shrinks no term of it: it raises the batch that fits, and with it how often a weight is used for each time
// that it is read.
struct Roofline {
  double compute_s = 0, bytes_s = 0;
  Bound bound = Bound::Bytes;
  double tokensPerSecond = 0;                     // ceiling, all sequences together
  std::optional<std::int64_t> computeBoundBatch;  // the smallest batch that is bound by compute at this context;
                                                  // nullopt: none, KV reads grow as fast
  double arithmeticIntensity = 0;                 // FLOP per byte
  double ridge = 0;                               // FLOP per byte from where compute binds
};
[[nodiscard]] Result<Roofline> decodeRoofline(const ModelShape& shape, const SharingMap& map,
                                              const CostRequest& request, const DeviceModel& device);

// For each context, the largest batch whose weights and KV fit (largestBatch): the frontier that sharing moves.
struct BatchAtContext {
  std::int64_t context = 0, batch = 0;
};
[[nodiscard]] Result<std::vector<BatchAtContext>> batchFrontier(const ModelShape& shape, const SharingMap& map,
                                                                const CostRequest& request,
                                                                const std::vector<std::int64_t>& contexts,
                                                                double deviceBytes, double reservedBytes);
// The largest context that `request.batch` sequences may have; 0 if the weights alone do not fit.
[[nodiscard]] Result<std::int64_t> largestContext(const ModelShape& shape, const SharingMap& map,
                                                  const CostRequest& request, double deviceBytes, double reservedBytes);

}  // namespace weft::sharing
