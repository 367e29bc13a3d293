// Our fused kernels against the same formulas composed of torch's operations, forward and backward. B batch, T tokens,
// d hidden, V vocabulary.
#include <torch/cuda.h>
#include <torch/types.h>

#include "engine/kernels/cross_entropy.h"
#include "engine/kernels/rms_norm.h"
#include "engine/kernels/rope.h"
#include "engine/kernels/swiglu.h"
#include "tests/bench/side_by_side.h"

namespace weft::bench {
namespace {

using at::Tensor;

struct Setting {
  at::TensorOptions options = at::TensorOptions()
                                  .dtype(torch::cuda::is_available() ? at::kBFloat16 : at::kFloat)
                                  .device(torch::cuda::is_available() ? at::kCUDA : at::kCPU);
  std::function<void()> synchronize =
      torch::cuda::is_available() ? std::function<void()>([] { torch::cuda::synchronize(); }) : [] {};
  std::int64_t rows = torch::cuda::is_available() ? 16384 : 1024;
};

using Operation = std::function<Tensor()>;

// Forward and backward of both, after their outputs were found equal.
void compare(benchmark::State& state, const Setting& setting, const std::vector<Tensor>& leaves, const Operation& ours,
             const Operation& peer) {
  const Tensor a = ours().to(at::kFloat), b = peer().to(at::kFloat);
  const double scale = b.abs().max().item<double>(), difference = (a - b).abs().max().item<double>();
  if (!(difference <= 0.02 * scale + 1e-6)) return state.SkipWithError("the results differ");
  const Tensor gradient = at::ones_like(ours());
  const auto pass = [&](const Operation& operation) {
    return [&leaves, &gradient, operation] {
      for (const Tensor& leaf : leaves) leaf.mutable_grad() = Tensor();
      operation().backward(gradient);
    };
  };
  sideBySide(state, pass(ours), pass(peer), setting.synchronize);
}

void rmsNorm(benchmark::State& state) {
  const Setting setting;
  const Tensor x = torch::randn({setting.rows, 2048}, setting.options).requires_grad_(),
               weight = torch::randn({2048}, setting.options).requires_grad_();
  compare(
      state, setting, {x, weight}, [&] { return kernels::rmsNorm(x, weight, 1e-5); },
      [&] {
        const Tensor wide = x.to(at::kFloat);
        return (wide * at::rsqrt(wide.square().mean(-1, true) + 1e-5)).to(x.scalar_type()) * weight;
      });
}
BENCHMARK(rmsNorm)->UseManualTime()->MinTime(0.5)->Unit(benchmark::kMillisecond);

void swiglu(benchmark::State& state) {
  const Setting setting;
  const Tensor gateUp = torch::randn({setting.rows, 2 * 2816}, setting.options).requires_grad_();
  compare(
      state, setting, {gateUp}, [&] { return kernels::swiglu(gateUp); },
      [&] {
        const auto parts = gateUp.chunk(2, -1);
        return at::silu(parts[0]) * parts[1];
      });
}
BENCHMARK(swiglu)->UseManualTime()->MinTime(0.5)->Unit(benchmark::kMillisecond);

void rope(benchmark::State& state) {
  const Setting setting;
  const std::int64_t tokens = setting.rows / 8;
  const Tensor x = torch::randn({8, 16, tokens, 128}, setting.options).requires_grad_();
  const kernels::RopeTable table =
      kernels::ropeTable(torch::arange(tokens, setting.options.dtype(at::kLong)), 128, 10000, x.scalar_type());
  compare(
      state, setting, {x}, [&] { return kernels::rope(x, table); },
      [&] {
        const auto halves = x.to(at::kFloat).chunk(2, -1);
        const Tensor cosine = table.cos_TD.to(at::kFloat), sine = table.sin_TD.to(at::kFloat);
        return at::cat({halves[0] * cosine - halves[1] * sine, halves[1] * cosine + halves[0] * sine}, -1)
            .to(x.scalar_type());
      });
}
BENCHMARK(rope)->UseManualTime()->MinTime(0.5)->Unit(benchmark::kMillisecond);

void crossEntropy(benchmark::State& state) {
  const Setting setting;
  const std::int64_t rows = setting.rows / 4, vocabulary = torch::cuda::is_available() ? 50304 : 8192;
  const Tensor logits = torch::randn({rows, vocabulary}, setting.options).requires_grad_();
  const Tensor targets = torch::randint(vocabulary, {rows}, setting.options.dtype(at::kLong));
  compare(
      state, setting, {logits}, [&] { return kernels::crossEntropy(logits, targets); },
      [&] { return at::cross_entropy_loss(logits.to(at::kFloat), targets); });
}
BENCHMARK(crossEntropy)->UseManualTime()->MinTime(0.5)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace weft::bench
