// A shared map against the identity map of the same shape: what sharing changes in time, besides the memory that it
// saves.
#include <torch/cuda.h>
#include <torch/types.h>

#include "engine/config/presets.h"
#include "engine/nn/cache_factory.h"
#include "engine/nn/checkpoint.h"
#include "engine/nn/decoder.h"
#include "tests/bench/side_by_side.h"

namespace weft::bench {
namespace {

std::unique_ptr<nn::Decoder> decoderOf(const char* map) {
  config::ModelConfig model = config::preset("demo-mqa").value().model;
  const bool onGpu = torch::cuda::is_available();
  model.sharing = map;
  model.vocabulary = 257;
  model.layers = onGpu ? 20 : 8;
  if (onGpu) model.hidden = 2048, model.feedForward = 5504, model.queryHeads = 16, model.headWidth = 128;
  auto decoder =
      nn::Decoder::create(nn::decoderSpec(model, config::sharingMap(model).value()), 1, onGpu ? at::kCUDA : at::kCPU)
          .value();
  if (onGpu) decoder->setComputeType(at::kBFloat16);
  return decoder;
}

const std::function<void()> kSynchronize = [] {
  if (torch::cuda::is_available()) torch::cuda::synchronize();
};

// CLA2 against the identity map: forward and backward of one batch.
void trainingStepCla2(benchmark::State& state) {
  const auto shared = decoderOf("cla2"), plain = decoderOf("identity");
  const at::Tensor ids = torch::randint(257, {8, 129}, at::TensorOptions().dtype(at::kLong).device(shared->device()));
  const auto step = [&](nn::Decoder& decoder) {
    for (nn::NamedParameter& parameter : decoder.parameters()) parameter.value.mutable_grad() = at::Tensor();
    decoder.loss(ids.narrow(1, 0, 128), ids.narrow(1, 1, 128)).backward();
  };
  sideBySide(
      state, [&] { step(*shared); }, [&] { step(*plain); }, kSynchronize);
}
BENCHMARK(trainingStepCla2)->UseManualTime()->MinTime(0.5)->Unit(benchmark::kMillisecond);

// One new token for each of 8 sequences of 1,000.
void decodeStepCla2(benchmark::State& state) {
  const at::NoGradGuard guard;
  const auto shared = decoderOf("cla2"), plain = decoderOf("identity");
  const nn::CacheFactory caches = nn::CacheFactory::create("").value();
  const auto options = at::TensorOptions().dtype(at::kLong).device(shared->device());
  const at::Tensor prompt = torch::randint(257, {8, 1000}, options), token = torch::randint(257, {8, 1}, options);
  constexpr std::int64_t kCapacity = 1 << 15;
  const auto filled = [&](nn::Decoder& decoder) {
    auto cache = caches.make(decoder.cacheSpec(8, kCapacity));
    decoder.hidden(prompt, cache.get());
    return cache;
  };
  auto sharedCache = filled(*shared), plainCache = filled(*plain);
  sideBySide(
      state, [&] { shared->logits(token, sharedCache.get()); }, [&] { plain->logits(token, plainCache.get()); },
      kSynchronize);
}
BENCHMARK(decodeStepCla2)->UseManualTime()->Iterations(200)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace weft::bench
