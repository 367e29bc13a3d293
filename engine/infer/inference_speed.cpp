#include "engine/infer/inference_speed.h"

#include <c10/util/Exception.h>
#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "engine/device/device.h"

namespace weft::infer {

namespace {

// Runs `act`; false if the memory did not suffice. Either way what it took is back before this returns.
template <class Act>
bool fitsMemory(const torch::Device& device, const device::AllocationBudget& budget, std::string& refusal, Act act) {
  const std::int64_t before = budget.used();
  bool fits = true;
  try {
    act();
    device::synchronize(device);
  } catch (const c10::OutOfMemoryError& error) {
    refusal = error.what_without_backtrace();
    fits = false;
  }
  device::releaseUnused(device);
  if (budget.used() != before) {
    throw std::runtime_error(fmt::format(
        "{} bytes of the try are still alive afterwards ({} before it, {} now); the next one would measure too little",
        budget.used() - before, before, budget.used()));
  }
  return fits;
}

Spread rates(const std::vector<double>& times_s, std::int64_t tokens) {
  std::vector<double> values;
  for (const double time_s : times_s) values.push_back(static_cast<double>(tokens) / time_s);
  return spreadOf(std::move(values));
}

// Stores zeros at the next `tokens` positions of every slot.
void storeZeros(nn::KvCache& cache, const nn::CacheSpec& spec, std::int64_t tokens) {
  const auto options = torch::TensorOptions().dtype(spec.dtype).device(spec.device);
  for (std::size_t slot = 0; slot < spec.slots.size(); ++slot) {
    const nn::SlotSpec& one = spec.slots[slot];
    const torch::Tensor zeros_BGTD = torch::zeros({1}, options).expand({spec.batch, one.heads, tokens, one.headWidth});
    cache.append(static_cast<int>(slot), one.storesK ? zeros_BGTD : torch::Tensor(),
                 one.storesV ? zeros_BGTD : torch::Tensor());
  }
}

void fillOnce(nn::Decoder& decoder, const nn::CacheFactory& caches, std::int64_t batch, std::int64_t context,
              std::int64_t prefill) {
  constexpr std::int64_t kChunk = 256;
  const nn::CacheSpec spec = decoder.cacheSpec(batch, context);
  const std::unique_ptr<nn::KvCache> cache = caches.make(spec);
  // Memory of a CPU is taken page by page as it is written.
  for (torch::Tensor& tensor : cache->tensors()) tensor.zero_();
  cache->reset();
  const std::int64_t first = std::min(prefill, context - 1);
  const torch::Tensor ids_BT = torch::zeros({batch, std::max<std::int64_t>(1, first)},
                                            torch::TensorOptions(torch::kLong).device(decoder.device()));
  if (first > 0) decoder.project(decoder.hidden(ids_BT, cache.get()).select(1, -1));
  for (std::int64_t stored = first; stored < context - 1;) {
    const std::int64_t tokens = std::min(kChunk, context - 1 - stored);
    storeZeros(*cache, spec, tokens);
    stored += tokens;
  }
  decoder.project(decoder.hidden(ids_BT.narrow(1, 0, 1), cache.get()).select(1, -1));
}

}  // namespace

SpeedPoint measureSpeed(nn::Decoder& decoder, const nn::CacheFactory& caches, const SpeedRequest& request,
                        const device::AllocationBudget& budget) {
  SpeedPoint point{.batch = request.batch, .context = request.context};
  point.fits = fitsMemory(decoder.device(), budget, point.refusal, [&] {
    point.memory = measureKvMemory(decoder, caches,
                                   {.batch = request.batch,
                                    .context = request.context,
                                    .decodeSteps = request.decodeSteps,
                                    .rounds = request.rounds,
                                    .onProgress = request.onProgress});
  });
  if (!point.fits) return point;
  point.prefillTokensPerSecond = rates(point.memory.prefill_s, point.batch * point.memory.prefilled);
  point.decodeTokensPerSecond = rates(point.memory.decode_s, point.batch * point.memory.decoded);
  std::vector<double> steps_ms;
  for (const double time_s : point.memory.decode_s)
    steps_ms.push_back(1000 * time_s / static_cast<double>(point.memory.decoded));
  point.decodeStep_ms = spreadOf(std::move(steps_ms));
  return point;
}

LargestBatch findLargestBatch(nn::Decoder& decoder, const nn::CacheFactory& caches, const LargestBatchRequest& request,
                              device::AllocationBudget& budget) {
  if (request.context < 1 || request.most < 1)
    throw std::invalid_argument(
        fmt::format("largest batch: a context of {} tokens and at most {} sequences; both must be at least 1",
                    request.context, request.most));
  const torch::NoGradGuard noGrad;
  LargestBatch result;
  const auto fits = [&](std::int64_t batch) {
    std::string refusal;
    budget.resetPeak();
    const std::int64_t before = budget.used();
    const bool isFitting = fitsMemory(decoder.device(), budget, refusal,
                                      [&] { fillOnce(decoder, caches, batch, request.context, request.prefill); });
    ++result.tries;
    if (isFitting) {
      result.batch = batch;
      result.peak = budget.peak() - before;
    }
    if (request.onTry) request.onTry(batch, isFitting);
    return isFitting;
  };
  std::int64_t tooMany = 1;
  while (tooMany <= request.most && fits(tooMany)) {
    if (tooMany == request.most) {
      result.isBound = true;
      return result;
    }
    tooMany = std::min(2 * tooMany, request.most);
  }
  while (tooMany - result.batch > 1) {
    const std::int64_t middle = result.batch + (tooMany - result.batch) / 2;
    if (!fits(middle)) tooMany = middle;
  }
  return result;
}

}  // namespace weft::infer
