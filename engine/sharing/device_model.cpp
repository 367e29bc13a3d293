#include "engine/sharing/device_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>

#include "engine/base/text.h"

namespace weft::sharing {

namespace {

constexpr double kMiB = 1024.0 * 1024.0;
constexpr std::int64_t kMostContext = std::int64_t{1} << 40;

std::string compact(const std::string& text) {
  std::string letters;
  for (const char letter : text) {
    if (letter != ' ') letters += static_cast<char>(std::toupper(static_cast<unsigned char>(letter)));
  }
  return letters;
}

}  // namespace

double DeviceModel::flopsPerSecond(ElementType type) const {
  return type == ElementType::Float32 || type == ElementType::Float64 ? flopsPerSecondFloat32 : flopsPerSecond16Bit;
}

const std::vector<DeviceModel>& deviceModels() {
  // Memory: what the driver reports as total. H100 SXM: 528 tensor cores x 1,024 FLOP x 1.83 GHz = 989.4 TFLOP/s
  // and 3.35 TB/s, H200 the same chip with 4.8 TB/s (NVIDIA's data sheets give the sparse 1,979); float32 66.9. A100:
  // 312 and 19.5 TFLOP/s, 2.039 TB/s with 80 GB, 1.555 with 40. L40S: 362.05 and 91.6 TFLOP/s, 864 GB/s (data sheet).
  // GeForce RTX 4090: 165.2 with float32 accumulation and 82.6, 1,008 GB/s (Ada white paper).
  static const std::vector<DeviceModel> all{{"h100", "H100 80 GB", 81559 * kMiB, 3.35e12, 989.4e12, 66.9e12},
                                            {"h200", "H200 141 GB", 143771 * kMiB, 4.8e12, 989.4e12, 66.9e12},
                                            {"a100", "A100 80 GB", 81920 * kMiB, 2.039e12, 312e12, 19.5e12},
                                            {"a100-40", "A100 40 GB", 40960 * kMiB, 1.555e12, 312e12, 19.5e12},
                                            {"l40s", "L40S 48 GB", 46068 * kMiB, 0.864e12, 362.05e12, 91.6e12},
                                            {"rtx4090", "RTX 4090", 24564 * kMiB, 1.008e12, 165.2e12, 82.6e12}};
  return all;
}

std::optional<DeviceModel> deviceModelOf(const std::string& gpu) {
  const std::string name = compact(gpu);
  for (const DeviceModel& device : deviceModels()) {
    if (name.find(compact(device.name)) != std::string::npos) return device;
  }
  for (const DeviceModel& device : deviceModels()) {
    const std::string word = compact(device.name.substr(0, device.name.find(' ')));
    const bool tellsModel =
        std::any_of(word.begin(), word.end(), [](unsigned char letter) { return std::isdigit(letter) != 0; });
    if (tellsModel && name.find(word) != std::string::npos) return device;
  }
  return std::nullopt;
}

Result<DeviceModel> deviceModel(std::string_view key) {
  std::vector<std::string> keys;
  for (const DeviceModel& device : deviceModels()) {
    if (device.key == key) return device;
    keys.push_back(device.key);
  }
  return fail(ErrorCode::NotFound,
              fmt::format("There is no device '{}' in the table; it has {}.", key, join(keys, ", ")));
}

Result<Roofline> decodeRoofline(const ModelShape& shape, const SharingMap& map, const CostRequest& request,
                                const DeviceModel& device) {
  WEFT_ASSIGN(const CostReport report, cost(shape, map, request));
  const auto batch = static_cast<double>(request.batch);
  const std::int64_t unread = shape.embedding == EmbeddingTie::Untied ? report.parameters.embedding : 0;
  const double weights = static_cast<double>((report.parameters.total() - unread) * bytesPerElement(request.cacheType));
  const double peak = device.flopsPerSecond(request.cacheType);
  Roofline roofline;
  roofline.compute_s = batch * report.flops.decode / peak;
  roofline.bytes_s = (weights + static_cast<double>(report.kv.bytesReadPerStep)) / device.bytesPerSecond;
  roofline.bound = roofline.compute_s >= roofline.bytes_s ? Bound::Compute : Bound::Bytes;
  roofline.tokensPerSecond = batch / std::max(roofline.compute_s, roofline.bytes_s);
  roofline.arithmeticIntensity =
      batch * report.flops.decode / (weights + static_cast<double>(report.kv.bytesReadPerStep));
  roofline.ridge = peak / device.bytesPerSecond;
  // A sequence more costs FLOPs and KV bytes; only where the first takes longer does the batch ever outrun the weights.
  const double gain_s =
      report.flops.decode / peak - static_cast<double>(report.kv.bytesReadPerStep) / batch / device.bytesPerSecond;
  if (gain_s > 0) {
    const double needed = std::ceil(weights / device.bytesPerSecond / gain_s);
    if (needed < 9e18) roofline.computeBoundBatch = std::max<std::int64_t>(1, static_cast<std::int64_t>(needed));
  }
  return roofline;
}

Result<std::vector<BatchAtContext>> batchFrontier(const ModelShape& shape, const SharingMap& map,
                                                  const CostRequest& request, const std::vector<std::int64_t>& contexts,
                                                  double deviceBytes, double reservedBytes) {
  std::vector<BatchAtContext> frontier;
  for (const std::int64_t context : contexts) {
    CostRequest at = request;
    at.context = context;
    WEFT_ASSIGN(const std::int64_t batch, largestBatch(shape, map, at, deviceBytes, reservedBytes));
    frontier.push_back({context, batch});
  }
  return frontier;
}

Result<std::int64_t> largestContext(const ModelShape& shape, const SharingMap& map, const CostRequest& request,
                                    double deviceBytes, double reservedBytes) {
  const auto fits = [&](std::int64_t context) -> Result<bool> {
    CostRequest at = request;
    at.context = context;
    WEFT_ASSIGN(const std::int64_t batch, largestBatch(shape, map, at, deviceBytes, reservedBytes));
    return batch >= request.batch;
  };
  // What is resident never shrinks with the context, so the largest one is found by halving.
  std::int64_t least = 0, most = 1;
  while (most < kMostContext) {
    const Result<bool> doubled = fits(most);
    if (!doubled && most == 1) return tl::unexpected(doubled.error());
    if (!doubled || !*doubled) break;
    least = most;
    most *= 2;
  }
  if (least * 2 >= kMostContext) return least;  // only windows: any context fits
  while (most - least > 1) {
    const std::int64_t middle = least + (most - least) / 2;
    WEFT_ASSIGN(const bool isFitting, fits(middle));
    (isFitting ? least : most) = middle;
  }
  return least;
}

}  // namespace weft::sharing
