#include "engine/infer/kv_memory.h"

#include <ATen/CPUGeneratorImpl.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>

#include "engine/device/device.h"
#include "engine/infer/spread.h"
#include "engine/nn/dense_kv_cache.h"

namespace weft::infer {

namespace {

using Clock = std::chrono::steady_clock;

double secondsSince(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

std::optional<std::int64_t> gain(std::optional<std::int64_t> before, std::optional<std::int64_t> after) {
  if (!before || !after) return std::nullopt;
  return *after - *before;
}

}  // namespace

KvMemory measureKvMemory(nn::Decoder& decoder, const nn::CacheFactory& caches, const KvMemoryRequest& request) {
  const std::int64_t batch = request.batch, context = request.context;
  if (batch < 1 || context < 1) {
    throw std::invalid_argument(
        fmt::format("KV memory: a batch of {} and a context of {} tokens cannot be measured; both must be at least 1",
                    batch, context));
  }
  if (request.rounds < 1)
    throw std::invalid_argument(
        fmt::format("KV memory: {} timed rounds say nothing; it takes at least 1", request.rounds));
  const torch::NoGradGuard noGrad;
  const torch::Device device = decoder.device();
  const std::int64_t decoded = std::clamp<std::int64_t>(request.decodeSteps, 0, context - 1),
                     prefilled = context - decoded;
  const torch::Generator generator = at::detail::createCPUGenerator(1);
  const torch::Tensor ids_BT =
      torch::randint(0, decoder.spec().shape.vocabulary, {batch, context}, generator, torch::kLong).to(device);
  const nn::CacheSpec spec = decoder.cacheSpec(batch, context);

  std::int64_t stepsDone = 0;
  const auto tell = [&] {
    if (request.onProgress)
      request.onProgress(static_cast<double>(++stepsDone) / static_cast<double>((1 + request.rounds) * (decoded + 1)));
  };
  const auto fill = [&](nn::KvCache& cache, double& prefill_s, double& decode_s) {
    device::synchronize(device);
    Clock::time_point start = Clock::now();
    // Only the last position's logits are wanted, as in serving.
    decoder.project(decoder.hidden(ids_BT.narrow(1, 0, prefilled), &cache).select(1, -1));
    device::synchronize(device);
    prefill_s = secondsSince(start);
    tell();
    start = Clock::now();
    for (std::int64_t step = prefilled; step < context; ++step) {
      decoder.project(decoder.hidden(ids_BT.narrow(1, step, 1), &cache).select(1, -1));
      tell();
    }
    device::synchronize(device);
    decode_s = secondsSince(start);
  };

  KvMemory result{.batch = batch, .context = context};
  const device::MemoryReading before = device::readMemory(device);
  const std::unique_ptr<nn::KvCache> cache = caches.make(spec);
  const device::MemoryReading made = device::readMemory(device);
  result.analytic = batch * cache->analyticBytes(context);
  result.storage = nn::uniqueStorageBytes(cache->tensors());
  result.allocated = gain(before.allocated, made.allocated);
  result.reserved = gain(before.reserved, made.reserved);
  double prefill_s = 0, decode_s = 0;
  // The first pass warms up and touches every page of the cache; the others are timed.
  fill(*cache, prefill_s, decode_s);
  result.device = gain(before.device, device::readMemory(device).device);
  result.prefilled = prefilled;
  result.decoded = decoded;
  for (std::int64_t round = 0; round < request.rounds; ++round) {
    cache->reset();
    fill(*cache, prefill_s, decode_s);
    result.prefill_s.push_back(prefill_s);
    if (decoded > 0) result.decode_s.push_back(decode_s);
  }
  result.prefillTokensPerSecond = static_cast<double>(batch * prefilled) / spreadOf(result.prefill_s).median;
  if (decoded > 0)
    result.decodeTokensPerSecond = static_cast<double>(batch * decoded) / spreadOf(result.decode_s).median;
  return result;
}

}  // namespace weft::infer
