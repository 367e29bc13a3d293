// Attention in blocks, forward and backward, against the library's own (scaled_dot_product_attention with a tape), on
// the CPU and in float32: what a training step of either pays. B batch, T tokens, H query heads, G KV heads, D head
// width.
#include <ATen/ops/scaled_dot_product_attention.h>
#include <fmt/format.h>
#include <torch/types.h>

#include <optional>

#include "engine/kernels/block_attention.h"
#include "tests/bench/side_by_side.h"

namespace weft::bench {
namespace {

using at::Tensor;

struct Shape {
  std::int64_t batch, tokens;
  int heads, kvHeads, width;
  std::int64_t window = 0;  // 0: none
};

void blockAttention(benchmark::State& state, const Shape& shape) {
  const std::optional<std::int64_t> window = shape.window > 0 ? std::optional(shape.window) : std::nullopt;
  const sharing::AttentionSizes sizes{.batch = shape.batch,
                                      .sequence = shape.tokens,
                                      .queryHeads = shape.heads,
                                      .keyHeads = shape.kvHeads,
                                      .valueHeads = shape.kvHeads,
                                      .headWidth = shape.width,
                                      .window = window};
  const auto random = [&](int heads) { return torch::randn({shape.batch, shape.tokens, heads, shape.width}); };
  const Tensor q = random(shape.heads).requires_grad_(), k = random(shape.kvHeads).requires_grad_(),
               v = random(shape.kvHeads).requires_grad_(), dout = random(shape.heads);
  Tensor out = torch::empty_like(dout), logSums = torch::empty({shape.batch, shape.heads, shape.tokens}),
         dq = torch::empty_like(dout), dk = torch::empty_like(k).detach(), dv = torch::empty_like(v).detach();
  kernels::BlockAttention attention(sizes, torch::empty({sharing::attentionBlocks(sizes).backward()}));
  const auto ours = [&] {
    const kernels::AttentionInputs inputs{q.detach(), k.detach(), v.detach()};
    dk.zero_();
    dv.zero_();
    attention.forward(inputs, out, logSums);
    attention.backward(inputs, out, dout, logSums, {.dq_BTHD = dq, .dk_BTGD = dk, .dv_BTGD = dv});
  };
  std::optional<Tensor> mask;
  if (window) {
    const Tensor age = torch::arange(shape.tokens).unsqueeze(1) - torch::arange(shape.tokens).unsqueeze(0);
    mask = age.ge(0).logical_and(age.lt(*window));
  }
  Tensor theirs;
  const auto peer = [&] {
    for (const Tensor* leaf : {&q, &k, &v}) leaf->mutable_grad() = Tensor();
    theirs = at::scaled_dot_product_attention(q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2), mask, 0.0,
                                              !window, {}, shape.heads != shape.kvHeads)
                 .transpose(1, 2);
    theirs.backward(dout);
  };
  ours();
  peer();
  for (const auto& [got, wanted] :
       {std::pair(out, theirs.detach()), std::pair(dq, q.grad()), std::pair(dk, k.grad()), std::pair(dv, v.grad())}) {
    if (!((got - wanted).abs().max().item<double>() <= 1e-4 * wanted.abs().max().item<double>()))
      return state.SkipWithError("the results differ");
  }
  sideBySide(state, ours, peer);
  state.SetLabel(fmt::format("{} x {} tokens, {} query and {} KV heads of {}{}", shape.batch, shape.tokens, shape.heads,
                             shape.kvHeads, shape.width, window ? fmt::format(", window {}", *window) : std::string()));
}

[[maybe_unused]] const bool kRegistered = [] {
  const auto add = [](const char* name, const Shape& shape) {
    benchmark::RegisterBenchmark(name, blockAttention, shape)
        ->UseManualTime()
        ->Iterations(15)
        ->Unit(benchmark::kMillisecond);
  };
  add("attentionMqa128", {16, 128, 8, 1, 64});
  add("attentionMqa2048", {1, 2048, 8, 1, 64});
  add("attentionMqa4096", {1, 4096, 8, 1, 64});
  add("attentionMha128", {16, 128, 8, 8, 64});
  add("attentionMha2048", {1, 2048, 8, 8, 64});
  add("attentionWindow4096", {1, 4096, 8, 1, 64, 256});
  return true;
}();

}  // namespace
}  // namespace weft::bench
